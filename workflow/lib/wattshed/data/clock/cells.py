"""Cells of times as seconds: texts of many shapes, datetimes, and seconds since 1970."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.data.clock.rules import ClockRules, Places
from wattshed.foundation.faults import Fault

OFFSET = re.compile(r"(?<=\d)\s*(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)$")
CLOCK_TIME = re.compile(r"\d{1,2}:\d{2}")
MIDNIGHT_24 = re.compile(r"(?<!\d)24:00(?=(?::00(?:\.0+)?)?(?!\d|:))")
INTERVAL = r"^(.*?\d.*?)\s+(?:-|–|—|to|/)\s+(.*\d.*)$|^(\S+T\S+)/(\S+)$"
FLAG = r"\s*(?:DST|\*)$"
DATE = (
    r"^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})"
    r"(?:(?:[T ,]+|\s+)(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)?$"
)
NAMED_DAYS = ("%d-%b-%Y", "%d %b %Y", "%d/%b/%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
NAMED_MONTHS = (
    *(
        f"{day}{hour}"
        for day in NAMED_DAYS
        for hour in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p")
    ),
    "%d%b%Y:%H:%M:%S",
    "%d%b%Y %H:%M:%S",
)
UNIX_S = {"unix": 1.0, "unix_ms": 1e-3}
DAY_S = 86_400
# 1800 to 2200: what lies outside is a mistyped year.
EARLIEST_S, LATEST_S = -5_364_662_400, 7_258_118_400
# A share of equal steps from which a column of dates counts as regular.
REGULAR = 0.9


@dataclass(frozen=True)
class Cells:
    """Unique cells as seconds since 1970 [U]: UTC where ``aware``, else as the file's clock shows them.

    length_s: of intervals ``a - b``; None of single times.
    """

    seconds: np.ndarray
    aware: bool
    length_s: int | None = None


def read_cells(texts: pd.Series, rules: ClockRules, places: Places) -> Cells:
    """texts: unique cells [U]. Raises :class:`Fault` for empty, unreadable, mixed and ambiguous times."""
    texts = texts.reset_index(drop=True)
    empty = texts.isna().to_numpy()
    if empty.any():
        raise empty_time(places.where, places.row_of_cell(int(np.argmax(empty))))
    if pd.api.types.is_datetime64_any_dtype(texts):
        return _of_datetimes(texts)
    if rules.time_format in UNIX_S:
        return _of_unix(texts, rules.time_format, places)
    if pd.api.types.is_numeric_dtype(texts):
        raise Fault(
            f"{places.where}: row {places.row_of_cell(0)}: time {texts.iloc[0]} is a number; expected a date and a "
            "time, or seconds since 1970: set data.source.time_format to unix or unix_ms, or name another time_column."
        )
    words = texts.astype(str).str.strip()
    if rules.time_format is not None:
        return _of_format(words, rules.time_format, places)
    ends = words.str.extract(INTERVAL)
    first, second = ends[0].fillna(ends[2]), ends[1].fillna(ends[3])
    if first.notna().all() and len(first):
        start = _of_words(first.str.strip(), rules, places)
        stop = _of_words(_with_date(first, second), rules, places)
        lengths = stop.seconds - start.seconds
        value, count = np.unique(lengths[lengths > 0], return_counts=True)
        return Cells(start.seconds, start.aware, int(value[count.argmax()]) if len(value) else None)
    return _of_words(words, rules, places)


def empty_time(where: str, row: int) -> Fault:
    """The refusal of a row without a time."""
    return Fault(
        f"{where}: row {row}: the time is empty; expected one such as 2021-03-01 13:00: fill it in or delete the row."
    )


def _with_date(first: pd.Series, second: pd.Series) -> pd.Series:
    """The end of an interval; one that is a time alone gets the date of its start."""
    second = second.str.strip()
    bare = second.str.fullmatch(r"\d{1,2}:\d{2}(?::\d{2})?")
    return second.where(~bare, first.str.strip().str.split(r"[T ]", regex=True, n=1).str[0] + " " + second)


def _of_datetimes(stamps: pd.Series) -> Cells:
    aware = stamps.dt.tz is not None
    if aware:
        stamps = stamps.dt.tz_convert("UTC").dt.tz_localize(None)
    # Workbooks store fractions of a day, which lie microseconds beside the minute.
    return Cells(stamps.dt.round("s").to_numpy("datetime64[s]").astype(np.int64), aware)


def _of_unix(texts: pd.Series, name: str, places: Places) -> Cells:
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan) * UNIX_S[name]
    with np.errstate(invalid="ignore"):
        bad = ~((numbers > EARLIEST_S) & (numbers < LATEST_S))
    if bad.any():
        cell = int(np.argmax(bad))
        raise Fault(
            f"{places.where}: row {places.row_of_cell(cell)}: time {texts.iloc[cell]!r} is not a count of "
            f"{'milliseconds' if name == 'unix_ms' else 'seconds'} since 1970; expected one between the years 1800 and "
            "2200: correct it or data.source.time_format (unix, unix_ms)."
        )
    return Cells(np.rint(numbers).astype(np.int64), True)


def _of_format(words: pd.Series, form: str, places: Places) -> Cells:
    words, late = _without_24(words)
    aware = "%z" in form
    stamps = pd.to_datetime(words, format=form, errors="coerce", utc=aware)
    _refuse_unread(stamps.isna().to_numpy(), words, places, f"a time of data.source.time_format {form!r}")
    return _checked(Cells(_of_datetimes(stamps).seconds + DAY_S * late, aware), words, places)


def _without_24(words: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Texts with 00:00 in place of 24:00, and bool [U] of those whose day is the next one."""
    late = words.str.contains(MIDNIGHT_24).to_numpy(dtype=bool)
    if late.any():
        words = words.str.replace(MIDNIGHT_24, "00:00", regex=True)
    return words, late


