"""The readings of one file: whose, when in UTC, and how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wattshed.data.clock.reading import Instants, read_instants
from wattshed.data.dialects.missing import missing_cells
from wattshed.data.dialects.numbers import NumberReader
from wattshed.data.dialects.opening import open_table
from wattshed.data.forms.day_rows import melt
from wattshed.data.forms.file_names import node_of_file
from wattshed.data.forms.header_units import refuse_other_unit
from wattshed.data.forms.recognising import recognise
from wattshed.data.forms.roles import Roles
from wattshed.data.forms.rows import RowReader, Rows
from wattshed.data.forms.timing import FileKeys, blank_rows, counted, instants_of, midnight_note, rules_of


@dataclass
class Readings:
    """R rows of one file.

    node: int32 [R], codes of ``nodes``; None where each row holds all of them. instants: when [R]. values: [R], or
    [R, nodes]. rows: row numbers for messages. ends: whether times named the ends of readings. of_file: whether the
    one node has the name of its file.
    """

    path: Path
    form: str
    nodes: list[str]
    node: np.ndarray | None
    instants: Instants
    values: np.ndarray
    rows: Sequence[int]
    ends: bool
    notes: tuple[str, ...]
    of_file: bool = False


def read_file(path: Path, keys: FileKeys, several_files: bool) -> Readings:
    """Readings of the file at ``path``. Raises :class:`Fault`, with the row, for any error in it."""
    table = open_table(path, keys)
    form, roles = recognise(table.look, keys, several_files)
    refuse_other_unit(table.look, roles, form, keys.unit)
    numbers = NumberReader(
        keys.decimal, keys.thousands, missing_cells(keys.missing), table.look.separator, str(path)
    )
    # Differences of a register that has counted for years need all digits.
    kind = np.float64 if keys.quantity == "register" else np.float32
    rows = RowReader(table, roles, numbers, kind).read()
    if form == "days":
        return _of_days(path, keys, rows)
    rules, notes = rules_of(keys, table.look, roles, rows.number)
    instants = counted(keys, rules, rows) if rows.time is None else instants_of(rows, rules)
    if rows.times is not None:
        notes += midnight_note(rows.times, keys, rules)
    nodes, values = rows.nodes, rows.values
    if form == "wide":
        nodes = [table.look.header[place] for place in roles.values]
    elif form == "series":
        nodes = [node_of_file(path, keys.node_pattern)]
    if form != "long":
        values = values.reshape(len(values), -1)
    ends, notes = rules.stamp == "end", (*notes, *instants.notes)
    return Readings(path, form, nodes, rows.node, instants, values, rows.rows, ends, notes, form == "series")


def _of_days(path: Path, keys: FileKeys, rows: Rows) -> Readings:
    cells = melt(rows)
    rules, notes = rules_of(keys, rows.table.look, Roles((), None, None, ()), None, cells.columns)
    nodes, node = rows.nodes, cells.node
    of_file = node is None
    if node is None:
        nodes, node = [node_of_file(path, keys.node_pattern)], np.zeros(len(cells.values), dtype=np.int32)
    instants = read_instants(
        cells.time, cells.times, cells.number, node, cells.rows, rules, str(path), blank_rows(cells.values)
    )
    ends, notes = rules.stamp == "end", (*notes, *instants.notes)
    return Readings(path, "days", nodes, node, instants, cells.values, cells.rows, ends, notes, of_file)
