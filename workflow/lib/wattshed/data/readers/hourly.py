"""Puts readings with time stamps on a complete hourly UTC axis; hours without a reading are gaps."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import HOUR_S

# A mistyped year must not create a terabyte of empty hours.
MOST_HOURS_PER_READING = 100


def utc_seconds(times: pd.Series, timezone: str, where: str) -> np.ndarray:
    """Seconds since 1970 UTC [rows] of datetimes [rows], local times of ``timezone`` without an offset.

    When clocks are set back in autumn, one local hour occurs twice: of two readings in it, the earlier row is the
    earlier hour; a single one counts as the first. times: indexed by the row numbers of ``where``, for the messages.

    Raises :class:`Fault` for empty and non-existent (spring) times.
    """
    empty = times.isna()
    if empty.any():
        raise Fault(
            f"{where}: row {times.index[empty][0]}: the time is empty; expected one such as "
            "2021-03-01 13:00: fill it in or delete the row."
        )
    stamps = localise(times, timezone, where)
    return stamps.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)


def localise(naive: pd.Series, timezone: str, where: str) -> pd.Series:
    """Local times without offset as times in ``timezone``; see :func:`utc_seconds`."""
    zone = ZoneInfo(timezone)
    daylight = naive.dt.tz_localize(zone, ambiguous=np.ones(len(naive), bool), nonexistent="NaT")
    standard = naive.dt.tz_localize(zone, ambiguous=np.zeros(len(naive), bool), nonexistent="NaT")
    skipped = daylight.isna().to_numpy()
    if skipped.any():
        row = int(np.argmax(skipped))
        raise Fault(
            f"{where}: row {naive.index[row]}: local time {naive.iloc[row]} does not exist in {timezone}, whose "
            "clocks skip it in spring; expected local times of the source's timezone: set timezone to the "
            "zone in which the file is written (perhaps UTC)."
        )
    second = naive.duplicated() & (daylight != standard)
    return daylight.mask(second, standard)


def hours_of(seconds: np.ndarray, rows: pd.Index, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Complete axis datetime64[s] UTC [T], and the position of each reading on it [readings]; readings in any order.

    seconds: since 1970 UTC; rows: row number of each reading in ``where``. Raises :class:`Fault` for two readings in
    one hour, readings between the hours, and an implausibly long span.
    """
    axis = hourly_axis(seconds, rows, where)
    again = pd.Series(seconds).duplicated().to_numpy()
    if again.any():
        row = int(np.argmax(again))
        raise Fault(
            f"{where}: row {rows[row]}: a second reading at {utc_text(seconds[row])} UTC; expected one "
            "for each hour: delete one."
        )
    return axis, (seconds - int(seconds.min())) // HOUR_S


def hourly_axis(seconds: np.ndarray, rows: pd.Index, where: str) -> np.ndarray:
    """All hours from the first to the last reading: datetime64[s] UTC [T]; faults as above."""
    first = int(seconds.min())
    between = (seconds - first) % HOUR_S != 0
    if between.any():
        row = int(np.argmax(between))
        raise Fault(
            f"{where}: row {rows[row]}: {utc_text(seconds[row])} UTC is not a whole number of hours after the "
            f"first reading ({utc_text(first)}); expected hourly readings: sum or average them to hours first."
        )
    hours = int(seconds.max() - first) // HOUR_S + 1
    filled = len(np.unique(seconds))
    if hours > MOST_HOURS_PER_READING * filled:
        raise Fault(
            f"{where}: readings in {filled} hours span {utc_text(first)} to {utc_text(seconds.max())} UTC "
            f"({hours} h); expected hourly readings: look for a mistyped date."
        )
    return (first + HOUR_S * np.arange(hours)).astype("datetime64[s]")


def utc_text(seconds: int) -> str:
    return str(np.datetime64(int(seconds), "s")).replace("T", " ")
