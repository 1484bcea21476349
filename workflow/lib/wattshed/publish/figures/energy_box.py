"""Figure: spread of the energy of one run over the runs of every model."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from wattshed.accounts.comparison.comparable import model_runs
from wattshed.accounts.marks.scopes import OWN
from wattshed.accounts.runs.basis import RETRO
from wattshed.foundation.vocabulary import Status
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import PLAIN_LOG, set_style
from wattshed.publish.parts.model_costs import costs_of
from wattshed.publish.typesetting.scales import Scale, energy_scale, wrapped
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import mean_interval

BOX_FROM = 5
LOG_FROM = 20
HATCH = "////"


def energy_box_figure(runs: pd.DataFrame) -> Figure:
    """Boxes (from five runs on), every run as a point, mean with 95 % interval; n under each label.

    runs: one stage's runs, ``net_kwh`` if known. Filled: measured; hollow and hatched: estimated; crosses with their
    range: retro-estimates, in rows of their own. Net energy lies below gross. A model without a known energy keeps
    its row, which says so. Raises :class:`Fault` for runs of several stages.
    """
    frame = model_runs(runs)
    if not frame["energy_kwh"].notna().any():
        return words_figure(f"No energy is known for any of {len(frame)} runs: there is nothing to draw.")
    set_style()
    scale = energy_scale(frame["energy_kwh"])
    frame["gross"] = frame["energy_kwh"] * scale.factor
    frame["net"] = _net(frame) * scale.factor
    groups = [
        ((str(model), str(basis)), group) for (model, basis), group in frame.groupby(["model", "basis"])
    ]
    groups.sort(key=lambda item: (item[1]["gross"].isna().all(), item[1]["gross"].median()))
    with_net = frame["net"].notna().any()
    labels = [_label(*key, group) for key, group in groups]
    row_height = max(0.17 * max(label.count("\n") + 1 for label in labels), 0.86 if with_net else 0.52)
    figure, axis = plt.subplots(figsize=(7.2, 1.3 + row_height * len(groups)))
    _set_scale(axis, frame)
    for place, ((_, basis), group) in enumerate(groups):
        _draw_row(axis, place, basis, group, scale)
    axis.set_yticks(range(len(groups)), labels)
    axis.set_ylim(len(groups) - 0.45, -0.55)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel(f"Energy of one run ({scale.unit})")
    axis.set_ylabel("Model")
    figure.legend(handles=_legend(frame), loc="outside lower center", ncols=3, fontsize="small")
    hidden = int((frame[["gross", "net"]] <= 0).to_numpy().sum()) if axis.get_xscale() == "log" else 0
    if hidden:
        axis.set_title(f"{hidden} values of zero or less cannot be shown on a log axis", fontsize="small")
    return figure


def _net(frame: pd.DataFrame) -> pd.Series:
    if "net_kwh" not in frame:
        return pd.Series(np.nan, index=frame.index)
    net = frame["net_kwh"].astype("float64").where(frame["energy_kwh"].notna())
    if "energy_scope" not in frame:
        return net
    # Own energy is without idle power already: the machine's net belongs beside the machine's gross energy only.
    return net.where(frame["energy_scope"] != OWN)


def _set_scale(axis: Axes, frame: pd.DataFrame) -> None:
    names = ["gross", "net"]
    values = frame[names].to_numpy(dtype="float64")
    values = values[values > 0]
    if len(values) and values.max() / values.min() > LOG_FROM:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(PLAIN_LOG)
    elif not (frame[names] < 0).to_numpy().any():
        axis.set_xlim(
            0, 1.06 * max(values.max(initial=0), frame.get("energy_high_kwh", pd.Series(0.0)).max() or 0)
        )


def _label(model: str, basis: str, group: pd.DataFrame) -> str:
    known = int(group["gross"].notna().sum())
    n = f"(n = {known})" if known in (0, len(group)) else f"(n = {known} of {len(group)})"
    if not known:
        n = f"(n = {len(group)})"
    return "\n".join([wrapped(model), *(["retro-estimate"] if basis == RETRO else []), n])


def _draw_row(axis: Axes, place: int, basis: str, group: pd.DataFrame, scale: Scale) -> None:
    known = group[group["gross"].notna()]
    if known.empty:
        words: dict[str, Any] = {"transform": axis.get_yaxis_transform(), "va": "center", "style": "italic"}
        axis.text(0.02, place, "energy unknown", **words)
    elif basis == RETRO:
        _draw_ranges(axis, place, known, scale)
    elif known["net"].notna().any():
        net = known[known["net"].notna()]
        _draw_series(axis, place - 0.24, 0.5, known["gross"], known["energy_status"], "o")
        _draw_series(axis, place + 0.24, 0.5, net["net"], net["energy_status"], "^")
    else:
        _draw_series(axis, place, 0.9, known["gross"], known["energy_status"], "o")


def _draw_series(
    axis: Axes, place: float, height: float, values: pd.Series, statuses: pd.Series, marker: str
) -> None:
    """Three strips: the interval of the mean, the box, the points."""
    estimated = (statuses != Status.MEASURED).to_numpy()
    x = values.to_numpy(dtype="float64")
    shown = x > 0 if axis.get_xscale() == "log" else np.ones(len(x), dtype=bool)
    x, estimated = x[shown], estimated[shown]
    if not len(x):
        return
    boxed = len(x) >= BOX_FROM
    if boxed:
        style = {"facecolor": "0.75", "edgecolor": "0.3"}
        if estimated.any():
            style = {"facecolor": "white", "edgecolor": "0.6", "hatch": HATCH}
        axis.boxplot(
            x,
            positions=[place],
            orientation="horizontal",
            widths=0.3 * height,
            showfliers=False,
            patch_artist=True,
            manage_ticks=False,
            boxprops=style,
            medianprops={"color": "black", "linewidth": 1.4},
            whiskerprops={"color": "0.4"},
            capprops={"color": "0.4"},
        )
    # The points of a row get a small vertical offset, always the same one.
    spread = 0.05 * height * (np.arange(len(x)) % 3 - 1) if len(x) > 1 else np.zeros(1)
    at = place + spread + (0.3 * height if boxed else 0)
    for mask, fill in ((estimated, "white"), (~estimated, "black")):
        axis.plot(
            x[mask], at[mask], marker, ms=3.2, mfc=fill, mec="black", mew=0.7, linestyle="none", zorder=4
        )
    # Net energies are differences and can be negative; gross ones cannot.
    found = geometric_interval(x) if (x > 0).all() else mean_interval(x)
    if found.low is not None and found.high is not None and found.mean is not None:
        bar = place - 0.3 * height
        axis.plot(
            [found.low, found.high], [bar, bar], color="C0", linewidth=2, zorder=5, solid_capstyle="butt"
        )
        axis.plot([found.mean], [bar], "D", color="C0", ms=3.6, zorder=6)


def _draw_ranges(axis: Axes, place: float, known: pd.DataFrame, scale: Scale) -> None:
    for step, (_, run) in enumerate(known.iterrows()):
        at = place + 0.12 * (step % 3 - 1)
        if "energy_low_kwh" in run and pd.notna(run["energy_low_kwh"]):
            ends = [run["energy_low_kwh"] * scale.factor, run["energy_high_kwh"] * scale.factor]
            axis.plot(ends, [at, at], color="0.6", linewidth=1)
        axis.plot([run["gross"]], [at], "x", color="black", ms=5)


def _legend(frame: pd.DataFrame) -> list[Any]:
    recorded = frame[(frame["basis"] != RETRO) & frame["gross"].notna()]
    point: dict[str, Any] = {"mec": "black", "ms": 4, "linestyle": "none"}
    entries: list[Any] = []
    if (recorded["energy_status"] == Status.MEASURED).any():
        entries.append(Line2D([], [], marker="o", mfc="black", label="one run, measured", **point))
    if (recorded["energy_status"] != Status.MEASURED).any():
        entries.append(Line2D([], [], marker="o", mfc="white", label="one run, estimated", **point))
        if recorded.groupby("model").size().max() >= BOX_FROM:
            entries.append(
                Patch(facecolor="white", edgecolor="0.6", hatch=HATCH, label="box of estimated runs")
            )
    if recorded["net"].notna().any():
        entries.append(Line2D([], [], marker="^", mfc="white", label="net of idle (gross above)", **point))
    if (recorded.groupby("model").size() > 1).any():
        entries.append(
            Line2D([], [], color="C0", marker="D", ms=4, linewidth=2.2, label="mean, 95 % interval")
        )
    if (frame["basis"] == RETRO).any():
        entries.append(
            Line2D([], [], color="0.6", marker="x", mec="black", ms=5, label="retro-estimate, 10-90 % range")
        )
    return entries


FIGURE = FigurePart(
    message="Draw the energy of one training per model",
    caption="Energy of one training per model: one point per seed, mean with its 95 % interval.",
    inputs=("runs", "windows"),
    windows=("epoch", "fit"),
    make=lambda inputs: energy_box_figure(costs_of(inputs)),
)
