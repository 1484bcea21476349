"""Figure: the matrix of errors of each strategy, months that were learned against months that are judged."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from wattshed.foundation.vocabulary import Phase
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import DARK, set_style
from wattshed.publish.typesetting.scales import wrapped

COLUMNS = 4
# Purple is less error and orange more; colour-blind readers can tell them apart, and print keeps light and dark.
COLOURS = "PuOr_r"
# Cells of larger matrices get no number.
MOST_NUMBERED = 8
NUMBER_PT = 6.0
# Share of changes beyond which colours no longer grow, so that one diverged cell does not hide all others.
WIDEST_QUANTILE = 0.98
SMALLEST_SCALE = 1.0


def matrix_figure(summary: pd.DataFrame, matrices: pd.DataFrame) -> Figure:
    """One panel per strategy that updates: change of each task's held-out RMSE against its error before any update [%].

    summary: ``adaptation.parquet``; matrices: rows of all ``adaptation/{lineage}.parquet``. Rows are months learned so
    far, columns are tasks; means over seeds of the ratios to the network that the strategy started from, which is what
    the strategy that never updates keeps. All panels share one colour scale.
    """
    panels = matrix_changes(summary, matrices)
    if not panels:
        return words_figure("No strategy updates a network: there is no matrix of errors to draw.")
    set_style()
    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    tasks = max(len(change.columns) for change in panels.values())
    side = max(1.5, min(2.4, 0.34 * tasks))
    size = (max(4.2, 1.5 + (side + 0.25) * columns), 1.2 + (side + 0.45) * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, sharey=True)
    every = np.concatenate([change.to_numpy().ravel() for change in panels.values()])
    known = np.abs(every[np.isfinite(every)])
    limit = max(SMALLEST_SCALE, float(np.quantile(known, WIDEST_QUANTILE))) if len(known) else SMALLEST_SCALE
    image = None
    for place, axis in enumerate(axes.ravel()):
        if place >= len(panels):
            axis.set_visible(False)
            continue
        name, change = list(panels.items())[place]
        image = _panel(axis, name, change, limit)
        if place + columns < len(panels):
            axis.set_xticklabels([])
    figure.supxlabel("Judged on the held-out tail of", fontsize="medium")
    figure.supylabel("Months learned", fontsize="medium")
    assert image is not None
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 2.2 / (side * rows)), aspect=18, extend="both")
    bar.set_label("RMSE against no update (%)")
    bar.outline.set_visible(False)
    return figure


def matrix_changes(summary: pd.DataFrame, matrices: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Of each strategy that updates: change of the RMSE [%], one row per number of months learned, one column per task.

    Names have the parent before them if there are several.
    """
    updates = summary.groupby(["parent", "strategy"], sort=False)["updates"].max()
    held_out = matrices[matrices["phase"] == Phase.HELD_OUT]
    several = summary["parent"].nunique() > 1
    found = {}
    for parent, strategy in updates[updates > 0].index:
        own = held_out[(held_out["parent"] == parent) & (held_out["strategy"] == strategy)]
        if own.empty:
            continue
        errors = own.pivot_table(
            index=["seed", "learned"], columns="task", values="rmse", sort=False, dropna=False
        )
        before = errors.xs(0, level="learned").reindex(errors.index.get_level_values("seed")).to_numpy()
        changes = (100 * (errors / before - 1)).groupby(level="learned").mean()
        found[f"{parent}+{strategy}" if several else str(strategy)] = changes
    return found


def _panel(axis: Axes, name: str, change: pd.DataFrame, limit: float) -> AxesImage:
    """Draw one matrix. A frame marks the cells of months that were just learned."""
    values = change.to_numpy(dtype=float)
    image = axis.imshow(values, cmap=COLOURS, vmin=-limit, vmax=limit, aspect="auto")
    axis.set_title(wrapped(name, 24), fontsize="small")
    axis.set_xticks(range(len(change.columns)), [_short(task) for task in change.columns])
    axis.set_yticks(range(len(change)), [str(learned) for learned in change.index])
    axis.tick_params(length=0, labelsize=7.5)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    for row in range(len(change)):
        for column in range(len(change.columns)):
            value = values[row, column]
            if len(change.columns) <= MOST_NUMBERED and np.isfinite(value):
                shade = "white" if abs(value) > 0.6 * limit else DARK
                text = f"{value:+.0f}" if abs(value) >= 0.5 else "0"
                axis.text(column, row, text, ha="center", va="center", fontsize=NUMBER_PT, color=shade)
        # Column 0 is the base part; month j is in column j and was learned last in row j.
        if 0 < row < len(change.columns):
            axis.add_patch(Rectangle((row - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=DARK, linewidth=1.0))
    return image


def _short(task: object) -> str:
    """``CL_3`` as ``3``."""
    return str(task).removeprefix("CL_")


FIGURE = FigurePart(
    message="Draw the matrices of errors",
    caption="Change of the error on every month after each month that was learned, against no update; framed: the "
    "month that was just learned.",
    inputs=("adaptation", "matrices"),
    make=lambda inputs: matrix_figure(inputs.frame("adaptation"), inputs.frame("matrices")),
    notes=lambda inputs: [
        "Columns: base is the test part of the base period, 1 the first later month, and so on. Framed: the month that "
        "was just learned. Below a frame: what later months made of it; above: months not learned yet."
    ],
)
