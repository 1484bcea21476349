"""Figure: error at each rolling origin, and each model's change against the chosen one over all of them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, model_styles, set_style

# More days than these would lie on one another.
MOST_DAYS_WRITTEN = 6
# Models that are worse by more [%] are written at the edge, so that the differences of the others can be seen.
WIDEST_PERCENT = 15.0


def rolling_figure(rolling: pd.DataFrame, origins: pd.DataFrame, unit: str) -> Figure:
    """Above: test RMSE by origin, mean over seeds with their range. Below: change with its 95 % interval, by model.

    rolling, origins: rows of ``rolling.parquet`` and ``rolling.origins.parquet``.
    """
    set_style()
    styles = model_styles(dict.fromkeys(origins["model"]))
    height = 0.6 + 0.25 * len(rolling)
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(7.0, 3.6 + height), gridspec_kw={"height_ratios": [3.0, height]}
    )
    _draw_origins(above, rolling, origins, styles)
    above.set_ylabel(f"Test RMSE ({unit})")
    _draw_changes(below, rolling, styles)
    figure.legend(
        *above.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        title="Mean; band: range of seeds",
    )
    return figure


def _draw_origins(axis: Axes, rolling: pd.DataFrame, origins: pd.DataFrame, styles: dict) -> None:
    for row in rolling.to_dict("records"):
        model = row["model"]
        by_origin = origins[origins["model"] == model].groupby("origin")["rmse"]
        mean, low, high = by_origin.mean(), by_origin.min(), by_origin.max()
        places = mean.index.to_numpy(dtype=float)
        axis.plot(places, mean, label=f"{model} (won {row['won']})", markersize=4.5, **styles[model])
        axis.fill_between(places, low, high, color=styles[model]["color"], alpha=0.2, linewidth=0)
    days = origins.drop_duplicates("origin").set_index("origin")["first_day"].sort_index()
    axis.set_xlabel("Rolling origin")
    if len(days) <= MOST_DAYS_WRITTEN:
        axis.set_xticks(days.index, [f"{origin}\n{day}" for origin, day in days.items()])
        axis.set_xlabel("Rolling origin and its first test day")
    else:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_changes(axis: Axes, rolling: pd.DataFrame, styles: dict) -> None:
    best = rolling.loc[rolling["best"], "model"].iloc[0]
    others = rolling[~rolling["best"]]
    change, low, high = (
        100 * others[f"change_{part}"].to_numpy(dtype=float) for part in ("share", "low", "high")
    )
    drawn = ~(np.abs(change) > WIDEST_PERCENT)
    for place, row in enumerate(others.to_dict("records")):
        style = styles[row["model"]]
        if not drawn[place]:
            text = f"{change[place]:+.1f} % [{low[place]:.1f}, {high[place]:.1f}] →"
            axis.annotate(text, (1, place), xycoords=("axes fraction", "data"), ha="right", va="center")
            continue
        reach = np.nan_to_num([[change[place] - low[place]], [high[place] - change[place]]])
        axis.errorbar(
            change[place], place, xerr=reach, color=style["color"], marker=style["marker"], capsize=3
        )
    axis.axvline(0, color=GREY, linewidth=1)
    axis.margins(x=0.12)
    names = [f"{row['model']}: {row['outcome']}" for row in others.to_dict("records")]
    axis.set_yticks(range(len(others)), names)
    axis.set_ylim(len(others) - 0.5, -0.5)
    axis.set_xlabel(f"Change of RMSE against {best} (%, 95 % interval)")


FIGURE = FigurePart(
    message="Draw the errors at rolling origins",
    caption="Error on several test parts, each after its own training part; below, the change against the model that "
    "the validation parts chose.",
    inputs=("rolling", "origins", "panel"),
    make=lambda inputs: rolling_figure(inputs.frame("rolling"), inputs.frame("origins"), inputs.unit),
)
