"""Invented workloads whose energy no lower clock saves, of shapes that no law of the library has."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from clock_worlds import World

from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.backends.simulation.laws import Laws
from wattshed.config.clocks.simulated import SimulatedBlock

SHAPES: dict[str, Callable[[float, float], float]] = {
    "plain": lambda share, size: 1 + size * (1 / share - 1),
    "flat and then steep": lambda share, size: 1 + size * max(1 / share - 1.4, 0.0),
    "power of the clock": lambda share, size: share**-size,
    "curved": lambda share, size: 1 + size * (1 - share) ** 2,
}


@dataclass(frozen=True)
class FlatWorld(World):
    """Power is so that a call takes the same energy at every clock, or more by ``loss_share`` towards clock 0."""

    shape: str = "plain"
    size: float = 0.05
    loss_share: float = 0.0

    def open(self) -> SimulatedClocks:
        return _FlatClocks(self)

    def relative_time(self, share: float) -> float:
        return SHAPES[self.shape](share, self.size)


class _FlatLaws(Laws):
    def __init__(self, world: FlatWorld) -> None:
        super().__init__(world.simulated, world.simulated.maximum_mhz)
        object.__setattr__(self, "_world", world)

    def time_s(self, clock_mhz: float) -> float:
        return self.block.call_s * self._world.relative_time(clock_mhz / self.maximum_mhz)

    def power_w(self, clock_mhz: float, more_w: float = 0.0) -> float:
        share = clock_mhz / self.maximum_mhz
        energy = 1 + self._world.loss_share * (1 - share)
        return self.block.p1_w * energy / self._world.relative_time(share) + more_w


class _FlatClocks(SimulatedClocks):
    def __init__(self, world: FlatWorld) -> None:
        self._world = world
        super().__init__(world.simulated, world.seed)

    def use_workload(self, workload: str) -> None:
        super().use_workload(workload)
        self._laws = _FlatLaws(self._world)


def draw_flat_world(seed: int, noise_cv: float) -> FlatWorld:
    """Four shapes; in one world of three a lower clock costs up to 10 % more energy, in the others the same."""
    random = np.random.default_rng([seed, 13])
    maximum = int(random.integers(1300, 2001))
    step = round(maximum * (1 - random.uniform(0.29, 0.45)) / 60)
    simulated = SimulatedBlock(
        gpu="simulated, flat",
        minimum_mhz=maximum - 60 * step,
        maximum_mhz=maximum,
        step_mhz=step,
        p1_w=random.uniform(60, 500),
        noise_cv=noise_cv,
        call_s=float(np.exp(random.uniform(np.log(0.001), np.log(2)))),
    )
    return FlatWorld(
        simulated,
        float(random.uniform(0.01, 0.15)),
        seed,
        shape=str(random.choice(list(SHAPES))),
        size=float(np.exp(random.uniform(np.log(0.03), np.log(0.6)))),
        loss_share=float(random.uniform(0, 0.1)) if random.random() < 1 / 3 else 0.0,
    )
