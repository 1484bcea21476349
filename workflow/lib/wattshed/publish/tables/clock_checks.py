"""Table: the validator's checks of each choice of a clock, one by one."""

from collections.abc import Sequence
from typing import Any

from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.table import CHECK, Cell, Column, Table, spaced_percent
from wattshed.publish.typesetting.table_part import TablePart

NOTE = (
    "An independent program computes every recommendation again from the raw rows. A recommendation passes if all "
    "checks that must hold do; a warning alone does not fail it. What the choice itself does not trust is not judged."
)


def clock_checks_table(validations: Sequence[dict[str, Any]]) -> Table:
    """Check by check, choice by choice. validations: of ``clocks/validation.json``."""
    rows = []
    for validation in validations:
        head = f"{validation['gpu']}, {validation['workload']}: {validation['result']}"
        if not validation["checks"]:
            rows.append(
                [Cell(head), Cell("none"), Cell(""), Cell(spaced_percent(validation["reason"])), Cell("")]
            )
        for place, check in enumerate(validation["checks"]):
            rows.append(
                [
                    Cell(head if place == 0 else "", best=place == 0),
                    Cell(check["name"]),
                    Cell(_result(check)),
                    Cell(spaced_percent(check["found"])),
                    Cell(spaced_percent(check["expected"])),
                ]
            )
    columns = [
        Column("GPU, workload: result", width_cm=3.4),
        Column("Check", width_cm=3.0),
        Column("Result"),
        Column("Found", width_cm=4.2),
        Column("Expected", width_cm=4.6),
    ]
    return Table("clock_checks", _caption(validations), columns, rows, [NOTE, *_notes(validations)])


def _result(check: dict[str, Any]) -> str:
    return CHECK if check["passed"] else "failed" if check["must"] else "warning"


def _caption(validations: Sequence[dict[str, Any]]) -> str:
    counts = {
        words: sum(one["result"] == result for one in validations)
        for result, words in (("pass", "passed"), ("fail", "failed"), ("not judged", "not judged"))
    }
    said = ", ".join(f"{count} {words}" for words, count in counts.items() if count)
    return f"Checks of the choices of clocks, n = {len(validations)} choices: {said}."


def _notes(validations: Sequence[dict[str, Any]]) -> list[str]:
    """Why choices that have checks failed or were not judged."""
    return [
        f"{one['gpu']}, {one['workload']}: {one['result']}, {spaced_percent(one['reason'])}."
        for one in validations
        if one["result"] != "pass" and one["checks"]
    ]


def _make(inputs: Inputs) -> Table:
    return clock_checks_table(inputs.json("validation")["validations"])


TABLE = TablePart(
    message="Make the table of checks of the choices of clocks",
    caption="The checks of each choice of a clock, computed again from the raw rows.",
    inputs=("validation",),
    make=_make,
)
