"""Columns that are times of a day: 0:30 to 0:00, 00:00 to 23:30, h1 to h24, H01 to H24, or 1 to 48."""

import re
from dataclasses import dataclass
from itertools import pairwise

from wattshed.foundation.faults import Fault

CLOCK = re.compile(r"(\d{1,2}):(\d{2})(:00)?")
NUMBERED = re.compile(r"([a-zA-Z][a-zA-Z ]*?)[ _]?(\d{1,3})")
FEWEST = 23
DAY_MIN = 24 * 60


@dataclass(frozen=True)
class DayColumns:
    """Columns of times of a day.

    texts: times such as 0:30, or None where columns are numbered. numbers: of hours or periods, or None. minutes:
    length of an interval [min]; None if the columns do not say it. ends: whether the names can only be ends of
    intervals, since the last one is midnight. bare: whether they are numbers alone, as nodes can be as well.
    """

    places: tuple[int, ...]
    texts: tuple[str, ...] | None
    numbers: tuple[int, ...] | None
    minutes: int | None
    ends: bool = False
    bare: bool = False


def day_columns(header: tuple[str, ...]) -> DayColumns | None:
    """The columns of times of a day in a header; None if there are fewer than 23."""
    clock = {place: found for place, name in enumerate(header) if (found := CLOCK.fullmatch(name))}
    if len(clock) >= FEWEST:
        return _clock_columns(clock)
    for pattern, bare in ((NUMBERED, False), (re.compile(r"()(\d{1,3})"), True)):
        groups: dict[str, dict[int, int]] = {}
        for place, name in enumerate(header):
            if found := pattern.fullmatch(name):
                groups.setdefault(found[1].casefold(), {})[place] = int(found[2])
        for places in groups.values():
            numbers = tuple(places.values())
            counts = numbers == tuple(range(numbers[0], numbers[0] + len(numbers)))
            if counts and len(numbers) >= FEWEST and numbers[0] < 2:
                return DayColumns(tuple(places), None, numbers, _minutes(len(numbers)), bare=bare)
    return None


def _clock_columns(clock: dict[int, re.Match[str]]) -> DayColumns:
    minutes = [60 * int(found[1]) + int(found[2]) for found in clock.values()]
    # Where midnight comes last, it is the end of the day.
    ends = minutes[-1] in (0, DAY_MIN) and minutes[0] > 0
    if ends:
        minutes[-1] = DAY_MIN
    texts = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in minutes)
    steps = {later - earlier for earlier, later in pairwise(minutes)}
    return DayColumns(tuple(clock), texts, None, steps.pop() if len(steps) == 1 else None, ends)


def _minutes(count: int) -> int | None:
    """Length of an interval by the number of columns; one hour more is that of the long day in autumn."""
    for minutes in (60, 30, 15, 10, 5):
        if count in (DAY_MIN // minutes, (DAY_MIN + 60) // minutes, (DAY_MIN - 60) // minutes):
            return minutes
    return None


def number_minutes(columns: DayColumns, resolution_s: int | None, where: str) -> int:
    """Length of the interval that a number counts [min]."""
    stated = resolution_s // 60 if resolution_s else None
    if columns.minutes is None and stated is None:
        raise Fault(
            f"{where}: {len(columns.places)} columns of a day do not say how long each is; expected 24, 48 or 96 of "
            "them: set data.source.resolution."
        )
    if columns.minutes is not None and stated is not None and columns.minutes != stated:
        raise Fault(
            f"{where}: {len(columns.places)} columns of a day are {columns.minutes} min each; expected {stated} "
            "min, as "
            "data.source.resolution says: correct it."
        )
    return stated or columns.minutes or 0
