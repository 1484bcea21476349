"""Figure: how the error of each step of the ladder falls with the energy spent, and its test error."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullFormatter

from wattshed.accounts.ladder.steps import ROLES
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Status
from wattshed.publish.drawing.empty_figure import say, words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, PLAIN_LOG, model_styles, set_style
from wattshed.publish.drawing.label_places import place_labels
from wattshed.publish.notes.windows import listed
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.table import ESTIMATED, significant_text

CLIMB_IN, LEAST_HEIGHT_IN, ROW_IN, LETTER_IN = 5.6, 4.4, 0.27, 0.082
# Share of the left panel's width that is left free for the labels of the horizontal lines.
WORDS_SHARE = 0.27
NAMED_LETTERS = 16
HALO = [withStroke(linewidth=2.2, foreground="white")]
# Where the right panel's labels begin; its points are at 0.
LABEL_AT = 0.16


def ladder_figure(ladder: pd.DataFrame, checks: pd.DataFrame, unit: str) -> Figure:
    """Left: validation RMSE against cumulative training energy (J, log), one line a step; right: test RMSE.

    ladder: of :func:`ladder_frame`; checks: of :func:`training_checks`; unit: of the errors. Seeds are thin, their
    mean at each check is thick; horizontal lines are the opponents' own best. Steps without validation errors are only
    on the right, with all their energy. Steps of unknown energy are named in the title.
    """
    if ladder.empty:
        return words_figure("The ladder has no step: there is nothing to draw.")
    set_style()
    mixed = _mixed(ladder)
    texts = {row["model"]: _label(row, mixed) for _, row in ladder.iterrows()}
    strip_in = 0.5 + LETTER_IN * max(map(len, texts.values()))
    height = max(LEAST_HEIGHT_IN, 1.5 + ROW_IN * len(ladder))
    figure, (climb, strip) = plt.subplots(
        1,
        2,
        figsize=(CLIMB_IN + strip_in, height),
        sharey=True,
        gridspec_kw={"width_ratios": [CLIMB_IN, strip_in]},
    )
    styles = model_styles(ladder["model"])
    named = _draw_climbs(climb, ladder, checks, styles)
    if named:
        _draw_targets(climb, ladder)
    _draw_tests(strip, ladder, styles)
    (climb if named else strip).set_ylabel(f"RMSE ({unit})")
    strip.tick_params(labelleft=not named)
    climb.margins(y=0.08)
    figure.legend(handles=_marks(ladder, named), loc="outside lower center", ncols=5, fontsize="small")
    # Labels last: only now have both axes their final size.
    figure.canvas.draw()
    _label_strip(strip, ladder, texts)
    if named:
        points = np.array([point for point, _, _ in named.values()])
        # Labels may cover a horizontal line, which their halo interrupts, but not a training curve.
        lines = [line for _, _, line in named.values()]
        place_labels(climb, points, [text for _, text, _ in named.values()], lines)
        for text in climb.texts:
            text.set_path_effects(HALO)
    return figure


def _draw_climbs(
    axis: Axes, ladder: pd.DataFrame, checks: pd.DataFrame, styles: dict[str, dict[str, Any]]
) -> dict[str, tuple[np.ndarray, str, np.ndarray]]:
    """Draw all lines; returns for each drawn step the place of its label, the label, and the line's corners."""
    named = {}
    validated = checks[checks["validation_rmse"].notna()]
    drawn = validated[validated["cumulative_kwh"] > 0]
    for _, row in ladder.iterrows():
        style = styles[row["model"]]
        own = drawn[drawn["model"] == row["model"]]
        if own.empty:
            continue
        for _, run in own.groupby("seed"):
            x = run["cumulative_kwh"] * JOULES_PER_KWH
            alone = "." if len(run) == 1 else ""
            axis.plot(
                x, run["validation_rmse"], marker=alone, color=style["color"], linewidth=0.7, alpha=0.45
            )
        # The mean would jump where a seed ends, so it ends with the first seed that ends.
        by_check = own.groupby("check")
        whole = by_check["seed"].nunique() == own["seed"].nunique()
        mean = by_check[["cumulative_kwh", "validation_rmse"]].mean()[whole].to_numpy() * [JOULES_PER_KWH, 1]
        every = max(1, len(mean) // 6)
        axis.plot(*mean.T, linewidth=1.8, markersize=5, markevery=(0, every), markeredgewidth=0.8, **style)
        if len(mean):
            # There is no room for a long name here; the right panel explains the numbers.
            name = row["model"] if len(row["model"]) <= NAMED_LETTERS else ""
            named[row["model"]] = (mean[-1], f" {row['step']} {name}".rstrip() + " ", mean)
    unknown = [name for name in dict.fromkeys(validated["model"]) if name not in named]
    if not named:
        say(axis, "No energy of an epoch is known: there is nothing to draw.")
        return {}
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.set_xlim(low * (low / high) ** (WORDS_SHARE / (1 - WORDS_SHARE)), high * (high / low) ** 0.12)
    if low > 1e-3 and high < 1e4:
        axis.xaxis.set_major_formatter(PLAIN_LOG)
    low, high = axis.get_xlim()
    if high / low < 40:
        # Less than two powers of ten: name steps between them too.
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel(f"Energy of training so far (J{_status(ladder, list(named))})")
    title = "Validation, as training proceeds"
    if unknown:
        title += f"\nNot drawn because their energy is unknown: {', '.join(unknown)}"
    axis.set_title(title, fontsize="small")
    return named


def _draw_targets(axis: Axes, ladder: pd.DataFrame) -> None:
    """Horizontal lines at the opponents' own best validation RMSE; only on the left, because the right panel shows the
    test part."""
    held = ladder[ladder["role"].isin(ROLES)].sort_values("best_rmse_mean", ascending=False)
    for place, (_, row) in enumerate(held.iterrows()):
        level = row["best_rmse_mean"]
        axis.axhline(level, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
        # The upper line's label is above it and the lower line's below, so that close lines stay readable.
        below = place == len(held) - 1 and len(held) > 1
        axis.annotate(
            f"best of {row['model']}, {level:.4g}",
            (0, level),
            xycoords=("axes fraction", "data"),
            xytext=(3, -2 if below else 2),
            textcoords="offset points",
            va="top" if below else "bottom",
            fontsize="small",
            color=GREY,
            path_effects=HALO,
        )


def _draw_tests(axis: Axes, ladder: pd.DataFrame, styles: dict[str, dict[str, Any]]) -> None:
    axis.set_xlim(-0.08, 1)
    axis.set_xticks([])
    axis.grid(visible=False)
    axis.spines["bottom"].set_visible(False)
    axis.set_title("Test, with the energy of one training", fontsize="small")
    for _, row in ladder.iterrows():
        style = styles[row["model"]]
        closed = row["best_rmse_n"] == 0
        if pd.notna(row["rmse_low"]):
            axis.plot([0, 0], [row["rmse_low"], row["rmse_high"]], color=style["color"], linewidth=1.2)
        look = {"color": "black", "markerfacecolor": "none"} if closed else {"color": style["color"]}
        axis.plot(0, row["rmse_mean"], marker=style["marker"], markersize=6, linestyle="none", **look)


def _label_strip(axis: Axes, ladder: pd.DataFrame, texts: dict[str, str]) -> None:
    """Each point's name, error and energy, in the order of the errors and spread so that none covers another."""
    ordered = ladder.sort_values(["rmse_mean", "step"])
    labels = [
        axis.text(LABEL_AT + 0.02, row["rmse_mean"], texts[row["model"]], fontsize="small", va="center")
        for _, row in ordered.iterrows()
    ]
    figure = axis.figure.get_figure(root=True)
    assert figure is not None
    height = max(label.get_window_extent().height for label in labels) * 1.06
    box = axis.get_window_extent()
    wanted = axis.transData.transform([(0, value) for value in ordered["rmse_mean"]])[:, 1]
    places = spread(wanted, height, box.y0 + height / 2, box.y1 - height / 2)
    levels = axis.transData.inverted().transform([(0, place) for place in places])[:, 1]
    for label, level, error in zip(labels, levels, ordered["rmse_mean"], strict=True):
        label.set_y(level)
        axis.plot([0.03, LABEL_AT], [error, level], color="0.7", linewidth=0.6, zorder=0)


def spread(wanted: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Rising places [n] at least ``gap`` apart between ``low`` and ``high``, as near to the wanted ones as possible.

    wanted: [n], rising. Neighbours that are too close share their mean place (pool adjacent violators, Ayer et al.
    1955); if the room is too small for all, they are spaced evenly from ``low`` up.
    """
    ranks = np.arange(len(wanted)) * gap
    blocks: list[tuple[float, int]] = []
    for value in wanted - ranks:
        mean, count = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, others = blocks.pop()
            mean, count = (before * others + mean * count) / (others + count), others + count
        blocks.append((mean, count))
    level = np.repeat([mean for mean, _ in blocks], [count for _, count in blocks])
    return np.maximum(np.minimum(level, high - ranks[-1]), low) + ranks


def _label(row: pd.Series, mixed: bool) -> str:
    mark = ESTIMATED if mixed and row["energy_status"] == Status.ESTIMATED else ""
    joules = row["training_kwh_mean"] * JOULES_PER_KWH
    energy = "energy unknown" if pd.isna(joules) else f"{significant_text(joules)} J{mark}"
    return f"{row['step']} {row['model']} {row['rmse_mean']:.4g} (n = {row['seeds']}), {energy}"


def _mixed(ladder: pd.DataFrame) -> bool:
    return {Status.ESTIMATED, Status.MEASURED} <= set(ladder["energy_status"])


def _status(ladder: pd.DataFrame, drawn: list[str]) -> str:
    if _mixed(ladder):
        return f", measured; {ESTIMATED} estimated"
    statuses = set(ladder.loc[ladder["model"].isin(drawn), "energy_status"])
    return f", {Status.ESTIMATED if Status.ESTIMATED in statuses else Status.MEASURED}"


def _marks(ladder: pd.DataFrame, named: dict[str, Any]) -> list[Any]:
    entries: list[Any] = []
    if named:
        entries += [
            Line2D([], [], color=GREY, linewidth=0.7, alpha=0.6, label="one seed"),
            Line2D([], [], color=GREY, linewidth=1.8, label="mean over seeds"),
        ]
    if ladder["rmse_low"].notna().any():
        entries.append(
            Line2D([], [], color=GREY, linewidth=1.2, marker="|", label="95 % interval of the mean")
        )
    if (ladder["best_rmse_n"] == 0).any():
        label = "no validation error: test only"
        entries.append(Line2D([], [], marker="o", mfc="none", color="black", linestyle="none", label=label))
    return entries or [Line2D([], [], marker="o", color=GREY, linestyle="none", label="test RMSE")]


def _notes(inputs: Inputs) -> list[str]:
    ladder = inputs.frame("ladder")
    names = [str(name) for name in ladder.loc[ladder["not_alone"] > 0, "model"]]
    return [f"Not alone on the machine: {listed(names)}."] if names else []


FIGURE = FigurePart(
    message="Draw the ladder: error against the energy spent",
    caption="Left: validation error against the energy spent so far, one line per step, with the opponents' own best. "
    "Right: test error of each step, closed forms included.",
    inputs=("ladder", "checks", "panel"),
    make=lambda inputs: ladder_figure(inputs.frame("ladder"), inputs.frame("checks"), inputs.unit),
    notes=_notes,
)
