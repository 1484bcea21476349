"""Figure: energy of a token-level training step against layers, width, heads and length, by family."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, PLAIN_LOG, model_styles, set_style

FACTORS = {
    "layers": "Layers",
    "width": "Width",
    "heads": "Heads (the recurrent ones have none)",
    "length": "Length (tokens)",
}
SIZES = ("batch", "length", "width", "layers", "heads", "feed_forward", "vocabulary")


def law_sweeps_figure(sweep: pd.DataFrame) -> Figure:
    """One panel per size: measured points, and the predicted line with its 90 % band, one colour per family."""
    known = sweep[sweep["measured_j"].gt(0)]
    if known.empty:
        return words_figure("No step of the sweep has a known energy.")
    set_style()
    styles = model_styles(known["family"].unique())
    figure, axes = plt.subplots(2, 2, figsize=(9.0, 6.4), sharey=True)
    for axis, (factor, title) in zip(axes.flat, FACTORS.items(), strict=True):
        rows = known[known["factor"] == factor]
        for family, own in rows.groupby("family", sort=False):
            _draw(axis, own.sort_values("value"), styles[str(family)], str(family))
        _axes(axis, rows, title)
    for axis in axes[:, 0]:
        axis.set_ylabel("Energy of a step (J)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    dots = plt.Line2D([], [], marker="o", color=GREY, linestyle="none")
    line = plt.Line2D([], [], color=GREY)
    band = plt.Rectangle((0, 0), 1, 1, color=GREY, alpha=0.2)
    figure.legend(
        [*handles, dots, line, band],
        [*labels, "measured", "predicted", "90 % interval"],
        loc="outside lower center",
        ncols=6,
    )
    return figure


def _draw(axis: Axes, rows: pd.DataFrame, style: dict[str, object], family: str) -> None:
    value = rows["value"].to_numpy(dtype=float)
    colour = style["color"]
    predicted = rows[rows["predicted_j"].notna()]
    if len(predicted):
        at = predicted["value"].to_numpy(dtype=float)
        low, high = (predicted[name].to_numpy(dtype=float) for name in ("low_j", "high_j"))
        axis.plot(at, predicted["predicted_j"], color=str(colour), linewidth=1.4)
        axis.fill_between(at, low, high, color=str(colour), alpha=0.18, linewidth=0)
    axis.plot(
        value,
        rows["measured_j"],
        linestyle="none",
        color=str(colour),
        marker=str(style["marker"]),
        label=family,
    )


def _axes(axis: Axes, rows: pd.DataFrame, title: str) -> None:
    axis.set(xscale="log", yscale="log", xlabel=title)
    values = np.sort(rows["value"].unique())
    axis.xaxis.set_major_locator(FixedLocator(values.tolist()))
    axis.xaxis.set_major_formatter(PLAIN_LOG)
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(PLAIN_LOG)
    axis.yaxis.set_minor_formatter(NullFormatter())


def base_note(sweep: pd.DataFrame) -> list[str]:
    """The sizes at which the panels meet, and how the energies are known."""
    base = {name: int(sweep[name].mode().iloc[0]) for name in SIZES}
    words = ", ".join(f"{name.replace('_', '-')} {value}" for name, value in base.items())
    statuses = ", ".join(sorted(map(str, sweep["energy_status"].unique())))
    return [f"One size is changed at a time; the others are {words}. Energies: {statuses}."]


FIGURE = FigurePart(
    message="Draw the energy of a step against the sizes of the network",
    caption="Energy of one training step of token-level networks (embedding, layers, head, cross entropy, AdamW) "
    "against one size at a time: points are measured, lines are predicted from operations and device profile, bands "
    "are their 90 % intervals.",
    inputs=("law_sweep",),
    make=lambda inputs: law_sweeps_figure(inputs.frame("law_sweep")),
    notes=lambda inputs: base_note(inputs.frame("law_sweep")),
)
