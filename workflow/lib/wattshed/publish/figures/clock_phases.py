"""Figure: the phases of simulated mixes and of power logs over time, with the governor's clock."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from wattshed.publish.clock_report.curves_figure import legend_of
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import COLOURS, as_written, set_style
from wattshed.publish.parts.inputs import Inputs

MOST_LINES = 8
# Phases that the rules know; others take further colours. Hatching tells them apart in grey.
PHASES = ("compute", "memory", "balanced", "idle")
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "+++")
LINE = ("label", "source", "gpu", "workload")


def phases_figure(phases: pd.DataFrame) -> Figure:
    """One row of axes per log or mix: phases as bars, the true ones below where they are known, the governor's setting
    as a line. phases: of ``clocks/phases.parquet``."""
    if phases.empty:
        return words_figure(
            "No power log has phases, and no mix was governed: there is no time line to draw."
        )
    set_style()
    lines = list(phases.groupby(list(LINE), sort=False, dropna=False))
    found = [
        str(name) for name in pd.unique(phases[["phase", "true_phase"]].to_numpy().ravel()) if pd.notna(name)
    ]
    styles: dict[str, Any] = {
        name: {"facecolor": COLOURS[place % len(COLOURS)], "hatch": HATCHES[place % len(HATCHES)]}
        for place, name in enumerate([*PHASES, *(name for name in found if name not in PHASES)])
    }
    shown = lines[:MOST_LINES]
    figure, axes = plt.subplots(
        len(shown), 1, figsize=(10.2, 2.5 * len(shown) + 0.7), squeeze=False, layout="constrained"
    )
    twins = [
        _draw(axis, dict(zip(LINE, key, strict=True)), rows, styles)
        for axis, (key, rows) in zip(axes[:, 0], shown, strict=True)
    ]
    handles, texts = legend_of([twin for twin in twins if twin is not None])
    patches = [Patch(label=name.replace("_", " "), **styles[name]) for name in styles if name in found]
    names = [str(patch.get_label()) for patch in patches]
    figure.legend([*patches, *handles], [*names, *texts], loc="outside lower center", ncols=5)
    return figure


def _draw(axis: Axes, key: dict[str, Any], rows: pd.DataFrame, styles: dict[str, Any]) -> Axes | None:
    """Draw one line; returns the axes of the clock, if the rows have one."""
    rows = rows.sort_values("start_s")
    lanes = (
        {"detected": "phase", "true": "true_phase"}
        if rows["true_phase"].notna().any()
        else {"detected": "phase"}
    )
    for place, column in enumerate(lanes.values()):
        for name, own in _joined(rows, column).groupby(column, sort=False):
            spans = list(zip(own["start_s"], own["end_s"] - own["start_s"], strict=True))
            axis.broken_barh(
                spans, (-place - 0.4, 0.8), edgecolor="white", linewidth=0.4, **styles[str(name)]
            )
    axis.set_yticks([-place for place in range(len(lanes))], list(lanes))
    axis.set_ylim(-len(lanes) + 0.5, 2.1 if rows["setting"].notna().any() else 0.5)
    axis.set_xlim(float(rows["start_s"].min()), float(rows["end_s"].max()))
    axis.set_xlabel("Time (s)")
    axis.grid(axis="y", visible=False)
    axis.set_title(as_written(_title(key, rows)), fontsize="medium", weight="bold")
    if not rows["setting"].notna().any():
        return None
    twin = axis.twinx()
    known = rows[rows["setting"].notna()]
    settings = known["setting"].astype(float).to_numpy()
    twin.stairs(
        settings, [*known["start_s"], known["end_s"].iloc[-1]], baseline=None, color="black", linewidth=1.4,
        label="the governor's clock",
    )  # fmt: skip
    low, high = settings.min(), settings.max()
    room = max(high - low, 1.0)
    # The line takes the upper part, above the bars.
    share = 1.6 / (2.1 + len(lanes) - 0.5)
    twin.set_ylim(high + 0.1 * room - 1.25 * room / share, high + 0.1 * room)
    twin.set_yticks(sorted({low, high}))
    twin.set_ylabel("Clock (MHz)", loc="top")
    twin.spines["right"].set_visible(True)
    twin.grid(visible=False)
    return twin


def _joined(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Neighbours of one phase as one span, however often the clock changed in it; gaps stay."""
    known = rows[rows[column].notna()]
    fresh = (known[column] != known[column].shift()) | (known["start_s"] > known["end_s"].shift() + 1e-6)
    return known.groupby(fresh.cumsum()).agg(
        **{column: (column, "first"), "start_s": ("start_s", "first"), "end_s": ("end_s", "last")}
    )


def _title(key: dict[str, Any], rows: pd.DataFrame) -> str:
    gpu = "" if key["label"] == "simulated" else f", {key['gpu']}"
    rules = ", ".join(map(str, rows["rule"].dropna().unique()))
    return f"{key['source']}{gpu} ({key['label']}): phases by the rule {rules}"


def _notes(inputs: Inputs) -> list[str]:
    lines = inputs.frame("phases").groupby(list(LINE), dropna=False).ngroups
    return [f"The first {MOST_LINES} of {lines} logs and mixes are drawn."] if lines > MOST_LINES else []


FIGURE = FigurePart(
    message="Draw the phases over time with the governor's clock",
    caption="Phases of work over time, as the rule finds them; of a simulated mix also the true ones and the clock "
    "that the governor sets. No effect is claimed for recorded logs.",
    inputs=("phases",),
    make=lambda inputs: phases_figure(inputs.frame("phases")),
    notes=_notes,
)
