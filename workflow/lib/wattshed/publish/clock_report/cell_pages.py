"""Small multiples of cells: one row of panels per GPU and workload, so many on a page that they stay readable."""

import textwrap
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.publish.clock_report.curves_figure import legend_of
from wattshed.publish.drawing.figure_style import as_written, set_style
from wattshed.publish.parts.swept import SweptCell, listed

ROWS_ON_A_PAGE = 4
# A study with more cells shows the first ones and says so.
MOST_CELLS = 24
WIDTH_IN = 10.2
TITLE_LETTERS = 112
TITLE_PAD_PT = 6


def cell_pages(
    cells: Sequence[SweptCell],
    panels: int,
    draw: Callable[[Sequence[Axes], SweptCell], None],
    title: Callable[[SweptCell], str],
    *,
    row_in: float = 2.6,
    widths: Sequence[float] | None = None,
    rows_on_a_page: int = ROWS_ON_A_PAGE,
    one_legend: bool = True,
) -> list[Figure]:
    """One figure per page, each with a row of ``panels`` axes per cell.

    draw: gets the axes of a row and its cell; title: stands above the row. one_legend: all rows share the legend below
    the page; else each row has its own.
    """
    set_style()
    # Of too many cells, those with fitted values come first.
    ordered = sorted(cells, key=lambda cell: not cell.choice["fitted"]) if len(cells) > MOST_CELLS else cells
    shown = ordered[:MOST_CELLS]
    pages = [shown[start : start + rows_on_a_page] for start in range(0, len(shown), rows_on_a_page)]
    figures = []
    for page in pages:
        figure, axes = plt.subplots(
            len(page),
            panels,
            figsize=(WIDTH_IN, row_in * len(page) + 0.7),
            squeeze=False,
            width_ratios=widths,
            layout="constrained",
        )
        for row, cell in zip(axes, page, strict=True):
            draw(row, cell)
            _put_title(row[0], title(cell))
        if one_legend:
            figure.legend(*legend_of(axes.ravel()), loc="outside lower center", ncols=4)
        figures.append(figure)
    return figures


def _put_title(axis: Axes, words: str) -> None:
    """A title across the row. An empty one keeps its height: the panel would be squeezed by a title of that width."""
    text = textwrap.fill(words, TITLE_LETTERS)
    blank = "\n".join(" " for _ in text.splitlines())
    axis.set_title(blank, fontsize="medium", weight="bold", pad=TITLE_PAD_PT + 4)
    shown = as_written(text)
    axis.annotate(
        shown, (0, 1), xytext=(0, TITLE_PAD_PT), xycoords="axes fraction", textcoords="offset points",
        fontsize="medium", weight="bold", va="bottom",
    ).set_in_layout(False)  # fmt: skip


def left_out_notes(cells: Sequence[SweptCell], drawn: Sequence[SweptCell], why: str) -> list[str]:
    """Which cells are not drawn, because of ``why``, and how many are beyond the pages."""
    kept = {cell.name for cell in drawn}
    missing = [cell.title for cell in cells if cell.name not in kept]
    notes = [f"Not drawn, because {why}: {listed(missing)}."] if missing else []
    if len(drawn) > MOST_CELLS:
        notes.append(
            f"{MOST_CELLS} of {len(drawn)} cells are drawn, refused ones last; the tables hold all of them."
        )
    return notes
