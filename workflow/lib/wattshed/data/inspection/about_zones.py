"""The zone of the nodes' calendar: by its clock, by codes of countries in names, else asked for."""

from collections.abc import Iterator

import numpy as np

from wattshed.data.inspection.about_stamps import possible_stamps, stamp_choice
from wattshed.data.inspection.case import Case
from wattshed.data.inspection.choices import Choice, Finding
from wattshed.data.inspection.evidence.clock_evidence import equal_clocks, zones_of_offsets
from wattshed.data.inspection.evidence.timeline import Timeline
from wattshed.data.inspection.evidence.zones import countries_in, country_in

MOST_SHOWN = 8
# What is offered where the file says nothing: a zone of each part of the world.
EXAMPLES = (
    "Europe/Madrid",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Shanghai",
    "UTC",
)


def ask_zone(why: str, zones: tuple[str, ...] = EXAMPLES, key: str = "timezone") -> Choice:
    return Choice(key, None, why, undecided=True, others=tuple((zone, "") for zone in zones[:MOST_SHOWN]))


def of_unseen_times(case: Case) -> Iterator[Choice]:
    """A file whose times cannot be read shows nothing about its clock."""
    stated = list(case.stated("timezone"))
    yield from stated
    yield from case.stated("times_in")
    yield from case.stated("stamp")
    if not stated:
        yield ask_zone("the file has no times")


def of_stated_offsets(case: Case, line: Timeline) -> Iterator[Choice | Finding]:
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
        stamps, why = possible_stamps(case, line)
        yield from stamp_choice(stamps, why)
    stated = next(case.stated("timezone"), None)
    if stated is not None:
        yield stated
        return
    agreeing = [] if counted or offsets == [0.0] else zones_of_offsets(line)
    groups = equal_clocks(agreeing, line.span)
    if len(groups) == 1:
        yield representative(case, groups[0], "the only clock with these offsets")
    elif groups:
        yield ask_zone("several zones have these offsets in this span", tuple(group[0] for group in groups))
    else:
        yield ask_zone("times in UTC do not say where the nodes are")


def _offset_text(seconds: float) -> str:
    sign, minutes = "-" if seconds < 0 else "+", int(abs(seconds)) // 60
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def representative(case: Case, zones: list[str], why: str) -> Choice:
    """One of zones with equal clocks: that of the country which names point at, else the best known."""
    chosen = country_of(case, zones) or zones[0]
    alike = [zone for zone in zones if zone != chosen]
    same = f"; the same clock as {', '.join(alike[:MOST_SHOWN])}" if alike else ""
    return Choice("timezone", chosen, why + same)


def zone_by_country(case: Case) -> Choice | None:
    names = _node_names(case)
    found = country_in(names) or next(iter(countries_in(names)), None)
    return Choice("timezone", found, "names of nodes or columns are codes of its country") if found else None


def country_of(case: Case, zones: list[str]) -> str | None:
    names = _node_names(case)
    for found in (country_in(names), next(iter(countries_in(names)), None)):
        if found in zones:
            return found
    return None


def _node_names(case: Case) -> list[str]:
    if case.roles.node is not None:
        return [str(name) for name in case.sample.columns[case.roles.node].unique()[:500]]
    return list(case.roles.values)
