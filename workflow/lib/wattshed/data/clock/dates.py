"""Dates and times without an offset: ISO 8601, numbers in three orders, and names of months."""

import numpy as np
import pandas as pd

from wattshed.data.clock.places import Places, refuse_unread
from wattshed.data.clock.rules import ClockRules
from wattshed.foundation.faults import Fault

ISO = r"\d{4}(?:-\d{2}(?:-\d{2})?|\d{4})(?:\D|$)"
DATE = (
    r"^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})"
    r"(?:(?:[T ,]+|\s+)(\d{1,2})[:.](\d{2})(?:[:.](\d{2})([.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)?$"
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
DAY_S = 86_400
# Shares from which times are a regular series: of equal steps, and of the steps of their span that they fill.
REGULAR = 0.9


def whole_seconds(stamps: pd.Series) -> np.ndarray:
    """Datetimes as seconds since 1970 [U], UTC where they have a zone.

    Workbooks store fractions of a day, which lie microseconds beside the minute; so the nearest second is taken.
    """
    if stamps.dt.tz is not None:
        stamps = stamps.dt.tz_convert("UTC").dt.tz_localize(None)
    return stamps.dt.round("s").to_numpy("datetime64[s]").astype(np.int64)


def read_dates(words: pd.Series, rules: ClockRules, places: Places) -> np.ndarray:
    """Seconds since 1970 as the texts [U] show them. Raises :class:`Fault` for unreadable and ambiguous ones."""
    stamps = _iso(words) if bool(words.str.match(ISO).all()) else None
    if stamps is not None:
        return whole_seconds(stamps)
    parts = words.str.extract(DATE)
    unread = parts[0].isna().to_numpy()
    if unread.any():
        for form in NAMED_MONTHS:
            stamps = pd.to_datetime(words, format=form, errors="coerce")
            if stamps.notna().all():
                return whole_seconds(stamps)
        digits = bool(words.str.fullmatch(r"\d+(?:\.\d*)?").all())
        expected = "a date such as 2021-03-01 13:00 or 01.03.2021 13:00"
        if digits:
            expected += ", or unix, unix_ms or letters such as %Y%m%d%H in data.source.time_format"
        refuse_unread(unread, words, places, expected)
    left, middle, right = (parts[place].astype(int).to_numpy() for place in (0, 2, 3))
    clock_s, bad = _clock_s(parts)
    refuse_unread(bad, words, places, "a time of day between 00:00 and 24:00")
    _refuse_some_halves(parts, words, places)
    if (parts[0].str.len() == 4).all():
        days = _days(left, middle, right)
        refuse_unread(np.isnan(days), words, places, "a year, a month and a day that exist")
        return (DAY_S * days).astype(np.int64) + clock_s
    long_years = parts[3].str.len() == 4
    refuse_unread((~long_years).to_numpy(), words, places, "a year of four digits")
    dotted = bool((parts[1] == ".").all())
    orders = (rules.day_first,) if rules.day_first is not None else (True,) if dotted else (True, False)
    days_of = {first: _days(right, middle, left) if first else _days(right, left, middle) for first in orders}
    return _in_one_order(days_of, clock_s, words, rules, places)


def _iso(words: pd.Series) -> pd.Series | None:
    """Datetimes of texts; None where one is not ISO 8601, or has an offset of a rare shape."""
    # More than nine digits of a second are more than pandas keeps.
    short = words.str.replace(r"([.,]\d{9})\d+", r"\1", regex=True)
    try:
        stamps = pd.to_datetime(short, format="ISO8601", errors="coerce")
    except ValueError:
        return None
    naive = pd.api.types.is_datetime64_dtype(stamps)
    return stamps if naive and bool(stamps.notna().all()) else None


def _clock_s(parts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Seconds since midnight [U], to the nearest, and bool [U] where they are none."""
    hour, minute, second = (parts[place].fillna("0").astype(int).to_numpy() for place in (4, 5, 6))
    fraction = parts[7].str.replace(",", ".").fillna("0").astype(float).to_numpy()
    half = parts[8].fillna("").str.lower().str.replace(".", "", regex=False).to_numpy()
    halved = half != ""
    bad = (hour > 23) | (minute > 59) | (second > 59) | (halved & ((hour > 12) | (hour < 1)))
    hour = np.where(halved, hour % 12 + 12 * (half == "pm"), hour)
    return 3600 * hour + 60 * minute + second + np.rint(fraction).astype(np.int64), bad


def _refuse_some_halves(parts: pd.DataFrame, words: pd.Series, places: Places) -> None:
    """Refuses AM and PM in only some of the texts that have a time of day."""
    without = (parts[4].notna() & parts[8].isna()).to_numpy()
    if parts[8].notna().any():
        refuse_unread(without, words, places, "AM or PM as in other rows")


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Days since 1970 [U], NaN where there is no such date."""
    frame = pd.DataFrame({"year": year, "month": month, "day": day})
    days = pd.to_datetime(frame, errors="coerce").to_numpy("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64))


def _in_one_order(
    days_of: dict[bool, np.ndarray], clock_s: np.ndarray, words: pd.Series, rules: ClockRules, places: Places
) -> np.ndarray:
    """The one reading of dates that fits all texts. days_of: days [U] if the day comes first, and if the month does."""
    fitting = {
        first: DAY_S * days.astype(np.int64) + clock_s
        for first, days in days_of.items()
        if not np.isnan(days).any()
    }
    if not fitting:
        worst = min((np.isnan(days) for days in days_of.values()), key=lambda bad: int(bad.sum()))
        key = "; correct the cell or data.source.day_first" if rules.day_first is not None else ""
        refuse_unread(worst, words, places, f"day, month and year in one order{key}")
    if len(fitting) == 2 and not np.array_equal(fitting[True], fitting[False]):
        regular = [first for first in fitting if _is_regular(fitting[first])]
        if len(regular) != 1:
            cell = int(np.argmax(fitting[True] != fitting[False]))
            raise Fault(
                f"{places.at_cell(cell)}: time {words.iloc[cell]!r} can be day or month first, and all others too; "
                "expected dates that can be read in one way: set data.source.day_first to true or false."
            )
        return fitting[regular[0]]
    return next(iter(fitting.values()))


def _is_regular(seconds: np.ndarray) -> bool:
    """Whether times have equal steps and few gaps."""
    times = np.unique(seconds)
    steps = np.diff(times)
    if len(steps) < 2:
        return False
    value, count = np.unique(steps, return_counts=True)
    filled = len(times) / ((times[-1] - times[0]) / value[count.argmax()] + 1)
    return bool(count.max() >= REGULAR * len(steps) and filled >= REGULAR)
