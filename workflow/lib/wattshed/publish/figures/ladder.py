"""Figure: the energy that each step of the ladder takes to reach an error, over the useful range of errors."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullFormatter

from wattshed.accounts.ladder.energy_to_error import BEST_NAIVE
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Status
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import DARK, GREY, PLAIN_LOG, model_styles, set_style
from wattshed.publish.drawing.spread_labels import spread
from wattshed.publish.notes.windows import listed
from wattshed.publish.parts.inputs import Inputs

WIDTH_IN, LEAST_HEIGHT_IN, ROW_IN, LETTER_IN = 6.2, 3.9, 0.2, 0.064
OTHERS: dict[str, Any] = {"color": "0.78", "linewidth": 0.8, "zorder": 1}
HALO = [withStroke(linewidth=2.2, foreground="white")]
# Where a label begins, as a share of the axes' width.
LABEL_AT = 1.04
FEW_POWERS = 40


def ladder_figure(ladder: pd.DataFrame, curves: pd.DataFrame, targets: pd.DataFrame, unit: str) -> Figure:
    """Validation RMSE against the energy to reach it (J, log), only where it is better than the best naive forecast.

    ladder: of :func:`ladder_frame`; curves: of :func:`curves_frame`; targets: of :func:`targets_frame`; unit: of the
    errors. Steps that the ladder names have a line with a label and a band over seeds, the others are grey; a closed
    form is a point. Horizontal lines are the named steps' own best errors.
    """
    drawn = curves[curves["kwh_mean"] > 0]
    if drawn.empty:
        return words_figure(
            "No step of the ladder comes below the best naive forecast with a known energy: there is nothing to draw."
        )
    set_style()
    named = [name for name in ladder.loc[ladder["named"], "model"] if name in set(drawn["model"])]
    texts = {row["model"]: _label(row, unit) for _, row in ladder.iterrows() if row["model"] in named}
    strip_in = 0.3 + LETTER_IN * max([*map(len, texts.values()), 0])
    height = max(LEAST_HEIGHT_IN, 1.2 + ROW_IN * len(named))
    figure, (axis, strip) = plt.subplots(
        1,
        2,
        figsize=(WIDTH_IN + strip_in, height),
        sharey=True,
        gridspec_kw={"width_ratios": [WIDTH_IN, strip_in], "wspace": 0.0},
    )
    strip.set_axis_off()
    styles = model_styles(named)
    ends = {}
    for model, curve in drawn.groupby("model", sort=False):
        if model in named:
            ends[str(model)] = _draw_named(axis, curve, styles[str(model)])
        else:
            x, y = _line(curve, "kwh_mean")
            axis.plot(x, y, **OTHERS)
    _set_axes(axis, drawn, ladder, targets, unit)
    figure.legend(
        handles=_marks(len(ends) < drawn["model"].nunique()),
        loc="outside lower center",
        ncols=4,
        fontsize="small",
    )
    figure.canvas.draw()
    _label_ends(axis, ends, texts, styles)
    return figure


def _draw_named(axis: Axes, curve: pd.DataFrame, style: dict[str, Any]) -> tuple[float, float]:
    """Draw a line with its band; returns where it ends."""
    if curve["kwh_mean"].nunique() == 1:
        # A closed form: one energy for all errors down to its own.
        last = curve.iloc[-1]
        x, y = last["kwh_mean"] * JOULES_PER_KWH, last["validation_rmse"]
        if pd.notna(last["kwh_low"]):
            ends = [last[f"kwh_{end}"] * JOULES_PER_KWH for end in ("low", "high")]
            axis.plot(ends, [y, y], color=style["color"], linewidth=1.0)
        axis.plot(
            x, y, color=style["color"], marker=style["marker"], linestyle="none", markersize=6, zorder=4
        )
        return float(x), float(y)
    banded = curve[curve["kwh_low"].notna()]
    if len(banded):
        low, y = _line(banded, "kwh_low")
        high, _ = _line(banded, "kwh_high")
        axis.fill_betweenx(y, low, high, color=style["color"], alpha=0.16, linewidth=0, zorder=2)
    x, y = _line(curve, "kwh_mean")
    axis.plot(x, y, color=style["color"], linestyle=style["linestyle"], linewidth=1.7, zorder=3)
    axis.plot(x[-1], y[-1], color=style["color"], marker=style["marker"], markersize=5, zorder=4)
    return float(x[-1]), float(y[-1])


def _line(curve: pd.DataFrame, kwh: str) -> tuple[np.ndarray, np.ndarray]:
    """Energies [J] of that column and their errors."""
    return curve[kwh].to_numpy() * JOULES_PER_KWH, curve["validation_rmse"].to_numpy()


def _set_axes(
    axis: Axes, drawn: pd.DataFrame, ladder: pd.DataFrame, targets: pd.DataFrame, unit: str
) -> None:
    axis.set_xscale("log")
    errors = drawn["validation_rmse"]
    margin = 0.03 * (errors.max() - errors.min()) or 0.01 * errors.max()
    axis.set_ylim(errors.min() - margin, errors.max() + 2 * margin)
    low, high = axis.get_xlim()
    if low > 1e-3 and high < 1e4:
        axis.xaxis.set_major_formatter(PLAIN_LOG)
    if high / low < FEW_POWERS:
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel(f"Energy of training to reach it (J, {_status(ladder, drawn)})")
    axis.set_ylabel(f"Validation RMSE ({unit})")
    naive = targets.loc[targets["target"] == BEST_NAIVE, "target_rmse"]
    if len(naive):
        level = float(naive.iloc[0])
        axis.axhline(level, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
        axis.annotate(
            f"{_naive_name(ladder, level)}, {level:.4g}",
            (1, level),
            xycoords=("axes fraction", "data"),
            xytext=(-3, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize="small",
            color=GREY,
            path_effects=HALO,
        )


def _naive_name(ladder: pd.DataFrame, level: float) -> str:
    """The naive forecast whose error the range begins with: a ladder may name some of them only."""
    own = ladder.loc[np.isclose(ladder["best_rmse_mean"], level, rtol=1e-9), "model"]
    return f"naive forecast {own.iloc[0]}" if len(own) else "best naive forecast"


def _label_ends(
    axis: Axes, ends: dict[str, tuple[float, float]], texts: dict[str, str], styles: dict[str, dict[str, Any]]
) -> None:
    """Labels right of the axes, in the order of the curves' ends, with a thin line to each end."""
    ordered = sorted(ends, key=lambda model: ends[model][1])
    figure = axis.figure.get_figure(root=True)
    assert figure is not None
    labels = [
        axis.text(
            LABEL_AT, 0, texts[model], transform=axis.get_yaxis_transform(), va="center", fontsize="small",
            color=DARK,
        )
        for model in ordered
    ]  # fmt: skip
    if not labels:
        return
    gap = max(label.get_window_extent().height for label in labels) * 1.08
    box = axis.get_window_extent()
    wanted = axis.transData.transform([ends[model] for model in ordered])[:, 1]
    places = spread(wanted, gap, box.y0 + gap / 2, box.y1 - gap / 2)
    levels = axis.transData.inverted().transform([(0, place) for place in places])[:, 1]
    for label, level, model in zip(labels, levels, ordered, strict=True):
        label.set_y(level)
        x, y = ends[model]
        color = styles[model]["color"]
        line = {"arrowstyle": "-", "color": color, "linewidth": 0.5, "alpha": 0.7, "shrinkA": 0, "shrinkB": 0}
        axis.annotate(
            "",
            (x, y),
            xytext=(LABEL_AT - 0.012, level),
            textcoords=axis.get_yaxis_transform(),
            arrowprops=line,
            annotation_clip=False,
        )


