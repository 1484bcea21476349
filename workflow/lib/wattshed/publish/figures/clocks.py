"""Figure: time and energy of one call against the GPU's clock, with the limit and the choice."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from wattshed.publish.drawing.figure_style import GREY, set_style
from wattshed.publish.tables.clocks import gpu_name


def clocks_figure(sweep: pd.DataFrame, choice: dict[str, Any]) -> Figure:
    """Warm repeats as points, their medians as a line; simulated sweeps say so across the panels."""
    set_style()
    warm = sweep[sweep["warm"]]
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.3), sharex=True)
    for axis, column, factor, label, marker in (
        (axes[0], "energy_j", 1, "Energy per call (J)", "o"),
        (axes[1], "time_s", 1000, "Time per call (ms)", "s"),
    ):
        medians = factor * warm.groupby("clock_mhz")[column].median()
        axis.plot(
            warm["clock_mhz"],
            factor * warm[column],
            marker,
            color=GREY,
            markersize=3,
            alpha=0.5,
            label="warm repeat",
        )
        axis.plot(medians.index, medians, "-", color="black", linewidth=1.2, label="median")
        axis.axvline(
            choice["clock_mhz"], color="C0", linestyle="--", label=f"recommended: {choice['clock_mhz']} MHz"
        )
        axis.set_xlabel("SM clock (MHz)")
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        if choice["label"] == "simulated":
            axis.text(
                0.5,
                0.12,
                "SIMULATED",
                transform=axis.transAxes,
                ha="center",
                color="0.7",
                fontsize=18,
                weight="bold",
            )
    if choice["baseline_time_s"] is not None:
        limit = 1000 * choice["baseline_time_s"] * (1 + choice["max_slowdown_share"])
        share = 100 * choice["max_slowdown_share"]
        axes[1].axhline(limit, color="C3", linestyle=":", linewidth=1.6, label=f"limit: {share:g} % slower")
    handles = {
        text: handle for axis in axes for handle, text in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    cold = int((~sweep["warm"]).sum())
    n = warm.groupby("clock_mhz").size()
    figure.suptitle(
        f"{gpu_name(choice)}, {choice['workload']}: n = {n.min()}"
        + (f" to {n.max()}" if n.max() > n.min() else "")
        + f" warm repeats per clock; cold repeats not shown: {cold}",
        fontsize="medium",
    )
    return figure
