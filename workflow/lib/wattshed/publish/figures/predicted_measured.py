"""Figure: predicted against measured energy of steps and trainings."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from wattshed.accounts.predicted.compared import errors_by_model
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, PLAIN_LOG, as_written, model_styles, set_style

TITLES = {"step": "One training step (J)", "training": "One training (J)"}


def predicted_measured_figure(compared: pd.DataFrame) -> Figure:
    """One panel each for steps and trainings: a point per model, with the 90 % interval of its prediction upright and
    the range over seeds level; on the line, prediction and measurement are equal. Hollow: predicted again after the
    first epoch."""
    frame = errors_by_model(compared)
    frame = frame[frame["measured_j"].gt(0) & frame["predicted_j"].gt(0)]
    if frame.empty:
        return words_figure("No training has both a prediction and a measured energy.")
    set_style()
    styles = model_styles(frame["model"].unique())
    figure, axes = plt.subplots(1, 2, figsize=(9.0, 4.4))
    for axis, (quantity, title) in zip(axes, TITLES.items(), strict=True):
        rows = frame[frame["quantity"] == quantity]
        spread = compared[compared["quantity"] == quantity].groupby("model", observed=True)["measured_j"]
        for row in rows.to_dict("records"):
            ends = spread.get_group(row["model"]).agg(["min", "max"]).to_numpy(dtype=float)
            _draw(axis, row, ends, styles[str(row["model"])])
        _identity(axis, rows)
        axis.set_xlabel(f"{title.replace(' (J)', '')}, measured (J)")
        axis.set_ylabel("Predicted before it ran (J)")
    handles, labels = axes[1].get_legend_handles_labels()
    for handle, label in zip(*axes[0].get_legend_handles_labels(), strict=True):
        if label not in labels:
            handles.append(handle)
            labels.append(label)
    hollow = plt.Line2D([], [], marker="o", mfc="none", mec=GREY, linestyle="none")
    if frame["after_first_epoch_j"].notna().any():
        handles.append(hollow)
        labels.append("hollow: after 1 epoch")
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _draw(axis: Axes, row: dict[Any, Any], ends: np.ndarray, style: dict[str, Any]) -> None:
    x, y = row["measured_j"], row["predicted_j"]
    shown = {"color": style["color"], "marker": style["marker"]}
    axis.errorbar(
        x,
        y,
        xerr=np.abs(ends[:, None] - x),
        yerr=np.abs(np.array([[row["low_j"]], [row["high_j"]]]) - y),
        capsize=2,
        linestyle="none",
        label=as_written(str(row["model"])),
        **shown,
    )
    if pd.notna(row["after_first_epoch_j"]):
        axis.plot(
            x,
            row["after_first_epoch_j"],
            marker=style["marker"],
            mec=style["color"],
            mfc="none",
            markersize=9,
        )


def _identity(axis: Axes, rows: pd.DataFrame) -> None:
    """Both axes over the same range, and the line on which prediction and measurement are equal."""
    if rows.empty:
        axis.set_axis_off()
        return
    values = rows[["low_j", "high_j", "measured_j", "predicted_j"]].to_numpy(dtype=float)
    ends = np.nanmin(values) / 1.6, np.nanmax(values) * 1.6
    axis.plot(ends, ends, color=GREY, linewidth=1, linestyle="--", zorder=0)
    axis.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axis.set_aspect("equal")
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter(PLAIN_LOG)
        side.set_minor_formatter(NullFormatter())


FIGURE = FigurePart(
    message="Draw the predicted against the measured energies",
    caption="Energy of a step and of a training, predicted from configuration and device profile before the training "
    "ran, against the measured one. Upright bars: 90 % interval of the prediction; level bars: range over seeds. On "
    "the dashed line both are equal.",
    inputs=("compared_predictions", "windows"),
    windows=("epoch", "fit"),
    make=lambda inputs: predicted_measured_figure(inputs.frame("compared_predictions")),
)
