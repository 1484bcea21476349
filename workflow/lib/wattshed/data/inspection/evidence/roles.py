"""What each column of a table is for, and so which form the table has."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from wattshed.data.dialects.missing import TEXTS
from wattshed.data.forms.day_columns import day_columns
from wattshed.data.inspection.evidence.cells import Signs, numbers_of, signs_of
from wattshed.data.inspection.evidence.sample import Sample
from wattshed.data.inspection.evidence.time_cells import TimeCells, read_times
from wattshed.data.inspection.evidence.words import (
    CALENDAR,
    DATE_PARTS,
    HOUR,
    NODE,
    OTHER,
    PERIOD,
    TIME,
    VALUE,
    is_exactly,
    means,
    tokens,
)

LOOKED_AT_ROWS, LOOKED_AT_CELLS, LEAST_ROWS = 5000, 150_000, 300
LEAST_IN_DAY, MOST_IN_DAY = 21, 300


@dataclass(frozen=True)
class Column:
    """times: of unique texts, where they name times. numeric_share: of cells that are not missing."""

    name: str
    unique: int
    numeric_share: float
    times: TimeCells | None = None
    whole: bool = False
    low: float = np.nan
    high: float = np.nan
    known_share: float = 1.0


@dataclass(frozen=True)
class Roles:
    """Columns by role. values: columns of readings, of form `days` the times of day. left: columns of other things."""

    form: str
    time: tuple[str, ...]
    node: str | None = None
    hour: str | None = None
    period: str | None = None
    values: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    signs: Signs = field(default_factory=Signs)
    columns: dict[str, Column] = field(default_factory=dict)
    other_values: tuple[str, ...] = ()


def describe(name: str, cells: pd.Series, signs: Signs, rows: int = LOOKED_AT_ROWS) -> Column:
    """What the first rows of a column hold."""
    some = cells.iloc[:rows]
    known = some[~some.str.lower().isin(TEXTS).to_numpy(bool)]
    texts = list(dict.fromkeys(known))
    numbers = numbers_of(known, signs)
    share = float(numbers.notna().mean()) if len(known) else 0.0
    finite = numbers.dropna()
    whole = bool(len(finite)) and bool((finite % 1 == 0).all())
    named = means(name, TIME)
    times = read_times(texts) if share < 0.5 or named or name == "" else None
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (np.nan, np.nan)
    return Column(name, len(texts), share, times, whole, low, high, len(known) / max(1, len(some)))


def find_roles(sample: Sample, overlapping: bool, given: dict[str, object]) -> Roles:
    """The roles of a table's columns.

    overlapping: whether there are several files of the same time. given: keys that the user has decided.
    """
    signs = _signs(sample, given)
    # Of tables with very many columns, a few hundred rows show what each is.
    rows = min(LOOKED_AT_ROWS, max(LEAST_ROWS, LOOKED_AT_CELLS // len(sample.columns)))
    columns = {name: describe(name, cells, signs, rows) for name, cells in sample.columns.items()}
    of_day = day_columns(sample.look.header)
    with_clock = any(column.times is not None and column.times.kind != "date" for column in columns.values())
    if of_day is not None and given.get("form") in (None, "days") and not with_clock:
        names = list(columns)
        return _days(sample, columns, [names[place] for place in of_day.places], signs)
    time, hour, period = _time_columns(columns, sample)
    used = {*time, hour, period, *(name for name in list(columns)[:1] if _numbers_rows(name, sample))}
    rest = [name for name in columns if name not in used]
    node = _node_column(sample, columns, rest, time, hour or period)
    # A column without readings in most cells may still be a node of a wide table.
    numeric = [
        name
        for name in rest
        if name != node
        and not is_exactly(name, CALENDAR)
        and (columns[name].numeric_share > 0.5 or (node is None and not columns[name].unique))
    ]
    left = tuple(name for name in rest if name != node and name not in numeric)
    load = [name for name in numeric if not OTHER.search(name) or is_exactly(name, VALUE)]
    others = tuple(name for name in numeric if name not in load)
    if node is not None:
        return Roles("long", time, node, hour, period, tuple(load), left, signs, columns, others)
    form = "series" if overlapping else "wide"
    return Roles(form, time, None, hour, period, tuple(load), left, signs, columns, others)


def _numbers_rows(name: str, sample: Sample) -> bool:
    """Whether a first column without a name only numbers the rows, as an index that was written with the table does."""
    cells = sample.columns[name].iloc[:100]
    if name not in ("", "Unnamed: 0", "index") or not cells.str.fullmatch(r"\d+").all():
        return False
    numbers = cells.astype(int).to_numpy()
    return bool((np.diff(numbers) == 1).all()) and numbers[0] in (0, 1)


def _signs(sample: Sample, given: dict[str, object]) -> Signs:
    if given.get("decimal") is not None or given.get("thousands") is not None:
        decimal, thousands = given.get("decimal"), given.get("thousands")
        return Signs(str(decimal) if decimal else None, str(thousands) if thousands else None)
    columns = [
        list(dict.fromkeys(cells.iloc[:LOOKED_AT_ROWS]))
        for name, cells in list(sample.columns.items())[:60]
        if not means(name, TIME)
    ]
    return signs_of(columns, sample.look.separator)


def _days(sample: Sample, columns: dict[str, Column], days: list[str], signs: Signs) -> Roles:
    rest = [name for name in columns if name not in days]
    time, _, _ = _time_columns({name: columns[name] for name in rest})
    rest = [name for name in rest if name not in time]
    nodes = [name for name in rest if is_exactly(name, NODE)] or [name for name in rest if means(name, NODE)]
    node = nodes[0] if nodes else _telling_apart(sample, columns, rest, time)
    left = tuple(name for name in rest if name != node)
    return Roles("days", time, node, values=tuple(days), left=left, signs=signs, columns=columns)


def _time_columns(
    columns: dict[str, Column], sample: Sample | None = None
) -> tuple[tuple[str, ...], str | None, str | None]:
    """Columns that are joined to times; a column of hour numbers; one of period numbers."""
    by_kind: dict[str, list[str]] = {}
    for name, column in columns.items():
        if column.times is not None:
            by_kind.setdefault(column.times.kind, []).append(name)
    numbers = [
        n for n, c in columns.items() if c.times is None and c.whole and c.low >= 0 and c.high <= MOST_IN_DAY
    ]
    # One of several: first the unambiguous count of seconds, then the one whose name says time.
    for kind in ("unix", "unix_ms", "interval", "time"):
        if names := sorted(by_kind.get(kind, ()), key=lambda name: not means(name, TIME)):
            return (names[0],), None, None
    dates, clocks = by_kind.get("date", []), by_kind.get("of_day", [])
    if dates and clocks:
        return (dates[0], clocks[0]), None, None
    parts = _date_parts(columns)
    date = (dates[0],) if dates else parts if len(parts) == 3 else ()
    if clocks and date:
        return (*date, clocks[0]), None, None
    hour = next((n for n in numbers if is_exactly(n, HOUR) and columns[n].high <= 25), None)
    period = next((n for n in numbers if means(n, PERIOD) and columns[n].low >= 1), None)
    if date and hour is None and period is None:
        hour = next((n for n in numbers if means(n, HOUR) and columns[n].high <= 25 and n not in date), None)
    if date and hour is not None:
        return date, hour, None
    if date and period is not None:
        return date, None, period
    if (
        date
        and sample is not None
        and (counting := _counts_in_day(sample, columns, date, numbers)) is not None
    ):
        return (date, counting, None) if columns[counting].high <= 25 else (date, None, counting)
    if date:
        return date, None, None
    return (), hour, period


def _counts_in_day(
    sample: Sample, columns: dict[str, Column], date: tuple[str, ...], numbers: list[str]
) -> str | None:
    """A column that counts the parts of each day: from 0 or 1 to 23, 24, 48, ..., each number on nearly each day."""
    days = pd.DataFrame({name: sample.columns[name].iloc[:LOOKED_AT_ROWS] for name in date})
    for name in numbers:
        low, high = columns[name].low, columns[name].high
        if name in date or low not in (0, 1) or high - low < LEAST_IN_DAY:
            continue
        counts = days.assign(part=sample.columns[name]).groupby(list(date))["part"].nunique()
        if float((counts >= 0.9 * (high - low)).mean()) > 0.5:
            return name
    return None


def _date_parts(columns: dict[str, Column]) -> tuple[str, ...]:
    found = []
    for part in DATE_PARTS:
        names = [
            n
            for n, c in columns.items()
            if c.whole and DATE_PARTS[part] & set(tokens(n)) and len(tokens(n)) == 1
        ]
        found += names[:1]
    return tuple(found)


def _node_column(
    sample: Sample, columns: dict[str, Column], rest: list[str], time: tuple[str, ...], number: str | None
) -> str | None:
    """The column whose text names the node of a row: one by name, or one under which times stop repeating."""
    keys = [*time, *([number] if number else [])]
    if not time:
        return next((name for name in rest if is_exactly(name, NODE) and _is_name(columns[name])), None)
    frame = pd.DataFrame({key: sample.columns[key] for key in keys}).iloc[: 20 * LOOKED_AT_ROWS]
    repeats = float(frame.duplicated().mean())
    for exact in (is_exactly, means):
        for name in rest:
            several = columns[name].numeric_share < 0.5 or columns[name].whole
            if exact(name, NODE) and several and not is_exactly(name, VALUE) and _is_name(columns[name]):
                return name
    if repeats < 0.2:
        return None
    return _telling_apart(sample, columns, rest, tuple(keys))


def _telling_apart(
    sample: Sample, columns: dict[str, Column], rest: list[str], keys: tuple[str, ...]
) -> str | None:
    """The column of names or whole numbers under which times stop repeating; None if none is."""
    frame = pd.DataFrame({key: sample.columns[key] for key in keys}).iloc[: 20 * LOOKED_AT_ROWS]
    if frame.empty or not frame.duplicated().any():
        return None
    best, least = None, float(frame.duplicated().mean())
    for name in rest:
        if columns[name].numeric_share > 0.5 and not columns[name].whole:
            continue
        left = float(frame.assign(node=sample.columns[name].iloc[: len(frame)]).duplicated().mean())
        if left < least / 4:
            best, least = name, left
    return best


def _is_name(column: Column) -> bool:
    """Whether the texts repeat from row to row, as names of nodes do and readings do not."""
    return column.unique > 0 and (
        column.numeric_share < 0.5 or (column.whole and column.unique < LOOKED_AT_ROWS / 5)
    )
