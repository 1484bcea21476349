"""Names along a logarithmic axis that do not overlap."""

from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatterMathtext, LogLocator, NullFormatter

from wattshed.publish.drawing.figure_style import PLAIN_LOG

# Up to this ratio of the ends, steps of 1, 2 and 5 are named; beyond it, powers of ten alone.
FEW_POWERS = 3000.0
# Between these, powers of ten are short as plain numbers.
PLAIN_LOW, PLAIN_HIGH = 1e-3, 1e4


def name_log_steps(axis: Axes) -> None:
    """Major ticks and their names for a logarithmic x axis whose limits are set."""
    low, high = axis.get_xlim()
    few = high / low < FEW_POWERS
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=12))
    plain = low > PLAIN_LOW and high < PLAIN_HIGH
    axis.xaxis.set_major_formatter(PLAIN_LOG if plain or few else LogFormatterMathtext())
    axis.xaxis.set_minor_formatter(NullFormatter())
