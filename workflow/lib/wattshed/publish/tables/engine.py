"""Table: the engine's benchmark, measured once on the machine that it names."""

import json
from pathlib import Path

from wattshed.foundation.faults import Fault
from wattshed.publish.typesetting.table import Cell, Column, Table
from wattshed.publish.typesetting.table_part import TablePart

COLUMNS = {
    "what": Column("What", width_cm=4.5),
    "opponent": Column("Against", width_cm=2.8),
    "measured": Column("Measured", width_cm=3.0),
    "floor": Column("Floor", width_cm=3.8),
    "must": Column("Aim"),
    "met": Column("Met"),
}


def read_engine_table(path: Path) -> Table:
    """The benchmark that ``make benchmark-engine`` wrote to ``path``.

    Its machine, date and commit are in the notes, because they can differ from the study's. Raises :class:`Fault` for
    a file of another form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [[Cell(row[name].replace("*", "")) for name in COLUMNS] for row in content["rows"]]
        notes = [str(note) for note in content["notes"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Fault(
            f"{path} cannot be read as the engine's benchmark ({error!r}): expected what make benchmark-engine writes; "
            "run it again or delete the file."
        ) from error
    caption = (
        "The engine, measured once on the machine named below: ratios are medians of pairs timed in turns."
    )
    return Table("engine", caption, list(COLUMNS.values()), rows, notes)


TABLE = TablePart(
    message="Make the table of the engine",
    caption="The engine's benchmark.",
    inputs=("engine",),
    in_report_only=True,
    make=lambda inputs: read_engine_table(inputs.files("engine")[0]),
)
