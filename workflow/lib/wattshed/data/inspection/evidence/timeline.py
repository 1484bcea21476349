"""The rows of a sample in time: what the clock on the wall shows at each, of which node, and with which readings."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.data.inspection.evidence.cells import numbers_of
from wattshed.data.inspection.evidence.roles import Roles
from wattshed.data.inspection.evidence.sample import Sample
from wattshed.data.inspection.evidence.time_cells import TimeCells, read_times

DAY_S = 86400
MOST_VALUE_COLUMNS = 40
LEAST_TYPICAL_SHARE = 0.5


@dataclass(frozen=True)
class Timeline:
    """Rows with a time.

    wall: int64 [R], seconds since 1970 of the label as written (from numbers: of the start of the period). node: int
    [R]. values: float [R, C]. offset_s: float [R], NaN without an offset. resolution_s: typical spacing, 0 where there
    is none; other_share: of spacings that differ from it. numbered: labels come from numbers of hours or periods, or
    from the places of columns. numbers: of the rows in their days, None without. lost: rows whose time cannot be read.
    whole: whether these are all rows of the file.
    """

    wall: np.ndarray
    node: np.ndarray
    values: np.ndarray
    offset_s: np.ndarray
    resolution_s: int
    other_share: float
    cells: TimeCells | None
    numbered: bool = False
    numbers: np.ndarray | None = None
    lost: int = 0
    whole: bool = True

    @property
    def aware(self) -> bool:
        return self.cells is not None and self.cells.aware

    @property
    def day(self) -> np.ndarray:
        """int64 [R]: days since 1970 that the rows are written under."""
        if self.numbers is None:
            return self.wall // DAY_S
        return (
            self.wall - ((self.numbers - self.numbers.min()) * self.resolution_s).astype(np.int64)
        ) // DAY_S

    @property
    def elapsed(self) -> bool:
        """Whether numbers count from local midnight on: some day has more than 24 hours, or a day of 23 has no gap."""
        if self.numbers is None:
            return False
        per_hour = 3600 // self.resolution_s
        if float(np.nanmax(self.numbers)) > 24 * per_hour:
            return True
        frame = pd.DataFrame({"day": self.day, "node": self.node, "number": self.numbers})
        each = frame.groupby(["node", "day"])["number"].agg(["size", "max", "min"])
        short = each[each["size"] == 23 * per_hour]
        return (
            bool(len(short))
            and bool((short["max"] - short["min"] + 1 == 23 * per_hour).all())
            and len(short) < len(each)
        )

    @property
    def irregular(self) -> bool:
        return self.resolution_s > 0 and self.other_share > LEAST_TYPICAL_SHARE

    @property
    def span(self) -> tuple[int, int]:
        return int(self.wall.min()), int(self.wall.max())


def minutes_of(highest: float) -> int:
    """Length of the periods of a day [min] that are numbered from 1 to ``highest``; the long day has an hour more."""
    return next((minutes for minutes in (60, 30, 15, 10) if highest <= 1500 // minutes), 5)


def joined_texts(sample: Sample, columns: tuple[str, ...]) -> pd.Series:
    """The cells of the time columns as one text each."""
    parts = [sample.columns[name] for name in columns]
    if len(parts) == 1:
        return parts[0]
    if all(part.iloc[:100].str.fullmatch(r"\d{1,4}").all() for part in parts[:3]) and len(parts) >= 3:
        text = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].str.zfill(2)
        return text if len(parts) == 3 else text + " " + parts[3]
    text = parts[0]
    for part in parts[1:]:
        text = text + " " + part
    return text


def build_timeline(
    sample: Sample, roles: Roles, day_first: bool | None, period_minutes: int | None
) -> Timeline | None:
    """None for a table whose times cannot be read."""
    if not roles.time:
        return None
    codes, texts = pd.factorize(joined_texts(sample, roles.time))
    cells = read_times(list(texts), day_first)
    if cells is None:
        return None
    if cells.ambiguous:
        cells = _decided_by_order(list(texts), codes, cells)
    known = ~np.isnat(cells.wall)
    wall = np.where(known, cells.wall.astype(np.int64), 0)[codes]
    node = _nodes(sample, roles)
    keep = known[codes]
    lost = int((~keep).sum())
    if roles.form == "days":
        return _of_days(sample, roles, cells, wall, node, keep, lost)
    values = np.column_stack(
        [
            numbers_of(sample.columns[name], roles.signs).to_numpy(float)
            for name in roles.values[:MOST_VALUE_COLUMNS]
        ]
        or [np.full(len(wall), np.nan)]
    )
    numbers = None
    number_column = roles.hour or roles.period
    if number_column is not None:
        numbers = pd.to_numeric(sample.columns[number_column], errors="coerce").to_numpy(float)
        minutes = 60 if roles.hour else period_minutes or minutes_of(float(np.nanmax(numbers)))
        keep &= np.isfinite(numbers)
        start = 0 if np.nanmin(numbers) == 0 else 1
        wall = wall + ((np.nan_to_num(numbers) - start) * minutes * 60).astype(np.int64)
    keep &= np.isfinite(values).any(axis=1)
    wall, node, values = wall[keep], node[keep], values[keep]
    numbers = None if numbers is None else numbers[keep]
    if not len(wall):
        return None
    offset = cells.offset_s[codes][keep]
    resolution, other = _spacing(wall - np.nan_to_num(offset).astype(np.int64), node)
    if number_column is not None:
        resolution, other = minutes * 60, 0.0
    return Timeline(
        wall,
        node,
        values,
        offset,
        resolution,
        other,
        cells,
        number_column is not None,
        numbers,
        lost,
        sample.whole,
    )


def _decided_by_order(texts: list[str], codes: np.ndarray, cells: TimeCells) -> TimeCells:
    """Dates such as 01/02/2021: the reading under which neighbouring days are a day apart, if it is one alone."""
    readings = {first: read_times(texts, first) for first in (True, False)}
    steps = {}
    for first, read in readings.items():
        if read is None or np.isnat(read.wall).any():
            continue
        days = pd.unique(read.wall[codes].astype("datetime64[D]").astype(np.int64))
        steps[first] = float((np.abs(np.diff(days)) == 1).mean()) if len(days) > 1 else 0.0
    if len(steps) == 2 and max(steps.values()) > 0.5 > 2 * min(steps.values()):
        chosen = readings[max(steps, key=lambda first: steps[first])]
    elif len(steps) == 1:
        chosen = readings[next(iter(steps))]
    else:
        return cells
    assert chosen is not None
    return chosen


def _nodes(sample: Sample, roles: Roles) -> np.ndarray:
    if roles.node is None:
        return np.zeros(sample.rows, dtype=np.int64)
    return pd.factorize(sample.columns[roles.node])[0]


def _of_days(
    sample: Sample,
    roles: Roles,
    cells: TimeCells,
    day: np.ndarray,
    node: np.ndarray,
    keep: np.ndarray,
    lost: int,
) -> Timeline | None:
    """Each cell of a day becomes a row; its label is the start of its part of the day."""
    count = len(roles.values)
    minutes = DAY_S // 60 // max(n for n in (24, 48, 96, 288) if n <= max(count, 24))
    grid = np.column_stack([numbers_of(sample.columns[name], roles.signs) for name in roles.values])
    wall = (day[:, None] + np.arange(count) * minutes * 60)[keep].ravel()
    values = grid[keep].ravel()
    there = np.isfinite(values)
    if not there.any():
        return None
    return Timeline(
        wall[there],
        np.repeat(node[keep], count)[there],
        values[there][:, None],
        np.full(int(there.sum()), np.nan),
        minutes * 60,
        0.0,
        cells,
        numbered=True,
        lost=lost,
        whole=sample.whole,
    )


def _spacing(seconds: np.ndarray, node: np.ndarray) -> tuple[int, float]:
    """Typical spacing [s] of the rows of a node in order of time, and the share of others; 0 for single rows."""
    order = np.lexsort((seconds, node))
    ahead = np.diff(seconds[order])
    ahead = ahead[(np.diff(node[order]) == 0) & (ahead > 0)]
    if not len(ahead):
        return 0, 0.0
    sizes, counts = np.unique(ahead, return_counts=True)
    typical = int(sizes[np.argmax(counts)])
    return typical, float((ahead != typical).mean())
