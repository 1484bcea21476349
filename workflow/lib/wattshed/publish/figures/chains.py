"""Figure: error and energy of each step of a chain, and whether its forecasts pay for it."""

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from wattshed.energy.reading import worst_status
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, PLAIN_LOG, model_styles, set_style
from wattshed.publish.drawing.label_places import place_labels


def chains_figure(frame: pd.DataFrame) -> Figure:
    """Left: change of the error on the later months against the energy spent. Right: energy of 1,000 forecasts.

    frame: rows of ``chains.parquet``. Each chain is a line that starts at its base model, with 95 % intervals over
    paired seeds; steps of unknown energy are not drawn on the left, and the title names them. The right panel says
    after how many forecasts the steps so far have paid for themselves.
    """
    set_style()
    known = frame[frame["total_j_mean"].gt(0) & frame["later_rmse_change_share_mean"].notna()]
    height = max(3.8, 1.4 + 0.34 * len(frame))
    figure, (errors, costs) = plt.subplots(
        1, 2, figsize=(9.0, height), gridspec_kw={"width_ratios": [1.3, 1]}
    )
    styles = model_styles(frame["chain"].unique())
    for chain, steps in known.groupby("chain", sort=False):
        _draw_errors(errors, steps, styles[str(chain)], str(chain))
    errors.set_xlabel(f"Energy along the chain (J, {worst_status(known['energy_status'])})")
    errors.set_ylabel("Change of RMSE in later months (%)")
    errors.axhline(0, color=GREY, linewidth=1)
    errors.margins(0.18)
    _draw_costs(costs, frame, styles)
    absent = frame.loc[~frame.index.isin(known.index), "lineage"].unique().tolist()
    if absent:
        errors.set_title(f"Not drawn, energy unknown: {', '.join(absent)}", fontsize="small")
    figure.legend(*errors.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    if len(known):
        points = known.drop_duplicates("lineage")
        place_labels(
            errors,
            (points[["total_j_mean", "later_rmse_change_share_mean"]] * [1, 100]).to_numpy(),
            [("+ " if row["place"] else "") + row["step"] for _, row in points.iterrows()],
            [
                np.array([(end, 0.0) for end in errors.get_xlim()]),
                *(
                    (steps[["total_j_mean", "later_rmse_change_share_mean"]] * [1, 100]).to_numpy()
                    for _, steps in known.groupby("chain", sort=False)
                ),
            ],
        )
    return figure


def _draw_errors(axis: plt.Axes, steps: pd.DataFrame, style: dict[str, object], chain: str) -> None:
    x, y = steps["total_j_mean"].to_numpy(), 100 * steps["later_rmse_change_share_mean"].to_numpy()
    ends = [100 * steps[f"later_rmse_change_share_{end}"].to_numpy() for end in ("low", "high")]
    reach = [np.nan_to_num(np.abs(end - y)) for end in ends]
    axis.errorbar(x, y, yerr=reach, capsize=2, linewidth=1.2, markersize=5, label=chain, **style)  # type: ignore[arg-type]


def _draw_costs(axis: plt.Axes, frame: pd.DataFrame, styles: dict[str, dict[str, Any]]) -> None:
    """One line per step: joules of 1,000 forecasts against the base model's, and when the chain has paid for itself."""
    steps = frame[frame["j_per_1000_mean"].gt(0)].iloc[::-1].reset_index(drop=True)
    labels = []
    for place, row in enumerate(steps.to_dict("records")):
        mean = row["j_per_1000_mean"]
        ends = np.array([[row["j_per_1000_low"]], [row["j_per_1000_high"]]])
        reach = np.nan_to_num(np.abs(ends - mean))
        style = {key: styles[row["chain"]][key] for key in ("color", "marker")}
        axis.errorbar(mean, place, xerr=reach, capsize=2, markersize=5, linestyle="none", **style)
        labels.append(f"{'+ ' if row['place'] else ''}{row['step']}")
        axis.annotate(
            _pays(row), (1, place), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize="small",
        )  # fmt: skip
    for base in steps.loc[steps["place"] == 0, "j_per_1000_mean"].unique():
        axis.axvline(base, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(-0.6, len(labels) - 0.4)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(PLAIN_LOG)
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel(f"1,000 forecasts (J, {worst_status(steps['energy_status'])})")


def _pays(row: dict[Any, Any]) -> str:
    """After how many forecasts the steps so far have paid for themselves."""
    after = row["chain_payback_forecasts_mean"]
    if not row["place"]:
        return ""
    if pd.isna(after):
        return "unknown"
    return "never pays" if math.isinf(after) else f"pays after {after:,.0f}"


FIGURE = FigurePart(
    message="Draw the chains: error and energy step by step",
    caption="Left: change of the error on the later months against the energy spent along the chain, with "
    "95 % intervals over the seeds. Right: energy of 1,000 forecasts, the base model's dashed, and after how many "
    "forecasts the chain has paid for itself.",
    inputs=("chains", "windows"),
    windows=("epoch", "fit", "update", "make", "fine_tune", "measure"),
    make=lambda inputs: chains_figure(inputs.frame("chains")),
)
