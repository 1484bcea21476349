"""Figure: how many neighbours the nodes have."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import GREY, set_style
from wattshed.publish.parts.degrees import degrees_of


def degrees_figure(degrees: np.ndarray, method: str) -> Figure:
    """Histogram of degrees [N], self loops not counted; method: how the graph was made."""
    set_style()
    figure, axis = plt.subplots(figsize=(4.8, 3.0))
    values, counts = np.unique(degrees, return_counts=True)
    axis.bar(values, counts, width=1, color="0.75", edgecolor=GREY)
    median = float(np.median(degrees))
    axis.axvline(median, color="black", linestyle="--", label=f"median {median:g}")
    axis.set_xlabel("Neighbours per node (without itself)")
    axis.set_ylabel("Nodes")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_title(f"Graph of {len(degrees):,} nodes by {method}: degrees {degrees.min()} to {degrees.max()}")
    axis.legend()
    return figure


FIGURE = FigurePart(
    message="Draw the degrees of the graph",
    caption="Neighbours per node of the graph, without self loops.",
    inputs=("graph",),
    make=lambda inputs: degrees_figure(*degrees_of(inputs)),
)
