"""The measuring part of a calibration: kernels and steps in rounds, until the seconds are used."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Literal

import torch

from wattshed.calibration.drawing import MOST_GPU_VALUES, MOST_VALUES, Case, Draw, Speed
from wattshed.calibration.fits.points import KernelPoint, StepPoint
from wattshed.calibration.house_kernels import house_kernels
from wattshed.calibration.house_steps import HOUSE_FAMILIES, draw_house_step
from wattshed.calibration.kernels import TORCH_KERNELS
from wattshed.calibration.power import PowerPoint, measure_power, repeat
from wattshed.calibration.steps import StepCase, draw_token_step
from wattshed.calibration.synthetic import World
from wattshed.calibration.timing import Timer, Work, stopwatch_for
from wattshed.devices.torch_device import synchroniser
from wattshed.engine.choice import choose
from wattshed.foundation.faults import Fault
from wattshed.law.operations.tokens import TOKEN_FAMILIES
from wattshed.law.operations.training import backward

if TYPE_CHECKING:
    from wattshed.energy.meter import Meter

# Of the seconds that are left after setting up: for kernels, for power, and (the rest) for steps.
KERNEL_SHARE, POWER_SHARE = 0.5, 0.1
# Of all seconds, kept for fitting and for writing.
FIT_SHARE, LEAST_FIT_S, WRITING_S = 0.1, 3.0, 0.5
# Each kernel is to be measured at so many sizes at least; at fewer where the seconds are few.
ROUNDS, FEW_ROUNDS, FEW_SECONDS = 16, 10, 30.0
# These vary in more sizes than others, and have two draws in a round.
TWICE = ("lstm", "gru", "linear", "elementwise")
# Hidden units for which the fused kernel is compiled, as long as a tenth of the seconds lasts.
FUSED_SIZES = (16, 32, 64, 8)
COMPILE_SHARE = 0.1
# Shortest call that is drawn, without what a call itself takes; the longest is a share of the time that a kernel may
# take, with its arrays and warm-up.
LEAST_CALL_S = 1e-7
CALL_SHARE = 0.15
# Arrays of steps may be larger than those of kernels by this factor: 24 MB on a CPU, below the C library's limit.
STEP_ARRAYS = 1.5
Progress = Callable[[str, float], None]


@dataclass
class Clock:
    """When the calibration began (setting up included), and when it must end."""

    began_s: float
    seconds: float

    @property
    def left_s(self) -> float:
        return self.began_s + self.seconds - time.perf_counter()

    @property
    def share(self) -> float:
        return min(1.0, 1 - self.left_s / self.seconds)


@dataclass
class Measured:
    kernels: list[KernelPoint] = field(default_factory=list)
    steps: list[StepPoint] = field(default_factory=list)
    power: list[PowerPoint] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def no_energy() -> Fault:
    """Without an energy there is nothing to predict."""
    return Fault(
        "no energy of the calibration is known, measured or estimated: expected a sensor that works here; "
        "wattshed doctor says what to do."
    )


class Rounds:
    """The measuring part of one calibration."""

    def __init__(
        self, clock: Clock, device: torch.device, seed: int, meter: Meter, progress: Progress
    ) -> None:
        self.clock, self.device, self.meter, self.progress = clock, device, meter, progress
        self.random = Random(seed)
        self.seed = seed
        self.timer = Timer(
            synchroniser(device),
            device.type == "cuda",
            stopwatch=stopwatch_for(device.type, torch.get_num_threads()),
        )
        self.found = Measured()
        # Seconds that kernels were to take, and took: a slow machine gets smaller sizes.
        self.planned_s = self.taken_s = 0.0

    def compiled(self) -> tuple[Literal["torch", "fused_cpu", "fused_cuda"], list[int]]:
        """What computes a small recurrent network here, and the hidden units that it is compiled for."""
        end_s = time.perf_counter() + COMPILE_SHARE * self.clock.seconds
        sizes: list[int] = []
        for hidden in FUSED_SIZES:
            chosen = choose("auto", self.device.type, hidden)
            if chosen.kernel is None:
                return "torch", []
            sizes.append(hidden)
            if time.perf_counter() > end_s:
                break
        return chosen.name, sizes

    def speed(self) -> Speed:
        """A quick look at the rates of products and of large arrays."""
        size = 256 if self.device.type == "cpu" else 2048
        count = 2**22 if self.device.type == "cpu" else 2**25
        left, right = (torch.randn(size, size, device=self.device) for _ in range(2))
        array = torch.randn(count, device=self.device)
        product_s = self.timer.time(Work(lambda: left @ right), 0.03).forward_s
        added_s = self.timer.time(Work(lambda: array + array), 0.03).forward_s
        most = MOST_VALUES if self.device.type == "cpu" else MOST_GPU_VALUES
        return Speed(2 * size**3 / product_s, 8 * count / added_s, most)

    def rounds(
        self,
        engine: str,
        fused: Sequence[int],
        kernels: Sequence[str] | None,
        families: Sequence[str] | None,
        least_rounds: int = 0,
    ) -> None:
        """Kernels and steps in rounds, in random order within each, until the seconds are used; power in the middle."""
        speed, world = self.speed(), World.make(self.seed)
        draws: dict[str, Draw] = {**TORCH_KERNELS, **house_kernels(world, fused)}
        draws = {name: draw for name, draw in draws.items() if kernels is None or name in kernels}
        sources = self._sources(world, engine, fused, families)
        end_s = max(FIT_SHARE * self.clock.seconds, LEAST_FIT_S)
        usable_s = max(0.0, self.clock.left_s - end_s)
        rounds = ROUNDS if self.clock.seconds >= FEW_SECONDS else FEW_ROUNDS
        named = [*draws, *(name for name in draws if name in TWICE)]
        kernel_s = KERNEL_SHARE * usable_s / (rounds * max(1, len(named)))
        power_s = POWER_SHARE * usable_s
        step_s = 1.3 * self.meter.minimum_window_s
        steps_s = usable_s * (1 - KERNEL_SHARE - POWER_SHARE)
        steps_each = max(1, round(steps_s / (rounds * step_s))) if sources else 0
        # Steps wait until kernels of every sort have been seen.
        waiting: list[Callable[[], StepCase | None]] = []
        number = 0
        while self.clock.left_s > end_s or number < least_rounds:
            tasks: list[Callable[[], None]] = [
                self._kernel_task(draws[name], speed, kernel_s) for name in named
            ]
            for _ in range(steps_each):
                if not waiting:
                    waiting = self.random.sample(sources, len(sources))
                tasks.append(self._step_task(waiting.pop(), speed))
            self.random.shuffle(tasks)
            for task in tasks:
                if self.clock.left_s <= end_s and number >= least_rounds:
                    break
                task()
            if number == 0:
                began_s = time.perf_counter()
                self.found.power += measure_power(
                    self.meter,
                    self.device,
                    self.timer,
                    lambda: (
                        time.perf_counter() - began_s < power_s  # noqa: B023 (used within this round)
                        and self.clock.left_s > end_s + self.meter.minimum_window_s
                    ),
                )
            if number == 0 and all(point.energy_j is None for point in self.found.power):
                raise no_energy()
            number += 1
            self.progress(
                f"{len(self.found.kernels)} kernels, {len(self.found.steps)} steps", self.clock.share
            )
        seen = {point.kernel for point in self.found.kernels}
        self.found.left_out = [f"{name} (kernel)" for name in draws if name not in seen]
        if sources and not self.found.steps:
            self.found.left_out.append("steps")

    def _sources(
        self, world: World, engine: str, fused: Sequence[int], families: Sequence[str] | None
    ) -> list[Callable[[], StepCase | None]]:
        # Small steps would show a GPU's latency alone.
        large = self.device.type == "cuda"

        def tokens(family: str) -> Callable[[], StepCase | None]:
            return lambda: draw_token_step(family, self.random, large)

        def house(family: str) -> Callable[[], StepCase | None]:
            return lambda: draw_house_step(family, self.random, world, engine, fused, large)

        return [
            *(tokens(name) for name in TOKEN_FAMILIES if families is None or name in families),
            *(house(name) for name in HOUSE_FAMILIES if families is None or name in families),
        ]

    def _kernel_task(self, draw: Draw, speed: Speed, allowance_s: float) -> Callable[[], None]:
        def task() -> None:
            began_s = time.perf_counter()
            pace = min(1.0, self.planned_s / self.taken_s) if self.taken_s else 1.0
            longest_s = max(100 * LEAST_CALL_S, CALL_SHARE * allowance_s * pace)
            target_s = LEAST_CALL_S * (longest_s / LEAST_CALL_S) ** self.random.random()
            self._time(draw(self.random, speed, target_s), 0.5 * allowance_s * pace)
            self.planned_s += allowance_s
            self.taken_s += time.perf_counter() - began_s

        return task

    def _time(self, case: Case, allowance_s: float) -> None:
        timed = self.timer.time(case.build(self.device), allowance_s)
        directions = {one.direction for one in case.operations}
        assert len(directions) == 1, case.kernel
        (direction,) = directions
        self.found.kernels.append(
            KernelPoint(case.kernel, case.group, direction, case.operations, timed.forward_s, timed.calls)
        )
        behind = tuple(found for one in case.operations if (found := backward(one)) is not None)
        if timed.backward_s is not None and len(behind) == len(case.operations):
            self.found.kernels.append(
                KernelPoint(
                    case.kernel, case.group, behind[0].direction, behind, timed.backward_s, timed.calls
                )
            )

    def _step_task(self, draw: Callable[[], StepCase | None], speed: Speed) -> Callable[[], None]:
        def task() -> None:
            longest_s = self.meter.minimum_window_s / 2
            for _ in range(20):
                case = draw()
                if case is None:
                    return
                # Steps reach a small part of the rate of large products.
                most_flops = 0.3 * longest_s * speed.flop_per_s
                if (
                    sum(one.step_flops for one in case.operations) < most_flops
                    and case.largest_values < STEP_ARRAYS * speed.most_values
                ):
                    self._step(case)
                    return

        return task

    def _step(self, case: StepCase) -> None:
        seen = repeat(
            self.meter,
            case.build(self.device),
            self.timer,
            family=case.family,
            source=case.source,
        )
        self.found.power.append(seen.power("steps"))
        self.found.steps.append(
            StepPoint(
                case.family,
                case.source,
                case.size,
                case.operations,
                seen.time_s,
                seen.energy_j,
                seen.calls,
            )
        )
