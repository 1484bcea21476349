"""Figure: loss against the energy spent, with the best epoch and the point of small gains."""

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from wattshed.accounts.comparison.comparable import slice_columns
from wattshed.accounts.comparison.overlay import SMALL_GAIN_SHARE, epoch_curves, last_gains, mean_curves
from wattshed.foundation.vocabulary import Status
from wattshed.publish.drawing.empty_figure import say, words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import set_style
from wattshed.publish.typesetting.scales import Scale, energy_scale, wrapped
from wattshed.publish.typesetting.table import ESTIMATED

COLUMNS = 3


def overlay_figure(
    curves: pd.DataFrame, loss_label: str, small_share: float = SMALL_GAIN_SHARE, net: bool = False
) -> Figure:
    """One panel per model (and slice): every seed thin, mean with 95 % band, best epoch and late energy marked.

    curves: of :func:`epoch_curves`; loss_label: the loss with its unit; net: whether the energies are net of idle.
    Panels share the loss axis, each has its own energy axis. The panel of a model without a known energy says so.
    """
    if curves.empty or not curves["loss"].notna().any():
        return words_figure("No epoch with a known loss is in the ledgers: there is nothing to draw.")
    set_style()
    keys = [*slice_columns(curves), "model"]
    groups = list(curves.groupby(keys, sort=False, dropna=False))
    columns = min(COLUMNS, len(groups))
    rows = math.ceil(len(groups) / columns)
    size = (max(5.6, 0.6 + 2.4 * columns), 1.3 + (2.7 if len(groups) == 1 else 2.1) * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, sharey=True, squeeze=False)
    scale = energy_scale(curves.groupby("run")["cumulative_kwh"].max())
    means = mean_curves(curves)
    gains = last_gains(curves, small_share)
    statuses = set(curves.loc[curves["energy_kwh"].notna(), "energy_status"])
    mixed = {Status.ESTIMATED, Status.MEASURED} <= statuses
    status: str = Status.ESTIMATED if statuses == {Status.ESTIMATED} else Status.MEASURED
    if mixed:
        status = f"measured; {ESTIMATED} estimated"
    for place, axis in enumerate(axes.ravel()):
        if place >= len(groups):
            axis.set_visible(False)
            continue
        values, group = groups[place]
        runs = gains[gains["run"].isin(group["run"].unique())]
        mean = means[(means[keys] == pd.Series(dict(zip(keys, values, strict=True)))).all(axis=1)]
        _panel(axis, group, mean, runs, scale)
        name = wrapped(" ".join(str(value) for value in values), 30)
        estimated = mixed and (group["energy_status"] == Status.ESTIMATED).any()
        title = f"{name}{ESTIMATED if estimated else ''} (n = {group['run'].nunique()})"
        axis.set_title("\n".join([title, *_findings(runs)]), fontsize="small")
    figure.supxlabel(
        f"Energy spent{' net of idle' if net else ''} ({scale.unit}, {status})", fontsize="medium"
    )
    figure.supylabel(loss_label, fontsize="medium")
    figure.legend(
        handles=_legend(means, gains, small_share),
        loc="outside upper center",
        ncols=2 if columns < COLUMNS else 3,
        fontsize="small",
    )
    return figure


def _panel(axis: Axes, group: pd.DataFrame, mean: pd.DataFrame, runs: pd.DataFrame, scale: Scale) -> None:
    known = group[group["cumulative_kwh"].notna() & group["loss"].notna()]
    if known.empty:
        say(axis, "energy unknown")
        return
    for _, run in known.groupby("run"):
        marker = "o" if len(run) == 1 else ""
        axis.plot(
            run["cumulative_kwh"] * scale.factor, run["loss"], color="0.6", linewidth=0.8, marker=marker, ms=3
        )
    if len(mean):
        x = mean["cumulative_kwh"] * scale.factor
        if mean["loss_low"].notna().any():
            axis.fill_between(x, mean["loss_low"], mean["loss_high"], color="C0", alpha=0.25, linewidth=0)
        axis.plot(x, mean["loss_mean"], color="C0", linewidth=1.8)
    best = runs[runs["best_kwh"].notna()]
    axis.plot(best["best_kwh"] * scale.factor, best["best_loss"], "*", color="black", ms=8, zorder=5)
    middle = runs["small_gain_kwh"].median()
    if not np.isnan(middle) and runs["epochs"].max() > 1:
        axis.axvline(middle * scale.factor, color="black", linewidth=0.9, linestyle=":")


def _findings(runs: pd.DataFrame) -> list[str]:
    if runs.empty:
        return []
    words = f"best at epoch {_epochs(runs['best_epoch'])}"
    late = runs["late_share"].mean()
    return [
        words if np.isnan(late) or runs["epochs"].max() == 1 else f"{words}, {100 * late:.0f} % late energy"
    ]


def _epochs(epochs: pd.Series) -> str:
    low, high = int(epochs.min()), int(epochs.max())
    return str(low) if low == high else f"{low} to {high}"


def _legend(means: pd.DataFrame, gains: pd.DataFrame, small_share: float) -> list[Any]:
    entries: list[Any] = [Line2D([], [], color="0.6", linewidth=0.8, label="one seed")]
    if len(means):
        entries.append(Line2D([], [], color="C0", linewidth=1.8, label="mean over seeds"))
        if means["loss_low"].notna().any():
            entries.append(Patch(facecolor="C0", alpha=0.25, label="95 % interval of the mean"))
    entries.append(
        Line2D([], [], marker="*", color="black", ms=8, linestyle="none", label="best epoch of a seed")
    )
    if gains["epochs"].max() > 1:
        label = f"late energy from here: ≤ {100 * small_share:g} % of the gain left"
        entries.append(Line2D([], [], color="black", linewidth=0.9, linestyle=":", label=label))
    return entries


FIGURE = FigurePart(
    message="Draw the validation error against the energy spent",
    caption="Validation error against the energy spent so far, epoch by epoch: mean and 95 % interval over seeds.",
    inputs=("windows", "panel"),
    windows=("epoch",),
    make=lambda inputs: overlay_figure(
        epoch_curves(inputs.frame("windows")), f"Validation RMSE ({inputs.unit})"
    ),
)
