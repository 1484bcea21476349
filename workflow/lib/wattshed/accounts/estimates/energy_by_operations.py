"""Energy as a function of operations, fitted to recorded runs of one hardware, with its accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.comparable import model_runs
from wattshed.accounts.runs.basis import RECORDED
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.faults import Fault

Law = Literal["power law", "constant"]
FREE = {"power law": 2, "constant": 1}
RANGE = (0.1, 0.9)
LEAST_RUNS = 5


@dataclass(frozen=True)
class HardwareFit:
    """``log(kWh) = a + b log(operations)`` of one hardware (b = 1: a constant energy per operation).

    ``spread`` is the residual standard deviation of log(kWh); ``operations`` the least and most recorded.
    ``covered_share``: how many recorded runs fall into the 10-90 % range that the others give them;
    ``median_error_share``: the median of |estimate / recorded - 1| for them, estimated by the others.
    """

    hardware: str
    law: Law
    a: float
    b: float
    spread: float
    n: int
    mean_log: float
    squares: float
    operations: tuple[float, float]
    statuses: str
    covered_share: float
    median_error_share: float

    def estimate(self, operations: np.ndarray) -> np.ndarray:
        """kWh [3, n]: lower end, median and upper end of the 10-90 % prediction range."""
        from scipy import stats

        x = np.log(operations)
        slope_doubt = (x - self.mean_log) ** 2 / self.squares if FREE[self.law] == 2 else np.zeros_like(x)
        reach = stats.t.ppf(RANGE[1], self.n - FREE[self.law])
        half = reach * self.spread * np.sqrt(1 + 1 / self.n + slope_doubt)
        middle = self.a + self.b * x
        return np.exp(np.stack([middle - half, middle, middle + half]))

    @property
    def source(self) -> str:
        reach = f"{self.operations[0]:.3g} to {self.operations[1]:.3g} operations"
        return f"{self.law} fitted to {self.n} runs ({self.statuses}) on {self.hardware}, {reach}"


def calibrate(recorded: pd.DataFrame, law: Law = "power law") -> dict[str, HardwareFit]:
    """Fit every hardware's own recorded runs.

    recorded: runs frame with ``hardware`` (see :func:`hardware_names`) and ``operations`` (whole run, any one way
    of counting). Runs of unknown energy, killed runs and retro-estimates are left out. Raises
    :class:`Fault` for operations of 0 or less, and for a hardware with fewer than five runs or, for the power
    law, with runs of one size only.
    """
    frame = _recorded(recorded)
    return {str(name): _fit(str(name), group, law) for name, group in frame.groupby("hardware", sort=True)}


def j_per_operation(fit: HardwareFit, operations: float) -> float:
    """Median energy of one operation [J] in a run of so many."""
    return float(fit.estimate(np.array([operations]))[1, 0] * JOULES_PER_KWH / operations)


def leave_one_group_out(recorded: pd.DataFrame, group: str, law: Law = "power law") -> pd.DataFrame:
    """Errors of estimates for a group of runs that was left out of the fit: one row per value of column ``group``.

    A run is estimated from the others on its own hardware, or from all others where fewer than five are left there
    (``foreign_hardware`` counts these). Columns: ``{group}, n, taught_by, foreign_hardware, mean_error_share`` (mean
    of |estimate / recorded - 1|), ``median_ratio`` (estimate / recorded), ``covered_share`` of the 10-90 % range.
    """
    frame = _recorded(recorded)
    if frame[group].nunique() < 2:
        raise Fault(
            f"the recorded runs have a single {group}: expected at least two to leave one out; choose another "
            "column."
        )
    rows = []
    for name in sorted(frame[group].dropna().unique()):
        held, rest = frame[frame[group] == name], frame[frame[group] != name]
        ratios, inside, foreign = [], [], 0
        for hardware, part in held.groupby("hardware"):
            same = rest[rest["hardware"] == hardware]
            foreign += len(part) if len(same) < LEAST_RUNS else 0
            fit = _fit(f"all but {name}", rest if len(same) < LEAST_RUNS else same, law)
            truth = part["energy_kwh"].to_numpy(dtype="float64")
            low, middle, high = fit.estimate(part["operations"].to_numpy(dtype="float64"))
            ratios.append(middle / truth)
            inside.append((low <= truth) & (truth <= high))
        ratio = np.concatenate(ratios)
        rows.append(
            {
                group: name,
                "n": len(held),
                "taught_by": len(rest),
                "foreign_hardware": foreign,
                "mean_error_share": float(np.mean(np.abs(ratio - 1))),
                "median_ratio": float(np.median(ratio)),
                "covered_share": float(np.mean(np.concatenate(inside))),
            }
        )
    return pd.DataFrame(rows)


def _recorded(runs: pd.DataFrame) -> pd.DataFrame:
    check_operations(runs)
    frame = model_runs(runs.drop(columns="stage", errors="ignore").assign(model=""))
    usable = (frame["basis"] == RECORDED) & (frame["energy_kwh"] > 0) & frame["hardware"].notna()
    if not usable.any():
        raise Fault(
            f"none of {len(runs)} runs has a recorded energy above 0 and a known hardware: expected some to learn "
            "from; record a few runs first."
        )
    return frame[usable]


def check_operations(runs: pd.DataFrame) -> None:
    lacking: Sequence[str] = [name for name in ("operations", "hardware") if name not in runs]
    if lacking:
        raise Fault(
            f"the runs lack the column {lacking[0]}: expected operations of the whole run and the hardware's name; "
            "add it (hardware_names() reads it from the machine)."
        )
    wrong = ~(np.isfinite(runs["operations"].to_numpy(dtype="float64")) & (runs["operations"] > 0))
    if wrong.any():
        raise Fault(
            f"{int(wrong.sum())} of {len(runs)} runs have no operations above 0 (the first is row "
            f"{int(np.flatnonzero(wrong)[0]) + 1}): expected a finite count for each; count them or drop the rows."
        )


def _fit(hardware: str, group: pd.DataFrame, law: Law) -> HardwareFit:
    from scipy import stats

    if law not in FREE:
        raise Fault(f"{law!r} is not an energy law: expected power law or constant; choose one.")
    n, free = len(group), FREE[law]
    if n < LEAST_RUNS:
        raise Fault(
            f"{hardware} has {n} recorded runs to learn from; expected at least {LEAST_RUNS} for a range: record "
            "more or leave it out."
        )
    x = np.log(group["operations"].to_numpy(dtype="float64"))
    y = np.log(group["energy_kwh"].to_numpy(dtype="float64"))
    squares = float(((x - x.mean()) ** 2).sum())
    if free == 2 and squares <= 1e-12 * n:
        raise Fault(
            f"all {n} recorded runs on {hardware} have {np.exp(x[0]):.3g} operations: expected several sizes for a "
            "power law; take the constant law."
        )
    b = float(((x - x.mean()) * (y - y.mean())).sum() / squares) if free == 2 else 1.0
    a = float(y.mean() - b * x.mean())
    residual = y - a - b * x
    sum_squares = float((residual**2).sum())
    # Each run estimated from all others, without refitting: deleted and studentised residuals.
    leverage = 1 / n + ((x - x.mean()) ** 2 / squares if free == 2 else 0.0)
    deleted = residual / (1 - leverage)
    rest = np.sqrt(np.maximum(sum_squares - residual**2 / (1 - leverage), 0) / (n - 1 - free))
    inside = np.abs(deleted) * np.sqrt(1 - leverage) <= stats.t.ppf(RANGE[1], n - 1 - free) * rest + 1e-12
    counts = group["energy_status"].value_counts()
    return HardwareFit(
        hardware=hardware,
        law=law,
        a=a,
        b=b,
        spread=float(np.sqrt(sum_squares / (n - free))),
        n=n,
        mean_log=float(x.mean()),
        squares=squares,
        operations=(float(np.exp(x.min())), float(np.exp(x.max()))),
        statuses=", ".join(f"{count} {status}" for status, count in counts.items()),
        covered_share=float(inside.mean()),
        median_error_share=float(np.median(np.abs(np.exp(-deleted) - 1))),
    )
