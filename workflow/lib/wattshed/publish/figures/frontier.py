"""Figure: error against training energy; dominated models are shown too."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from wattshed.energy.reading import JOULES_PER_KWH, worst_status
from wattshed.publish.drawing.error_bars import bar_ends, bar_lengths, front_steps
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, set_style
from wattshed.publish.drawing.label_places import place_labels


def frontier_figure(frontier: pd.DataFrame, unit: str) -> Figure:
    """Models by energy of one training run (log, J) and test RMSE, with 95 % intervals where n > 1.

    Models whose energy is unknown or zero cannot be drawn on a log axis; the title names them.
    """
    set_style()
    drawn = frontier[frontier["training_kwh_mean"] > 0]
    x = drawn["training_kwh_mean"].to_numpy() * JOULES_PER_KWH
    y = drawn["rmse_mean"].to_numpy()
    figure, axis = plt.subplots(figsize=(7.0, 4.2))
    axis.set_xscale("log")
    reach_x = bar_lengths(x, drawn, "training_kwh", JOULES_PER_KWH)
    # An interval that goes below zero cannot be drawn on a log axis: it is cut at a tenth of its mean.
    reach_x[0] = np.minimum(reach_x[0], 0.9 * x)
    reach_y = bar_lengths(y, drawn, "rmse", 1)
    axis.errorbar(
        x, y, xerr=reach_x, yerr=reach_y, fmt="none", ecolor="0.6", elinewidth=1, label="95 % interval"
    )
    on = ~drawn["dominated"].astype(bool).to_numpy()
    axis.plot(x[~on], y[~on], "o", mfc="white", mec=GREY, label="dominated")
    order = np.argsort(x[on])
    steps = front_steps(x[on][order], y[on][order])
    axis.plot(*steps.T, color="C0", linewidth=1)
    axis.plot(x[on], y[on], "D", color="C0", label="on the frontier")
    status = worst_status(drawn["energy_status"])
    axis.set_xlabel(f"Energy of one training run (J, {status})")
    axis.set_ylabel(f"Test RMSE ({unit})")
    axis.margins(0.12)
    left_out = frontier.loc[~frontier.index.isin(drawn.index), "model"].tolist()
    if left_out:
        axis.set_title(
            f"Not drawn because their energy is unknown or zero: {', '.join(left_out)}", fontsize="small"
        )
    figure.legend(loc="outside lower center", ncols=3)
    if len(drawn):
        texts = [f"{row['model']} (n = {row['n']})" for _, row in drawn.iterrows()]
        place_labels(axis, np.column_stack([x, y]), texts, [steps, *bar_ends(x, y, reach_x, reach_y)])
    return figure


FIGURE = FigurePart(
    message="Draw the frontier of error against energy",
    caption="Test error against the energy of one training; dominated models are hollow.",
    inputs=("frontier", "windows", "panel"),
    windows=("epoch", "fit"),
    make=lambda inputs: frontier_figure(inputs.frame("frontier"), inputs.unit),
)
