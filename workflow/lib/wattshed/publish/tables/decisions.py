"""Table: which models are better, not told apart or worse than the one that validation chose."""

from typing import Any

from wattshed.accounts.comparison.decisions import Decisions
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.sentences.winner import single_block, winner_sentence
from wattshed.publish.typesetting.table import (
    MISSING,
    Cell,
    Column,
    Table,
    blocks_text,
    count_text,
    decimals,
    interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.decisions import BLOCK_DAYS, RULE_NOTE

CHOSEN = "chosen"


def decisions_table(decisions: Decisions, unit: str) -> Table:
    """One row per model, least test error first, with both intervals and the outcome of the one rule."""
    error = decisions.error.upper()
    rows = [_row(row, decisions) for row in decisions.frame.to_dict("records")]
    columns = [
        Column("Model"),
        Column("n", "seeds", numeric=True),
        Column("Validation", unit, numeric=True),
        Column("Test", unit, numeric=True),
        Column("over seeds", unit),
        Column("over days", unit),
        Column("to chosen", "%", numeric=True),
        Column("95 % int.", "%"),
        Column("Outcome", width_cm=1.9),
    ]
    caption = (
        f"{error} with its 95 % intervals over seeds ({count_text(decisions.frame['n'])}) and over "
        f"{blocks_text(decisions.blocks)} of {BLOCK_DAYS} days of the test part ({decisions.days} days); the model of "
        "least validation error is bold, and the others are compared with it on the test part."
    )
    notes = [
        winner_sentence(decisions, unit),
        *([single_block()] if decisions.blocks < 2 else []),
        f"Outcome: {RULE_NOTE}. Its interval adds the variances of both, so that the wider one decides; the interval "
        "of a single comparison, which is shown, is not corrected.",
        "Intervals of errors are those of logarithms. A dash over seeds: nothing is random, or one seed was trained.",
    ]
    return Table("decisions", caption, columns, rows, notes)


def _row(row: dict[Any, Any], decisions: Decisions) -> list[Cell]:
    best = row["model"] == decisions.best
    low, high = (100 * row[name] for name in ("change_low", "change_high"))
    return [
        Cell(str(row["model"]), best=best),
        Cell(str(row["n"])),
        decimals(row["validation_error"], 4),
        decimals(row["error"], 4),
        interval(row["seed_low"], row["seed_high"], 4),
        interval(row["day_low"], row["day_high"], 4),
        Cell(MISSING) if best else decimals(100 * row["change_share"], 1),
        interval(low, high, 1),
        Cell(CHOSEN if best else str(row["outcome"])),
    ]


TABLE = TablePart(
    message="Make the table of decisions",
    caption="Which models are better, not told apart or worse than the one that validation chose.",
    inputs=("days", "frontier", "panel"),
    parameters=("controls",),
    make=lambda inputs: decisions_table(decisions_of(inputs), inputs.unit),
)
