"""Tables: claims of source documents against what this study measured, one table per topic."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from wattshed.accounts.claims.claim import Topic, Verdict
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.sentences.claims import claims_sentence
from wattshed.publish.typesetting.table import MISSING, Cell, Column, Table, significant, significant_interval
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.decisions import PAIRED_NOTE
from wattshed.statistics.geometric import GEOMETRIC_NOTE

RULE_NOTE = (
    "A claim holds if the whole 95 % interval meets it, and does not hold if the whole interval misses it; else it is "
    "undecided. Counted bytes have no interval: their range over the measured cells takes its place. Changes are "
    "against the base model of the same seed, or against the control. Verdicts are not corrected for the number of "
    "claims: of many, a few may hold by chance."
)
KIND_NOTE = (
    "Trainings of models that go through chains are compared at equal validation error, with this study's recipe; "
    "techniques of training, in whole trainings of models that differ in them alone."
)
RANGE_NOTE = (
    "A claimed range of savings or speed-ups counts as its lower end: at least; a number must lie within it."
)
ALONE_NOTE = "Times and sizes alone: errors are in the next table."
ENGINES_NOTE = (
    "Where two back ends are named, each checkpoint runs on the fastest one that takes it; the setting engine: torch "
    "compares all on one."
)
COLUMNS = [
    Column("Claim", width_cm=3.3),
    Column("Claimed", width_cm=1.3),
    Column("Measured", width_cm=4.7),
    Column("Value", width_cm=1.3),
    Column("95 % interval"),
    Column("n", numeric=True),
    Column("Verdict", width_cm=1.4),
]


def claims_tables(claims: pd.DataFrame, note: str = "") -> list[Table]:
    """One table per topic that has claims, in the order of the documents. claims: ``claims.parquet``."""
    tables = []
    for topic in Topic:
        rows = claims[claims["topic"] == topic]
        if rows.empty:
            continue
        count = rows.groupby(["source", "claim"]).ngroups
        caption = f"Claims on {topic} against what this study measured: n = {count} claims."
        tables.append(
            Table(
                f"claims_{topic.name.lower()}",
                caption,
                COLUMNS,
                claim_rows(rows),
                _notes(claims, topic, note),
            )
        )
    return tables


def _notes(claims: pd.DataFrame, topic: Topic, note: str) -> list[str]:
    notes = [RULE_NOTE]
    if topic == Topic.ENERGY:
        notes = [claims_sentence(claims), RULE_NOTE]
    if topic in (Topic.ENERGY, Topic.TIME_AND_SIZE):
        notes += [RANGE_NOTE, KIND_NOTE, ENGINES_NOTE]
        notes.append(f"{GEOMETRIC_NOTE[0].upper()}{GEOMETRIC_NOTE[1:]}; the same for times and sizes.")
    if topic == Topic.TIME_AND_SIZE and (claims["topic"] == Topic.ERRORS).any():
        notes.append(ALONE_NOTE)
    if topic == Topic.ERRORS:
        notes.append(f"Intervals of changes of errors: {PAIRED_NOTE}; n counts seeds.")
    return [*notes, note] if note else notes


def claim_rows(claims: pd.DataFrame) -> list[list[Cell]]:
    """The claim itself only in its first row."""
    rows, before = [], None
    for row in claims.to_dict("records"):
        key = (row["source"], row["claim"])
        about = [Cell(f"{row['says']} ({row['document']}, {row['place']})"), Cell(str(row["claimed"]))]
        rows.append([*(about if key != before else [Cell(""), Cell("")]), *_measured(row)])
        before = key
    return rows


def _measured(row: dict[Hashable, Any]) -> list[Cell]:
    verdict = Cell(str(row["verdict"]), best=row["verdict"] == Verdict.HOLDS)
    if row["verdict"] == Verdict.NOT_MEASURED:
        return [Cell(str(row["reason"])), *[Cell(MISSING)] * 3, verdict]
    of, value = Cell(f"{row['of']}; {row['where']}"), significant(row["mean"])
    if row["unit"]:
        value = Cell(f"{value.text} {row['unit']}")
    if row["n"] == 1 and row["low"] == row["high"]:
        # Counted or calculated: without spread.
        return [of, value, Cell(MISSING), Cell(MISSING), verdict]
    return [of, value, significant_interval(row["low"], row["high"]), Cell(str(row["n"])), verdict]


def _make(inputs: Inputs) -> list[Table]:
    return claims_tables(inputs.frame("claims"), str(inputs.parameter("note") or ""))


TABLE = TablePart(
    message="Make the table of claims",
    caption="Claims of source documents against what this study measured.",
    inputs=("claims",),
    parameters=("note",),
    make=_make,
)
