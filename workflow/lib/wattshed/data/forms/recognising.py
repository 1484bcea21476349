"""Which form a table has, and the roles of its columns in it."""

import re

from wattshed.data.dialects.look import Look
from wattshed.data.forms.day_columns import day_columns
from wattshed.data.forms.names import CALENDAR, TIME, VALUE, plain, shown
from wattshed.data.forms.roles import (
    ColumnKeys,
    Roles,
    matching,
    node_place,
    number_places,
    row_texts,
    time_places,
    value_place,
)
from wattshed.foundation.faults import Fault

NOT_NODES = TIME | CALENDAR
NUMERIC = re.compile(r"[+-]?[\d.,' ]*\d[\d.,eE+-]*")


def recognise(look: Look, keys: ColumnKeys, several_files: bool) -> tuple[str, Roles]:
    """Form and roles of a table. Raises :class:`Fault`, naming the key that decides, where two can be meant."""
    time = time_places(look, keys)
    numbers = number_places(look, keys)
    rows = row_texts(look, keys)
    used = [*time, *numbers, *(place for place, _ in rows)]
    number = numbers[0] if numbers else None
    form = keys.form or _form(look, keys, used, several_files)
    if form == "days":
        return form, _days(look, keys, time, rows, used)
    if form == "wide":
        return form, Roles(time, number, None, tuple(_nodes(look, keys, used)), rows)
    node = node_place(look, keys, used) if form == "long" else None
    if form == "long" and node is None:
        raise Fault(
            f"{look.path}: row {look.header_row}: no column of the header ({shown(look.header)}) has a usual name of "
            "nodes, such as node or meter; expected one: set data.source.node_column, or data.source.form."
        )
    value = value_place(look, keys, [*used, *(() if node is None else (node,))])
    return form, Roles(time, number, node, (value,), rows)


def _form(look: Look, keys: ColumnKeys, used: list[int], several_files: bool) -> str:
    """The form that the header shows."""
    of_day = day_columns(look.header)
    dates_only = bool(look.rows) and used and not any(":" in row[used[0]] for row in look.rows)
    if of_day is not None and dates_only and keys.columns is None:
        if of_day.bare:
            raise Fault(
                f"{look.path}: row {look.header_row}: columns 1, 2, 3, ... can be nodes or times of a day; "
                "expected to "
                "know which: set data.source.form to wide or days."
            )
        return "days"
    if keys.columns is not None or keys.first_time is not None:
        return "wide"
    if keys.node_pattern is not None:
        return "series"
    node = node_place(look, keys, used)
    left = [place for place, name in enumerate(look.header) if name and place not in (*used, node)]
    readings = [
        place for place in left if plain(look.header[place]) in VALUE or keys.value_column is not None
    ]
    if node is not None:
        numeric = [place for place in left if _numeric(look, place)]
        if readings or keys.node_column is not None or len(numeric) <= 1 or not _numeric(look, node):
            return "long"
        raise Fault(
            f"{look.path}: row {look.header_row}: column {look.header[node]!r} can hold names of nodes or be a node "
            "itself; expected to know which: set data.source.form to long or wide."
        )
    if keys.value_column is not None:
        _refuse_texts(look, [place for place in left if look.header[place] != keys.value_column.strip()])
        return "series"
    nodes = _nodes(look, keys, used)
    if len(nodes) == 1 and several_files:
        raise Fault(
            f"{look.path}: row {look.header_row}: {look.header[nodes[0]]!r} is the only column of readings of "
            "several "
            "files; expected to know whether each file is one node or a part of one table: set data.source.form to "
            "series or wide."
        )
    return "series" if len(nodes) == 1 and plain(look.header[nodes[0]]) in VALUE else "wide"


def _refuse_texts(look: Look, places: list[int]) -> None:
    """A column of texts beside the readings can name the nodes."""
    for place in places:
        filled = any(row[place].strip() for row in look.rows)
        if filled and not _numeric(look, place):
            raise Fault(
                f"{look.path}: row {look.header_row}: column {look.header[place]!r} can hold the names of nodes; "
                "expected to know whether it does: set data.source.node_column to it, or data.source.form to series "
                "if each file is one node."
            )


def _numeric(look: Look, place: int) -> bool:
    cells = [row[place].strip() for row in look.rows if row[place].strip()]
    return bool(cells) and sum(NUMERIC.fullmatch(cell) is not None for cell in cells) * 2 > len(cells)


def _nodes(look: Look, keys: ColumnKeys, used: list[int]) -> list[int]:
    """Columns of a wide table that are nodes."""
    excluded = set(matching(look, keys.exclude, "exclude"))
    if keys.columns is not None:
        nodes = [place for place in matching(look, keys.columns, "columns") if place not in excluded]
    else:
        nodes = [place for place in range(len(look.header)) if place not in excluded and place not in used]
        nodes = [
            place
            for place in nodes
            if not (look.header[place] in ("", "Unnamed: 0") and _counts(look, place))
        ]
        for place in nodes:
            name = look.header[place]
            if not name:
                raise Fault(
                    f"{look.path}: row {look.header_row}: column {place + 1} has no name; expected a name for each "
                    "node: name it, or list the nodes in data.source.columns."
                )
            if plain(name) in NOT_NODES:
                raise Fault(
                    f"{look.path}: row {look.header_row}: column {name!r} has the name of a part of the calendar, "
                    "not of a node; expected only nodes: list it in data.source.exclude, or the nodes in "
                    "data.source.columns; set data.source.hour_column or period_column to it if it numbers them."
                )
    taken = [place for place in nodes if place in used]
    if taken:
        raise Fault(
            f"{look.path}: row {look.header_row}: column {look.header[taken[0]]!r} cannot be a node and a time as "
            "well: correct data.source.columns."
        )
    if not nodes:
        raise Fault(
            f"{look.path}: row {look.header_row}: no column is left for nodes in the header ({shown(look.header)}); "
            "expected a column of times and one column for each node: correct data.source.form, columns or separator."
        )
    return nodes


def _counts(look: Look, place: int) -> bool:
    """Whether a column only numbers the rows, as an index that was written with the table does."""
    cells = [row[place].strip() for row in look.rows]
    return (
        bool(cells)
        and cells[0].isdecimal()
        and cells == [str(int(cells[0]) + row) for row in range(len(cells))]
    )


def _days(
    look: Look,
    keys: ColumnKeys,
    time: tuple[int, ...],
    rows: tuple[tuple[int, frozenset[str]], ...],
    used: list[int],
) -> Roles:
    columns = day_columns(look.header)
    if columns is None:
        raise Fault(
            f"{look.path}: row {look.header_row}: the header ({shown(look.header)}) has no columns for the times "
            "of a "
            "day; expected some such as 0:30 to 0:00, h1 to h24, or 1 to 48: correct data.source.form."
        )
    node = node_place(look, keys, [*used, *columns.places])
    return Roles(time, None, node, columns.places, rows)
