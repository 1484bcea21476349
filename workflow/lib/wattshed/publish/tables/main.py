"""Table: the models on one page: information, error, energy, processor time, and the front."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wattshed.accounts.comparison.decisions import MARGIN, Decisions
from wattshed.foundation.vocabulary import Information, Status
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.standing import standings_of
from wattshed.publish.tables.information import seen_by
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import (
    MISSING,
    Cell,
    Column,
    Table,
    blocks_text,
    decimals,
    interval,
    significant,
    significant_interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.decisions import RULE_NOTE

# What a model saw, in one letter each.
LETTERS = {
    Information.LOOK_BACK: "L",
    Information.DAYS_BEFORE: "D",
    Information.NEIGHBOURS: "O",
    Information.CALENDAR: "C",
    Information.NODE: "N",
    Information.WEATHER: "W",
}
LETTERS_NOTE = (
    "Sees: L the look-back, D hours on days before, O other nodes, C the calendar, N what was learned for this node "
    "alone, W weather; ? not declared."
)


def main_table(
    standings: pd.DataFrame, decisions: Decisions, models: Mapping[str, Any], unit: str, *notes: str
) -> Table:
    """One row per model, least test error first; the chosen one and those like it are named in bold.

    standings: of :func:`standings_frame`; models: blocks of the trained models; unit: of the errors; notes: what a
    reader must know, such as a cap on epochs.
    """
    naive = standings["naive"].iloc[0]
    chosen = {decisions.best, *decisions.alike}
    columns = [
        Column("Model"),
        Column("Sees"),
        Column("n", numeric=True),
        Column("RMSE", unit, numeric=True),
        Column("over seeds", unit),
        Column("over days", unit),
        Column(f"to {naive}" if naive else "to naive", "%", numeric=True),
        Column("95 %", "%"),
        Column("Training", "J", numeric=True),
        Column("95 %", "J"),
        Column("CPU", "s", numeric=True),
        Column("1,000 fc.", "J", numeric=True),
        Column("Front"),
    ]
    rows = [_row(row, chosen, sees(str(row["model"]), models)) for row in standings.to_dict("records")]
    caption = (
        f"Test error, energy and processor time of every model; RMSE with 95 % intervals over seeds and over "
        f"{blocks_text(decisions.blocks)} of days."
    )
    return Table("main", caption, columns, rows, [*_notes(decisions, naive), *notes])


def _row(row: dict[Any, Any], chosen: set[str], seen: str) -> list[Cell]:
    no_fit = row["energy_status"] == Status.NO_FIT
    joules = [row[f"training_j_{part}"] for part in ("mean", "low", "high")]
    change = [100 * row[f"naive_change_{part}"] for part in ("share", "low", "high")]
    front = row["front"]
    return [
        Cell(str(row["model"]), best=row["model"] in chosen),
        Cell(seen),
        Cell(str(row["n"])),
        decimals(row["error"], 4),
        interval(row["seed_low"], row["seed_high"], 4),
        interval(row["day_low"], row["day_high"], 4),
        decimals(change[0], 1),
        interval(change[1], change[2], 1),
        Cell("no fit") if no_fit else significant(joules[0], mark=energy_mark(str(row["energy_status"]))),
        Cell(MISSING) if no_fit else significant_interval(joules[1], joules[2]),
        Cell("no fit") if no_fit else significant(row["cpu_s"]),
        significant(row["forecast_j_mean"], mark=energy_mark(str(row["forecast_status"]))),
        Cell(MISSING if no_fit else "unknown" if pd.isna(front) else "yes" if front else "no"),
    ]


def _notes(decisions: Decisions, naive: str | None) -> list[str]:
    bold = ", ".join(decisions.alike) or "none"
    notes = [
        f"Bold: {decisions.best}, the best on the validation part, and what cannot be distinguished from it there "
        f"and errs at most {100 * MARGIN:.0f} % more ({bold}): {RULE_NOTE}.",
        "Front: no other model is better in both error and training energy. CPU: the training's own processor seconds. "
        "1,000 fc.: a thousand forecasts of one node each.",
        "Interval of Training: over seeds; of closed forms over fits repeated in one process, which differ less than "
        "runs on several occasions do.",
    ]
    notes.append(LETTERS_NOTE)
    if decisions.single:
        notes.append(f"Trained with one seed, so that the spread is unknown: {', '.join(decisions.single)}.")
    if naive:
        notes.append(
            f"to {naive}: change of the RMSE against the best naive model, paired by seeds and days."
        )
    return notes


def sees(model: str, models: Mapping[str, Any]) -> str:
    """The letters of what a model sees; ? if its plug-in does not declare it."""
    seen = seen_by(model, models)
    return "?" if seen is None else "".join(letter for what, letter in LETTERS.items() if what in seen)


def _make(inputs: Inputs) -> Table:
    note = inputs.parameter("note")
    notes = [note] if note else []
    return main_table(
        standings_of(inputs), decisions_of(inputs), inputs.parameter("models") or {}, inputs.unit, *notes
    )


TABLE = TablePart(
    message="Make the main table: error, energy and processor time of every model",
    caption="Every model: test error with intervals, energy, processor time, and the front.",
    inputs=("days", "frontier", "windows", "panel"),
    windows=("epoch", "fit", "forecast"),
    parameters=("note", "controls", "models"),
    make=_make,
)
