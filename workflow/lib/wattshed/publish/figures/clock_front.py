"""Figure: energy saved against slowdown per setting, the front, and what each rule picks."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.publish.clock_report.cell_pages import cell_pages, left_out_notes
from wattshed.publish.clock_report.front_figure import draw_front
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import SweptCell, judged_cells, swept_cells
from wattshed.publish.sentences.clock_choice import answer_words

NO_VALUES = "the sweep was refused, so no saving is stated"


def front_pages(cells: Sequence[SweptCell]) -> Figure | list[Figure]:
    """Pages with one row per cell: the plane of slowdown and saving, and the key of its picks beside it."""
    if not cells:
        return words_figure(
            "Every clock sweep was refused: no saving is stated, so there is no front to draw."
        )
    return cell_pages(
        cells,
        2,
        _draw,
        lambda cell: f"{cell.title}: {answer_words(cell.choice)}",
        row_in=3.1,
        widths=(1.1, 1.0),
        rows_on_a_page=3,
        one_legend=False,
    )


def _draw(axes: Sequence[Axes], cell: SweptCell) -> None:
    draw_front(axes[0], cell.choice)
    axes[1].set_axis_off()
    axes[1].legend(
        *axes[0].get_legend_handles_labels(), loc="center left", fontsize="small", borderaxespad=0, ncols=1
    )


def _notes(inputs: Inputs) -> list[str]:
    cells = swept_cells(inputs)
    return left_out_notes(cells, judged_cells(cells), NO_VALUES)


FIGURE = FigurePart(
    message="Draw the fronts of energy against time over the clocks",
    caption="Energy saved against slowdown, both relative to the warm maximum; every point is a setting's fitted "
    "value. No other setting that was repeated often enough is better in both than one on the grey front. Filled marks "
    "are picks within the limits, hollow ones without.",
    inputs=("sweep", "choice"),
    make=lambda inputs: front_pages(judged_cells(swept_cells(inputs))),
    notes=_notes,
)
