"""Figure: metrics of energy and time against the slowdown, setting by setting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.clocks.choosing.rules.metrics import METRICS
from wattshed.publish.clock_report.cell_pages import cell_pages, left_out_notes
from wattshed.publish.clock_report.curves_figure import mark_simulated
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import COLOURS
from wattshed.publish.figures.clock_front import NO_VALUES
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import SweptCell, judged_cells, swept_cells
from wattshed.publish.sentences.clock_choice import knob_title

# Where the colours of settings begin, in per cent of the maximum.
LOWEST_SHARE = 30
PICKED: dict[bool, dict[str, Any]] = {
    False: {"marker": "D", "mec": COLOURS[1], "mfc": "none", "label": "the rule's pick without limits"},
    True: {"marker": "o", "mec": COLOURS[3], "mfc": "none", "label": "the rule's pick within the limits"},
}


@dataclass(frozen=True)
class Shown:
    """title: of the axis; rule: that chooses by it."""

    title: str
    rule: str


# Throughput per watt is 1 / E, so that the rule of least energy chooses by it.
SHOWN = {
    "edp": Shown("EDP", "edp"),
    "ed2p": Shown("ED2P", "ed2p"),
    "throughput_per_watt": Shown("Runs/s/W", "energy"),
    "weighted": Shown("Weighted sum", "weighted"),
}


def metrics_pages(cells: Sequence[SweptCell]) -> Figure | list[Figure]:
    """Pages with one row of panels per cell, one panel per metric; metrics are relative to their value at the
    maximum."""
    if not cells:
        return words_figure(
            "Every clock sweep was refused: no saving is stated, so there is no metric to draw."
        )
    return cell_pages(cells, len(SHOWN), _draw, _title, row_in=2.5)


def metric_shares(choice: dict[str, Any]) -> pd.DataFrame:
    """Measured settings, ascending, with their slowdown share, and each metric relative to the maximum's value."""
    fitted = pd.DataFrame(choice["fitted"])
    fitted = fitted[fitted["measured"]].sort_values("setting", ignore_index=True)
    time, energy = 1 + fitted["slowdown_share"], 1 - fitted["saving_share"]
    limits = choice["limits"]
    weights = limits.get("energy_weight", 0.5), limits.get("time_weight", 0.5)
    found = pd.DataFrame({"setting": fitted["setting"], "slowdown_share": fitted["slowdown_share"]})
    for name in (name for name in SHOWN if name in METRICS):
        value = np.vectorize(METRICS[name].value, otypes=[float])
        found[name] = value(energy, time) / METRICS[name].value(1.0, 1.0)
    found["weighted"] = (weights[0] * energy + weights[1] * time) / sum(weights)
    return found


def _draw(axes: Sequence[Axes], cell: SweptCell) -> None:
    choice = cell.choice
    shares = metric_shares(choice)
    slower = 100 * shares["slowdown_share"]
    limit = 100 * choice["limits"]["max_slowdown_share"]
    for axis, (name, shown) in zip(axes, SHOWN.items(), strict=True):
        points = axis.scatter(
            slower, 100 * shares[name], c=100 * shares["setting"] / choice["maximum"], cmap="viridis", s=12,
            vmin=LOWEST_SHARE, vmax=100,
        )  # fmt: skip
        axis.axvline(
            limit, color=COLOURS[3], linestyle=":", linewidth=1.6, label=f"limit: {limit:g} % slower"
        )
        axis.plot([0], [100], "*", color="black", markersize=9, label="maximum")
        for constrained, style in PICKED.items():
            at = shares[shares["setting"] == _picked(choice, shown.rule, constrained)]
            axis.plot(
                100 * at["slowdown_share"], 100 * at[name], linestyle="none", markersize=9, mew=1.6, **style
            )
        axis.set_xlabel("Slowdown (%)")
        axis.set_ylabel(f"{shown.title} (maximum: 100)", fontsize="small")
        if choice["label"] == "simulated":
            mark_simulated(axis)
    figure = axes[-1].get_figure(root=True)
    assert figure is not None
    figure.colorbar(points, ax=axes[-1], label=f"{knob_title(choice)}\n(% of maximum)")


def _picked(choice: dict[str, Any], rule: str, constrained: bool) -> int | None:
    found = [pick for pick in choice["picks"] if (pick["rule"], pick["constrained"]) == (rule, constrained)]
    return found[0]["setting"] if found else None


def _title(cell: SweptCell) -> str:
    parts = []
    for shown in SHOWN.values():
        setting = _picked(cell.choice, shown.rule, True)
        parts.append(f"{shown.title} {'none' if setting is None else setting}")
    return f"{cell.title}: best within the limits ({cell.choice['unit']}): {', '.join(parts)}"


def _notes(inputs: Inputs) -> list[str]:
    cells = swept_cells(inputs)
    return left_out_notes(cells, judged_cells(cells), NO_VALUES)


FIGURE = FigurePart(
    message="Draw the metrics of energy and time against the slowdown",
    caption="Metrics of a run's energy E and time T against the slowdown, setting by setting, from the fitted values "
    "and relative to the maximum: EDP = E T, ED2P = E T T, runs per second and watt = 1 / E (higher is better), and "
    "the weighted sum of E and T. Inference efficiency is 1 / EDP, and energy per task is E.",
    inputs=("sweep", "choice"),
    make=lambda inputs: metrics_pages(judged_cells(swept_cells(inputs))),
    notes=_notes,
)