def _of_words(words: pd.Series, rules: ClockRules, places: Places) -> Cells:
    words = words.str.replace(FLAG, "", regex=True).str.replace(
        r"(:\d{2})[.,](\d{6})\d+", r"\1.\2", regex=True
    )
    words, late = _without_24(words)
    aware = np.array(
        [OFFSET.search(text) is not None and CLOCK_TIME.search(text) is not None for text in words]
    )
    if bool((aware != aware[0]).any()):
        cell = int(np.argmax(aware != aware[0]))
        raise Fault(
            f"{places.where}: row {places.row_of_cell(cell)}: time {words.iloc[cell]!r} has "
            f"{'a' if aware[cell] else 'no'} UTC offset, unlike the rows before it; expected all with or all without: "
            "write them in one way."
        )
    seconds = _iso(words, bool(aware[0]))
    if seconds is None:
        seconds = _with_offset(words, rules, places) if aware[0] else _dates(words, rules, places)
    return _checked(Cells(seconds + DAY_S * late, bool(aware[0])), words, places)


def _checked(cells: Cells, words: pd.Series, places: Places) -> Cells:
    far = (cells.seconds < EARLIEST_S) | (cells.seconds > LATEST_S)
    if far.any():
        cell = int(np.argmax(far))
        raise Fault(
            f"{places.where}: row {places.row_of_cell(cell)}: time {words.iloc[cell]!r} lies outside of the years 1800 "
            "to 2200: look for a mistyped date."
        )
    return cells


def _iso(words: pd.Series, aware: bool) -> np.ndarray | None:
    if not words.str.match(r"\d{4}-?\d{2}(-?\d{2})?(\D|$)").all():
        return None
    if words.str.fullmatch(r"\d{4,6}").any():
        return None
    stamps = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=aware)
    return None if stamps.isna().any() else _of_datetimes(stamps).seconds


def _with_offset(words: pd.Series, rules: ClockRules, places: Places) -> np.ndarray:
    """Dates of other shapes with an offset at their end."""
    offsets = words.str.extract(r"(?<=\d)\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)$")[0]
    bare = words.str.replace(OFFSET, "", regex=True)
    seconds = _iso(bare, aware=False)
    if seconds is None:
        seconds = _dates(bare, rules, places)
    parts = offsets.str.extract(r"([+-])(\d{2}):?(\d{2})?")
    size_s = 3600 * parts[1].fillna("0").astype(int) + 60 * parts[2].fillna("0").astype(int)
    return seconds - size_s.where(parts[0] != "-", -size_s).to_numpy()


