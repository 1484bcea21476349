"""Figure: error against energy and against carbon, with both fronts; dominated points are hollow."""

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullFormatter

from wattshed.accounts.comparison.comparable import all_flags
from wattshed.accounts.comparison.fronts import COSTS
from wattshed.accounts.runs.basis import RETRO
from wattshed.foundation.vocabulary import Status
from wattshed.publish.drawing.empty_figure import say, words_figure
from wattshed.publish.drawing.error_bars import bar_ends, bar_lengths, front_steps
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, PLAIN_LOG, set_style
from wattshed.publish.drawing.label_places import place_labels
from wattshed.publish.parts.model_costs import ERROR, fronts_of
from wattshed.publish.typesetting.scales import Scale, energy_scale, error_axis, mass_scale
from wattshed.publish.typesetting.table import ESTIMATED, count_text

NAMES = {"energy": "Energy", "carbon": "CO₂e"}
NAMED_UP_TO = 7
NAMED_LETTERS = 90
KEY_LETTERS = 96
FLAG = "!"


def fronts_figure(fronts: pd.DataFrame, unit: str, error: str = "rmse") -> Figure:
    """One row of panels per scope: error against energy (left) and carbon (right), log costs, 95 % intervals.

    fronts: of :func:`fronts_frame`, cut to the scopes to be drawn; unit: of the error. Few models are named beside
    their points, many are numbered with a key below. The panel's title names the points that cannot be drawn. A panel
    whose cost is unknown shows a message instead.
    """
    if fronts.empty or not any(_placed(fronts, error, cost).any() for cost in COSTS.values()):
        return words_figure("No run has both a known error and a known cost: there is no front to draw.")
    set_style()
    scopes = list(fronts["scope"].unique())
    models = list(dict.fromkeys(fronts["model"]))
    # With several scopes a model has several n: the scopes' titles state them.
    runs = fronts.groupby("model", sort=False)["runs"].max()
    counted = {model: model if len(scopes) > 1 else f"{model} (n = {runs[model]})" for model in models}
    numbered = len(models) > NAMED_UP_TO or sum(map(len, models)) > NAMED_LETTERS
    key = [f"{place}  {counted[model]}" for place, model in enumerate(models, start=1)]
    columns = max(1, KEY_LETTERS // (max(map(len, key)) + 4))
    key_height = 0.17 * math.ceil(len(key) / columns) + 0.15 if numbered else 0
    panel_height = 3.5 if numbered else 3.2
    figure, axes = plt.subplots(
        len(scopes),
        2,
        figsize=(7.8, panel_height * len(scopes) + 0.6 + key_height),
        squeeze=False,
        sharey="row",
    )
    scales = {
        "energy": energy_scale(fronts["energy_kwh_mean"]),
        "carbon": mass_scale(fronts["co2e_kg_mean"]),
    }
    texts = {model: str(place) if numbered else counted[model] for place, model in enumerate(models, start=1)}
    labelled = []
    for row, scope in zip(axes, scopes, strict=True):
        points = fronts[fronts["scope"] == scope]
        for axis, kind in zip(row, COSTS, strict=True):
            labelled.append(_panel(axis, points, kind, error, scales[kind], texts))
            if len(scopes) > 1 or scope not in ("all", "overall"):
                heading = f"{scope} ({count_text(points['runs'])})" if len(scopes) > 1 else str(scope)
                title = axis.get_title(loc="left")
                axis.set_title("\n".join(filter(None, [heading, title])), fontsize="small")
        row[0].set_ylabel(error_axis(error, unit))
    handles = _marks(fronts)
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), fontsize="small")
    if numbered:
        # Two legends outside would overlap: the key goes above.
        entries = [Line2D([], [], linestyle="none", label=text) for text in key]
        figure.legend(
            handles=entries, loc="outside upper center", ncols=columns, fontsize="small", handlelength=0,
            handletextpad=0, columnspacing=1.5,
        )  # fmt: skip
    # Labels last: only now have all axes their final size.
    figure.canvas.draw()
    for axis, shown, names, lines in filter(None, labelled):
        # Numbers are small enough to overlap an interval; names must avoid it.
        place_labels(axis, shown, names, lines[:1] if numbered else lines)
        for text in axis.texts:
            text.set_path_effects([withStroke(linewidth=2.2, foreground="white")])
    return figure


def _placed(points: pd.DataFrame, error: str, cost: str) -> pd.Series:
    return (points[f"{cost}_mean"] > 0) & points[f"{error}_mean"].notna()


