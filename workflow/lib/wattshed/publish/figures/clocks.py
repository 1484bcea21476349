"""Figure: time, power and energy of one run against the clock or power limit, with the limit and the choice."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.clocks.contamination.usable import usable_sweep
from wattshed.publish.clock_report.cell_pages import cell_pages, left_out_notes
from wattshed.publish.clock_report.curves_figure import draw_curves
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import SweptCell, swept_cells
from wattshed.publish.sentences.clock_choice import answer_words, repeats_words


def clocks_figure(cells: Sequence[SweptCell]) -> list[Figure]:
    """Pages with one row of three panels per cell: repeats as points, the choice's fitted values as a line with their
    95 % interval."""
    return cell_pages(cells, 3, _draw, title_of)


def title_of(cell: SweptCell) -> str:
    return f"{cell.title}: {answer_words(cell.choice)}; {repeats_words(cell.rows)}"


def counted_runs(rows: pd.DataFrame) -> pd.Series:
    """Which rows of a cell decide, as its choice sees them."""
    return pd.Series(rows.index.isin(usable_sweep(rows).rows.index), index=rows.index)


def _draw(axes: Sequence[Axes], cell: SweptCell) -> None:
    draw_curves(axes, cell.rows, counted_runs(cell.rows), cell.choice, named=False)


def _notes(inputs: Inputs) -> list[str]:
    cells = swept_cells(inputs)
    return left_out_notes(cells, cells, "")


FIGURE = FigurePart(
    message="Draw the curves of time, power and energy against the clock",
    caption="Time, power and energy of one run against the GPU's clock or power limit. Points are repeats; the line is "
    "what the choice was made by, with its 95 % interval against the maximum (no line where the sweep was refused). "
    "The dashed line is the recommended setting, or the best one by the rule where none is "
    "recommended. Simulated sweeps say so in every panel.",
    inputs=("sweep", "choice"),
    make=lambda inputs: clocks_figure(swept_cells(inputs)),
    notes=_notes,
)
