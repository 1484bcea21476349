"""Clock zones: what a wall clock's label can mean, and when the clock is changed."""

import datetime
import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

HOUR_S = 3600
OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


@dataclass(frozen=True)
class Meanings:
    """What labels of a wall clock can mean, in seconds since 1970 UTC [L].

    first, second: the earlier and the later instant; they differ in the hour that comes twice. Undefined where
    ``absent``: the clock never shows this label.
    """

    first: np.ndarray
    second: np.ndarray
    absent: np.ndarray

    @property
    def twice(self) -> np.ndarray:
        """bool [L]: labels that the clock shows twice."""
        return ~self.absent & (self.first != self.second)


@dataclass(frozen=True)
class Change:
    """One change of a clock. before, after: the clock's labels at the moment of the change [s]; at_s: UTC [s]."""

    at_s: int
    before_s: int
    after_s: int

    @property
    def is_back(self) -> bool:
        """Whether labels between ``after_s`` and ``before_s`` come twice; else those between never come."""
        return self.after_s < self.before_s

    @property
    def labels(self) -> tuple[int, int]:
        """The first label that is absent or comes twice, and the first after them [s]."""
        return min(self.before_s, self.after_s), max(self.before_s, self.after_s)


def clock_zone(name: str) -> datetime.tzinfo:
    """The zone of an IANA name or of an offset such as ``+01:00``."""
    match = OFFSET.fullmatch(name)
    if match is None:
        return ZoneInfo(name)
    size = datetime.timedelta(hours=int(match[2]), minutes=int(match[3]))
    return datetime.timezone(size if match[1] == "+" else -size)


def meanings(labels: np.ndarray, zone: str) -> Meanings:
    """labels: int64 [L], what the clock shows, in seconds since 1970."""
    stamps = pd.DatetimeIndex(labels.astype("datetime64[s]"))
    one, other = (
        stamps.tz_localize(clock_zone(zone), ambiguous=np.full(len(labels), early), nonexistent="NaT")
        for early in (True, False)
    )
    seconds = [_utc_s(stamps_in_zone) for stamps_in_zone in (one, other)]
    return Meanings(np.minimum(*seconds), np.maximum(*seconds), np.asarray(one.isna()))


def _utc_s(stamps: pd.DatetimeIndex) -> np.ndarray:
    return stamps.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)


def labels_of(seconds: np.ndarray, zone: str) -> np.ndarray:
    """What the clock shows at UTC instants, both int64 seconds [L]."""
    stamps = pd.DatetimeIndex(seconds.astype("datetime64[s]")).tz_localize("UTC").tz_convert(clock_zone(zone))
    return stamps.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)


def standard_offsets(labels: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Years of labels, and the zone's standard time in each: its smallest offset from UTC in that year [s]."""
    years = np.unique(labels.astype("datetime64[s]").astype("datetime64[Y]"))
    months = years.astype("datetime64[M]").astype(np.int64)[:, None] + np.arange(12)
    firsts = months.ravel().astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
    offsets = labels_of(firsts, zone) - firsts
    return 1970 + years.astype(np.int64), offsets.reshape(len(years), 12).min(axis=1)


def changes(zone: str, first_s: int, last_s: int) -> list[Change]:
    """Changes of the clock between two labels, in order."""
    return [
        change
        for change in _changes(zone, first_s // (400 * 24 * HOUR_S), last_s // (400 * 24 * HOUR_S) + 1)
        if change.labels[1] > first_s and change.labels[0] <= last_s
    ]


@cache
def _changes(zone: str, first: int, last: int) -> tuple[Change, ...]:
    """Changes within whole stretches of 400 days: instants lie at whole quarters of an hour."""
    quarter = HOUR_S // 4
    days = np.arange(400 * first - 2, 400 * last + 2, dtype=np.int64) * 24 * HOUR_S
    offsets = labels_of(days, zone) - days
    found = []
    for place in np.flatnonzero(np.diff(offsets)):
        fine = np.arange(days[place], days[place + 1] + 1, quarter)
        sizes = labels_of(fine, zone) - fine
        for step in np.flatnonzero(np.diff(sizes)):
            at = int(fine[step + 1])
            found.append(Change(at, at + int(sizes[step]), at + int(sizes[step + 1])))
    return tuple(found)