def _dates(words: pd.Series, rules: ClockRules, places: Places) -> np.ndarray:
    parts = words.str.extract(DATE)
    unread = parts[0].isna().to_numpy()
    if unread.any():
        for form in NAMED_MONTHS:
            stamps = pd.to_datetime(words, format=form, errors="coerce")
            if stamps.notna().all():
                return _of_datetimes(stamps).seconds
        _refuse_unread(unread, words, places, "a date such as 2021-03-01 13:00 or 01.03.2021 13:00")
    left, middle, right = (parts[place].astype(int).to_numpy() for place in (0, 2, 3))
    clock_s, bad = _clock_s(parts)
    _refuse_unread(bad, words, places, "a time of day between 00:00 and 24:00")
    if (parts[0].str.len() == 4).all():
        days = _days(left, middle, right)
        _refuse_unread(np.isnan(days), words, places, "year, month and day")
        return (DAY_S * days).astype(np.int64) + clock_s
    _refuse_unread(
        (parts[3].str.len() != 4).to_numpy(),
        words,
        places,
        "a year of four digits; set data.source.time_format",
    )
    dotted = bool((parts[1] == ".").all())
    return _day_or_month(left, middle, right, clock_s, words, rules, places, dotted)


def _clock_s(parts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Seconds since midnight [U], and bool [U] where they are none."""
    hour, minute, second = (parts[place].fillna("0").astype(int).to_numpy() for place in (4, 5, 6))
    half = parts[7].fillna("").str.lower().str.replace(".", "", regex=False).to_numpy()
    halved = half != ""
    bad = (hour > 23) | (minute > 59) | (second > 59) | (halved & ((hour > 12) | (hour < 1)))
    hour = np.where(halved, hour % 12 + 12 * (half == "pm"), hour)
    return 3600 * hour + 60 * minute + second, bad


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Days since 1970 [U], NaN where there is no such date."""
    frame = pd.DataFrame({"year": year, "month": month, "day": day})
    days = pd.to_datetime(frame, errors="coerce").to_numpy("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64))


def _day_or_month(
    left: np.ndarray,
    middle: np.ndarray,
    year: np.ndarray,
    clock_s: np.ndarray,
    words: pd.Series,
    rules: ClockRules,
    places: Places,
    dotted: bool,
) -> np.ndarray:
    readings = {True: _days(year, middle, left), False: _days(year, left, middle)}
    wanted = (rules.day_first,) if rules.day_first is not None else (True,) if dotted else (True, False)
    fitting = {
        first: DAY_S * readings[first] + clock_s for first in wanted if not np.isnan(readings[first]).any()
    }
    if not fitting:
        best = min((np.isnan(readings[first]) for first in wanted), key=lambda bad: int(bad.sum()))
        key = "; correct the cell or data.source.day_first" if rules.day_first is not None else ""
        _refuse_unread(best, words, places, f"day, month and year in one order{key}")
    if len(fitting) == 2 and not np.array_equal(fitting[True], fitting[False]):
        regular = [first for first in fitting if _is_regular(fitting[first])]
        if len(regular) != 1:
            cell = int(np.argmax(fitting[True] != fitting[False]))
            raise Fault(
                f"{places.where}: row {places.row_of_cell(cell)}: time {words.iloc[cell]!r} can be day or month first, "
                "and all others too; expected dates that can be read in one way: set data.source.day_first to true or "
                "false."
            )
        return fitting[regular[0]].astype(np.int64)
    return next(iter(fitting.values())).astype(np.int64)


def _is_regular(seconds: np.ndarray) -> bool:
    steps = np.diff(np.sort(seconds))
    if len(steps) < 2:
        return False
    return bool(np.unique(steps, return_counts=True)[1].max() >= REGULAR * len(steps))


def _refuse_unread(bad: np.ndarray, words: pd.Series, places: Places, expected: str) -> None:
    if bad.any():
        cell = int(np.argmax(bad))
        raise Fault(
            f"{places.where}: row {places.row_of_cell(cell)}: time {words.iloc[cell]!r} cannot be read; expected "
            f"{expected}: rewrite the column or set data.source.time_format."
        )
