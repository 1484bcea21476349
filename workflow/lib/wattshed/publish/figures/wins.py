"""Figure: on how many nodes each model has the least error."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from wattshed.accounts.sensitivity.node_wins import node_wins
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import COLOURS, GREY, set_style


def wins_figure(scores: pd.DataFrame) -> Figure:
    """One bar per model: nodes on which it has the least error, and an outline for those on which it beats the best."""
    set_style()
    wins = node_wins(scores)[::-1]
    best = wins["best"].iloc[0]
    figure, axis = plt.subplots(figsize=(6.0, 0.6 + 0.28 * len(wins)))
    places = range(len(wins))
    beats = wins["better_nodes"].astype("Float64").fillna(0).to_numpy(dtype=float)
    axis.barh(places, beats, height=0.8, color="none", edgecolor=GREY, label=f"less error than {best}")
    axis.barh(places, wins["wins"], height=0.5, color=COLOURS[0], label="least error of all")
    axis.set_yticks(places, wins["model"])
    axis.set_xlabel(f"Nodes, of n = {wins['nodes'].iloc[0]}")
    axis.set_xlim(0, wins["nodes"].iloc[0])
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(axis="y", visible=False)
    axis.legend(loc="lower right")
    return figure


FIGURE = FigurePart(
    message="Draw the wins by node",
    caption="Nodes on which each model has the least test error, and less than the model of least RMSE.",
    inputs=("scores",),
    make=lambda inputs: wins_figure(inputs.frame("scores")),
)
