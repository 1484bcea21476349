"""A plan of settings measured one after the other, as a frame of runs; used where the plan is known beforehand."""

from collections.abc import Iterable

import pandas as pd

from wattshed.clocks.backends.protocol import ClockBackend, clock_given_back
from wattshed.clocks.runs import COLUMNS, TYPES


def planned_sweep(
    backend: ClockBackend,
    plan: Iterable[int],
    min_s: float = 5.0,
    warm_up: int = 0,
    workload_name: str = "planned",
) -> pd.DataFrame:
    """One row per entry of the plan, with the columns :data:`wattshed.clocks.runs.COLUMNS`.

    min_s: shortest window [s]; warm_up: how many of the first rows are marked as not warm.
    """
    rows = []
    repeats: dict[int, int] = {}
    with clock_given_back(backend):
        about = (backend.name, backend.label, backend.gpu, backend.gpu_uuid, workload_name, backend.knob.name)
        for order, setting in enumerate(plan, 1):
            backend.lock(setting)
            reading = backend.measure(_nothing, min_s)
            if order == warm_up + 1:
                repeats.clear()
            repeats[setting] = repeats.get(setting, 0) + 1
            rows.append(
                (
                    *about,
                    setting,
                    reading.applied,
                    repeats[setting],
                    order,
                    order > warm_up,
                    reading.time_s,
                    reading.energy_j,
                    reading.energy_j / reading.time_s,
                    reading.energy_by,
                    reading.throttled,
                    reading.temperature_c,
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(TYPES)


def _nothing() -> None:
    """Simulated windows run no work."""
