"""Figure: one week of forecasts against what was measured, for a few nodes."""

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from wattshed.data.panel import Panel
from wattshed.forecast.forecasts import Forecasts
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import HOUR_MINUTES
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import model_styles, set_style
from wattshed.publish.parts.inputs import Inputs

MARK_EVERY_H = 6


def forecasts_figure(panel: Panel, models: dict[str, Forecasts], nodes: int = 3) -> Figure:
    """A panel per node: observed values, and each model's forecasts joined end to end without overlap.

    Each model shows its first seed, because a mean over seeds would be another, better model. The
    week starts at the first local midnight of the test windows. Nodes are those of low, middle and high mean
    load. Steps that were not observed, or that no window covers, stay empty.
    """
    set_style()
    start = _week_start(panel, models)
    steps = slice(start, min(start + panel.steps_per_week, len(panel.times)))
    local = panel.local_times[steps]
    times = mdates.date2num(local.tz_localize(None))
    chosen = _spread_nodes(panel, nodes)
    styles = model_styles(models)
    figure, axes = plt.subplots(
        len(chosen), 1, figsize=(7.2, 1.5 * len(chosen) + 0.9), sharex=True, squeeze=False
    )
    for axis, node in zip(axes[:, 0], chosen, strict=True):
        truth = np.where(panel.observed[steps, node], panel.values[steps, node], np.nan)
        axis.plot(times, truth, color="black", linewidth=1.8, alpha=0.55, label="observed")
        for name, model in models.items():
            line = _end_to_end(model, steps, node)
            every = MARK_EVERY_H * panel.steps_per_hour
            axis.plot(times, line, label=name, linewidth=1, markersize=3, markevery=every, **styles[name])
        axis.set_title(panel.node_names[node])
        axis.set_ylabel(panel.unit)
        axis.set_ylim(bottom=min(0, np.nanmin(truth)) if np.isfinite(truth).any() else None)
    last = axes[-1, 0]
    last.xaxis.set_major_locator(mdates.DayLocator())
    last.xaxis.set_major_formatter(mdates.DateFormatter("%a %d %b"))
    last.set_xlabel(f"Local time, {panel.timezone}, {local[0]:%Y}")
    horizon_h = next(iter(models.values())).values.shape[2] / panel.steps_per_hour
    handles, texts = axes[0, 0].get_legend_handles_labels()
    title = f"Forecasts of {horizon_h:g} h, made every {horizon_h:g} h; first seed of each model"
    figure.legend(handles, texts, loc="outside lower center", ncols=4, title=title)
    return figure


def _week_start(panel: Panel, models: dict[str, Forecasts]) -> int:
    """First local midnight at or after the first origin that all models share."""
    first = max(int(model.origins[0]) for model in models.values())
    last = min(int(model.origins[-1]) for model in models.values())
    if first > last:
        raise Fault("the forecasts to draw share no test hour: expected the same windows; forecast again.")
    local = panel.local_times[first:last]
    # The first step of a day may begin at half past, in a zone of half hours.
    midnights = np.flatnonzero((local.hour * HOUR_MINUTES + local.minute) // panel.step_minutes == 0)
    return first + (int(midnights[0]) if len(midnights) else 0)


def _spread_nodes(panel: Panel, count: int) -> list[int]:
    """Nodes at evenly spread ranks of mean observed load, smallest first."""
    total = np.where(panel.observed, panel.values, 0).sum(axis=0)
    order = np.argsort(total / np.maximum(panel.observed.sum(axis=0), 1), kind="stable")
    shares = (np.arange(min(count, len(order))) + 0.5) / min(count, len(order))
    return [int(order[int(share * len(order))]) for share in shares]


def _end_to_end(model: Forecasts, steps: slice, node: int) -> np.ndarray:
    """The node's forecasts over the steps, a window starts only after the one before has ended."""
    horizon = model.values.shape[2]
    line = np.full(steps.stop - steps.start, np.nan)
    free = steps.start
    for row in np.flatnonzero((model.origins >= steps.start) & (model.origins < steps.stop)):
        origin = int(model.origins[row])
        if origin < free:
            continue
        stop = min(origin + horizon, steps.stop)
        line[origin - steps.start : stop - steps.start] = model.values[0, row, : stop - origin, node]
        free = origin + horizon
    return line


def _make(inputs: Inputs) -> Figure:
    models = {path.stem: Forecasts.read(path) for path in inputs.files("forecasts")}
    return forecasts_figure(inputs.panel, models)


FIGURE = FigurePart(
    message="Draw forecasts against the truth",
    caption="One week of the test part: observed readings and forecasts. Each forecast uses earlier readings only.",
    inputs=("panel", "forecasts"),
    make=_make,
)
