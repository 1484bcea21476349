"""Figure: energy against time of every setting, the front, and what each rule picks."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.clocks.contamination.usable import LEAST_REPEATS
from wattshed.publish.clock_report.curves_figure import mark_simulated
from wattshed.publish.drawing.figure_style import COLOURS, GREY, MARKERS, set_style

# Rules share few distinct settings; a legend of more lines than this hides more than it shows.
MOST_PICKS = 8


def front_figure(choice: Mapping[str, Any]) -> Figure | None:
    """Time and energy relative to the maximum; None where the choice has no fitted values."""
    if not choice.get("fitted"):
        return None
    set_style()
    figure, axis = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    draw_front(axis, choice)
    figure.legend(loc="outside lower center", ncols=1, fontsize="small")
    height = 3.6 + 0.19 * len(axis.get_legend_handles_labels()[1])
    figure.set_size_inches(7.2, height)
    return figure


def draw_front(axis: Axes, choice: Mapping[str, Any]) -> None:
    """Draw every setting, the front and the picks of the rules; the choice has fitted values."""
    fitted = pd.DataFrame(choice["fitted"])
    # Signs as in the tables: to the right is slower, up is more energy saved.
    x, y = 100 * fitted["slowdown_share"].astype(float), 100 * fitted["saving_share"].astype(float)
    often = fitted["repeats"] >= LEAST_REPEATS
    axis.plot(x[often], y[often], ".", color=GREY, alpha=0.7, label="setting")
    if not often.all():
        axis.plot(
            x[~often],
            y[~often],
            ".",
            color=GREY,
            mfc="none",
            alpha=0.7,
            label="repeated too seldom to be chosen",
        )
    front = fitted[fitted["setting"].isin(choice.get("front") or [])].sort_values("slowdown_share")
    axis.plot(
        100 * front["slowdown_share"],
        100 * front["saving_share"],
        "-",
        color="0.6",
        linewidth=1.2,
        label="front: no other setting is better in both",
    )
    axis.plot(
        [0], [0], "*", color="black", markersize=10, label=f"maximum: {choice['maximum']} {choice['unit']}"
    )
    for place, (key, names) in enumerate(_picked(choice).items()):
        at = fitted[fitted["setting"] == key[0]]
        if at.empty:
            continue
        axis.plot(
            100 * at["slowdown_share"],
            100 * at["saving_share"],
            MARKERS[place % len(MARKERS)],
            color=COLOURS[place % len(COLOURS)],
            markersize=8,
            markerfacecolor="none" if not key[1] else None,
            label=f"{key[0]} {choice['unit']} {'within' if key[1] else 'without'} limits: {', '.join(names)}",
        )
    limit = 100 * choice["limits"]["max_slowdown_share"]
    axis.axvline(limit, color=COLOURS[3], linestyle=":", linewidth=1.6, label=f"limit: {limit:g} % slower")
    axis.set_xlabel("Slowdown against the maximum (%)")
    axis.set_ylabel("Energy saved against the maximum (%)")
    if choice["label"] == "simulated":
        mark_simulated(axis)


def _picked(choice: Mapping[str, Any]) -> dict[tuple[int, bool], list[str]]:
    """Settings that rules pick, each with the names of its rules; those within the limits first."""
    found: dict[tuple[int, bool], list[str]] = {}
    for pick in sorted(choice.get("picks") or [], key=lambda one: not one["constrained"]):
        if pick["setting"] is not None and pick["setting"] != choice["maximum"]:
            found.setdefault((pick["setting"], pick["constrained"]), []).append(
                pick["rule"].replace("_", " ")
            )
    return dict(list(found.items())[:MOST_PICKS])
