"""Numbers of hours or of settlement periods within a local day, as labels of the clock or as instants."""

from dataclasses import dataclass

import numpy as np

from wattshed.data.clock.places import Places
from wattshed.data.clock.rules import ClockRules
from wattshed.data.clock.zones import Change, changes, meanings
from wattshed.foundation.faults import Fault

DAY_S = 86_400
# More numbers than any day has, of minutes.
MOST = 2048


@dataclass(frozen=True)
class Numbered:
    """Pairs of a date and a number that occur [P]. code: int32 [R] of each row's pair.

    date_s: label of the day's midnight; number: from 0 on, ``first`` less than in the file.
    """

    code: np.ndarray
    date_s: np.ndarray
    number: np.ndarray
    length_s: int
    first: int


def pair(dates: np.ndarray, numbers: np.ndarray, rules: ClockRules, places: Places) -> Numbered:
    """dates: label of each cell [U]; numbers: int [R] as the file has them. Raises :class:`Fault`."""
    length_s = 60 * (rules.number_minutes or 60)
    most = DAY_S // length_s
    _refuse_times_of_day(dates, places)
    largest = most + 3600 // length_s
    wrong = (numbers < 0) | (numbers > largest)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise Fault(
            f"{places.where}: row {places.row_numbers[row]}: number {numbers[row]} is not one of a day of {most} "
            f"(at most {largest}); expected whole numbers of {length_s // 60} min: correct it or "
            "data.source.resolution."
        )
    first = _first_number(numbers, largest, rules, places)
    if first == 0 and rules.stamp == "end":
        raise Fault(
            f"{places.where}: numbers of the day are counted from 0 and data.source.stamp is end; expected to know "
            "whether 0 is the first of the day or the midnight at which a reading ends: leave data.source.stamp out; "
            "or leave out data.source.hour_column, set data.source.time_column to a list of both columns, and "
            "data.source.time_format to their letters, such as %Y-%m-%d %H."
        )
    early = numbers < first
    if early.any():
        row = int(np.argmax(early))
        raise Fault(
            f"{places.where}: row {places.row_numbers[row]}: number {numbers[row]} comes before the first of a day; "
            f"expected at least {first}: correct it or data.source.hours_from."
        )
    # Few dates need few bytes for each of perhaps 100 million rows.
    kind = np.int32 if len(dates) * MOST < 2**31 else np.int64
    combined = places.code.astype(kind)
    np.multiply(combined, MOST, out=combined)
    np.add(combined, numbers, out=combined, casting="unsafe")
    np.subtract(combined, first, out=combined)
    present = np.zeros(len(dates) * MOST, dtype=bool)
    present[combined] = True
    pairs = np.flatnonzero(present)
    position = np.zeros(len(present), dtype=np.int32)
    position[pairs] = np.arange(len(pairs), dtype=np.int32)
    return Numbered(position[combined], dates[pairs // MOST], pairs % MOST, length_s, first)


def _refuse_times_of_day(dates: np.ndarray, places: Places) -> None:
    timed = dates % DAY_S != 0
    if timed.any():
        raise Fault(
            f"{places.where}: row {places.row_of_cell(int(np.argmax(timed)))}: the date has a time of day, and there "
            "is a column of numbers; expected dates alone: leave out hour_column and period_column, or name another "
            "time_column."
        )


def _first_number(numbers: np.ndarray, largest: int, rules: ClockRules, places: Places) -> int:
    if rules.hours_from is not None:
        return rules.hours_from
    if (numbers == 0).any():
        return 0
    if rules.number_minutes not in (None, 60) or int(numbers.max()) >= largest - 3600 // (
        60 * (rules.number_minutes or 60)
    ):
        return 1
    raise Fault(
        f"{places.where}: hours are numbered {int(numbers.min())} to {int(numbers.max())}, which can count from 0 or "
        "from 1; expected 0 or the last hour among them: set data.source.hours_from to 0 or 1."
    )


def counts_elapsed(numbered: Numbered, node: np.ndarray | None, rules: ClockRules, where: str) -> bool:
    """Whether numbers count from local midnight; else they are those of the wall clock. Raises :class:`Fault`."""
    if rules.dst is not None:
        return False
    if rules.hour_numbers is not None:
        return rules.hour_numbers == "elapsed"
    first, last = int(numbered.date_s.min()), int(numbered.date_s.max()) + DAY_S - 1
    days = {change.labels[0] // DAY_S * DAY_S: change for change in changes(rules.times_in, first, last)}
    seen = {_evidence(numbered, node, day, change) for day, change in days.items()} - {None}
    if not seen:
        return True
    clear = seen - {"unclear"}
    if clear in ({"elapsed"}, {"clock"}):
        return clear == {"elapsed"}
    if "whole" in clear:
        said = "has every number of a usual day on a day on which the clock changes"
    elif clear:
        said = "counts hours in two ways on days on which the clock changes"
    else:
        said = (
            "has rows on a day on which the clock changes, but not enough to tell how its hours are counted"
        )
    raise Fault(
        f"{where} {said} in {rules.times_in}; expected 23 and 25 hours: set data.source.hour_numbers to elapsed or "
        "clock, or data.source.dst to doubled, skipped or none if every day has 24 hours, or correct "
        "data.source.times_in."
    )


def _evidence(numbered: Numbered, node: np.ndarray | None, day: int, change: Change) -> str | None:
    """What the numbers of one day of change say.

    ``elapsed``, ``clock``; ``whole`` for a day like all others; ``unclear`` where rows after the change could be two of
    these; None without such rows.
    """
    usual, size_s = DAY_S // numbered.length_s, abs(change.after_s - change.before_s)
    moved, place = size_s // numbered.length_s, (change.labels[0] - day) // numbered.length_s
    here = np.flatnonzero(numbered.date_s == day)
    numbers = set(numbered.number[here].tolist())
    if not numbers or max(numbers) < place:
        return None
    if size_s % numbered.length_s:
        return "unclear"
    every, left_out = set(range(usual)), set(range(place, place + moved))
    if change.is_back:
        if max(numbers) >= usual:
            return "elapsed"
        repeated = here[np.isin(numbered.number[here], list(left_out))]
        if len(repeated) and _occurs_twice(numbered.code, node, repeated):
            return "clock"
        return "whole" if numbers == every else "unclear"
    if numbers == set(range(usual - moved)):
        return "elapsed"
    if min(numbers) < place and numbers == set(range(min(numbers), max(numbers) + 1)) - left_out:
        return "clock"
    return "whole" if numbers == every else "unclear"


def _occurs_twice(code: np.ndarray, node: np.ndarray | None, wanted: np.ndarray) -> bool:
    rows = np.flatnonzero(np.isin(code, wanted))
    keys = code[rows].astype(np.int64) * (1 if node is None else int(node.max()) + 1) + (
        0 if node is None else node[rows]
    )
    return len(np.unique(keys)) < len(keys)


def elapsed_seconds(numbered: Numbered, rules: ClockRules, places: Places) -> np.ndarray:
    """UTC start of each pair [P], counted from local midnight. Raises :class:`Fault` for a number beyond the day."""
    starts = _midnights(numbered.date_s, rules.times_in)
    seconds = starts + numbered.number * numbered.length_s
    beyond = seconds >= _midnights(numbered.date_s + DAY_S, rules.times_in)
    if beyond.any():
        pair = int(np.argmax(beyond))
        row = int(places.row_numbers[int(np.argmax(numbered.code == pair))])
        raise Fault(
            f"{places.where}: row {row}: number {int(numbered.number[pair]) + numbered.first} of the day "
            f"{numbered.date_s[pair].astype('datetime64[s]').astype('datetime64[D]')} lies beyond that day in "
            f"{rules.times_in}; expected as many as it has hours there: correct data.source.times_in, or set "
            "data.source.hour_numbers or data.source.dst."
        )
    return np.asarray(seconds)


def _midnights(labels: np.ndarray, zone: str) -> np.ndarray:
    """UTC of the first moment of local days; a clock that is put forward at midnight begins its day later."""
    found = meanings(labels, zone)
    seconds = found.first.copy()
    for place in np.flatnonzero(found.absent):
        change = next(change for change in changes(zone, int(labels[place]), int(labels[place])))
        seconds[place] = change.at_s
    return seconds
