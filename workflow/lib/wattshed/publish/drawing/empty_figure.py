"""Text in place of empty axes."""

import textwrap

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.publish.drawing.figure_style import set_style

PT_PER_LETTER = 5.2


def words_figure(text: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    set_style()
    figure, axis = plt.subplots(figsize=(5.0, 1.6))
    say(axis, text)
    return figure


def say(axis: Axes, text: str) -> None:
    """Write the text into empty axes and remove their frame."""
    axis.set_axis_off()
    width_pt = axis.get_position().width * axis.figure.get_figure(root=True).get_size_inches()[0] * 72
    letters = max(16, int(width_pt / PT_PER_LETTER))
    axis.text(
        0.5, 0.5, "\n".join(textwrap.wrap(text, letters)), ha="center", va="center", transform=axis.transAxes
    )
