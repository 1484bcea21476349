"""Means with 95 % intervals, group by group."""

from collections.abc import Iterable, Sequence

import pandas as pd

from wattshed.statistics.geometric import change_interval, geometric_interval
from wattshed.statistics.intervals import Interval, mean_interval

# Columns that can be negative, that count, or whose plain mean is a target to reach (``best_rmse``); all others are
# positive, and their means are geometric.
ARITHMETIC = frozenset(
    {
        "r2",
        "r2_per_kwh",
        "bwt_rmse",
        "fwt_rmse",
        "fwt_frozen_rmse",
        "forgetting_rmse",
        "forgetting_share",
        "bwt_mae",
        "fwt_mae",
        "fwt_frozen_mae",
        "forgetting_mae",
        "forgetting_mae_share",
        "saved_rmse_per_j",
        "updates",
        "samples",
        "best_rmse",
    }
)
CHANGE = "_change_share"
# A spread that is rounding only.
ALIKE = 1e-9


def column_interval(column: str, values: Iterable[float | None]) -> Interval:
    """Mean with its 95 % interval, on the scale that the column's name asks for.

    Positive quantities on the logarithmic scale; relative changes (``..._change_share``) by their ratios; the columns
    of :data:`ARITHMETIC` as they are.
    """
    if column in ARITHMETIC:
        return mean_interval(values)
    return change_interval(values) if column.endswith(CHANGE) else geometric_interval(values)


def over_seeds(found: Interval) -> Interval:
    """Without bounds where all values are alike: nothing was random, so they say nothing of chance."""
    if found.n < 2 or found.mean is None or found.low is None or found.high is None:
        return found
    alike = found.high - found.low <= ALIKE * abs(found.mean)
    return Interval(found.mean, None, None, found.n) if alike else found


def summarise(frame: pd.DataFrame, by: str, columns: Sequence[str]) -> pd.DataFrame:
    """One row per value of ``by`` with ``n`` rows, and ``{column}_mean``, ``_low``, ``_high`` per column.

    Rows keep the order in which ``by`` first appears; means are those of :func:`column_interval`.
    """
    rows = []
    for name, group in frame.groupby(by, sort=False):
        row: dict[str, object] = {by: name, "n": len(group)}
        for column in columns:
            interval = over_seeds(column_interval(column, group[column].astype("float64")))
            row[f"{column}_mean"] = interval.mean
            row[f"{column}_low"] = interval.low
            row[f"{column}_high"] = interval.high
        rows.append(row)
    numbers = [f"{column}_{part}" for column in columns for part in ("mean", "low", "high")]
    return pd.DataFrame(rows, columns=[by, "n", *numbers]).astype(dict.fromkeys(numbers, "float64"))


def summarise_per_parent(
    frame: pd.DataFrame, by: str, columns: Sequence[str]
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Rows of :func:`summarise` by ``by``, and the rows behind each of them.

    If the frame has a column ``parent`` with several values, there is one row per parent and value of ``by``, and the
    result has the column ``parent``.
    """
    if "parent" not in frame or frame["parent"].nunique() < 2:
        return summarise(frame, by, columns), [group for _, group in frame.groupby(by, sort=False)]
    summaries, groups = [], []
    for parent, part in frame.groupby("parent", sort=False):
        summaries.append(summarise(part, by, columns).assign(parent=parent))
        groups += [group for _, group in part.groupby(by, sort=False)]
    return pd.concat(summaries, ignore_index=True), groups
