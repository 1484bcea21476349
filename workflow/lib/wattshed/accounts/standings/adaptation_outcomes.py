"""What each adaptation strategy changes against the same checkpoint without updates, by the one decision rule."""

from typing import Any

import pandas as pd

from wattshed.accounts.comparison.strategy_means import control_strategies
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Comparison
from wattshed.statistics.by_day import errors_by_day
from wattshed.statistics.decisions import Spread, outcomes

COLUMNS = ["parent", "strategy", "change_share", "change_low", "change_high"]


def adaptation_outcomes(summary: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """One row per strategy that updates: ``parent, strategy, change_share, change_low, change_high, outcome``.

    summary: ``adaptation.parquet``; days: all ``adaptation/{lineage}.days.parquet``. The error is the RMSE of each
    month before it is learned. Parents without a control (:func:`control_strategies`) are left out. Paired test of the
    logarithms over seeds and blocks of days, corrected for all comparisons (Holm 1979). One seed does not show how much
    seeds differ: nothing is decided by it, and its interval is over days alone.
    """
    rows: list[dict[str, Any]] = []
    found: list[Spread] = []
    controls = control_strategies(summary)
    updated = summary.groupby(["parent", "strategy"], sort=False)["updates"].max() > 0
    seen = days[days["cells"] > 0]
    for parent, own in updated.groupby("parent", sort=False):
        strategies = own.droplevel("parent")
        control = controls.get(str(parent))
        part = seen[seen["parent"] == parent]
        if control is None or part.empty:
            continue
        # The calendar's last day of a month may also be the next month's first.
        sums = part.groupby(["strategy", "seed", "day"], as_index=False)[["squared", "cells"]].sum()
        errors = errors_by_day(sums, "strategy", "rmse", f"the adaptations of {parent}")
        lacking = [name for name in strategies.index if name not in errors.sums]
        if lacking:
            raise Fault(
                f"the errors by day have no row of {parent}+{lacking[0]}: expected adaptation/*.days.parquet of every "
                "adapted lineage; delete them and run snakemake again."
            )
        for strategy in (name for name, updates in strategies.items() if updates):
            spread = errors.against(str(strategy), control)
            change = spread.change()
            if change.mean is None:
                # The control's forecasts are perfect.
                continue
            ends = (change.mean, change.low, change.high)
            rows.append(dict(zip(COLUMNS, (parent, strategy, *ends), strict=True)))
            found.append(spread)
    frame = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[2:], "float64"))
    p_values = [float(one.p_values()) if one.seeds > 1 else 1.0 for one in found]
    told: list[Comparison] = outcomes([float(one.log) for one in found], p_values)
    return frame.assign(outcome=pd.Series(told, dtype="object"))
