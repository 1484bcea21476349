"""Figure: error against training energy; dominated models stay in sight."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from wattshed.accounts.runs.status import worst_status
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.publish.drawing.figure_style import GREY, set_style
from wattshed.publish.drawing.label_places import place_labels


def frontier_figure(frontier: pd.DataFrame, unit: str) -> Figure:
    """Models by energy of one training run (log, J) and test RMSE, with 95 % intervals where n > 1.

    Models without a known energy above zero have no place on a log axis; the title names them.
    """
    set_style()
    drawn = frontier[frontier["training_kwh_mean"] > 0]
    x = drawn["training_kwh_mean"].to_numpy() * JOULES_PER_KWH
    y = drawn["rmse_mean"].to_numpy()
    figure, axis = plt.subplots(figsize=(7.0, 4.2))
    axis.set_xscale("log")
    reach_x = _reach(x, drawn, "training_kwh", JOULES_PER_KWH)
    # An interval that goes below zero cannot be drawn on a log axis: it is cut at a tenth of its mean.
    reach_x[0] = np.minimum(reach_x[0], 0.9 * x)
    reach_y = _reach(y, drawn, "rmse", 1)
    axis.errorbar(
        x, y, xerr=reach_x, yerr=reach_y, fmt="none", ecolor="0.6", elinewidth=1, label="95 % interval"
    )
    on = ~drawn["dominated"].astype(bool).to_numpy()
    axis.plot(x[~on], y[~on], "o", mfc="white", mec=GREY, label="dominated")
    order = np.argsort(x[on])
    steps = _steps(x[on][order], y[on][order])
    axis.plot(*steps.T, color="C0", linewidth=1)
    axis.plot(x[on], y[on], "D", color="C0", label="on the frontier")
    status = worst_status(drawn["energy_status"])
    axis.set_xlabel(f"Energy of one training run (J, {status})")
    axis.set_ylabel(f"Test RMSE ({unit})")
    axis.margins(0.12)
    left_out = frontier.loc[~frontier.index.isin(drawn.index), "model"].tolist()
    if left_out:
        axis.set_title(
            f"Not drawn, as their energy is unknown or zero: {', '.join(left_out)}", fontsize="small"
        )
    figure.legend(loc="outside lower center", ncols=3)
    if len(drawn):
        texts = [f"{row['model']} (n = {row['n']})" for _, row in drawn.iterrows()]
        place_labels(axis, np.column_stack([x, y]), texts, [steps, *_bars(x, y, reach_x, reach_y)])
    return figure


def _steps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Corners [m, 2] of the staircase through the frontier, from cheap to dear."""
    return np.column_stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]])


def _bars(x: np.ndarray, y: np.ndarray, reach_x: np.ndarray, reach_y: np.ndarray) -> list[np.ndarray]:
    """Ends [2, 2] of every error bar."""
    level = [np.array([[a - low, b], [a + high, b]]) for a, b, low, high in zip(x, y, *reach_x, strict=True)]
    upright = [
        np.array([[a, b - low], [a, b + high]]) for a, b, low, high in zip(x, y, *reach_y, strict=True)
    ]
    return level + upright


def _reach(centre: np.ndarray, frame: pd.DataFrame, column: str, factor: float) -> np.ndarray:
    """Lengths of the error bars below and above [2, n]; none where there is no interval."""
    low = frame[f"{column}_low"].to_numpy() * factor
    high = frame[f"{column}_high"].to_numpy() * factor
    return np.nan_to_num(np.stack([centre - low, high - centre]))
