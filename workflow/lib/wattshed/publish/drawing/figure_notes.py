"""Notes above a figure, in space of their own."""

import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend

SIZE_PT = 7.5
LINE_IN = SIZE_PT * 1.35 / 72
# Letters of this type over one inch.
LETTERS_PER_INCH = 16


def put_notes(figure: Figure, notes: Sequence[str]) -> None:
    """Write notes in small type above the figure, below its title, and make it higher by as much."""
    width = int(LETTERS_PER_INCH * figure.get_figwidth())
    lines = [line for note in notes for line in textwrap.wrap(note.replace("$", r"\$"), width)]
    if not lines:
        return
    figure.set_figheight(figure.get_figheight() + len(lines) * LINE_IN)
    title = figure.get_suptitle()
    key = next((legend for legend in figure.legends if _is_above(legend)), None)
    if key is None:
        style = {"fontsize": SIZE_PT, "color": "0.35"} if not title else {}
        figure.suptitle("\n".join([*([title] if title else []), *lines]), **style)
    else:
        # A title would lie on that key.
        key.set_title("\n".join(lines), prop=FontProperties(size=SIZE_PT))


def _is_above(legend: Legend) -> bool:
    """Whether a figure's legend lies above its axes (``loc="outside upper ..."``)."""
    return getattr(legend, "_outside_loc", None) == "upper"
