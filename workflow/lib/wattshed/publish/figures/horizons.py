"""Figure: error by time ahead."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import model_styles, set_style

LONGEST_IN_MINUTES_H = 2
# Distances of ticks, times powers of ten [min].
MINUTE_TICKS = [1, 1.5, 2, 3, 6, 10]


def horizons_figure(scores: pd.DataFrame, unit: str) -> Figure:
    """RMSE per step of the horizon and model, mean over seeds with their range; the legend is in the order of RMSE."""
    set_style()
    rows = scores[scores["scope"] == "horizon"]
    order = rows.groupby("model")["rmse"].mean().sort_values(ascending=False).index
    seeds = rows.groupby("model")["seed"].nunique(dropna=False)
    styles = model_styles(sorted(order))
    # A horizon of an hour or two in steps of minutes is read in minutes.
    in_minutes = bool((rows["horizon_h"] % 1 != 0).any()) and rows["horizon_h"].max() <= LONGEST_IN_MINUTES_H
    per_hour = 60 if in_minutes else 1
    figure, axis = plt.subplots(figsize=(7.0, 3.6))
    for model in order:
        by_step = rows[rows["model"] == model].groupby("horizon_h")["rmse"]
        mean, low, high = by_step.mean(), by_step.min(), by_step.max()
        ahead = mean.index.to_numpy(dtype=float) * per_hour
        axis.plot(ahead, mean, label=f"{model} (n = {seeds[model]})", markersize=4.5, **styles[model])
        axis.fill_between(ahead, low, high, color=styles[model]["color"], alpha=0.2, linewidth=0)
    axis.set_xlabel("Minutes ahead (min)" if in_minutes else "Hours ahead (h)")
    axis.set_ylabel(f"Test RMSE ({unit})")
    # An hour may have several steps, and a horizon of steps less than an hour.
    whole = in_minutes or bool((rows["horizon_h"] % 1 == 0).all())
    steps = MINUTE_TICKS if in_minutes else None
    axis.xaxis.set_major_locator(MaxNLocator(integer=whole, steps=steps))
    figure.legend(loc="outside right upper", title="Mean; band: range of seeds")
    return figure


FIGURE = FigurePart(
    message="Draw the error of each step ahead",
    caption="Error by time ahead; the band is the range over the seeds.",
    inputs=("scores", "panel"),
    make=lambda inputs: horizons_figure(inputs.frame("scores"), inputs.unit),
)
