"""When the rows of a table are: the rules of its clock, and times of a table that has none."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pandas as pd

from wattshed.data.clock.reading import ClockRules, Instants, read_instants
from wattshed.data.dialects.look import Dialect, Look
from wattshed.data.forms.day_columns import DayColumns, number_minutes
from wattshed.data.forms.names import says_ending
from wattshed.data.forms.roles import ColumnKeys, Roles
from wattshed.data.forms.rows import Rows
from wattshed.data.units import duration_s
from wattshed.foundation.faults import Fault

# Largest number of a period, and the length that it shows [min]; the long day in autumn has one hour more.
PERIODS_MIN = {23: 60, 24: 60, 25: 60, 46: 30, 48: 30, 50: 30, 92: 15, 96: 15, 100: 15}

# 24:00 at the end of a single time; an interval states its start.
DAY_END = r"^\D*\d[^:]*\b24:00(?::00)?$"


class FileKeys(Dialect, ColumnKeys, Protocol):
    """What is read from the settings of the source for one file."""

    @property
    def times_in(self) -> str | None: ...

    @property
    def timezone(self) -> str: ...

    @property
    def dst(self) -> str | None: ...

    @property
    def stamp(self) -> str | None: ...

    @property
    def time_format(self) -> str | None: ...

    @property
    def day_first(self) -> bool | None: ...

    @property
    def hours_from(self) -> int | None: ...

    @property
    def hour_numbers(self) -> str | None: ...

    @property
    def quantity(self) -> str | None: ...

    @property
    def unit(self) -> str: ...


def stated_s(keys: FileKeys) -> int | None:
    """``resolution`` in seconds; None where it is irregular or not stated."""
    return None if keys.resolution in (None, "irregular") else duration_s(keys.resolution or "")


def rules_of(
    keys: FileKeys, look: Look, roles: Roles, number: np.ndarray | None, days: DayColumns | None = None
) -> tuple[ClockRules, tuple[str, ...]]:
    """The rules by which times of a table are read, and notes about what its header decided.

    number: of hours or periods [R]; days: the columns of a table with one row per day.
    """
    ending = [look.header[place] for place in roles.time if says_ending(look.header[place])]
    minutes = _number_minutes(keys, look, number, days)
    stamp = keys.stamp or "start"
    notes: tuple[str, ...] = ()
    if keys.stamp is None and days is not None and days.ends:
        stamp, notes = (
            "end",
            ("The columns of the day end with midnight: they were read as the ends of readings.",),
        )
    elif keys.stamp is None and ending and minutes is None:
        stamp, notes = "end", (f"Times of column {ending[0]!r} were read as the ends of readings.",)
    resolution_s = stated_s(keys)
    if days is not None and days.texts is not None and days.minutes is not None:
        resolution_s = resolution_s or 60 * days.minutes
    rules = ClockRules(
        times_in=keys.times_in or keys.timezone,
        dst=keys.dst,
        stamp=stamp,
        stamp_known=keys.stamp is not None or stamp == "end",
        time_format=keys.time_format,
        day_first=keys.day_first,
        hours_from=keys.hours_from,
        hour_numbers=keys.hour_numbers,
        number_minutes=minutes,
        resolution_s=resolution_s,
        irregular=keys.resolution == "irregular",
    )
    return rules, notes


def midnight_note(times: pd.Series, keys: FileKeys, rules: ClockRules) -> tuple[str, ...]:
    """A note where a day goes to 24:00 and times were read as starts, though ``stamp`` does not say so."""
    if keys.stamp is not None or rules.stamp != "start" or not pd.api.types.is_string_dtype(times):
        return ()
    if not bool(times.str.contains(DAY_END).any()):
        return ()
    return (
        "Days go to 24:00, which is usual for the ends of readings, and times were read as their starts: set "
        "data.source.stamp to end or start.",
    )


def _number_minutes(
    keys: FileKeys, look: Look, number: np.ndarray | None, days: DayColumns | None
) -> int | None:
    """What a number of a column counts [min]; None without numbers."""
    where = str(look.path)
    if days is not None:
        return None if days.numbers is None else number_minutes(days, stated_s(keys), where)
    if number is None or keys.hour_column is not None:
        return None if number is None else 60
    stated = stated_s(keys)
    if stated is not None:
        return stated // 60
    minutes = PERIODS_MIN.get(int(number.max()))
    if minutes is None:
        raise Fault(
            f"{where}: periods up to {number.max()} do not say how long one is; expected 48 or 96 in a day: set "
            "data.source.resolution."
        )
    return minutes


def instants_of(rows: Rows, rules: ClockRules) -> Instants:
    """Instants of rows with times; the columns of times are given up, since they are large."""
    assert rows.time is not None
    time, number = rows.time, rows.number
    rows.time = rows.number = None
    where = str(rows.table.look.path)
    return read_instants(
        time, rows.times, number, rows.node, rows.rows, rules, where, blank_rows(rows.values)
    )


def blank_rows(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Whether rows, given by their places, have no reading at all."""
    return lambda places: np.isnan(values[places].reshape(len(places), -1)).all(axis=1)


def counted(keys: FileKeys, rules: ClockRules, rows: Rows) -> Instants:
    """Instants of rows without times: the first is at ``first_time``, the next one resolution later."""
    count, where = len(rows.rows), str(rows.table.look.path)
    step_s = rules.resolution_s or 0
    if not keys.rows and rows.rows[count - 1] - rows.rows[0] != count - 1:
        raise Fault(
            f"{where}: there are blank lines between rows {rows.rows[0]} and {rows.rows[count - 1]}, whose times are "
            "counted from data.source.first_time; expected a line for each time: delete or fill the blank lines."
        )
    first = pd.Series([keys.first_time], dtype="str")
    code = np.zeros(1, dtype=np.int32)
    if rules.dst is None:
        start = read_instants(code, first, None, None, rows.rows, rules, where)
        if not start.kept[0]:
            raise Fault(
                f"data.source.first_time: {keys.first_time!r} comes twice in {rules.times_in}, whose clock repeats "
                "this hour; expected one instant: add the offset from UTC, such as +01:00."
            )
        seconds = start.seconds[0] + step_s * np.arange(count, dtype=np.int64)
        nothing = np.zeros(count, dtype=bool)
        return Instants(seconds, ~nothing, nothing, step_s, start.notes)
    # A file with 24 rows on every day counts by the clock on the wall.
    try:
        wall = pd.Timestamp(keys.first_time or "")
    except ValueError as error:
        raise Fault(
            f"data.source.first_time: {keys.first_time!r} cannot be read; expected a time such as 2021-01-01 00:00."
        ) from error
    times = pd.Series(wall + pd.to_timedelta(step_s * np.arange(count), unit="s"))
    return read_instants(np.arange(count, dtype=np.int32), times, None, None, rows.rows, rules, where)
