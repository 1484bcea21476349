"""Time and power of one workload on one GPU as curves over the setting: what is predicted, and what it is held to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.clocks.choosing.median_estimates import running_median
from wattshed.clocks.contamination.usable import usable_sweep

LEAST_SETTINGS = 4


@dataclass(frozen=True)
class CellCurve:
    """One workload on one GPU.

    settings [C]: ascending, in the knob's unit; time_s, power_w [C]: of one call; family: what workloads that are held
    out together share, such as a network's name. probe_time_s, probe_power_w [C]: what a probe at each setting sees;
    from other repeats than the truth where a setting has more than one (``probes_apart``).
    """

    gpu: str
    workload: str
    family: str
    settings: np.ndarray
    time_s: np.ndarray
    power_w: np.ndarray
    probe_time_s: np.ndarray
    probe_power_w: np.ndarray
    probes_apart: bool

    @property
    def shares(self) -> np.ndarray:
        """Settings relative to the maximum [C]."""
        return np.asarray(self.settings / self.settings[-1], dtype=float)

    @property
    def energy_j(self) -> np.ndarray:
        """Of one call [C]."""
        return np.asarray(self.time_s * self.power_w, dtype=float)

    def nearest(self, share: float) -> int:
        """The place of the setting nearest to this share of the maximum."""
        return int(np.abs(self.shares - share).argmin())

    def saving(self, place: int) -> float:
        """Energy saved against the maximum, as a share; negative if more is used."""
        return float(1 - self.energy_j[place] / self.energy_j[-1])

    def slowdown(self, place: int) -> float:
        """Extra time against the maximum, as a share; negative if faster."""
        return float(self.time_s[place] / self.time_s[-1] - 1)

    def best_within(self, max_slowdown_share: float) -> int:
        """The place of least energy among the settings within the limit; the maximum is always within it."""
        within = self.time_s <= (1 + max_slowdown_share) * self.time_s[-1]
        return int(np.where(within, self.energy_j, np.inf).argmin())


def curve_of(rows: pd.DataFrame, family: str | None = None) -> CellCurve | None:
    """The curve of one cell's runs (``clocks.runs.COLUMNS``), or None if fewer than four settings count.

    A table with one run per setting is read by :func:`curve_of_single_runs`.

    The first repeat of a setting that counts is what a probe sees, the median of the others is the truth. A sweep that
    ran from one end to the other is smoothed by a running median over neighbouring settings; its maximum is the highest
    setting that counts, since its first runs do not.
    """
    if rows["setting"].is_unique:
        return curve_of_single_runs(rows, family)
    used = usable_sweep(rows)
    counted = used.rows.sort_values("order")
    if counted["setting"].nunique() < LEAST_SETTINGS:
        return None
    probe = counted.groupby("setting")[["time_s", "power_w"]].first()
    later = counted[counted.groupby("setting").cumcount() > 0]
    apart = set(later["setting"]) == set(probe.index)
    truth = (later if apart else counted).groupby("setting")[["time_s", "power_w"]].median()
    settings = truth.index.to_numpy(dtype=float)
    time_s, power_w = (truth[name].to_numpy(dtype=float) for name in ("time_s", "power_w"))
    if used.protocol != "interleaved" and apart:
        time_s, power_w = (running_median(settings, values[None])[0] for values in (time_s, power_w))
    first = rows.iloc[0]
    return CellCurve(
        gpu=str(first["gpu"]),
        workload=str(first["workload"]),
        family=family or str(first["workload"]),
        settings=settings,
        time_s=time_s,
        power_w=power_w,
        probe_time_s=probe["time_s"].to_numpy(dtype=float),
        probe_power_w=probe["power_w"].to_numpy(dtype=float),
        probes_apart=apart,
    )


def curve_of_single_runs(rows: pd.DataFrame, family: str | None = None) -> CellCurve | None:
    """The curve of a table with one run per setting: probes and truth are then the same runs.

    None for fewer than four settings. Several runs of a setting count by their median.
    """
    seen = rows.groupby("setting")[["time_s", "power_w"]].median()
    if len(seen) < LEAST_SETTINGS:
        return None
    first = rows.iloc[0]
    time_s, power_w = (seen[name].to_numpy(dtype=float) for name in ("time_s", "power_w"))
    return CellCurve(
        gpu=str(first["gpu"]),
        workload=str(first["workload"]),
        family=family or str(first["workload"]),
        settings=seen.index.to_numpy(dtype=float),
        time_s=time_s,
        power_w=power_w,
        probe_time_s=time_s,
        probe_power_w=power_w,
        probes_apart=False,
    )


def common_shares(curves: Sequence[CellCurve], points: int = 24) -> np.ndarray:
    """A grid of shares of the maximum, ascending to 1, that every curve reaches down to."""
    return np.linspace(max(float(curve.shares[0]) for curve in curves), 1.0, points)


def probes_of(curve: CellCurve, shares: Sequence[float]) -> tuple[int, ...]:
    """Places of the settings nearest to these shares of the maximum, ascending; the maximum is always one of them."""
    return tuple(sorted({*(curve.nearest(share) for share in shares), len(curve.settings) - 1}))
