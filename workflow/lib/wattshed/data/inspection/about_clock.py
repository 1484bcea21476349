"""The file's clock: where it changes in the year, and what that says about zone, `dst` and stamps."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from wattshed.data.inspection.about_stamps import hour_numbers, possible_stamps, stamp_choice, stamp_of_days
from wattshed.data.inspection.about_zones import (
    ask_zone,
    country_of,
    of_stated_offsets,
    of_unseen_times,
    representative,
    zone_by_country,
)
from wattshed.data.inspection.case import SAID, Case
from wattshed.data.inspection.choices import LEAVE_OUT, Choice, Finding
from wattshed.data.inspection.evidence.clock_evidence import (
    Verdict,
    days_of_changes,
    equal_clocks,
    hours_on,
    judge_all,
    judge_days,
)
from wattshed.data.inspection.evidence.timeline import Timeline
from wattshed.data.inspection.evidence.zones import ZONES, clock_in_name

# Kinds of verdicts on a file whose clock changes, from the one that needs no further key on.
CHANGING = ("clock", "doubled", "skipped")
# Between one hour and the sum of two.
UNCLEAR_RATIO = 1.35


@dataclass(frozen=True)
class Stated:
    """What the user, the layout's publisher or a column's name says; None for nothing."""

    timezone: Choice | None
    times_in: Choice | None
    dst: Choice | None
    named: Choice | None

    @classmethod
    def of(cls, case: Case) -> "Stated":
        clocks = {name: clock for name in case.roles.time if (clock := clock_in_name(name)) is not None}
        named = [Choice("times_in", clock, f"the name {name!r}") for name, clock in clocks.items()]
        zone, times_in, dst = (next(case.stated(key), None) for key in ("timezone", "times_in", "dst"))
        return cls(zone, times_in, dst, named[0] if named else None)


def about_clock(case: Case) -> Iterator[Choice | Finding]:
    """`stamp`, `times_in`, `timezone`, `dst` and `hour_numbers`."""
    line = case.line
    if line is None:
        yield from of_unseen_times(case)
        return
    if line.aware:
        yield from of_stated_offsets(case, line)
        return
    yield from _days_said(line)
    said = [case.value_of(key) for key in ("timezone", "times_in") if "/" in str(case.value_of(key))]
    stamps: tuple[str, ...] = ("start",)
    why = ""
    verdicts = judge_all(line, zones=tuple(dict.fromkeys([*ZONES, *said])))
    if case.roles.form == "days":
        yield from stamp_of_days(case)
    if line.numbered:
        verdicts = [one for one in verdicts if one.stamp == "start"]
        if line.elapsed:
            verdicts = judge_days(line)
        yield from hour_numbers(case, line)
    else:
        stamps, why = possible_stamps(case, line)
    verdicts = [one for one in verdicts if one.stamp in stamps] or verdicts
    yield from _naive(case, line, verdicts, stamps, why)


def _days_said(line: Timeline) -> Iterator[Finding]:
    if not 0 < line.resolution_s <= 3600 or line.irregular:
        return
    hours = {
        place: [(np.datetime64(change.day, "D"), hours_on(line, change)) for change in changes]
        for place, changes in days_of_changes(line).items()
        if changes
    }
    # Where the hours of one part of the world show a change, the others say no more.
    odd = {place: days for place, days in hours.items() if any(count != 24 for _, count in days)}
    for place, days in (odd or hours).items():
        shown = ", ".join(f"{count:.4g} h on {day}" for day, count in days[:4])
        more = f" and {len(days) - 4} further days" if len(days) > 4 else ""
        yield Finding("clock changes", f"{shown}{more} (days of change in {place})")
    if not hours:
        yield Finding(
            "clock changes",
            "the span has no day on which clocks change in Europe, the United States or Australia",
        )


def _naive(
    case: Case, line: Timeline, verdicts: list[Verdict], stamps: tuple[str, ...], why: str
) -> Iterator[Choice | Finding]:
    """Times without an offset."""
    stated = Stated.of(case)
    changing = [one for one in verdicts if one.kind in CHANGING]
    wanted = stated.times_in or stated.timezone
    fitting = changing
    if wanted is not None:
        fitting = [one for one in changing if _equal(one.zone, str(wanted.value), line)]
        if changing and not fitting and stated.times_in is None and stated.dst is None:
            zones = ", ".join(dict.fromkeys(one.zone for one in changing))
            says = f"the clock changes of the file are those of {zones[:200]}, not of {wanted.value}"
            yield Finding("clock", says, warns=True)
    fitting = _best(fitting)
    if not line.numbered:
        left = tuple(stamp for stamp in stamps if not fitting or any(one.stamp == stamp for one in fitting))
        if len(left) == 1 and not why:
            zone = str(wanted.value) if wanted is not None else fitting[0].zone
            why = f"the hours of the clock changes show it, in {zone}"
        yield from stamp_choice(left or stamps, why)
        fitting = [one for one in fitting if one.stamp in (left or stamps)]
    if fitting and stated.times_in is None and stated.named is None:
        yield from _changing(case, line, fitting, stated)
        yield from _dst(fitting, stated)
    else:
        yield from _steady(case, verdicts, stated)
        if stated.dst is not None:
            yield stated.dst


def _best(verdicts: list[Verdict]) -> list[Verdict]:
    """Of zones that fit, those that need no `dst`, and that explain most of the hours left out, repeated or zero."""
    kind = next((kind for kind in CHANGING if any(one.kind == kind for one in verdicts)), None)
    alike = [one for one in verdicts if one.kind == kind]
    return [one for one in alike if one.shown == max(each.shown for each in alike)]


def _equal(one: str, other: str, line: Timeline) -> bool:
    """Whether two clocks are equal over the span; not for an offset, which is not a zone."""
    try:
        return one == other or len(equal_clocks([one, other], line.span)) == 1
    except (ValueError, KeyError, OSError):
        return False


def _changing(case: Case, line: Timeline, fitting: list[Verdict], stated: Stated) -> Iterator[Choice]:
    """A file whose clock changes; or that has all hours, and shows by their readings where it changes."""
    if stated.timezone is not None:
        yield stated.timezone
        return
    seen = fitting[0]
    counted = {
        "left out in spring": seen.spring_left_out,
        "zero in spring": seen.spring_zero,
        "twice in autumn": seen.autumn_twice,
        "once in autumn": seen.autumn_once,
    }
    shown = ", ".join(f"{words} ({count} x)" for words, count in counted.items() if count)
    zones = list(dict.fromkeys(one.zone for one in fitting))
    groups = equal_clocks(zones, line.span)
    if len(groups) == 1:
        yield representative(case, groups[0], f"the hour of the change is {shown}")
    elif (hinted := country_of(case, zones)) is not None:
        yield Choice(
            "timezone", hinted, "names of nodes or columns are codes of its country, and its clock fits"
        )
    else:
        several = tuple(group[0] for group in groups)
        yield ask_zone(f"the hour of the change is {shown}, and so it is in several zones", several)


def _steady(case: Case, verdicts: list[Verdict], stated: Stated) -> Iterator[Choice]:
    """A file without a trace of clock changes, or with a clock that its user or its columns name."""
    steady = [one for one in verdicts if one.kind == "steady"]
    zone = stated.timezone or zone_by_country(case)
    if stated.times_in is not None:
        yield stated.times_in
    elif stated.named is not None:
        yield stated.named
    elif stated.dst is None and (steady if zone is None else any(one.zone == zone.value for one in steady)):
        yield Choice(
            "times_in",
            None,
            _why_steady(case, zone_is_known=zone is not None),
            undecided=True,
            others=(
                ("UTC", ""),
                ("+01:00", "for example: an offset"),
                (LEAVE_OUT, "with --set dst=none: standard time of timezone"),
            ),
        )
    named = None if stated.named is None else stated.named.value
    if zone is not None:
        yield (
            zone
            if steady
            else replace(zone, why=f"{zone.why}; no clock change in the span shows whether it fits")
        )
    elif named in ZONES:
        yield Choice("timezone", named, "the clock of the file; set the nodes' own if it is another")
    elif named is not None:
        yield ask_zone("the file's clock does not say where the nodes are")
    elif steady:
        yield ask_zone("the file has no trace of clock changes")
    else:
        yield ask_zone("the span has no clock change that could show it")


def _why_steady(case: Case, zone_is_known: bool) -> str:
    """The places whose changes lie in the span: nodes elsewhere leave nothing open."""
    changes = {} if case.line is None else days_of_changes(case.line)
    places = [place for place, days in changes.items() if days]
    where = f" in {' and '.join(places)}" if places and not zone_is_known else ""
    elsewhere = (
        "; nodes elsewhere may need no times_in: give --timezone" if 0 < len(places) < len(changes) else ""
    )
    return (
        f"24 hours on the days of clock changes{where}: the file is in UTC, or in standard time all year"
        f"{'' if zone_is_known else elsewhere}"
    )


def _dst(fitting: list[Verdict], stated: Stated) -> Iterator[Choice]:
    seen = fitting[0]
    if stated.dst is not None and (stated.dst.why == SAID or seen.kind != "clock"):
        yield stated.dst
    elif seen.kind == "doubled":
        shown = f", and the autumn hour is {seen.ratios[0]:.1f} times its neighbours" if seen.ratios else ""
        yield Choice(
            "dst", "doubled", f"the spring hour is {'zero' if seen.spring_zero else 'absent'}{shown}"
        )
    elif seen.kind == "skipped" and any(ratio > UNCLEAR_RATIO for ratio in seen.ratios):
        yield Choice(
            "dst",
            None,
            f"the autumn hour comes once and is {max(seen.ratios):.1f} times its neighbours",
            undecided=True,
            others=(
                ("doubled", "it holds the sum of both hours"),
                ("skipped", "the second of them is missing"),
            ),
        )
    elif seen.kind == "skipped":
        yield Choice("dst", "skipped", "the spring hour is zero or absent, and the autumn hour comes once")
