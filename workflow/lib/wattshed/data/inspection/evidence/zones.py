"""Time zones that a file may be written in: which of them agree with it, and which names point at one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

# One zone of each clock that large parts of the world use, and the zones of countries whose load is often published.
# The first of those with equal clocks is the one that is proposed.
_ZONES = (
    "Europe/Berlin Europe/Madrid Europe/Paris Europe/Brussels Europe/Amsterdam Europe/Rome Europe/Vienna Europe/Zurich "
    "Europe/Copenhagen Europe/Oslo Europe/Stockholm Europe/Warsaw Europe/Prague Europe/Budapest Europe/Belgrade "
    "Europe/London Europe/Dublin Europe/Lisbon Atlantic/Canary Europe/Athens Europe/Helsinki Europe/Bucharest "
    "Europe/Sofia Europe/Vilnius Europe/Riga Europe/Tallinn Europe/Kyiv Europe/Istanbul Europe/Moscow "
    "America/New_York America/Chicago America/Denver America/Los_Angeles America/Phoenix America/Anchorage "
    "America/Halifax America/Toronto America/Mexico_City America/Sao_Paulo America/Santiago America/Bogota "
    "America/Argentina/Buenos_Aires Australia/Sydney Australia/Melbourne Australia/Adelaide Australia/Brisbane "
    "Australia/Perth Pacific/Auckland Asia/Tokyo Asia/Shanghai Asia/Kolkata Asia/Jerusalem Asia/Singapore "
    "Africa/Johannesburg Africa/Cairo"
)
ZONES = tuple(_ZONES.split())
COUNTRIES = {
    "AT": "Europe/Vienna", "BE": "Europe/Brussels", "BG": "Europe/Sofia", "CH": "Europe/Zurich",
    "CZ": "Europe/Prague", "DE": "Europe/Berlin", "DK": "Europe/Copenhagen", "EE": "Europe/Tallinn",
    "ES": "Europe/Madrid", "FI": "Europe/Helsinki", "FR": "Europe/Paris", "GB": "Europe/London",
    "GR": "Europe/Athens", "HR": "Europe/Belgrade", "HU": "Europe/Budapest", "IE": "Europe/Dublin",
    "IT": "Europe/Rome", "LT": "Europe/Vilnius", "LU": "Europe/Brussels", "LV": "Europe/Riga",
    "NL": "Europe/Amsterdam", "NO": "Europe/Oslo", "PL": "Europe/Warsaw", "PT": "Europe/Lisbon",
    "RO": "Europe/Bucharest", "RS": "Europe/Belgrade", "SE": "Europe/Stockholm", "SI": "Europe/Belgrade",
    "SK": "Europe/Prague",
}  # fmt: skip
# What a name such as `Time (CET/CEST)` or `utc_timestamp` says about the clock of its column.
CLOCKS = (
    (re.compile(r"\bcet[/_ ]+cest\b"), "Europe/Brussels"),
    (re.compile(r"\b(wet[/_ ]+west|gmt[/_ ]+bst)\b"), "Europe/London"),
    (re.compile(r"\beet[/_ ]+eest\b"), "Europe/Athens"),
    (re.compile(r"\b(utc|gmt|zulu)\b"), "UTC"),
    (re.compile(r"\bcet\b"), "+01:00"),
)
DAY_S = 86400


@dataclass(frozen=True)
class Change:
    """One change of a zone's clocks, in what the clock on the wall shows.

    begins, ends: seconds since 1970 of the wall time that is left out (forward) or comes twice (back).
    """

    begins: int
    ends: int
    forward: bool

    @property
    def day(self) -> int:
        return self.begins // DAY_S


@lru_cache(maxsize=1000)
def changes_of(zone: str, first: int, last: int) -> tuple[Change, ...]:
    """Changes of a zone's clocks between two wall times [s since 1970]."""
    info = ZoneInfo(zone)
    days = np.arange(first // DAY_S - 1, last // DAY_S + 3) * DAY_S
    offsets = np.array([_offset(info, int(day)) for day in days])
    found = []
    for place in np.flatnonzero(np.diff(offsets)):
        before, after = int(offsets[place]), int(offsets[place + 1])
        low, high = int(days[place]), int(days[place + 1])
        while high - low > 60:
            middle = (low + high) // 2 // 60 * 60
            low, high = (middle, high) if _offset(info, middle) == before else (low, middle)
        begins, ends = sorted((high + before, high + after))
        if first <= ends and begins <= last:
            found.append(Change(begins, ends, after > before))
    return tuple(found)


def _offset(zone: ZoneInfo, seconds: int) -> int:
    offset = datetime.fromtimestamp(seconds, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def clock_trace(zone: str, first: int, last: int) -> tuple[int, ...]:
    """Offsets [s] of a zone over a span, in steps of five days and around changes: equal for equal clocks."""
    info = ZoneInfo(zone)
    times = [*range(first, last, 5 * DAY_S), last]
    return tuple(_offset(info, time) for time in times) + tuple(
        part for change in changes_of(zone, first, last) for part in (change.begins, change.ends)
    )


def clock_in_name(name: str) -> str | None:
    """The clock that a column's name states; None if none."""
    lower = name.lower().replace("_", " ")
    return next((clock for sign, clock in CLOCKS if sign.search(lower)), None)


def country_in(names: Sequence[str]) -> str | None:
    """The zone of the one country that names point at by its code, such as `BZN|ES`, `DE_load`, `ES0021...`."""
    found = set()
    for name in names:
        code = re.search(r"(?:BZN|CTA|CTY)\|([A-Z]{2})", name) or re.match(r"([A-Z]{2})(?:_|\d{10}|$)", name)
        if code is None or code[1] not in COUNTRIES:
            return None
        found.add(code[1])
    zones = {COUNTRIES[code] for code in found}
    return min(zones) if len(zones) == 1 else None


def countries_in(names: Sequence[str]) -> tuple[str, ...]:
    """The zones of names that are country codes, all of them; () if some are not."""
    if not all(name in COUNTRIES for name in names):
        return ()
    return tuple(dict.fromkeys(COUNTRIES[name] for name in names))
