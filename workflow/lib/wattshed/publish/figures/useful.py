"""Figure: error against energy of the useful models, those better than the best naive one."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import AbstractPathEffect, withStroke

from wattshed.accounts.comparison.decisions import Decisions
from wattshed.energy.reading import worst_status
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.error_bars import bar_ends, front_steps
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, set_style
from wattshed.publish.drawing.label_places import place_labels
from wattshed.publish.drawing.log_ticks import name_log_steps
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.standing import standings_of

HALO: list[AbstractPathEffect] = [withStroke(linewidth=2.2, foreground="white")]


def useful_figure(standings: pd.DataFrame, decisions: Decisions, unit: str) -> Figure:
    """Energy of one training (log, J) and test RMSE, with 95 % intervals; the best naive model is a dashed line.

    standings: of :func:`standings_frame`; unit: of the errors. The intervals of the errors are those of the paired
    change against the best naive model, which all models share, so that points can be compared. Filled: chosen on
    validation or not distinguishable from it. Models of unknown energy are named in the title.
    """
    useful = standings[standings["useful"]]
    drawn = useful[useful["training_j_mean"] > 0]
    if drawn.empty:
        return words_figure(
            "No model is better than the best naive one at a known energy: there is nothing to draw."
        )
    set_style()
    figure, axis = plt.subplots(figsize=(7.4, 3.5))
    axis.set_xscale("log")
    x, y = drawn["training_j_mean"].to_numpy(), drawn["error"].to_numpy()
    reach_x = _reach(x, *(drawn[f"training_j_{end}"].to_numpy() for end in ("low", "high")))
    reach_x[0] = np.minimum(reach_x[0], 0.9 * x)
    reach_y = _error_reach(standings, drawn)
    axis.errorbar(
        x, y, xerr=reach_x, yerr=reach_y, fmt="none", ecolor="0.7", elinewidth=1, label="95 % interval"
    )
    chosen = drawn["model"].isin([decisions.best, *decisions.alike]).to_numpy()
    axis.plot(x[~chosen], y[~chosen], "o", mfc="white", mec=GREY)
    axis.plot(
        x[chosen], y[chosen], "D", color="C0", label="best on validation, or not distinguishable from it"
    )
    on = drawn["front"].fillna(False).to_numpy(dtype=bool)
    order = np.argsort(x[on])
    steps = front_steps(x[on][order], y[on][order])
    axis.plot(*steps.T, color="C0", linewidth=1, label="front: none better in both")
    naive = _naive_line(axis, standings)
    axis.set_xlabel(f"Energy of one training (J, {worst_status(drawn['energy_status'])})")
    axis.set_ylabel(f"Test RMSE ({unit})")
    axis.margins(0.14)
    name_log_steps(axis)
    unknown = useful.loc[~useful.index.isin(drawn.index), "model"].tolist()
    if unknown:
        axis.set_title(f"Not drawn, energy unknown: {', '.join(unknown)}", fontsize="small")
    figure.legend(loc="outside lower center", ncols=3, fontsize="small")
    figure.canvas.draw()
    names = [f"\u2009{row['model']} (n = {row['n']})\u2009" for _, row in drawn.iterrows()]
    kept_free = [steps, *bar_ends(x, y, reach_x, reach_y), *_corners(axis, naive)]
    place_labels(axis, np.column_stack([x, y]), names, kept_free)
    for text in axis.texts:
        text.set_path_effects(HALO)
    return figure


def _reach(centre: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.stack([centre - low, high - centre]).astype("float64")).clip(min=0)


def _error_reach(standings: pd.DataFrame, drawn: pd.DataFrame) -> np.ndarray:
    """Of the paired change against the best naive model, in the unit of the error; its own interval without one."""
    naive = standings["naive"].iloc[0]
    y = drawn["error"].to_numpy()
    if naive is None:
        return _reach(y, drawn["low"].to_numpy(), drawn["high"].to_numpy())
    level = float(standings.loc[standings["model"] == naive, "error"].iloc[0])
    ends = [level * (1 + drawn[f"naive_change_{end}"].to_numpy(dtype="float64")) for end in ("low", "high")]
    return _reach(y, *ends)


def _naive_line(axis: Axes, standings: pd.DataFrame) -> list[Artist]:
    """The line and its label, above it, because the useful models are below; none without a naive model."""
    naive = standings["naive"].iloc[0]
    if naive is None:
        return []
    level = float(standings.loc[standings["model"] == naive, "error"].iloc[0])
    line = axis.axhline(level, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    label = axis.annotate(
        f"{naive}, the best naive: {level:.4g}", (0, level), xycoords=("axes fraction", "data"), xytext=(4, 3),
        textcoords="offset points", va="bottom", ha="left", fontsize="small", color=GREY, path_effects=HALO,
    )  # fmt: skip
    return [line, label]


def _corners(axis: Axes, artists: list[Artist]) -> list[np.ndarray]:
    """Lower left and upper right corner of each, in data coordinates [2, 2]."""
    to_data = axis.transData.inverted()
    return [to_data.transform(artist.get_window_extent().get_points()) for artist in artists]


FIGURE = FigurePart(
    message="Draw the error of the useful models against their energy",
    caption="Error against the energy of one training, for the models that are better than the best naive one. "
    "Intervals of the error are those of its paired change against that model, over seeds and days.",
    inputs=("days", "frontier", "windows", "panel"),
    parameters=("controls",),
    windows=("epoch", "fit"),
    make=lambda inputs: useful_figure(standings_of(inputs), decisions_of(inputs), inputs.unit),
)
