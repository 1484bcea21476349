"""Which column is which: by the keys of the config, else by usual names, else refused with the key that decides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Protocol

from wattshed.data.dialects.look import Look
from wattshed.data.forms.names import NODE, TIME, VALUE, plain, shown
from wattshed.foundation.faults import Fault

DATE_PARTS = ("year", "month", "day")


class ColumnKeys(Protocol):
    """What is read from the settings of the source about columns."""

    @property
    def form(self) -> str | None: ...

    @property
    def time_column(self) -> str | list[str] | None: ...

    @property
    def hour_column(self) -> str | None: ...

    @property
    def period_column(self) -> str | None: ...

    @property
    def first_time(self) -> str | None: ...

    @property
    def node_column(self) -> str | None: ...

    @property
    def value_column(self) -> str | None: ...

    @property
    def node_pattern(self) -> str | None: ...

    @property
    def columns(self) -> list[str] | None: ...

    @property
    def exclude(self) -> list[str]: ...

    @property
    def rows(self) -> dict[str, str | list[str]]: ...

    @property
    def resolution(self) -> str | None: ...


@dataclass(frozen=True)
class Roles:
    """Places of the columns in the header.

    time: joined in this order; empty for a file without times. number: hours or periods of the day. node: None where a
    row holds all nodes, or the file is one. values: one, or one for each node (wide) or time of day (days). rows:
    columns with the texts that a row must have there.
    """

    time: tuple[int, ...]
    number: int | None
    node: int | None
    values: tuple[int, ...]
    rows: tuple[tuple[int, frozenset[str]], ...] = field(default=())


def column(look: Look, name: str, key: str) -> int:
    """Place of the column that a key of the config names: exactly, or without regard to case."""
    wanted = name.strip()
    if wanted in look.header:
        return look.header.index(wanted)
    alike = [place for place, one in enumerate(look.header) if one.casefold() == wanted.casefold()]
    if len(alike) == 1:
        return alike[0]
    raise Fault(
        f"{look.path}: row {look.header_row}: no column {wanted!r} in the header ({shown(look.header)}); expected "
        f"the column that data.source.{key} names: correct the key or the header, or set data.source.skip_rows if the "
        "header is further down."
    )


def alias(look: Look, names: frozenset[str], used: Iterable[int], key: str) -> int | None:
    """Place of the one column that has a usual name of a role; None if none has. Refused where two have."""
    taken = set(used)
    found = [place for place, name in enumerate(look.header) if place not in taken and plain(name) in names]
    if len(found) > 1:
        first, second = (look.header[place] for place in found[:2])
        joined = (
            f", or to both as a list if they belong together ([{first}, {second}])"
            if key == "time_column"
            else ""
        )
        raise Fault(
            f"{look.path}: row {look.header_row}: both columns {first!r} and {second!r} can be meant; expected "
            "one: set "
            f"data.source.{key} to one of them{joined}."
        )
    return found[0] if found else None


def time_places(look: Look, keys: ColumnKeys) -> tuple[int, ...]:
    """Columns of the time; empty where the file has none and ``first_time`` says when it starts."""
    if keys.time_column is not None:
        named = [keys.time_column] if isinstance(keys.time_column, str) else keys.time_column
        return tuple(column(look, name, "time_column") for name in named)
    if keys.first_time is not None:
        return ()
    used = [*number_places(look, keys), *(place for place, _ in row_texts(look, keys))]
    used += [column(look, name, key) for name, key in named_columns(keys)]
    found = alias(look, TIME, used, "time_column")
    by_name = {plain(name): place for place, name in enumerate(look.header) if place not in used}
    if found is None and all(part in by_name for part in DATE_PARTS):
        return tuple(by_name[part] for part in DATE_PARTS)
    if found is None and look.header[0] == "":
        found = 0  # The index of pandas or R, which tables of one column per node have.
    if found is None and len(look.header) == 1:
        raise Fault(
            f"{look.path}: row {look.header_row}: the header ({shown(look.header)}) is one cell; expected columns of "
            "times and readings between commas, semicolons, tabs or bars: set data.source.separator (such as a blank), "
            "or data.source.skip_rows if the header is further down."
        )
    if found is None:
        raise Fault(
            f"{look.path}: row {look.header_row}: no column of the header ({shown(look.header)}) has a usual name of "
            "times, such as time or timestamp; expected one: set data.source.time_column (or "
            "data.source.first_time for "
            "a file without times), or data.source.skip_rows if the header is further down."
        )
    return (found,)


def named_columns(keys: ColumnKeys) -> list[tuple[str, str]]:
    """Columns that keys give the roles of node and reading, with the keys."""
    pairs = [(keys.node_column, "node_column"), (keys.value_column, "value_column")]
    return [(name, key) for name, key in pairs if name is not None]


def number_places(look: Look, keys: ColumnKeys) -> list[int]:
    """The column of hours or periods, if the config names one."""
    pairs = [(keys.hour_column, "hour_column"), (keys.period_column, "period_column")]
    return [column(look, name, key) for name, key in pairs if name is not None]


def row_texts(look: Look, keys: ColumnKeys) -> tuple[tuple[int, frozenset[str]], ...]:
    """Columns of ``rows`` with the texts that are read."""
    return tuple(
        (
            column(look, name, "rows"),
            frozenset(one.strip() for one in ([texts] if isinstance(texts, str) else texts)),
        )
        for name, texts in keys.rows.items()
    )


def node_place(look: Look, keys: ColumnKeys, used: Sequence[int]) -> int | None:
    if keys.node_column is not None:
        return column(look, keys.node_column, "node_column")
    value = [column(look, keys.value_column, "value_column")] if keys.value_column is not None else []
    return alias(look, NODE, [*used, *value], "node_column")


def value_place(look: Look, keys: ColumnKeys, used: Sequence[int]) -> int:
    """The column of readings: named, or with a usual name, or the only one that is left."""
    if keys.value_column is not None:
        return column(look, keys.value_column, "value_column")
    found = alias(look, VALUE, used, "value_column")
    left = [place for place in range(len(look.header)) if place not in used and look.header[place]]
    if found is None and len(left) == 1:
        found = left[0]
    if found is None:
        raise Fault(
            f"{look.path}: row {look.header_row}: no column of the header ({shown(look.header)}) has a usual name of "
            "readings, such as value or kWh; expected one: set data.source.value_column, or data.source.form if the "
            "table has one column for each node."
        )
    return found


def matching(look: Look, patterns: Sequence[str], key: str) -> list[int]:
    """Columns that names or patterns name, in the order of the header. Refused where one names none."""
    found: set[int] = set()
    for pattern in patterns:
        wanted = pattern.strip()
        matches = [place for place, name in enumerate(look.header) if name == wanted] or [
            place for place, name in enumerate(look.header) if name and fnmatchcase(name, wanted)
        ]
        if not matches:
            raise Fault(
                f"{look.path}: row {look.header_row}: no column {wanted!r} in the header ({shown(look.header)}); "
                f"expected a column for each name or pattern of data.source.{key}: correct the key."
            )
        found.update(matches)
    return sorted(found)
