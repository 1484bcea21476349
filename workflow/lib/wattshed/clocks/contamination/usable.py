"""Which rows of a sweep count, what they are compared with, and when a sweep cannot be trusted.

A saving is relative to the maximum clock. If the maximum clock was measured cold, during a download or on a busy
machine, every other clock looks good: the published "91.6 % saved" came from such a baseline. The rules:

* Rows count if they are warm and not marked as cold, throttled, hot, or at another clock than was asked for
  (``marks.py``).
* The reference is *interleaved* if its repeats span at least half of the sweep's order. Then the baseline is
  its median. Otherwise the sweep ran from one end to the other and drift cannot be distinguished from the clock's
  effect: the first 15 runs do not count, and the baseline is the median over all settled runs at 0.93 fmax and above,
  which may understate a saving but not overstate it.
* A sweep is refused where its typical repeat varies by more than
  10 %, an interleaved baseline by more than 5 %, where the maximum clock is over 5 % slower than clocks just below it,
  or where any lower clock is over 15 % faster: no GPU computes faster at a lower clock, so something else was
  measured.

All thresholds are judgements. Those of ordered sweeps come from eight recorded ones of 183 or 177 runs, where
10 % separates the four unusable ones (11 to 15 %) from the other four (0.5 to 9.3 %).
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from wattshed.clocks.contamination.marks import MARKS, marks
from wattshed.clocks.contamination.repeats import INTERLEAVED_SPAN
from wattshed.clocks.runs import KNOBS

NEAR_MAXIMUM = 0.93
SETTLING_RUNS = 15
LEAST_REPEATS = 3
MOST_TYPICAL_CV = 0.10
MOST_BASELINE_CV = 0.05
MOST_BASELINE_EXCESS = 0.05
CONTAMINATED_SPEEDUP = 0.15

Protocol = Literal["interleaved", "settled"]


@dataclass(frozen=True)
class UsableSweep:
    """Rows that count, ordered by clock, and the clocks whose rows form the baseline.

    marked: how many rows have each mark and do not count (a row may have several). unit: of the settings.
    """

    rows: pd.DataFrame
    maximum: int
    baseline_settings: tuple[int, ...]
    protocol: Protocol
    marked: dict[str, int] = field(default_factory=dict)
    unit: str = "MHz"

    @property
    def baseline(self) -> pd.DataFrame:
        return self.rows[self.rows["setting"].isin(self.baseline_settings)]


def usable_sweep(frame: pd.DataFrame) -> UsableSweep:
    """Drop the rows that do not count and find the baseline's rows (possibly none)."""
    maximum = int(frame["setting"].max())
    marked = marks(frame)
    protocol: Protocol
    if _is_interleaved(frame[frame["warm"]], maximum):
        protocol = "interleaved"
        baseline: tuple[int, ...] = (maximum,)
        rows = frame[frame["warm"] & ~marked.any(axis=1)]
    else:
        protocol = "settled"
        # The runs in which an ordered sweep settles do not count anyway, and its first repeats are compared with
        # neighbours in time only.
        marked["cold"] = False
        rows = frame[frame["warm"] & ~marked.any(axis=1)]
        rows = rows[rows["order"].rank(method="first") > SETTLING_RUNS]
        near = rows.loc[rows["setting"] >= NEAR_MAXIMUM * maximum, "setting"]
        baseline = tuple(sorted(int(clock) for clock in near.unique()))
    counts = {name: int(marked[name].sum()) for name in MARKS}
    unit = KNOBS[str(frame["knob"].iloc[0])].unit
    return UsableSweep(rows.sort_values(["setting", "order"]), maximum, baseline, protocol, counts, unit)


def _is_interleaved(rows: pd.DataFrame, maximum: int) -> bool:
    reference = rows.loc[rows["setting"] == maximum, "order"]
    if len(reference) < 2:
        return False
    return bool(np.ptp(reference) >= INTERLEAVED_SPAN * np.ptp(rows["order"]))


def variation(values: pd.Series) -> float:
    """Coefficient of variation (standard deviation over mean)."""
    return float(values.std(ddof=1) / values.mean())


def typical_cv(sweep: UsableSweep, column: str) -> float:
    """Median over the clocks of their repeats' coefficient of variation; 0 where nothing was repeated."""
    spread = sweep.rows.groupby("setting")[column].agg(variation).dropna()
    return float(spread.median()) if len(spread) else 0.0


def refusal(sweep: UsableSweep) -> str | None:
    """Why no saving can be stated from this sweep, or None."""
    baseline = sweep.baseline["time_s"]
    if len(baseline) < LEAST_REPEATS:
        return (
            f"fewer than {LEAST_REPEATS} warm, valid repeats of the baseline "
            f"({len(baseline)} at or near {sweep.maximum} {sweep.unit})"
        )
    if not (sweep.rows["setting"] < sweep.maximum).any():
        return f"no warm, valid repeat below {sweep.maximum} {sweep.unit}"
    typical = typical_cv(sweep, "time_s")
    if typical > MOST_TYPICAL_CV:
        return (
            f"contaminated sweep: the repeats of a clock typically vary by {typical:.1%} in time "
            f"(at most {MOST_TYPICAL_CV:.0%} is accepted)"
        )
    if sweep.protocol == "interleaved":
        return _cold_reference(sweep)
    return None


def _cold_reference(sweep: UsableSweep) -> str | None:
    """The reason to refuse an interleaved reference that varies or is slower than the clocks just below it, or
    None."""
    baseline = sweep.baseline["time_s"]
    if variation(baseline) > MOST_BASELINE_CV:
        return (
            f"contaminated baseline: repeats at {sweep.maximum} {sweep.unit} vary by {variation(baseline):.1%} in "
            f"time (at most {MOST_BASELINE_CV:.0%} is accepted)"
        )
    clocks = sweep.rows["setting"]
    below = sweep.rows[(clocks >= NEAR_MAXIMUM * sweep.maximum) & (clocks < sweep.maximum)]
    if len(below) < LEAST_REPEATS:
        return None
    excess = float(baseline.median() / below["time_s"].median()) - 1
    if excess > MOST_BASELINE_EXCESS:
        return (
            f"contaminated baseline: {sweep.maximum} {sweep.unit} is {excess:.1%} slower than the clocks just "
            "below it, as if it had been measured cold"
        )
    return None


def speedup_refusal(fastest_slowdown: float) -> str | None:
    """Refuse a sweep in which some lower clock is far faster than the baseline (a slowdown share below zero)."""
    if fastest_slowdown < -CONTAMINATED_SPEEDUP:
        return (
            f"contaminated baseline: a lower clock is {-fastest_slowdown:.1%} faster than the maximum "
            f"(over {CONTAMINATED_SPEEDUP:.0%} is not an effect of the clock)"
        )
    return None
