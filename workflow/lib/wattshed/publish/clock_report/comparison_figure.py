"""Figures of a comparison: changes at each common setting, and of each quantity between two settings."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.clocks.deploying.before_after import QUANTITIES, SettingComparison
from wattshed.publish.drawing.figure_style import COLOURS, GREY, MARKERS, set_style


def settings_figure(rows: Sequence[SettingComparison], title: str) -> Figure:
    """Change of time and energy in per cent against the setting, with intervals."""
    set_style()
    figure, axis = plt.subplots(figsize=(7.2, 3.6), layout="constrained")
    for place, quantity in enumerate(("time_s", "energy_j")):
        chosen = [one for one in rows if one.quantity == quantity]
        _bars(
            axis,
            np.array([one.setting_before for one in chosen], dtype=float),
            chosen,
            COLOURS[place],
            MARKERS[place],
            QUANTITIES[quantity][0],
        )
    axis.axhline(0, color=GREY, linewidth=1)
    axis.set_xlabel("Setting")
    axis.set_ylabel("Second against first (%)")
    axis.set_title(title)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def before_after_figure(rows: Sequence[SettingComparison], title: str) -> Figure:
    """One bar per quantity: after against before in per cent, with its interval."""
    set_style()
    figure, axis = plt.subplots(figsize=(7.2, 2.8), layout="constrained")
    places = np.arange(len(rows))[::-1]
    shares = [100 * one.change.share for one in rows]
    axis.barh(places, shares, color=[COLOURS[2] if share <= 0 else COLOURS[3] for share in shares], height=0.6)
    for place, one in zip(places, rows, strict=True):
        if one.change.low is not None and one.change.high is not None:
            axis.plot([100 * one.change.low, 100 * one.change.high], [place, place], "-", color="black", linewidth=1.6)
    axis.axvline(0, color=GREY, linewidth=1)
    axis.set_yticks(places, [QUANTITIES[one.quantity][0] for one in rows])
    axis.set_xlabel("Change against before (%), with 95 % intervals")
    axis.set_title(title)
    return figure


def _bars(
    axis: Axes, x: np.ndarray, rows: Sequence[SettingComparison], colour: str, marker: str, label: str
) -> None:
    shares = np.array([100 * one.change.share for one in rows])
    axis.plot(x, shares, marker, color=colour, markersize=4, label=label)
    bounded = [
        (place, 100 * one.change.low, 100 * one.change.high)
        for place, one in zip(x, rows, strict=True)
        if one.change.low is not None and one.change.high is not None
    ]
    if bounded:
        places, low, high = zip(*bounded, strict=True)
        axis.vlines(places, low, high, color=colour, alpha=0.5, linewidth=1.2)
