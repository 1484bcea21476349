"""Charts of a comparison: changes at each common setting, and of each quantity between two settings."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.clocks.deploying.before_after import QUANTITIES, SettingComparison
from wattshed.publish.drawing.figure_style import COLOURS, GREY, MARKERS, as_written, set_style

# An interval of three runs, one of them cold, would press all others flat: the axis holds this share of the ends.
INNER = 0.9
Draw = Callable[[Axes, Sequence[SettingComparison]], None]


def chart(draw: Draw, rows: Sequence[SettingComparison], title: str) -> Figure:
    """One chart as a figure of its own."""
    set_style()
    figure, axis = plt.subplots(figsize=(7.2, 3.4), layout="constrained")
    draw(axis, rows)
    axis.set_title(as_written(title))
    return figure


def draw_settings(axis: Axes, rows: Sequence[SettingComparison]) -> None:
    """Change of time and energy in per cent against the setting; long intervals run out of the axis."""
    ends = [0.0]
    for place, quantity in enumerate(("time_s", "energy_j")):
        chosen = [one for one in rows if one.quantity == quantity]
        x = np.array([one.setting_before for one in chosen], dtype=float)
        shares = np.array([100 * one.change.share for one in chosen])
        axis.plot(
            x, shares, MARKERS[place], color=COLOURS[place], markersize=4, label=QUANTITIES[quantity][0]
        )
        low, high = (
            np.array(
                [np.nan if (end := getattr(one.change, name)) is None else 100 * end for one in chosen],
                dtype=float,
            )
            for name in ("low", "high")
        )
        axis.vlines(x, low, high, color=COLOURS[place], alpha=0.5, linewidth=1.2)
        ends += [*shares, *_inner(low, shares), *_inner(high, shares)]
    margin = 0.08 * (max(ends) - min(ends)) or 1.0
    axis.set_ylim(min(ends) - margin, max(ends) + margin)
    axis.axhline(0, color=GREY, linewidth=1)
    axis.set_xlabel("Setting")
    axis.set_ylabel("Second against first (%)")
    axis.legend(ncols=2, fontsize="small")


def draw_before_after(axis: Axes, rows: Sequence[SettingComparison]) -> None:
    """One bar per quantity: after against before in per cent, with its interval."""
    places = np.arange(len(rows))[::-1]
    shares = [100 * one.change.share for one in rows]
    axis.barh(
        places, shares, color=[COLOURS[2] if share <= 0 else COLOURS[3] for share in shares], height=0.6
    )
    for place, one in zip(places, rows, strict=True):
        if one.change.low is not None and one.change.high is not None:
            axis.plot(
                [100 * one.change.low, 100 * one.change.high],
                [place, place],
                "-",
                color="black",
                linewidth=1.6,
            )
    axis.axvline(0, color=GREY, linewidth=1)
    widest = max(20.0, 2.5 * max(abs(share) for share in shares))
    low, high = axis.get_xlim()
    axis.set_xlim(max(low, -widest), min(high, widest))
    axis.set_yticks(places, [QUANTITIES[one.quantity][0] for one in rows])
    axis.set_xlabel("After against before (%)")


def _inner(ends: np.ndarray, shares: np.ndarray) -> list[float]:
    """The end that nine of ten intervals do not pass, as distance from their means."""
    distance = np.abs(ends - shares)
    known = distance[np.isfinite(distance)]
    if not len(known):
        return []
    reach = float(np.quantile(known, INNER))
    return [float(shares.min()) - reach, float(shares.max()) + reach]
