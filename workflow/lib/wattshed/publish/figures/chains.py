"""Figure: error and energy of each step of a chain, and the total energy by number of forecasts."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from wattshed.energy.reading import worst_status
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, model_styles, set_style
from wattshed.publish.drawing.label_places import place_labels

# Forecasts of one node each: from a day of one home to a year of a town.
FORECASTS = np.logspace(2, 8, 200)


def chains_figure(frame: pd.DataFrame) -> Figure:
    """Left: change of the error on the later months against the energy spent. Right: energy including forecasts.

    frame: rows of ``chains.parquet``. Each chain is a line that starts at its base model, with 95 % intervals over
    paired seeds; steps of unknown energy are not drawn, and the title names them.
    """
    set_style()
    known = frame[
        frame["total_j_mean"].gt(0)
        & frame["later_rmse_change_share_mean"].notna()
        & frame["j_per_1000_mean"].gt(0)
    ]
    figure, (errors, costs) = plt.subplots(1, 2, figsize=(9.0, 4.4))
    styles = model_styles(frame["chain"].unique())
    for chain, steps in known.groupby("chain", sort=False):
        _draw_errors(errors, steps, styles[str(chain)], str(chain))
        _draw_costs(costs, steps, styles[str(chain)])
    status = worst_status(known["energy_status"])
    errors.set_xlabel(f"Energy along the chain (J, {status})")
    errors.set_ylabel("Change of RMSE in later months (%)")
    errors.axhline(0, color=GREY, linewidth=1)
    errors.margins(0.18)
    costs.set_xscale("log")
    costs.axhline(1, color=GREY, linewidth=1)
    costs.set_xlabel("Forecasts made (one node, one origin each)")
    costs.set_ylabel("Energy with all forecasts, base model = 1")
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


def _draw_costs(axis: plt.Axes, steps: pd.DataFrame, style: dict[str, object]) -> None:
    """Total energy of the chain's last step divided by that of its base model; below 1 the chain has paid for
    itself."""
    base, end = steps.iloc[0], steps.iloc[-1]
    if base["place"] != 0 or end["place"] == 0:
        return

    def energy(row: pd.Series) -> np.ndarray:
        return row["total_j_mean"] + FORECASTS * row["j_per_1000_mean"] / 1000

    axis.plot(
        FORECASTS,
        energy(end) / energy(base),
        color=style["color"],
        linestyle=style["linestyle"],
    )


FIGURE = FigurePart(
    message="Draw the chains: error and energy step by step",
    caption="Left: change of the error on the later months against the energy spent along the chain, with "
    "95 % intervals over the seeds. Right: energy with all forecasts, against the base model; means only.",
    inputs=("chains", "windows"),
    windows=("epoch", "fit", "update", "make", "fine_tune", "measure"),
    make=lambda inputs: chains_figure(inputs.frame("chains")),
)
