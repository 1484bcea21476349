"""The first picture of a panel: load over the span, mean day, coverage, readings, and days of clock changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wattshed.commands.output_place import writing
from wattshed.data.inspection.evidence.units import quantity_of
from wattshed.data.panel import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#1b6ca8", "#d97706", "#9ca3af"
MOST_POINTS = 1500
MOST_COLUMNS, MOST_ROWS = 400, 200
MOST_NODES_READ = 2000


def draw_panel(panel: Panel, sentinels: Sequence[Any], path: Path) -> None:
    """Write the picture. sentinels: numbers that count as missing. Raises :class:`Fault` if it cannot be written."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 8.0), layout="constrained")
    places = figure.add_gridspec(3, 6)
    load = _mean_load(panel)
    _draw_span(figure.add_subplot(places[0, :]), panel, load)
    _draw_day(figure.add_subplot(places[1, :3]), panel, load)
    _draw_coverage(figure.add_subplot(places[1, 3:]), panel)
    _draw_readings(figure.add_subplot(places[2, :2]), panel, sentinels)
    for place, forward in ((places[2, 2:4], True), (places[2, 4:], False)):
        _draw_change(figure.add_subplot(place), panel, load, forward)
    with writing(path, "--plot"):
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=130)


def _mean_load(panel: Panel) -> np.ndarray:
    """float64 [T]: the mean of the observed nodes at each step; NaN where none is."""
    seen = panel.observed.sum(axis=1)
    total = np.where(panel.observed, panel.values, np.float32(0)).sum(axis=1, dtype=np.float64)
    return np.divide(total, seen, out=np.full(len(seen), np.nan), where=seen > 0)


