"""Texts of times whose shape is recognised: intervals, flags, ends of days, offsets; ``dates`` reads the rest."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.data.clock.dates import DAY_S, read_dates
from wattshed.data.clock.places import Places, refuse_unread
from wattshed.data.clock.rules import ClockRules
from wattshed.foundation.faults import Fault

# Of any zone.
FURTHEST_AHEAD_S = 14 * 3600
# Of 13:24:00 it is the minutes that are 24; after a year a colon may stand (01JAN2021:24:00).
MIDNIGHT_24 = re.compile(r"(?<!\d)(?:(?<!:)|(?<=\d{4}:))24:00(?=(?::00(?:\.0+)?)?(?!\d|:))")
# ERCOT marks the hour that comes twice; the order of rows tells which it is.
FLAG = r"\s*(?:DST|\*)$"
OFFSET = (
    r"(?:\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?|T\d{2}(?:\d{2}(?:\d{2}(?:[.,]\d+)?)?)?)(?:\s*[AaPp]\.?[Mm]\.?)?"
    r"(\s*(?:[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?))$"
)
TIME = r"\d{1,2}:\d{2}(?::\d{2})?"
SPACED = r"^(.*?\d.*?)\s+(?:-|–|—|to|/)\s+(.*\d.*)$"
ISO = r"^(\S+T\S+)/(\S+T\S+)$"
TIGHT = rf"^(.*\b{TIME})\s*([-–—])\s*({TIME})$"
# No zone is further behind UTC.
FURTHEST_BEHIND_S = 12 * 3600
# A zone's offsets within one file: two, and more where a country changed its zone.
MOST_OFFSETS = 4


@dataclass(frozen=True)
class Intervals:
    """Texts of starts and of ends [U]. bare: bool [U], the end was a time alone, and has the date of its start."""

    starts: pd.Series
    ends: pd.Series
    bare: np.ndarray


def split_intervals(words: pd.Series, places: Places) -> Intervals | pd.Series:
    """Intervals where all of ``words`` [U] are; else texts of single times.

    ``2021-03-01 - 13:00`` is a date and a time. ``00:00-01:00`` is an interval where every end is as far from its
    start; else the end is an offset from UTC. Raises :class:`Fault` where it can be either.
    """
    tight = words.str.extract(TIGHT)
    if len(words) and bool(tight[0].notna().all()):
        if not bool((tight[1] == "-").all()) or _are_ends(tight, words, places):
            return _with_dates(tight[0], tight[2])
        return words
    ends = words.str.extract(SPACED)
    first, second = ends[0], ends[1]
    if not len(words) or not bool(first.notna().all()):
        ends = words.str.extract(ISO)
        first, second = ends[0], ends[1]
        if not len(words) or not bool(first.notna().all()):
            return words
    if not bool(first.str.contains(r"\d:\d").any()) and bool(second.str.strip().str.fullmatch(TIME).all()):
        return first.str.strip() + " " + second.str.strip()
    return _with_dates(first, second)


def _with_dates(first: pd.Series, second: pd.Series) -> Intervals:
    first, second = first.str.strip(), second.str.strip()
    bare = second.str.fullmatch(TIME).to_numpy(dtype=bool)
    dated = first.str.split(r"[T ]", regex=True, n=1).str[0] + " " + second
    return Intervals(first, second.where(~bare, dated), bare)


def _are_ends(tight: pd.DataFrame, words: pd.Series, places: Places) -> bool:
    """Whether texts such as ``01:00-02:00`` are intervals; else their second time is an offset."""
    start_s, end_s = _of_day(tight[0]), _of_day(tight[2])
    lengths = (end_s - start_s) % DAY_S
    starts = len(np.unique(start_s))
    equal = bool((lengths == lengths[0]).all()) and lengths[0] > 0
    impossible = bool((end_s > FURTHEST_BEHIND_S).any())
    if equal and (starts > 2 or impossible):
        return True
    if impossible or len(np.unique(end_s)) > MOST_OFFSETS or (equal and starts == 2):
        raise Fault(
            f"{places.at_cell(0)}: time {words.iloc[0]!r} can be an interval or a time with an offset from UTC; "
            "expected one of them: set data.source.time_format, with %z if it is an offset."
        )
    return False


def _of_day(texts: pd.Series) -> np.ndarray:
    parts = texts.str.extract(r"(\d{1,2}):(\d{2})(?::(\d{2}))?$").fillna("0").astype(int).to_numpy()
    return np.asarray(parts @ np.array([3600, 60, 1]))


def read_words(words: pd.Series, rules: ClockRules, places: Places) -> tuple[np.ndarray, bool]:
    """Seconds since 1970 [U] of texts [U], and whether they have an offset and are therefore UTC.

    Raises :class:`Fault` for texts that cannot be read, or only some of which have an offset.
    """
    words = words.str.replace(FLAG, "", regex=True)
    words, late = without_24(words)
    offset = words.str.extract(OFFSET)[0]
    aware = offset.notna().to_numpy()
    if bool((aware != aware[0]).any()):
        cell = int(np.argmax(aware != aware[0]))
        raise Fault(
            f"{places.at_cell(cell)}: time {words.iloc[cell]!r} has {'a' if aware[cell] else 'no'} UTC offset, unlike "
            "the rows before it; expected all with or all without: write them in one way."
        )
    if not aware[0]:
        return read_dates(words, rules, places) + DAY_S * late, False
    bare = pd.Series([word[: -len(end)] for word, end in zip(words, offset, strict=True)])
    offset_s = _offset_s(offset)
    impossible: np.ndarray = np.abs(offset_s) > FURTHEST_AHEAD_S
    refuse_unread(impossible, words, places, "an offset from UTC of at most 14 hours")
    return read_dates(bare, rules, places) + DAY_S * late - offset_s, True


def without_24(words: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Texts with 00:00 in place of 24:00, and bool [U] of those whose day is the next one."""
    late = words.str.contains(MIDNIGHT_24).to_numpy(dtype=bool)
    if late.any():
        words = words.str.replace(MIDNIGHT_24, "00:00", regex=True)
    return words, late


def _offset_s(offsets: pd.Series) -> np.ndarray:
    """Seconds ahead of UTC [U]; 0 of Z, UTC and GMT."""
    kinds, codes = offsets.str.strip().unique(), pd.factorize(offsets.str.strip())[0]
    sizes = []
    for kind in kinds:
        match = re.fullmatch(r"([+-])(\d{2}):?(\d{2})?", kind)
        size = 0 if match is None else 3600 * int(match[2]) + 60 * int(match[3] or 0)
        sizes.append(-size if match is not None and match[1] == "-" else size)
    return np.asarray(sizes, dtype=np.int64)[codes]
