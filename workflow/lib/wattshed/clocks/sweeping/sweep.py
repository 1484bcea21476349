"""The sweep: every clock several times in random order, with the maximum clock repeatedly in between."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from wattshed.clocks.backends.protocol import ClockBackend, clock_given_back
from wattshed.clocks.runs import COLUMNS
from wattshed.config.clocks.block import ClocksBlock

# A slowdown limit of a few percent lies near the maximum, so the clocks are closer together there.
CROWDING = 1.5


def run_sweep(
    backend: ClockBackend,
    workload: Callable[[], object],
    block: ClocksBlock,
    workload_name: str = "inference",
) -> pd.DataFrame:
    """One row per repeat: time_s, energy_j, power_w of one call of ``workload`` at setting.

    ``order`` counts the windows as they were measured; ``warm`` is False for the warm-up, which stays in the table but
    is not used for the choice. The clock is always reset. A recorded sweep keeps its own rows and order.
    """
    recorded = backend.recorded_sweep()
    if recorded is not None:
        return recorded
    rows = []
    repeats: dict[int, int] = {}
    with clock_given_back(backend):
        clocks = spread_clocks(backend.settings(), block.points)
        maximum = clocks[-1]
        plan = [maximum] * block.warm_up_repeats + plan_order(clocks, block.repeats, block.seed)
        for order, setting in enumerate(plan):
            backend.lock(setting)
            reading = backend.measure(workload, block.min_point_s)
            warm = order >= block.warm_up_repeats
            if order == block.warm_up_repeats:
                repeats.clear()
            repeats[setting] = repeats.get(setting, 0) + 1
            rows.append(
                (
                    backend.name,
                    backend.label,
                    backend.gpu,
                    backend.gpu_uuid,
                    workload_name,
                    backend.knob.name,
                    setting,
                    reading.applied,
                    repeats[setting],
                    order + 1,
                    warm,
                    reading.time_s,
                    reading.energy_j,
                    reading.energy_j / reading.time_s,
                    reading.energy_by,
                    reading.throttled,
                    reading.temperature_c,
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {"applied": "Int64", "gpu_uuid": "string", "temperature_c": "float64"}
    )


def spread_clocks(settings: tuple[int, ...], points: int) -> tuple[int, ...]:
    """``points`` legal clocks from the lowest to the highest (fewer if fewer exist), denser near the top."""
    legal = np.array(sorted(settings))
    shares = np.linspace(0, 1, points) ** CROWDING
    wanted = legal[-1] - shares * (legal[-1] - legal[0])
    nearest = np.abs(legal[None, :] - wanted[:, None]).argmin(axis=1)
    return tuple(int(clock) for clock in legal[np.unique(nearest)])


def plan_order(clocks_mhz: tuple[int, ...], repeats: int, seed: int) -> list[int]:
    """Rounds of all clocks, each in its own random order, with the maximum at the start and middle of
    each round and at the very end: drift is then visible in the reference and not mistaken for an effect of the clock.
    """
    random = np.random.default_rng(seed)
    *others, maximum = clocks_mhz
    half = len(others) // 2
    plan = []
    for _ in range(repeats):
        shuffled = [int(clock) for clock in random.permutation(others)]
        plan += [maximum, *shuffled[:half], maximum, *shuffled[half:]]
    return [*plan, maximum]