def _bare(axes: "Axes", title: str) -> None:
    axes.set_title(title, loc="left", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _dates(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _draw_span(axes: "Axes", panel: Panel, load: np.ndarray) -> None:
    nodes = len(panel.node_names)
    # A sum of speeds or prices means nothing.
    level = quantity_of(panel.unit) == "level"
    line = pd.Series(load if level else load * nodes, index=panel.times)
    per = max(1, -(-len(line) // MOST_POINTS))
    if per >= panel.steps_per_day // 6:
        # Whole days: parts of days would show the time of day.
        per = -(-per // panel.steps_per_day) * panel.steps_per_day
    groups = line.groupby(np.arange(len(line)) // per)
    mean, low, high = groups.mean().to_numpy(), groups.min().to_numpy(), groups.max().to_numpy()
    times = panel.times[::per]
    if per > 1:
        axes.fill_between(times, low, high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(times, mean, color=BLUE, linewidth=0.8)
    axes.margins(x=0.01)
    _dates(axes)
    minutes = per * panel.step_minutes
    length = f"{minutes / 60:g} h" if minutes % 60 == 0 else f"{minutes} min"
    each = f"; means of {length}, shade: least and largest" if per > 1 else ""
    share = "" if nodes == 1 or level else ", observed mean x nodes"
    what = "readings" if level and nodes == 1 else "mean reading" if level else "load"
    _bare(axes, f"{what} of {nodes:,} {'node' if nodes == 1 else 'nodes'}{share} [{panel.unit}]{each} (UTC)")


def _draw_day(axes: "Axes", panel: Panel, load: np.ndarray) -> None:
    local = panel.local_times
    minute = np.asarray(local.hour * 60 + local.minute)
    weekend = np.asarray(local.day_of_week >= 5)
    for name, days, color in (("weekday", ~weekend, BLUE), ("weekend", weekend, ORANGE)):
        parts = pd.Series(load[days]).groupby(minute[days])
        if not len(parts):
            continue
        hours = parts.mean().index.to_numpy() / 60
        axes.plot(hours, parts.mean().to_numpy(), color=color, label=name, linewidth=1.4)
        axes.fill_between(
            hours,
            parts.quantile(0.25).to_numpy(),
            parts.quantile(0.75).to_numpy(),
            color=color,
            alpha=0.15,
            linewidth=0,
        )
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.legend(frameon=False, fontsize=8)
    axes.set_xlabel(f"hour of the day in {panel.timezone}", fontsize=8)
    _bare(axes, f"mean day of a node, shade: middle half [{panel.unit}]")


def _draw_coverage(axes: "Axes", panel: Panel) -> None:
    observed = panel.observed
    steps, nodes = observed.shape
    rows = np.linspace(0, nodes, min(nodes, MOST_ROWS) + 1).astype(int)
    columns = np.linspace(0, steps, min(steps, MOST_COLUMNS) + 1).astype(int)
    by_time = np.add.reduceat(observed, columns[:-1], axis=0, dtype=np.int64)
    both = np.add.reduceat(by_time, rows[:-1], axis=1)
    share = (both / np.outer(np.diff(columns), np.diff(rows))).T
    from matplotlib.dates import date2num
    from matplotlib.ticker import MaxNLocator

    first, last = (float(date2num(panel.times[place])) for place in (0, -1))
    step = panel.step_minutes / 1440
    axes.imshow(
        share, aspect="auto", cmap="Blues", vmin=0, vmax=1, interpolation="nearest",
        extent=(first, last + step, nodes + 0.5, 0.5),
    )  # fmt: skip
    axes.xaxis_date()
    _dates(axes)
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axes.set_ylabel("node", fontsize=8)
    _bare(axes, f"observed: {observed.mean():.2%} (dark: yes, white: no)")


def _draw_readings(axes: "Axes", panel: Panel, sentinels: Sequence[Any]) -> None:
    values = panel.values[:, :MOST_NODES_READ][panel.observed[:, :MOST_NODES_READ]].astype(np.float64)
    above = values[values > 0]
    if len(above):
        axes.hist(above, bins=_bins(above), color=BLUE)
        axes.set_xscale("log")
        axes.set_yscale("log")
    if len(below := values[values < 0]):
        axes.hist(-below, bins=_bins(-below), histtype="step", color=ORANGE, label="below 0, without sign")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.legend(frameon=False, fontsize=7)
    for number in (one for one in sentinels if isinstance(one, int | float) and one != 0):
        axes.axvline(abs(number), color=ORANGE, linestyle=":", linewidth=1)
        axes.annotate(
            f"{number:g}",
            (abs(number), 0.97),
            xycoords=("data", "axes fraction"),
            fontsize=7,
            ha="right",
            va="top",
            rotation=90,
        )
    axes.set_xlabel(panel.unit, fontsize=8)
    _bare(axes, f"readings: {(values == 0).mean():.1%} are 0, {(values < 0).mean():.1%} below")


def _bins(values: np.ndarray) -> list[float]:
    """Edges on a log scale. values: above 0, also of very different sizes."""
    low, high = float(values.min()), float(values.max())
    return np.geomspace(low, max(high, low * 1.1), 60).tolist()


def _draw_change(axes: "Axes", panel: Panel, load: np.ndarray, forward: bool) -> None:
    """The day of the first such change, in UTC order with local labels, and the same weekday a week before."""
    season = "clock forward" if forward else "clock back"
    local = panel.local_times
    offset = (local.tz_localize(None) - pd.DatetimeIndex(panel.times)).total_seconds().to_numpy()
    moves = np.flatnonzero(np.diff(offset) > 0 if forward else np.diff(offset) < 0) + 1
    if not len(moves):
        axes.text(0.5, 0.5, "no such change in the span", ha="center", va="center", fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
        _bare(axes, season)
        return
    move = int(moves[0])
    per_hour = panel.steps_per_hour
    window = slice(max(0, move - 6 * per_hour), min(len(load), move + 8 * per_hour))
    places = np.arange(window.start, window.stop)
    hours = (places - move) / per_hour
    axes.axvspan(0, 1, color=GREY, alpha=0.2, linewidth=0)
    week = places - panel.steps_per_week
    if (week >= 0).all():
        axes.plot(hours, load[week], color=GREY, linewidth=1, label="a week before")
    axes.plot(
        hours,
        load[window],
        color=BLUE,
        linewidth=1.4,
        marker=".",
        markersize=3,
        label=f"{local[move]:%Y-%m-%d}",
    )
    ticks = [place for place in places.tolist() if (place - move) % (2 * per_hour) == 0]
    axes.set_xticks(
        [(place - move) / per_hour for place in ticks],
        [f"{local[place]:%H:%M}" for place in ticks],
        rotation=60,
    )
    axes.legend(frameon=False, fontsize=7)
    _bare(axes, f"{season}: first hour after it shaded")
