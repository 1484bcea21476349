"""Table: time, power, energy, saving and slowdown per GPU clock or power limit, as the choice was made by them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from wattshed.accounts.comparison.clock_means import clock_means
from wattshed.publish.clock_report.curves_figure import time_scale
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import SweptCell, swept_cells
from wattshed.publish.sentences.clock_choice import choice_sentences, knob_title, repeats_words
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    MISSING,
    SIMULATED,
    Cell,
    Column,
    Table,
    decimals,
    interval,
    significant,
    significant_interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE

LAW_NOTE = (
    "All values come from laws of time and power, with deviations from them, that are fitted to the repeats of all "
    "settings: the choice is made by them."
)
MEDIAN_NOTE = (
    "A setting's values are medians over the repeats at it and at settings within 2.5 % of the maximum to either side: "
    "the choice is made by them."
)
SAVED_NOTE = (
    "Saved and slower are relative to the warm maximum; signs are kept. Intervals of "
    "savings hold for all settings together. Unmeasured settings (n = 0) are known by the laws alone and never chosen."
)
RAW_NOTE = (
    "The sweep was refused, so nothing was fitted and no saving is stated: these are raw means over warm repeats, with "
    f"their intervals. {METHOD_NOTE}."
)


def clocks_table(cell: SweptCell) -> Table:
    """The fitted values of a cell's settings, highest first, the recommended one in bold; raw means where the sweep was
    refused. The notes hold verdict, reason and savings."""
    choice = cell.choice
    return _fitted_table(cell, choice) if choice["fitted"] else _raw_table(cell, choice)


def _fitted_table(cell: SweptCell, choice: dict[str, Any]) -> Table:
    mark = SIMULATED if choice["label"] == "simulated" else ""
    fitted = sorted(choice["fitted"], key=lambda row: -row["setting"])
    unit, factor = time_scale(pd.Series([row["time_s"] for row in fitted]))
    rows = [
        [
            Cell(str(row["setting"]), best=row["setting"] == choice["setting"]),
            Cell(str(row["repeats"])),
            significant(factor * row["time_s"], mark=mark),
            significant(row["power_w"], mark=mark),
            significant(row["energy_j"], mark=mark),
            *_share(row, "saving", choice, mark),
            *_share(row, "slowdown", choice, mark),
        ]
        for row in fitted
    ]
    columns = [
        Column(knob_title(choice), choice["unit"], numeric=True),
        Column("n", numeric=True),
        Column("Time", unit, numeric=True),
        Column("Power", "W", numeric=True),
        Column("Energy", "J", numeric=True),
        Column("Saved", "%", numeric=True),
        Column(INTERVAL_TITLE, "%"),
        Column("Slower", "%", numeric=True),
        Column(INTERVAL_TITLE, "%"),
    ]
    notes = [
        *choice_sentences(choice),
        LAW_NOTE if choice["estimator"] == "law" else MEDIAN_NOTE,
        SAVED_NOTE,
    ]
    return Table("clocks", _caption(cell, "fitted values of one run"), columns, rows, notes)


def _share(row: dict[str, Any], name: str, choice: dict[str, Any], mark: str) -> list[Cell]:
    """A share in per cent and its interval; dashes at the maximum, which it is relative to."""
    if row["setting"] == choice["maximum"]:
        return [Cell(MISSING), Cell(MISSING)]
    share, low, high = (100 * row[f"{name}_{end}"] for end in ("share", "low", "high"))
    return [decimals(share, 1, mark=mark), interval(low, high, 1)]


def _raw_table(cell: SweptCell, choice: dict[str, Any]) -> Table:
    mark = SIMULATED if choice["label"] == "simulated" else ""
    frame = clock_means(cell.rows)
    unit, factor = time_scale(frame["time_s_mean"])
    rows = [
        [
            Cell(str(row["setting"])),
            Cell(str(row["n"])),
            significant(factor * row["time_s_mean"], mark=mark),
            significant_interval(factor * row["time_s_low"], factor * row["time_s_high"]),
            significant(row["power_w_mean"], mark=mark),
            significant(row["energy_j_mean"], mark=mark),
            significant_interval(row["energy_j_low"], row["energy_j_high"]),
        ]
        for row in frame.to_dict("records")
    ]
    columns = [
        Column(knob_title(choice), choice["unit"], numeric=True),
        Column("n", numeric=True),
        Column("Time", unit, numeric=True),
        Column(INTERVAL_TITLE, unit),
        Column("Power", "W", numeric=True),
        Column("Energy", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
    ]
    return Table(
        "clocks", _caption(cell, "raw means of one run"), columns, rows, [*choice_sentences(choice), RAW_NOTE]
    )


def _caption(cell: SweptCell, what: str) -> str:
    bold = "; the setting to run at in bold" if cell.choice["fitted"] else ""
    return f"{knob_title(cell.choice)} sweep, {cell.title}: {what}, {repeats_words(cell.rows)}{bold}."


def numbered(tables: Sequence[Table]) -> Table | list[Table]:
    """The only table as it is; several ones with a number in their names."""
    if len(tables) == 1:
        return tables[0]
    return [replace(table, name=f"{table.name}-{place}") for place, table in enumerate(tables, start=1)]


def _make(inputs: Inputs) -> Table | list[Table]:
    """One table per cell, in the order of the files."""
    return numbered([clocks_table(cell) for cell in swept_cells(inputs)])


TABLE = TablePart(
    message="Make the table of clocks",
    caption="Time, power and energy per GPU clock or power limit, and the setting that was chosen.",
    inputs=("sweep", "choice"),
    make=_make,
)
