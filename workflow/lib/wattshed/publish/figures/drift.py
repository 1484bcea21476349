"""Figure: error on each later month before it is learned, strategy by strategy."""

from typing import Any

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.accounts.comparison.strategy_means import control_strategies
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import DARK, GREY, model_styles, set_style

CONTROL_STYLE: dict[str, Any] = {"color": DARK, "linestyle": "--", "marker": "", "linewidth": 1.8}


def drift_figure(summary: pd.DataFrame, days: pd.DataFrame, unit: str) -> Figure:
    """Two rows per adapted checkpoint: RMSE by month, and its change against the strategy that never updates.

    summary: ``adaptation.parquet``; days: all ``adaptation/{lineage}.days.parquet``; unit: of the errors. Lines are
    means over seeds, bands their range. Checkpoints without a control are left out, unless none has one: then there is
    one row.
    """
    months = month_errors(days)
    if months.empty:
        return words_figure("No later month has an observed value: there is nothing to draw.")
    set_style()
    controls = control_strategies(summary)
    every = list(months["parent"].drop_duplicates())
    parents = [parent for parent in every if parent in controls] or every
    rows = 2 if parents[0] in controls else 1
    figure, axes = plt.subplots(
        rows, len(parents), figsize=(2.2 + 4.8 * len(parents), 0.8 + 2.6 * rows), sharex="col", squeeze=False
    )
    # Lines and names in the order of the summary, the same in every column.
    names = [str(name) for name in summary["strategy"].drop_duplicates()]
    styles = model_styles(name for name in names if name not in controls.values())
    for column, parent in enumerate(parents):
        own = months[months["parent"] == parent]
        control = controls.get(parent)
        _lines(axes[0, column], own, names, styles, control)
        if len(parents) > 1:
            axes[0, column].set_title(f"from {parent}", fontsize="small")
        if rows == 2:
            _lines(axes[1, column], _changes(own, controls[parent]), names, styles, control)
            axes[1, column].axhline(0, color=GREY, linewidth=0.8, zorder=0)
        # One tick for each month that has a point; every second or third one if there are many.
        dates = sorted(own["date"].unique())
        ticks = dates[:: -(-len(dates) // 9)]
        axes[-1, column].set_xticks(ticks, _month_names(own, ticks))
    axes[0, 0].set_ylabel(f"RMSE ({unit})")
    if rows == 2:
        axes[1, 0].set_ylabel("Change against\nno update (%)")
    figure.supxlabel("Start of the month; each month is forecast before it is learned", fontsize="medium")
    # A strategy may be in some columns alone.
    lines = {
        label: line for axis in axes[0] for line, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    seeds = int(months["seed"].nunique())
    title = f"Mean over n = {seeds} seeds;\nband: their range" if seeds > 1 else "One seed"
    figure.legend(lines.values(), lines.keys(), loc="outside right upper", title=title)
    return figure


def _month_names(own: pd.DataFrame, ticks: list[pd.Timestamp]) -> list[str]:
    """Month and year of each tick; the names of the parts where several begin in one month."""
    names = [f"{tick:%b}\n{tick:%Y}" for tick in ticks]
    if len(set(names)) == len(names):
        return names
    tasks = own.drop_duplicates("date").set_index("date")["task"]
    return [str(tasks[tick]) for tick in ticks]


def month_errors(days: pd.DataFrame) -> pd.DataFrame:
    """One row per parent, strategy, seed and month: ``date`` of its first day, ``error`` (RMSE), where one is known."""
    seen = days[days["cells"] > 0]
    keys = ["parent", "strategy", "seed", "task"]
    found = seen.groupby(keys, sort=False, as_index=False)[["squared", "cells"]].sum()
    first = pd.to_datetime(days.groupby("task")["day"].min())
    return found.assign(
        date=found["task"].map(first), error=np.sqrt(found["squared"] / found["cells"])
    ).sort_values("date", kind="stable")


def _changes(own: pd.DataFrame, control: str) -> pd.DataFrame:
    """Change of each error against the control of the same seed and month [%]."""
    frozen = own[own["strategy"] == control].set_index(["seed", "task"])["error"]
    against = frozen.reindex(pd.MultiIndex.from_frame(own[["seed", "task"]])).to_numpy()
    return own.assign(error=100 * (own["error"] / against - 1)).dropna(subset="error")


def _lines(
    axis: Axes, own: pd.DataFrame, names: list[str], styles: dict[str, dict[str, Any]], control: str | None
) -> None:
    for name in names:
        rows = own[own["strategy"] == name]
        if rows.empty:
            continue
        by_month = rows.groupby("date")["error"]
        dates = mdates.date2num(list(by_month.groups))
        style = CONTROL_STYLE if name == control else styles[name]
        label = f"{name} (never updated)" if name == control else name
        axis.plot(dates, by_month.mean(), label=label, markersize=4.5, **style)
        axis.fill_between(
            dates, by_month.min(), by_month.max(), color=style["color"], alpha=0.12, linewidth=0
        )


FIGURE = FigurePart(
    message="Draw the error of each later month",
    caption="Error on each later month before it is learned; the band is the range over the seeds.",
    inputs=("adaptation", "adaptation_days", "panel"),
    make=lambda inputs: drift_figure(
        inputs.frame("adaptation"), inputs.frame("adaptation_days"), inputs.unit
    ),
)
