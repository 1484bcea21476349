"""Tables: technique by technique, what one change of model or recipe does to energy and errors."""

from typing import Any

import pandas as pd

from wattshed.accounts.ladder.techniques import BUDGET_SHARE
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Worth
from wattshed.publish.notes.beside_others import ladder_notes
from wattshed.publish.typesetting.status_marks import energy_cell
from wattshed.publish.typesetting.table import (
    MISSING,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
    plain,
    spaced_percent,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.decisions import PAIRED_NOTE
from wattshed.statistics.ratios import RATIO_NOTE
from wattshed.statistics.worth import WORTH_RULE

# Keys are shown with spaces, so that long ones wrap. A step that changes more keys than these has them in a note.
MOST_KEYS = 2


def techniques_tables(techniques: pd.DataFrame, ladder: pd.DataFrame) -> dict[str, Table]:
    """The tables by name: one row per change of the ladder, in its order, against the step that is changed.

    techniques: of :func:`techniques_frame`; ladder: of :func:`ladder_frame`, for the notes.
    """
    return {
        "techniques": _changes_table(techniques, ladder),
        "techniques_errors": _errors_table(techniques),
    }


def _changes_table(techniques: pd.DataFrame, ladder: pd.DataFrame) -> Table:
    found = techniques.to_dict("records")
    rows = [
        [
            Cell(row["model"]),
            Cell(row["key"].replace("_", " ") if row["keys"] <= MOST_KEYS else f"{row['keys']} keys"),
            Cell(row["base"]),
            Cell(str(row["seeds"])),
            energy_cell(row["training_kwh"] * JOULES_PER_KWH, row["energy_status"]),
            *_change(row, "training"),
            *_change(row, "rmse"),
            Cell(row["verdict"], best=row["verdict"] == Worth.WORTH_IT),
        ]
        for row in found
    ]
    columns = [
        Column("Step"),
        Column("Key", width_cm=1.7),
        Column("From"),
        Column("n", numeric=True),
        Column("Training", "J", numeric=True),
        Column("Change", "%", numeric=True),
        Column("95 % int.", "%"),
        Column("ΔRMSE", "%", numeric=True),
        Column("95 % int.", "%"),
        Column("Verdict", width_cm=1.5),
    ]
    caption = (
        f"Technique by technique, {_seeds(techniques)}: the energy of one whole training, its change against the step "
        "that is changed, and the change of the test RMSE."
    )
    shown = ladder[ladder["model"].isin([*techniques["model"], *techniques["base"]])]
    notes = [
        spaced_percent(
            f"Verdict: {WORTH_RULE}. Budget of RMSE and MAE: {BUDGET_SHARE:.0%}. The variants are the steps that "
            "change the same step."
        ),
        "The training holds its looks at the validation part. Interval of its change: Student's t of the logarithms of "
        f"ratios, paired over seeds; of ΔRMSE: {PAIRED_NOTE}.",
        *(f"{row['model']} changes {row['key']}." for row in found if row["keys"] > MOST_KEYS),
        *ladder_notes(shown),
    ]
    return Table("techniques", caption, columns, rows, notes)


def _errors_table(techniques: pd.DataFrame) -> Table:
    rows = [
        [
            Cell(row["model"]),
            Cell(row["base"]),
            Cell(str(row["seeds"])),
            _to_error(row),
            _ends(row, "to_error"),
            *_change(row, "mae"),
        ]
        for row in techniques.to_dict("records")
    ]
    columns = [
        Column("Step"),
        Column("From"),
        Column("n", numeric=True),
        Column("To error", "%"),
        Column("95 % int.", "%"),
        Column("ΔMAE", "%", numeric=True),
        Column("95 % int.", "%"),
    ]
    caption = (
        f"Technique by technique, {_seeds(techniques)}: the change of the energy to the best validation RMSE of the "
        "step that is changed, and of the test MAE."
    )
    notes = [
        "To error leaves the looks at the validation part out. A dash: a seed does not come to that error, or its "
        "energy is not known.",
        f"Interval of To error: {RATIO_NOTE}; of ΔMAE: {PAIRED_NOTE}.",
    ]
    return Table("techniques_errors", caption, columns, rows, notes)


def _seeds(techniques: pd.DataFrame) -> str:
    return f"{count_text(techniques['seeds'])} seeds" if len(techniques) else "no change"


def _change(row: dict[Any, Any], name: str) -> list[Cell]:
    return [decimals(100 * row[f"{name}_share"], 1), _ends(row, name)]


def _ends(row: dict[Any, Any], name: str) -> Cell:
    return interval(100 * row[f"{name}_share_low"], 100 * row[f"{name}_share_high"], 1)


def _to_error(row: dict[Any, Any]) -> Cell:
    share = row["to_error_share"]
    return Cell(MISSING) if pd.isna(share) else Cell(f"{row['to_error_is']} {plain(100 * share, 1)}".strip())


TABLE = TablePart(
    message="Make the table of techniques",
    caption="Technique by technique: what one change does to the energy of a training and to its error.",
    inputs=("techniques", "ladder"),
    files=("techniques", "techniques_errors"),
    make=lambda inputs: techniques_tables(inputs.frame("techniques"), inputs.frame("ladder")),
)
