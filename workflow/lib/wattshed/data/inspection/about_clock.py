"""Keys about time: the file's clock, the nodes' calendar, clock changes, stamps and resolution."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from wattshed.data.forms.day_columns import day_columns
from wattshed.data.forms.names import says_ending
from wattshed.data.inspection.case import SAID, Case
from wattshed.data.inspection.choices import Choice, Finding
from wattshed.data.inspection.evidence.clock_evidence import (
    Verdict,
    days_of_changes,
    equal_clocks,
    hours_on,
    judge_all,
    judge_days,
    zones_of_offsets,
)
from wattshed.data.inspection.evidence.timeline import DAY_S, Timeline
from wattshed.data.inspection.evidence.zones import ZONES, clock_in_name, countries_in, country_in

MOST_SHOWN = 8
# What is offered where the file says nothing: a zone of each part of the world.
EXAMPLES = ("Europe/Madrid", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Shanghai", "UTC")


def about_time_text(case: Case) -> Iterator[Choice]:
    """How times are written, where the source could not know it alone."""
    line = case.line
    if line is None or line.cells is None:
        return
    cells = line.cells
    if cells.kind in ("unix", "unix_ms"):
        yield Choice("time_format", cells.kind, "whole numbers that are seconds since 1970" if cells.kind == "unix" else "whole numbers that are milliseconds since 1970")
    elif "time_format" in case.given:
        yield from case.stated("time_format")
    if "day_first" in case.given or "day_first" in (case.layout.keys if case.layout else {}):
        yield from case.stated("day_first")
    elif cells.ambiguous:
        yield Choice(
            "day_first",
            None,
            "dates such as 01/02/2021, and each can be read in two ways",
            undecided=True,
            others=((True, "1 February"), (False, "January 2")),
        )
    elif cells.day_first is not None:
        yield Choice("day_first", cells.day_first, "only so all dates exist and follow one another")


def about_resolution(case: Case) -> Iterator[Choice | Finding]:
    line = case.line
    stated = next(case.stated("resolution"), None)
    if line is None:
        if stated is not None:
            yield stated
        elif not case.roles.time:
            yield Choice("resolution", None, "the file has no times", undecided=True, others=(("1h", ""), ("15min", "")))
        return
    if stated is not None:
        yield stated
    elif case.roles.period is not None:
        highest = int(np.nanmax(line.numbers)) if line.numbers is not None else 48
        minutes = next((one for one, most in ((60, 25), (30, 50), (15, 100), (5, 300)) if highest <= most), 5)
        yield Choice("resolution", "1h" if minutes == 60 else f"{minutes}min", f"numbers to {highest} in a day")
    elif line.irregular:
        yield Choice("resolution", "irregular", f"{line.other_share:.0%} of the spacings differ from {line.resolution_s} s")
    if line.resolution_s:
        yield Finding(
            "resolution",
            f"{_length(line.resolution_s)} between readings; {line.other_share:.2%} of the spacings differ",
            warns=line.other_share > 0.02 and not line.irregular,
        )
    if line.lost:
        yield Finding("times", f"{line.lost:,} rows have a time that cannot be read", warns=True)
    if "step_minutes" in case.given or (case.layout is not None and "step_minutes" in case.layout.keys):
        yield from case.stated("step_minutes")


def _length(seconds: int) -> str:
    for unit, size in (("d", DAY_S), ("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def about_clock(case: Case) -> Iterator[Choice | Finding]:
    """`stamp`, `times_in`, `timezone`, `dst` and `hour_numbers`."""
    line = case.line
    if line is None:
        yield from _unseen(case)
        return
    if line.aware:
        yield from _aware(case, line)
        return
    yield from _days_said(line)
    verdicts = judge_all(line)
    if case.roles.form == "days":
        yield from _stamp_of_days(case)
    if line.numbered:
        verdicts = [one for one in verdicts if one.stamp == "start"]
        stamps, why = ("start",), ""
        if line.elapsed:
            verdicts = judge_days(line)
        yield from _numbered(case, line)
    else:
        stamps, why = _stamps(case, line)
    verdicts = [one for one in verdicts if one.stamp in stamps] or verdicts
    yield from _naive(case, line, verdicts, stamps, why)


def _unseen(case: Case) -> Iterator[Choice]:
    """A file whose times cannot be read shows nothing about its clock."""
    stated = list(case.stated("timezone"))
    yield from stated
    yield from case.stated("times_in")
    yield from case.stated("stamp")
    if not stated:
        yield _ask_zone("the file has no times")


def _ask_zone(why: str, zones: tuple[str, ...] = EXAMPLES, key: str = "timezone") -> Choice:
    return Choice(key, None, why, undecided=True, others=tuple((zone, "") for zone in zones[:MOST_SHOWN]))


def _aware(case: Case, line: Timeline) -> Iterator[Choice | Finding]:
    """Times that state an offset, or count seconds from 1970: only calendar and stamp are open."""
    counted = line.cells is not None and line.cells.kind in ("unix", "unix_ms")
    offsets = sorted(set(line.offset_s[np.isfinite(line.offset_s)].tolist()))
    if not counted:
        shown = ", ".join(_offset_text(one) for one in offsets[:MOST_SHOWN])
        yield Finding("clock", f"times state their offset: {shown}")
    stamp = next(case.stated("stamp"), None)
    if stamp is not None:
        yield stamp
    elif not line.irregular:
        stamps, why = _stamps(case, line)
        yield from _stamp_choice(stamps, why)
    stated = next(case.stated("timezone"), None)
    if stated is not None:
        yield stated
        return
    agreeing = [] if counted or offsets == [0.0] else zones_of_offsets(line)
    groups = equal_clocks(agreeing, line.span)
    if len(groups) == 1:
        yield _representative(case, groups[0], "the only clock with these offsets")
    elif groups:
        yield _ask_zone("several zones have these offsets in this span", tuple(group[0] for group in groups))
    else:
        yield _ask_zone("times in UTC do not say where the nodes are")


def _offset_text(seconds: float) -> str:
    sign, minutes = "-" if seconds < 0 else "+", int(abs(seconds)) // 60
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


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
            "clock changes", "the span has no day on which clocks change in Europe, the United States or Australia"
        )


def _stamp_of_days(case: Case) -> Iterator[Choice]:
    """Names such as 0:30 to 0:00 are ends; 0:00 to 23:30 are starts; numbers name parts of the day."""
    of_day = day_columns(case.sample.look.header)
    stated = next(case.stated("stamp"), None)
    if stated is not None:
        yield stated
    elif of_day is not None and of_day.texts is not None:
        yield Choice(
            "stamp", "end" if of_day.ends else "start", "columns end with 0:00" if of_day.ends else "columns begin with 0:00"
        )


def _numbered(case: Case, line: Timeline) -> Iterator[Choice | Finding]:
    if case.roles.hour is None:
        return
    stated = next(case.stated("hour_numbers"), None)
    if stated is not None and (not line.elapsed or stated.why == SAID):
        yield stated
    elif not line.elapsed and not any(days_of_changes(line).values()):
        yield Choice(
            "hour_numbers",
            None,
            "the file has no day with 23 or 25 hours, which would show how hours are counted",
            undecided=True,
            others=(("elapsed", "hours since local midnight, to 23 or 25"), ("clock", "hours of the wall clock")),
        )


def _stamps(case: Case, line: Timeline) -> tuple[tuple[str, ...], str]:
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
    of_day = line.wall % DAY_S
    if case.sample.whole and 0 < line.resolution_s <= 3600:
        order = np.lexsort((line.wall, line.node))
        edges = np.flatnonzero(np.diff(line.node[order])) + 1
        firsts = of_day[order][np.concatenate([[0], edges])]
        lasts = of_day[order][np.concatenate([edges - 1, [len(order) - 1]])]
        if (firsts == line.resolution_s).all() and (lasts == 0).all():
            return ("end",), "days run from the first step after midnight to 00:00 of the next day"
        if (firsts == 0).all() and (lasts == DAY_S - line.resolution_s).all():
            return ("start",), "the file begins at 00:00 and ends one step before midnight"
    return ("start", "end"), ""


def _naive(
    case: Case, line: Timeline, verdicts: list[Verdict], stamps: tuple[str, ...], why: str
) -> Iterator[Choice | Finding]:
    """Times without an offset."""
    name_clock = next((clock for name in case.roles.time if (clock := clock_in_name(name)) is not None), None)
    by_kind: dict[str, list[Verdict]] = {}
    for one in verdicts:
        by_kind.setdefault(one.kind, []).append(one)
    zone_said = next(case.stated("timezone"), None)
    in_said = next(case.stated("times_in"), None)
    dst_said = next(case.stated("dst"), None)
    clocks = by_kind.get("clock", []) + by_kind.get("doubled", []) + by_kind.get("skipped", [])
    wanted = in_said or zone_said
    if wanted is not None:
        fitting = [one for one in clocks if _equal_in(case, one.zone, str(wanted.value), line)]
    else:
        fitting = clocks
    if clocks and not fitting and wanted is not None and in_said is None and dst_said is None:
        zones = ", ".join(dict.fromkeys(one.zone for one in clocks))
        yield Finding("clock", f"the clock changes of the file are those of {zones[:200]}, not of {wanted.value}", warns=True)
    kinds = {one.kind for one in fitting}
    # Of a file whose hours are left out or repeated, zones that fit so come before those that need `dst`.
    kind = next((one for one in ("clock", "doubled", "skipped") if one in kinds), None)
    fitting = [one for one in fitting if one.kind == kind]
    # A zone that explains fewer of the hours that are left out, repeated or zero is another one.
    fitting = [one for one in fitting if one.shown == max(each.shown for each in fitting)]
    if not line.numbered:
        left = tuple(stamp for stamp in stamps if not fitting or any(one.stamp == stamp for one in fitting))
        if len(left) == 1 and not why:
            zone = str(wanted.value) if wanted is not None else fitting[0].zone
            why = f"the hours of the clock changes show it, in {zone}"
        yield from _stamp_choice(left or stamps, why)
        fitting = [one for one in fitting if one.stamp in (left or stamps)]
    if fitting and in_said is None and name_clock is None:
        yield from _changing(case, line, fitting, zone_said)
    else:
        yield from _steady(case, line, by_kind, zone_said, in_said, name_clock)
        if kind in ("doubled", "skipped"):
            kind = None
    yield from _dst(case, kind, fitting, dst_said, by_kind)


def _equal_in(case: Case, one: str, other: str, line: Timeline) -> bool:
    if one == other:
        return True
    try:
        return len(equal_clocks([one, other], line.span)) == 1
    except (ValueError, KeyError, OSError):
        return False


def _stamp_choice(stamps: tuple[str, ...], why: str) -> Iterator[Choice]:
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


def _changing(case: Case, line: Timeline, fitting: list[Verdict], said: Choice | None) -> Iterator[Choice | Finding]:
    """A file whose clock changes; or that has all hours, and shows by their readings where it changes."""
    if said is not None:
        yield said
        return
    zones = list(dict.fromkeys(one.zone for one in fitting))
    seen = fitting[0]
    parts = [
        (seen.spring_left_out, "left out in spring"), (seen.spring_zero, "zero in spring"),
        (seen.autumn_twice, "twice in autumn"), (seen.autumn_once, "once in autumn"),
    ]  # fmt: skip
    shown = ", ".join(f"{words} ({count} times)" for count, words in parts if count)
    groups = equal_clocks(zones, line.span)
    if len(groups) == 1:
        yield _representative(case, groups[0], f"the hour of the change is {shown}")
        return
    hinted = _hint(case, zones)
    if hinted is not None:
        yield Choice("timezone", hinted, "names of nodes or columns are codes of its country, and its clock fits")
        return
    yield _ask_zone(f"the hour of the change is {shown}, in several zones", tuple(group[0] for group in groups))


def _hint(case: Case, zones: list[str]) -> str | None:
    names = _node_names(case)
    for found in (country_in(names), next(iter(countries_in(names)), None)):
        if found in zones:
            return found
    return None


def _node_names(case: Case) -> list[str]:
    if case.roles.node is not None:
        return [str(name) for name in case.sample.columns[case.roles.node].unique()[:500]]
    return list(case.roles.values)


def _representative(case: Case, zones: list[str], why: str) -> Choice:
    """One of zones with equal clocks: that of the country which names point at, else the best known."""
    chosen = _hint(case, zones) or zones[0]
    alike = [zone for zone in zones if zone != chosen]
    same = f"; the same clock as {', '.join(alike[:MOST_SHOWN])}" if alike else ""
    return Choice("timezone", chosen, why + same)


def _steady(
    case: Case, line: Timeline, by_kind: dict[str, list[Verdict]], zone_said: Choice | None, in_said: Choice | None,
    name_clock: str | None,
) -> Iterator[Choice | Finding]:  # fmt: skip
    """A file without a trace of clock changes, or with a clock that its user or its columns name."""
    changes_seen = any(one.seen for one in by_kind.get("steady", []))
    zone = zone_said or _zone_by_hint(case)
    if in_said is not None:
        yield in_said
    elif name_clock is not None:
        yield Choice("times_in", name_clock, f"the name {next(n for n in case.roles.time if clock_in_name(n))!r}")
    elif _needs_clock(case, by_kind, zone):
        yield Choice(
            "times_in",
            None,
            "24 hours on the days of clock changes: the file is in UTC, or in standard time all year",
            undecided=True,
            others=(("UTC", ""), ("+01:00", "for example: an offset"))
            + ((("(leave it out)", 'with dst: "none": standard time of timezone'),)),
        )
    if zone is not None:
        yield zone
    elif name_clock not in (None, "UTC"):
        assert name_clock is not None
        if name_clock in ZONES:
            yield Choice("timezone", name_clock, "the clock of the file; set the nodes' own if it is another")
        else:
            yield _ask_zone("the file's clock does not say where the nodes are")
    else:
        why = "no trace of clock changes" if changes_seen else "the span has no clock change that could show it"
        yield _ask_zone(why)


def _zone_by_hint(case: Case) -> Choice | None:
    names = _node_names(case)
    found = country_in(names) or next(iter(countries_in(names)), None)
    return Choice("timezone", found, "names of nodes or columns are codes of its country") if found else None


def _needs_clock(case: Case, by_kind: dict[str, list[Verdict]], zone: Choice | None) -> bool:
    """Whether steady days leave open which clock the file has: a zone that keeps one time all year needs no further key."""
    if case.value_of("dst") is not None:
        return False
    steady = [one for one in by_kind.get("steady", []) if one.seen]
    if zone is None:
        return bool(steady)
    return any(one.zone == zone.value for one in steady)


def _dst(
    case: Case, kind: str | None, fitting: list[Verdict], said: Choice | None, by_kind: dict[str, list[Verdict]]
) -> Iterator[Choice | Finding]:
    if said is not None and (said.why == SAID or kind != "clock"):
        yield said
    elif kind == "doubled":
        ratios = [ratio for one in fitting[:1] for ratio in one.ratios]
        shown = f", and the autumn hour is {ratios[0]:.1f} times its neighbours" if ratios else ""
        yield Choice("dst", "doubled", f"the spring hour is zero{shown}")
    elif kind == "skipped":
        yield Choice("dst", "skipped", "the spring hour is zero or absent, and the autumn hour comes once")



