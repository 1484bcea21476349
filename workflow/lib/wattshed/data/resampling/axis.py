"""The axis of a grid: from the first to the last reading at the file's resolution, in whole steps of the panel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from wattshed.data.forms.readings import Readings
from wattshed.data.units import duration_text
from wattshed.foundation.faults import Fault

ROWS_IN_BLOCK = 1 << 22
# A mistyped year must not create a terabyte of empty hours.
MOST_PER_READING = 100


@dataclass(frozen=True)
class Axis:
    """Times ``start_s + resolution_s * i`` for i below ``length``, in UTC; ``per_step`` of them are one step."""

    start_s: int
    resolution_s: int
    length: int
    per_step: int

    def place(self, seconds: np.ndarray) -> np.ndarray:
        return (seconds - self.start_s) // self.resolution_s

    @property
    def steps(self) -> np.ndarray:
        """datetime64[s] UTC: starts of the steps."""
        step_s = self.resolution_s * self.per_step
        return (self.start_s + step_s * np.arange(self.length // self.per_step)).astype("datetime64[s]")


def second_hour_s(axis: Axis) -> int:
    """One hour in places on the axis."""
    return 3600 // axis.resolution_s


def offset_s(seconds: int, timezone: str) -> int:
    """How far the local clock is ahead of UTC at an instant [s]."""
    offset = datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(timezone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def utc_text(seconds: int) -> str:
    return str(np.datetime64(int(seconds), "s")).replace("T", " ")


def make_axis(
    parts: Sequence[Readings], step_s: int, timezone: str, stated: bool = False
) -> tuple[Axis, tuple[str, ...]]:
    """The axis of all parts, and notes.

    Steps begin at whole hours (or parts of them) of ``timezone``; where readings are as long as a step, they begin as
    the readings do. stated: whether the config states the resolution. Raises :class:`Fault` for readings that are
    longer than a step, for those between the others, and for an implausibly long span.
    """
    resolution_s = common_resolution(parts, step_s)
    phase = _phase(parts, resolution_s)
    first, last, strays = _span(parts, resolution_s, phase, stated)
    notes: tuple[str, ...] = ()
    if strays:
        notes = (f"{strays:,} rows without a reading lie between the others; they were left out.",)
    per_step = step_s // resolution_s
    local = first + offset_s(first, timezone)
    late = local % resolution_s
    before = (local - late) % step_s if per_step > 1 else 0
    if late:
        notes += (f"Steps begin {late} s after those of the local clock, as the readings do.",)
    start = first - before
    count = (last - start) // resolution_s + 1
    axis = Axis(start, resolution_s, -(-count // per_step) * per_step, per_step)
    _refuse_long_span(parts, axis, first, last)
    return axis, notes


def common_resolution(parts: Sequence[Readings], step_s: int) -> int:
    """Time between readings [s], the same in all parts; that of a step where there is one time only."""
    known = [part for part in parts if part.instants.resolution_s > 0]
    if not known:
        return step_s
    first = known[0]
    for part in known[1:]:
        if part.instants.resolution_s != first.instants.resolution_s:
            raise Fault(
                f"{part.path}: typical spacing is {duration_text(part.instants.resolution_s)} and in {first.path} "
                f"{duration_text(first.instants.resolution_s)}; expected one resolution in all files: set "
                "data.source.resolution to irregular if readings come at any time, correct data.source.path, or "
                "resample one of them."
            )
    found = first.instants.resolution_s
    if found > step_s:
        longer = "set data.source.step_minutes" if found <= 3600 else "bring a file with shorter readings"
        cure = longer if found > 3600 else f"{longer} to {found // 60}"
        raise Fault(
            f"{first.path}: typical spacing is {duration_text(found)}, expected {duration_text(step_s)}: readings "
            "are "
            f"summed or averaged to longer steps, but never divided; {cure}."
        )
    if step_s % found:
        raise Fault(
            f"{first.path}: typical spacing is {duration_text(found)}, which does not divide the step of "
            f"{duration_text(step_s)}; expected a part of it: for a log without a fixed spacing set "
            "data.source.resolution to irregular."
        )
    return found


def blocks(part: Readings) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """First row, seconds, and which rows were kept, and hold a reading as well, in blocks of rows."""
    for start in range(0, len(part.instants.seconds), ROWS_IN_BLOCK):
        block = slice(start, start + ROWS_IN_BLOCK)
        known = ~np.isnan(part.values[block])
        kept = part.instants.kept[block]
        yield (
            start,
            part.instants.seconds[block],
            kept,
            kept & (known if known.ndim == 1 else known.any(axis=1)),
        )


def _phase(parts: Sequence[Readings], resolution_s: int) -> int:
    """Where most readings lie after a multiple of the resolution [s]."""
    counts = np.zeros(resolution_s, dtype=np.int64)
    for part in parts:
        for _, seconds, kept, has in blocks(part):
            chosen = has if has.any() else kept
            counts += np.bincount(seconds[chosen] % resolution_s, minlength=resolution_s)
    return int(np.argmax(counts))


def _span(parts: Sequence[Readings], resolution_s: int, phase: int, stated: bool) -> tuple[int, int, int]:
    """First and last time [s], and the number of rows without a reading between the grid's times."""
    first, last, strays = np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0
    for part in parts:
        for start, seconds, kept, has in blocks(part):
            between = (seconds - phase) % resolution_s != 0
            wrong = between & has
            if wrong.any():
                row = int(np.argmax(wrong))
                raise _between(part, start + row, seconds[row], resolution_s, stated)
            strays += int(np.count_nonzero(between & kept))
            on = seconds[kept & ~between]
            if len(on):
                first, last = min(first, int(on.min())), max(last, int(on.max()))
            twofold = seconds[kept & ~between & part.instants.doubled[start : start + len(seconds)]]
            if len(twofold):
                last = max(last, int(twofold.max()) + 3600)
    return first, last, strays


def _between(part: Readings, row: int, seconds: int, resolution_s: int, stated: bool) -> Fault:
    spacing = "data.source.resolution is" if stated else "whose typical spacing is"
    return Fault(
        f"{part.path}: row {part.rows[row]}: {utc_text(seconds)} UTC lies between the other readings, {spacing} "
        f"{duration_text(resolution_s)}; expected a fixed spacing: correct the time or data.source.resolution "
        "(irregular for a log whose readings hold until the next)."
    )


def _refuse_long_span(parts: Sequence[Readings], axis: Axis, first: int, last: int) -> None:
    readings = sum(len(part.instants.seconds) for part in parts)
    if axis.length <= MOST_PER_READING * axis.per_step:
        return
    filled = 0
    if axis.length <= MOST_PER_READING * readings + axis.per_step:
        seen = np.zeros(axis.length, dtype=bool)
        for part in parts:
            for _, seconds, kept, _ in blocks(part):
                on = (seconds - axis.start_s) % axis.resolution_s == 0
                seen[axis.place(seconds[kept & on])] = True
        filled = int(np.count_nonzero(seen))
    if axis.length > MOST_PER_READING * max(filled, 1):
        raise Fault(
            f"{parts[0].path}: readings at {filled or readings} times span {utc_text(first)} to {utc_text(last)} UTC "
            f"({(last - first) // 3600} h); expected one every {duration_text(axis.resolution_s)}: look for a "
            "mistyped "
            "date."
        )
