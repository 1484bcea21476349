"""Notes above a figure."""

import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure

# Letters of the small type over one inch.
LETTERS_PER_INCH = 15


def put_notes(figure: Figure, notes: Sequence[str]) -> None:
    """Write notes in small type above everything else, in lines as wide as the figure."""
    if not notes:
        return
    width = int(LETTERS_PER_INCH * figure.get_figwidth())
    above = figure.get_suptitle()
    lines = [line for note in notes for line in textwrap.wrap(note, width)]
    text = "\n".join([*([above] if above else []), *lines])
    figure.suptitle(text, fontsize="x-small", color="0.35")
