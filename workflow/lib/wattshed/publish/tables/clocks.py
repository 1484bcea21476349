"""Table: time and energy per GPU clock, and the clock that was chosen."""

from dataclasses import replace
from typing import Any

import pandas as pd

from wattshed.accounts.comparison.clock_means import clock_means
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import swept_cells
from wattshed.publish.sentences.clock_choice import choice_sentences, gpu_name
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    MISSING,
    SIMULATED,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
    significant,
    significant_interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE

LAW_NOTE = (
    "Time and energy are means of a clock's own repeats. Saving and slowdown come from a law of time and power that is "
    "fitted to the repeats of all clocks: the choice is made by the fitted values."
)
SAVED_NOTE = "Intervals of savings are the bootstrap's and hold for all clocks together."


def clocks_table(sweep: pd.DataFrame, choice: dict[str, Any]) -> Table:
    """The warm repeats of a sweep with the chosen clock in bold; the notes hold verdict, reason and savings.

    sweep: one file ``clocks/*sweep.parquet``; choice: the choice that belongs to it.
    """
    frame = clock_means(sweep)
    fitted = {row["setting"]: row for row in choice["fitted"] if row["setting"] < choice["maximum"]}
    mark = SIMULATED if choice["label"] == "simulated" else ""
    rows = [
        [
            Cell(str(row["setting"]), best=bool(row["setting"] == choice["setting"])),
            Cell(str(row["n"])),
            significant(1000 * row["time_s_mean"], mark=mark),
            significant_interval(1000 * row["time_s_low"], 1000 * row["time_s_high"]),
            significant(row["energy_j_mean"], mark=mark),
            significant_interval(row["energy_j_low"], row["energy_j_high"]),
            *_fitted(fitted.get(row["setting"]), mark),
        ]
        for row in frame.to_dict("records")
    ]
    columns = [
        Column("SM clock", "MHz", numeric=True),
        Column("n", numeric=True),
        Column("Time", "ms", numeric=True),
        Column(INTERVAL_TITLE, "ms"),
        Column("Energy", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
        Column("Saved, fitted" if choice["estimator"] == "law" else "Saved", "%", numeric=True),
        Column(INTERVAL_TITLE, "%"),
    ]
    caption = (
        f"GPU clock sweep of {choice['workload']} on {gpu_name(choice)}: one call, mean over "
        f"{count_text(frame['n'])} warm repeats per clock; the recommended clock in bold."
    )
    notes = choice_sentences(choice)
    if choice["estimator"] == "law" and choice["saving_share"] is not None:
        notes.append(LAW_NOTE)
    notes += [SAVED_NOTE, f"{METHOD_NOTE}; of time and energy over repeats."]
    return Table("clocks", caption, columns, rows, notes)


def _fitted(row: dict[str, float] | None, mark: str) -> list[Cell]:
    """The fitted saving and its interval; dashes at the maximum, which it is relative to."""
    if row is None:
        return [Cell(MISSING), Cell(MISSING)]
    share, low, high = (100 * row[f"saving_{end}"] for end in ("share", "low", "high"))
    return [decimals(share, 1, mark=mark), interval(low, high, 1)]


def _make(inputs: Inputs) -> Table | list[Table]:
    """One table per cell, in the order of the files."""
    tables = [clocks_table(cell.rows, cell.choice) for cell in swept_cells(inputs)]
    if len(tables) == 1:
        return tables[0]
    return [replace(table, name=f"{table.name}-{place}") for place, table in enumerate(tables, start=1)]


TABLE = TablePart(
    message="Make the table of clocks",
    caption="Time and energy per GPU clock, and the clock that was chosen.",
    inputs=("sweep", "choice"),
    make=_make,
)