def _label(row: pd.Series, unit: str) -> str:
    joules = row["training_kwh_mean"] * JOULES_PER_KWH
    energy = "" if pd.isna(joules) else f", {_short(joules)} J in all"
    return f"{row['model']} (n = {row['seeds']}){energy}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _status(ladder: pd.DataFrame, drawn: pd.DataFrame) -> str:
    statuses = set(ladder.loc[ladder["model"].isin(drawn["model"]), "energy_status"])
    if {Status.ESTIMATED, Status.MEASURED} <= statuses:
        return "partly estimated"
    return Status.ESTIMATED if Status.ESTIMATED in statuses else Status.MEASURED


def _marks(others: bool) -> list[Any]:
    entries: list[Any] = [
        Line2D([], [], color=GREY, linewidth=1.7, label="geometric mean over seeds"),
        Patch(facecolor=GREY, alpha=0.25, label="its 95 % interval"),
        Line2D([], [], color=GREY, marker="o", linestyle="none", label="closed form, or end of a training"),
    ]
    return [*entries, Line2D([], [], **OTHERS, label="other steps")] if others else entries


def _notes(inputs: Inputs) -> list[str]:
    ladder = inputs.frame("ladder")
    names = [str(name) for name in ladder.loc[ladder["named"] & (ladder["not_alone"] > 0), "model"]]
    return [f"Not alone on the machine: {listed(names)}."] if names else []


FIGURE = FigurePart(
    message="Draw the ladder: energy to reach an error",
    caption="Energy that each step takes to reach a validation error, where it is better than the best of its naive "
    "forecasts; "
    "bands over seeds.",
    inputs=("ladder", "curves", "targets", "panel"),
    make=lambda inputs: ladder_figure(
        inputs.frame("ladder"), inputs.frame("curves"), inputs.frame("targets"), inputs.unit
    ),
    notes=_notes,
)
