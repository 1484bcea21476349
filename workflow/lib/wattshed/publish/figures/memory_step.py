"""Figure: live bytes over one training step, one line per memory level, one panel per model."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.memory.accounting.megabytes import MB, megabytes_text
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import COLOURS, DASHES, GREY, as_written, set_style

PHASES = ("forward", "backward", "update")
# Width of each phase on the axis; an update has few operations.
WIDTHS = {"forward": 1.0, "backward": 1.0, "update": 0.25}
SHADES = {"forward": "#f3f6fa", "backward": "#fbf6ec", "update": "#f2f7f2"}
# Points of a line per phase: the most bytes of each stretch are drawn, so that no peak is lost.
STRETCHES = 240
PANELS_ACROSS = 2


def memory_step_figure(timeline: pd.DataFrame) -> Figure:
    """Live MB over the operations of a step; every phase has the same width for all levels, whose peaks are marked."""
    timeline = timeline[timeline["phase"].isin(PHASES)]
    if timeline.empty:
        return words_figure("No step was recorded.")
    set_style()
    models = list(timeline["model"].unique())
    across = min(PANELS_ACROSS, len(models))
    down = -(-len(models) // across)
    figure, axes = plt.subplots(down, across, figsize=(4.9 * across + 0.6, 3.5 * down), squeeze=False)
    levels = list(timeline["level"].unique())
    styles = {
        level: {"color": COLOURS[place % len(COLOURS)], "linestyle": DASHES[place % len(DASHES)]}
        for place, level in enumerate(levels)
    }
    for axis, model in zip(axes.flat, models, strict=False):
        own = timeline[timeline["model"] == model]
        for level, rows in own.groupby("level", sort=False):
            _draw(axis, rows.sort_values("place"), styles[str(level)], str(level))
        _axes(axis, own, str(model))
    for axis in axes.flat[len(models) :]:
        axis.set_axis_off()
    for axis in axes[:, 0]:
        axis.set_ylabel("Live memory (MB)")
    return figure


def _draw(axis: Axes, rows: pd.DataFrame, style: dict[str, Any], level: str) -> None:
    """One line, with its peak marked and named in the legend."""
    at, live = _line(rows)
    peak = int(np.argmax(live))
    axis.plot(at, live, linewidth=1.3, label=f"{level}: {megabytes_text(MB * live[peak])} MB", **style)
    axis.plot(
        at[peak],
        live[peak],
        marker="v",
        color=style["color"],
        markersize=6,
        markeredgecolor="white",
        zorder=4,
    )


def _line(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Places on the axis and live MB, thinned to the most of each stretch of a phase."""
    places, values, start = [], [], 0.0
    phases = _phases(rows)
    for phase in PHASES:
        live = rows.loc[phases == phase, "live_bytes"].to_numpy(np.float64) / MB
        if len(live):
            parts = np.array_split(live, min(STRETCHES, len(live)))
            values.append(np.array([part.max() for part in parts]))
            places.append(start + WIDTHS[phase] * (np.arange(len(parts)) + 0.5) / len(parts))
        start += WIDTHS[phase]
    return np.concatenate(places), np.concatenate(values)


def _phases(rows: pd.DataFrame) -> pd.Series:
    """The phase of each operation; what follows the last backward pass, such as the norm in the loss, is the update."""
    phases = rows["phase"].copy()
    backward = rows.loc[rows["phase"] == "backward", "place"]
    if len(backward):
        phases[rows["place"] > backward.max()] = "update"
    return phases


def _axes(axis: Axes, rows: pd.DataFrame, model: str) -> None:
    start, middles = 0.0, []
    for phase in PHASES:
        axis.axvspan(start, start + WIDTHS[phase], color=SHADES[phase], zorder=0, linewidth=0)
        middles.append(start + WIDTHS[phase] / 2)
        start += WIDTHS[phase]
    axis.set_xlim(0, start)
    axis.set_xticks(middles, PHASES)
    axis.tick_params(axis="x", length=0)
    axis.grid(visible=False, axis="x")
    axis.set_ylim(0, 1.38 * rows["live_bytes"].max() / MB)
    first = rows.iloc[0]
    axis.set_title(as_written(f"{model}: length {first['length']}, batch {first['batch']}"))
    axis.legend(loc="upper right", ncols=2, fontsize="small", labelcolor=GREY)


FIGURE = FigurePart(
    message="Draw the live memory over a training step",
    caption="Bytes of tensors that live on the device, operation by operation over one training step, by memory level. "
    "Each phase has the same width for all levels, however many operations it has; triangles mark the peaks.",
    inputs=("memory_timeline",),
    make=lambda inputs: memory_step_figure(inputs.frame("memory_timeline")),
)
