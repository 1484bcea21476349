"""Cells that name times: which kind they are, and what a clock on the wall shows at each. For evidence only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

DATE = (
    r"(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"|(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<yy>\d{4}|\d{2})"
    r"|(?P<dd>\d{1,2})[- ](?P<mon>[A-Za-z]{3})[- ](?P<yyy>\d{4}|\d{2})"
    r"|(?P<c>(?:19|20)\d{6}))"
)
CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?(?:\s*(?P<ap>[AaPp])\.?[Mm]\.?)?"
OFFSET = r"\s*(?P<off>Z|UTC|[+-]\d{2}(?::?\d{2})?)?"
# ERCOT marks the second of two equal hours by a word after it.
MARK = r"(?:\s+(?P<mark>[A-Z]{2,5}))?"
TIME = re.compile(rf"^{DATE}(?:[T ]\s*{CLOCK}{OFFSET})?{MARK}$")
OF_DAY = re.compile(rf"^{CLOCK}{OFFSET}{MARK}$")
INTERVAL = re.compile(r"^(?P<from>.+\d:\d{2}.*?)\s+(?:-|–|to)\s+(?P<to>.+)$")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
MONTHS = {name: number for number, name in enumerate(_MONTHS.split(), 1)}
# Seconds since 1970 from 1980 to 2096.
UNIX_S = (315_532_800, 4_000_000_000)
MOST_LOOKED_AT = 2000


@dataclass(frozen=True)
class TimeCells:
    """What the texts of a column say, text by text.

    kind: `time`, `date`, `of_day`, `interval`, `unix` or `unix_ms`. wall: datetime64[s] of the label as written (of an
    interval, its start; of a time of day, on 1970-01-01); NaT where a text is of another kind. offset_s: float64, NaN
    where the text has no offset. day_first: which comes first in dates such as 01/02/2021, None where texts do not
    decide it; `ambiguous`: whether both readings fit all of them. length_s: of intervals. has_24: some text says 24:00.
    """

    kind: str
    wall: np.ndarray
    offset_s: np.ndarray
    day_first: bool | None = None
    ambiguous: bool = False
    length_s: int | None = None
    has_24: bool = False
    marks: tuple[str, ...] = ()

    @property
    def aware(self) -> bool:
        return self.kind in ("unix", "unix_ms") or bool(np.isfinite(self.offset_s).any())


def read_times(texts: Sequence[str], day_first: bool | None = None) -> TimeCells | None:
    """The times in unique, trimmed texts; None unless nearly all of them are of one kind.

    day_first: where the user, or other evidence, has decided it.
    """
    some = pd.Series(list(texts[:MOST_LOOKED_AT]), dtype=object)
    if some.empty:
        return None
    for pattern, read in ((TIME, _read_full), (OF_DAY, _read_of_day), (INTERVAL, _read_intervals)):
        if some.str.match(pattern).mean() > 0.95:
            return read(pd.Series(list(texts), dtype=object), day_first)
    if some.str.fullmatch(r"\d{9,10}|\d{12,13}").mean() > 0.95:
        return _read_unix(pd.Series(list(texts), dtype=object))
    return None


def _read_unix(texts: pd.Series) -> TimeCells | None:
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    for kind, per_second in (("unix", 1), ("unix_ms", 1000)):
        seconds = numbers / per_second
        if np.nanmin(seconds) >= UNIX_S[0] and np.nanmax(seconds) <= UNIX_S[1]:
            whole = np.where(np.isfinite(seconds), seconds, 0).astype(np.int64)
            wall = np.where(np.isfinite(seconds), whole.astype("datetime64[s]"), np.datetime64("NaT", "s"))
            return TimeCells(kind, wall, np.zeros(len(texts)))
    return None


def _read_intervals(texts: pd.Series, day_first: bool | None) -> TimeCells | None:
    parts = texts.str.extract(INTERVAL)
    ends = parts["to"].str.strip()
    short = ends.str.match(OF_DAY) & ~ends.str.match(TIME)
    begins = _read_full(parts["from"].str.strip(), day_first)
    if begins is None or not np.isfinite(begins.wall.astype("datetime64[s]").astype(float)).any():
        return None
    if short.any():
        # The end names the time alone: what matters is how long the interval is within a day.
        of_day = begins.wall.astype("datetime64[D]").astype("datetime64[s]")
        ends = pd.Series(of_day.astype(str)).str.slice(0, 10) + " " + ends
    until = _read_full(ends, begins.day_first if day_first is None else day_first)
    if until is None:
        return None
    seconds = (until.wall - begins.wall).astype("timedelta64[s]").astype(float)
    known = seconds[np.isfinite(seconds)]
    length = int(pd.Series(known).mode().iloc[0]) % 86400 if len(known) else None
    return TimeCells(
        "interval", begins.wall, begins.offset_s, begins.day_first, begins.ambiguous, length, begins.has_24
    )


def _read_of_day(texts: pd.Series, day_first: bool | None) -> TimeCells:
    parts = texts.str.extract(OF_DAY)
    seconds, has_24 = _of_day(parts)
    wall = np.where(np.isfinite(seconds), np.nan_to_num(seconds), 0).astype(np.int64).astype("datetime64[s]")
    wall = np.where(np.isfinite(seconds), wall, np.datetime64("NaT", "s"))
    return TimeCells("of_day", wall, _offsets(parts["off"]), has_24=has_24, marks=_marks(parts["mark"]))


def _read_full(texts: pd.Series, day_first: bool | None) -> TimeCells | None:
    parts = texts.str.extract(TIME)
    first, second = (pd.to_numeric(parts[name], errors="coerce") for name in "ab")
    decided = day_first
    slashed = first.notna().any()
    if decided is None and slashed:
        decided = True if (first > 12).any() else False if (second > 12).any() else None
        if (first > 12).any() and (second > 12).any():
            return None
        if decided is None and bool(texts[first.notna()].str.match(r"\d{1,2}\.\d").all()):
            # Dates with dots have the day first; the source reads them so.
            decided = True
    month, day = (second, first) if decided or decided is None else (first, second)
    compact = parts["c"]
    year = parts["y"].fillna(parts["yy"]).fillna(parts["yyy"]).fillna(compact.str.slice(0, 4))
    years = pd.to_numeric(year, errors="coerce")
    years = years.where(years >= 100, years + 2000)
    named = parts["mon"].str.lower().map(MONTHS)
    months = _first(parts["m"], month, named, compact.str.slice(4, 6))
    days = _first(parts["d"], day, parts["dd"], compact.str.slice(6, 8))
    dates = pd.to_datetime(
        pd.DataFrame({"year": years, "month": months, "day": days}), errors="coerce"
    ).to_numpy("datetime64[s]")
    seconds, has_24 = _of_day(parts)
    kind = "time" if parts["H"].notna().mean() > 0.5 else "date"
    wall = dates + np.nan_to_num(seconds).astype("timedelta64[s]")
    return TimeCells(
        kind,
        wall,
        _offsets(parts["off"]),
        decided if slashed else None,
        bool(slashed and decided is None),
        has_24=has_24,
        marks=_marks(parts["mark"]),
    )


def _first(*columns: pd.Series) -> pd.Series:
    found = pd.to_numeric(columns[0], errors="coerce")
    for column in columns[1:]:
        found = found.fillna(pd.to_numeric(column, errors="coerce"))
    return found


def _of_day(parts: pd.DataFrame) -> tuple[np.ndarray, bool]:
    """Seconds since midnight, NaN without a time of day; whether some hour is 24."""
    hour, minute, second = (pd.to_numeric(parts[name], errors="coerce") for name in "HMS")
    half = parts["ap"].str.lower()
    hour = hour.mask(half.notna(), hour % 12 + 12 * (half == "p"))
    seconds = hour * 3600 + minute * 60 + second.fillna(0)
    return seconds.to_numpy(float), bool((hour == 24).any())


def _offsets(texts: pd.Series) -> np.ndarray:
    """Seconds ahead of UTC; NaN without an offset."""
    parts = texts.str.extract(r"^(?P<sign>[+-])(?P<h>\d{2}):?(?P<m>\d{2})?$")
    ahead = pd.to_numeric(parts["h"]) * 3600 + pd.to_numeric(parts["m"]).fillna(0) * 60
    ahead = ahead.mask(parts["sign"] == "-", -ahead)
    return ahead.mask(texts.isin(["Z", "UTC"]), 0.0).to_numpy(float)


def _marks(texts: pd.Series) -> tuple[str, ...]:
    return tuple(sorted(texts.dropna().unique()))