def _panel(
    axis: Axes, points: pd.DataFrame, kind: str, error: str, scale: Scale, texts: dict[str, str]
) -> tuple[Axes, np.ndarray, list[str], list[np.ndarray]] | None:
    """Draw one front; returns what to label once the layout is final."""
    cost = COSTS[kind]
    shown = points[_placed(points, error, cost)]
    if shown.empty:
        say(axis, f"No {'energy' if kind == 'energy' else 'mass'} is known: no front of {NAMES[kind]}.")
        return None
    x = shown[f"{cost}_mean"].to_numpy() * scale.factor
    y = shown[f"{error}_mean"].to_numpy()
    axis.set_xscale("log")
    reach_x, reach_y = bar_lengths(x, shown, cost, scale.factor), bar_lengths(y, shown, error, 1)
    # An interval that goes below zero cannot be drawn on a log axis: it is cut at a tenth of its mean.
    reach_x[0] = np.minimum(reach_x[0], 0.9 * x)
    axis.errorbar(x, y, xerr=reach_x, yerr=reach_y, fmt="none", ecolor="0.7", elinewidth=1)
    state = shown[f"{kind}_dominated"]
    front = state.eq(False).fillna(False).to_numpy(dtype=bool)
    beaten = state.fillna(False).to_numpy(dtype=bool)
    surely = shown[f"{kind}_surely_dominated"].fillna(False).to_numpy(dtype=bool)
    retro = (shown["basis"] == RETRO).to_numpy()
    other = ~front & ~beaten & ~retro
    axis.plot(x[beaten & ~surely], y[beaten & ~surely], "o", mfc="white", mec=GREY)
    axis.plot(x[surely], y[surely], "s", mfc="white", mec="0.6", ms=4.5)
    axis.plot(x[retro | other], y[retro | other], "x", color="black", ms=5)
    order = np.argsort(x[front])
    steps = front_steps(x[front][order], y[front][order])
    axis.plot(*steps.T, color="C0", linewidth=1)
    axis.plot(x[front], y[front], "D", color="C0")
    axis.set_xlabel(f"{NAMES[kind]} of one run ({scale.unit}{_status(shown)})")
    _set_limits(axis, x, reach_x)
    axis.margins(y=0.14)
    left_out = points[~points.index.isin(shown.index)]
    if len(left_out):
        axis.set_title(_left_out(left_out, kind), fontsize="small")
    marks = _status_marks(shown)
    # Thin spaces keep neighbouring labels apart.
    names = [
        f"\u2009{texts[row['model']]}{mark}{FLAG if pd.notna(row['flags']) else ''}\u2009"
        for mark, (_, row) in zip(marks, shown.iterrows(), strict=True)
    ]
    return axis, np.column_stack([x, y]), names, [steps, *bar_ends(x, y, reach_x, reach_y)]


def _set_limits(axis: Axes, x: np.ndarray, reach: np.ndarray) -> None:
    """Room for the points, their intervals and their labels; plain numbers where they are short."""
    low, high = np.log10((x - reach[0]).min()), np.log10((x + reach[1]).max())
    room = max(0.14 * (high - low), 0.35)
    axis.set_xlim(10 ** (low - room), 10 ** (high + room))
    if low > -3 and high < 4:
        axis.xaxis.set_major_formatter(PLAIN_LOG)
    if high - low + 2 * room < 1.6:
        # Less than two powers of ten: name steps between them too.
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_minor_formatter(NullFormatter())


def _status(shown: pd.DataFrame) -> str:
    """How all energies are known, or what the mark behind some of them means."""
    recorded = set(shown.loc[shown["basis"] != RETRO, "energy_status"])
    if {Status.ESTIMATED, Status.MEASURED} <= recorded:
        return f", measured; {ESTIMATED} estimated"
    return f", {Status.ESTIMATED if Status.ESTIMATED in recorded else Status.MEASURED}" if recorded else ""


def _status_marks(shown: pd.DataFrame) -> list[str]:
    mixed = ESTIMATED in _status(shown)
    return [ESTIMATED if mixed and status == Status.ESTIMATED else "" for status in shown["energy_status"]]


def _left_out(left_out: pd.DataFrame, kind: str) -> str:
    """How many points cannot be drawn here, by reason; named if there is room."""
    reasons = left_out[f"{kind}_reason"].fillna("cost is zero")
    parts = []
    for reason, group in left_out.groupby(reasons, sort=False):
        names = ", ".join(group["model"])
        parts.append(f"{reason}: {names}" if len(names) <= 24 else f"{reason}: {len(group)} models")
    return "Not drawn, " + ";\n".join(parts)


def _marks(fronts: pd.DataFrame) -> list[Any]:
    entries: list[Any] = [Line2D([], [], color="C0", marker="D", linewidth=1, label="on the front")]
    beaten = fronts[[f"{kind}_dominated" for kind in COSTS]].fillna(False).to_numpy(dtype=bool)
    surely = fronts[[f"{kind}_surely_dominated" for kind in COSTS]].fillna(False).to_numpy(dtype=bool)
    if (beaten & ~surely).any():
        entries.append(Line2D([], [], marker="o", mfc="white", mec=GREY, linestyle="none", label="dominated"))
    if surely.any():
        label = "dominated beyond doubt"
        entries.append(
            Line2D([], [], marker="s", mfc="white", mec="0.6", ms=4.5, linestyle="none", label=label)
        )
    if (fronts["basis"] == RETRO).any():
        label = "retro-estimate (10-90 %), not compared"
        entries.append(Line2D([], [], marker="x", color="black", ms=5, linestyle="none", label=label))
    ends = [name for name in fronts if str(name).endswith("_low")]
    if fronts[ends].notna().to_numpy().any():
        entries.append(Line2D([], [], color="0.7", linewidth=1, label="95 % interval"))
    if fronts["flags"].notna().any():
        entries.append(Line2D([], [], linestyle="none", label=f"{FLAG} {all_flags(fronts['flags'])}"))
    return entries


FIGURE = FigurePart(
    message="Draw the fronts of error against energy and carbon",
    caption="Error against energy and against carbon. No other model is better in both than one on the front; "
    "dominated ones are hollow.",
    inputs=("runs", "windows", "scores", "panel"),
    windows=("epoch", "fit"),
    make=lambda inputs: fronts_figure(fronts_of(inputs), inputs.unit, ERROR),
)
