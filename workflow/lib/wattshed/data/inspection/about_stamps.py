"""Whether a time names the start or the end of its reading, and how hours are numbered."""

from collections.abc import Iterator

import numpy as np

from wattshed.data.clock.zones import changes
from wattshed.data.forms.day_columns import day_columns
from wattshed.data.forms.names import says_ending
from wattshed.data.inspection.case import SAID, Case
from wattshed.data.inspection.choices import Choice
from wattshed.data.inspection.evidence.clock_evidence import days_of_changes
from wattshed.data.inspection.evidence.timeline import DAY_S, Timeline


def possible_stamps(case: Case, line: Timeline) -> tuple[tuple[str, ...], str]:
    """Kinds of stamps that are possible, by what labels and names say; and why."""
    stated = next(case.stated("stamp"), None)
    if stated is not None:
        return (stated.value,), stated.why
    cells = line.cells
    if cells is not None and cells.kind == "interval":
        return ("start",), "times are intervals"
    if cells is not None and cells.has_24:
        return ("end",), "the day ends with 24:00"
    named = [name for name in case.roles.time if says_ending(name)]
    if named:
        return ("end",), f"the name {named[0]!r}"
    first_s, last_s = _edges(line)
    if len(first_s) and 0 < line.resolution_s <= 3600:
        if (first_s == line.resolution_s).all() and (last_s == 0).all():
            return ("end",), "readings run from the first step after midnight to 00:00"
        if (first_s == 0).all() and (last_s == DAY_S - line.resolution_s).all():
            return ("start",), "readings run from 00:00 to one step before midnight"
    return ("start", "end"), ""


def _edges(line: Timeline) -> tuple[np.ndarray, np.ndarray]:
    """Times of day [s] of the first and the last row of each node that was seen as a whole."""
    order = np.lexsort((line.wall, line.node))
    edges = np.flatnonzero(np.diff(line.node[order])) + 1
    of_day = line.wall[order] % DAY_S
    first_s, last_s = of_day[np.append(0, edges)], of_day[np.append(edges, len(order)) - 1]
    if line.whole:
        return first_s, last_s
    # Where nodes follow one another in the file, only the last of those looked at may go on.
    in_turn = bool((np.diff(line.node) >= 0).all())
    return (first_s[:-1], last_s[:-1]) if in_turn else (first_s[:0], last_s[:0])


def stamp_choice(stamps: tuple[str, ...], why: str) -> Iterator[Choice]:
    if len(stamps) == 1:
        yield Choice("stamp", stamps[0], why)
    else:
        yield Choice(
            "stamp",
            None,
            "nothing in the file says whether a time is the start or the end of its reading",
            undecided=True,
            others=(("start", ""), ("end", "")),
        )


def stamp_of_days(case: Case) -> Iterator[Choice]:
    """Names such as 0:30 to 0:00 are ends; 0:00 to 23:30 are starts; numbers name parts of the day."""
    of_day = day_columns(case.sample.look.header)
    stated = next(case.stated("stamp"), None)
    if stated is not None:
        yield stated
    elif of_day is not None and of_day.texts is not None:
        yield Choice(
            "stamp",
            "end" if of_day.ends else "start",
            "columns end with 0:00" if of_day.ends else "columns begin with 0:00",
        )


def _never_changes(case: Case, line: Timeline) -> bool:
    """Whether the stated clock of the file is not changed in its span, so that both ways to count are one."""
    clock = case.value_of("times_in") or case.value_of("timezone")
    first, last = line.span
    return clock is not None and not changes(clock, first, last + DAY_S)


def hour_numbers(case: Case, line: Timeline) -> Iterator[Choice]:
    """How hours are numbered, where the source could not see it."""
    if case.roles.hour is None:
        return
    stated = next(case.stated("hour_numbers"), None)
    if stated is not None and (not line.elapsed or stated.why == SAID):
        yield stated
    elif line.elapsed or _never_changes(case, line):
        return
    elif not any(days_of_changes(line).values()):
        yield Choice(
            "hour_numbers",
            None,
            "the file has no day with 23 or 25 hours, which would show how hours are counted",
            undecided=True,
            others=(
                ("elapsed", "hours since local midnight, to 23 or 25"),
                ("clock", "hours of the wall clock"),
            ),
        )
