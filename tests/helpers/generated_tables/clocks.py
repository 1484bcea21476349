"""What a clock makes of readings: which rows a file has, what they say about time, and what can be known from them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from generated_tables.drawn import Drawn

HOUR = pd.Timedelta(hours=1)


@dataclass(frozen=True)
class Clocked:
    """Rows of a file in order of time.

    start: what the file's clock shows at the start of each row. offset_s: of the clock, where known.
    shown: the readings that the file holds. known: what can be known from them, by UTC start.
    in_doubt: rows at local times that come twice and that only the order of rows tells apart.
    """

    start: pd.DatetimeIndex
    offset_s: np.ndarray
    shown: pd.DataFrame
    known: pd.DataFrame
    in_doubt: np.ndarray
    changes: bool


def clocked(fine: pd.DataFrame, drawn: Drawn) -> Clocked:
    zone = "UTC" if drawn.clock == "utc" else standard(drawn) if drawn.dst == "none" else drawn.zone
    local = fine.index.tz_convert(zone)
    start = local.tz_localize(None)
    offset = (start - fine.index.tz_localize(None)).total_seconds().to_numpy()
    natural = fine.index.tz_convert(drawn.zone)
    offsets = {moment.utcoffset() for moment in (*natural[:1], *natural[-1:])}
    twice = start.duplicated(keep=False)
    if drawn.dst == "doubled":
        return _doubled(fine, start, twice, drawn, len(offsets) > 1)
    if drawn.dst == "skipped":
        keep = ~start.duplicated()
        known = fine.copy()
        known.loc[~keep] = np.nan
        start, shown = _with_skipped(start[keep], fine[keep], drawn)
        return Clocked(
            start, np.zeros(len(start)), shown, known, np.zeros(len(start), bool), len(offsets) > 1
        )
    doubt = twice if drawn.clock in ("local", "interval", "hours_clock") else np.zeros(len(fine), bool)
    return Clocked(start, offset, fine, fine.copy(), doubt, len(offsets) > 1)


def standard(drawn: Drawn) -> str:
    """The zone's standard time as a fixed offset in `Etc`'s letters."""
    offsets = [pd.Timestamp(f"2021-{month}-01 12:00", tz=drawn.zone).utcoffset() for month in ("01", "07")]
    hours = int(min(offset / HOUR for offset in offsets))
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def _doubled(
    fine: pd.DataFrame, start: pd.DatetimeIndex, twice: np.ndarray, drawn: Drawn, changes: bool
) -> Clocked:
    """One row for both hours: their sum, of which no hour's own reading can be known."""
    shown = fine.set_axis(start).groupby(level=0).sum(min_count=1)
    lost = fine.isna().set_axis(start).groupby(level=0).any()
    shown = shown.mask(lost)
    known = fine.copy()
    known.loc[twice] = np.nan
    start, shown = _with_skipped(shown.index, shown, drawn)
    return Clocked(start, np.zeros(len(start)), shown, known, np.zeros(len(start), bool), changes)


def _with_skipped(
    start: pd.DatetimeIndex, shown: pd.DataFrame, drawn: Drawn
) -> tuple[pd.DatetimeIndex, pd.DataFrame]:
    """Rows of zeros in the hour that spring skips."""
    every = pd.date_range(start[0], start[-1], freq=f"{drawn.minutes}min")
    return every, shown.set_axis(start).reindex(every, fill_value=0.0)
