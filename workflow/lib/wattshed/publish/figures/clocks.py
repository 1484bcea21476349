"""Figure: time and energy of one call against the GPU's clock, with the limit and the choice."""

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, set_style
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import swept_cells
from wattshed.publish.sentences.clock_choice import gpu_name

# Characters of a title in one line: across a figure, and over one of two panels.
FIGURE_WIDTH = 80
PANEL_WIDTH = 48


def clocks_figure(sweeps: Sequence[pd.DataFrame], choices: Sequence[dict[str, Any]]) -> Figure:
    """One row of panels per sweep: warm repeats as points, their medians as a line.

    sweeps: frames of ``clocks/*sweep.parquet``; choices: the choice of each. Simulated sweeps are labelled as such
    across the panels.
    """
    set_style()
    rows = len(sweeps)
    figure, axes = plt.subplots(rows, 2, figsize=(7.2, 3.3 * rows), sharex="row", squeeze=False)
    for pair, sweep, choice in zip(axes, sweeps, choices, strict=True):
        _draw_sweep(pair, sweep, choice)
        if rows > 1:
            pair[0].set_title(textwrap.fill(_title(sweep, choice), PANEL_WIDTH), fontsize="small")
    handles = {
        text: handle
        for axis in axes.ravel()
        for handle, text in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    if rows == 1:
        figure.suptitle(textwrap.fill(_title(sweeps[0], choices[0]), FIGURE_WIDTH), fontsize="medium")
    return figure


def _draw_sweep(axes: Sequence[Axes], sweep: pd.DataFrame, choice: dict[str, Any]) -> None:
    warm = sweep[sweep["warm"]]
    for axis, column, factor, label, marker in (
        (axes[0], "energy_j", 1, "Energy per call (J)", "o"),
        (axes[1], "time_s", 1000, "Time per call (ms)", "s"),
    ):
        medians = factor * warm.groupby("setting")[column].median()
        axis.plot(
            warm["setting"],
            factor * warm[column],
            marker,
            color=GREY,
            markersize=3,
            alpha=0.5,
            label="warm repeat",
        )
        axis.plot(medians.index, medians, "-", color="black", linewidth=1.2, label="median")
        axis.axvline(
            choice["setting"], color="C0", linestyle="--", label=f"recommended: {choice['setting']} MHz"
        )
        axis.set_xlabel("SM clock (MHz)")
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        if choice["label"] == "simulated":
            axis.text(
                0.5,
                0.12,
                "SIMULATED",
                transform=axis.transAxes,
                ha="center",
                color="0.7",
                fontsize=18,
                weight="bold",
            )
    if choice["baseline_time_s"] is not None:
        limit = 1000 * choice["baseline_time_s"] * (1 + choice["limits"]["max_slowdown_share"])
        share = 100 * choice["limits"]["max_slowdown_share"]
        axes[1].axhline(limit, color="C3", linestyle=":", linewidth=1.6, label=f"limit: {share:g} % slower")


def _title(sweep: pd.DataFrame, choice: dict[str, Any]) -> str:
    n = sweep[sweep["warm"]].groupby("setting").size()
    return (
        f"{gpu_name(choice)}, {choice['workload']}: n = {n.min()}"
        + (f" to {n.max()}" if n.max() > n.min() else "")
        + f" warm repeats per clock; cold repeats not shown: {int((~sweep['warm']).sum())}"
    )


def _make(inputs: Inputs) -> Figure:
    cells = swept_cells(inputs)
    return clocks_figure([cell.rows for cell in cells], [cell.choice for cell in cells])


FIGURE = FigurePart(
    message="Draw energy and time against the clock",
    caption="Energy and time of one call against the GPU's clock, with the slowdown limit and the recommended clock.",
    inputs=("sweep", "choice"),
    make=_make,
)
