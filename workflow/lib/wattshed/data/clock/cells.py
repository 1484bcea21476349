"""Cells of times as seconds: datetimes, counts of seconds since 1970, and texts of a stated or a recognised shape."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from wattshed.data.clock.dates import DAY_S, whole_seconds
from wattshed.data.clock.intervals import Intervals, split_intervals
from wattshed.data.clock.places import Places, empty_time, refuse_unread
from wattshed.data.clock.rules import ClockRules
from wattshed.data.clock.words import read_words, without_24
from wattshed.foundation.faults import Fault

UNIX_S = {"unix": 1.0, "unix_ms": 1e-3}
# 1800 to 2200: what lies outside is a mistyped year.
EARLIEST_S, LATEST_S = -5_364_662_400, 7_258_118_400
# A share of intervals that may end before they begin.
MOST_BACKWARDS = 0.1


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
        return Cells(whole_seconds(texts), texts.dt.tz is not None)
    if rules.time_format in UNIX_S:
        return _of_unix(texts, rules.time_format, places)
    if rules.time_format is not None:
        return _of_format(_plain(texts), rules.time_format, places)
    if pd.api.types.is_numeric_dtype(texts):
        raise Fault(
            f"{places.at_cell(0)}: time {texts.iloc[0]} is a number; expected a date and a time, or seconds since "
            "1970: set data.source.time_format to unix, unix_ms or letters such as %Y%m%d, or name another "
            "time_column."
        )
    words = texts.astype(str).str.strip()
    blank = (words == "").to_numpy(dtype=bool)
    if blank.any():
        raise empty_time(places.where, places.row_of_cell(int(np.argmax(blank))))
    parts = split_intervals(words, places)
    if isinstance(parts, Intervals):
        return _of_intervals(parts, rules, places)
    return _checked(Cells(*read_words(parts, rules, places)), words, places)


def _plain(texts: pd.Series) -> pd.Series:
    """Texts; whole numbers without a decimal point."""
    if pd.api.types.is_float_dtype(texts):
        whole = texts.to_numpy(dtype=np.float64)
        if bool((whole == np.rint(whole)).all()):
            texts = texts.astype("int64")
    return texts.astype(str).str.strip()


def _of_unix(texts: pd.Series, name: str, places: Places) -> Cells:
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan) * UNIX_S[name]
    with np.errstate(invalid="ignore"):
        bad = ~((numbers > EARLIEST_S) & (numbers < LATEST_S))
    if bad.any():
        cell = int(np.argmax(bad))
        raise Fault(
            f"{places.at_cell(cell)}: time {texts.iloc[cell]!r} is not a count of "
            f"{'milliseconds' if name == 'unix_ms' else 'seconds'} since 1970; expected one between the years 1800 and "
            "2200: correct it or data.source.time_format (unix, unix_ms)."
        )
    return Cells(np.rint(numbers).astype(np.int64), True)


def _of_format(words: pd.Series, form: str, places: Places) -> Cells:
    if "%" not in form or "%Z" in form:
        raise Fault(
            f"data.source.time_format is {form!r}; expected strptime's letters such as %d/%m/%Y %H:%M, with %z for an "
            "offset (a zone's short name can be that of several zones): correct it, and name a zone in "
            "data.source.times_in."
        )
    words, late = without_24(words)
    aware = "%z" in form
    stamps = pd.to_datetime(words, format=form, errors="coerce", utc=aware)
    refuse_unread(stamps.isna().to_numpy(), words, places, f"a time of data.source.time_format {form!r}")
    return _checked(Cells(whole_seconds(stamps) + DAY_S * late, aware), words, places)


def _of_intervals(parts: Intervals, rules: ClockRules, places: Places) -> Cells:
    """Starts, and the most frequent length; both are read in one way, so that one decides what the other leaves."""
    count = len(parts.starts)
    both = pd.concat([parts.starts, parts.ends], ignore_index=True)
    seconds, aware = read_words(both, rules, replace(places, cells=count))
    lengths = seconds[count:] - seconds[:count]
    # An end that is a time alone can be the next day's midnight.
    lengths = np.where((lengths < 0) & parts.bare, lengths + DAY_S, lengths)
    backwards = lengths < 0
    # In the hour that autumn repeats, the clock may show less at the end than at the start.
    if backwards.mean() > MOST_BACKWARDS:
        cell = int(np.argmax(backwards))
        raise Fault(
            f"{places.at_cell(cell)}: the interval from {parts.starts.iloc[cell]!r} to {parts.ends.iloc[cell]!r} ends "
            "before it begins; expected the start first: correct the cells, or set data.source.day_first."
        )
    value, times = np.unique(lengths[lengths > 0], return_counts=True)
    length_s = int(value[times.argmax()]) if len(value) else None
    return _checked(Cells(seconds[:count], aware, length_s), parts.starts, places)


def _checked(cells: Cells, words: pd.Series, places: Places) -> Cells:
    far = (cells.seconds < EARLIEST_S) | (cells.seconds > LATEST_S)
    if far.any():
        cell = int(np.argmax(far))
        raise Fault(
            f"{places.at_cell(cell)}: time {words.iloc[cell]!r} lies outside of the years 1800 to 2200: look for a "
            "mistyped date."
        )
    return cells
