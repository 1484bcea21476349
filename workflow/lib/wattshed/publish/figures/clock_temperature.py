"""Figure: the GPU's temperature over the order of the runs and against the setting; marked runs do not decide.

A study that can have none, such as one on a simulated GPU without heat, does not make it.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.clocks.contamination.marks import marks
from wattshed.publish.clock_report.cell_pages import cell_pages, left_out_notes
from wattshed.publish.clock_report.curves_figure import mark_simulated
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import COLOURS, GREY
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import SweptCell, swept_cells
from wattshed.publish.sentences.clock_choice import knob_title

NOT_RECORDED = "no temperature was recorded"
MARKED = {"hot": ("^", COLOURS[3]), "throttled": ("s", COLOURS[4]), "cold": ("v", COLOURS[0])}


def temperature_pages(cells: Sequence[SweptCell]) -> Figure | list[Figure]:
    """Pages with one row of two panels per cell that has temperatures."""
    if not cells:
        return words_figure(
            "No temperature was recorded in any clock sweep: whether hot runs distort it cannot be seen."
        )
    return cell_pages(cells, 2, _draw, _title, row_in=2.3)


def _draw(axes: Sequence[Axes], cell: SweptCell) -> None:
    rows = cell.rows[cell.rows["temperature_c"].notna()]
    marked = marks(cell.rows).loc[rows.index]
    for axis, column, label in (
        (axes[0], "order", "Order of measurement"),
        (axes[1], "setting", f"{knob_title(cell.choice)} ({cell.choice['unit']})"),
    ):
        plain = rows["warm"] & ~marked[list(MARKED)].any(axis=1)
        axis.plot(
            rows.loc[plain, column], rows.loc[plain, "temperature_c"], "o", color=GREY, markersize=3, alpha=0.5,
            label="run that counts",
        )  # fmt: skip
        if (~rows["warm"]).any():
            axis.plot(
                rows.loc[~rows["warm"], column], rows.loc[~rows["warm"], "temperature_c"], "x", color="0.6",
                markersize=4, label="warm-up",
            )  # fmt: skip
        for name, (marker, colour) in MARKED.items():
            own = rows[marked[name] & rows["warm"]]
            if len(own):
                axis.plot(
                    own[column],
                    own["temperature_c"],
                    marker,
                    color=colour,
                    markersize=5,
                    label=f"{name}: does not count",
                )
        axis.set_xlabel(label)
        axis.set_ylabel("Temperature (°C)")
        if cell.choice["label"] == "simulated":
            mark_simulated(axis)


def _title(cell: SweptCell) -> str:
    counts = marks(cell.rows)
    found = ", ".join(f"{int(counts[name].sum())} {name}" for name in ("hot", "throttled"))
    known = int(cell.rows["temperature_c"].notna().sum())
    return f"{cell.title}: {known} of {len(cell.rows)} runs with a temperature; {found}"


def _with_temperature(cells: Sequence[SweptCell]) -> list[SweptCell]:
    return [cell for cell in cells if cell.rows["temperature_c"].notna().any()]


def _notes(inputs: Inputs) -> list[str]:
    cells = swept_cells(inputs)
    known = _with_temperature(cells)
    return left_out_notes(cells, known, NOT_RECORDED) if known else []


FIGURE = FigurePart(
    message="Draw the temperature of the GPU during the clock sweeps",
    caption="Temperature of the GPU by the order of the runs and by setting. Throttled runs, and runs hotter than "
    "others at their setting by more than the noise, are marked and do not decide.",
    inputs=("sweep", "choice", "temperatures"),
    make=lambda inputs: temperature_pages(_with_temperature(swept_cells(inputs))),
    notes=_notes,
)
