"""Calendar splits: one set of cut times for all nodes, and the later months as a stream."""

import itertools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.panel import Panel
from wattshed.foundation.documents import read_json
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import WEEK_H, step_words
from wattshed.foundation.writing import write_json

# Key with the digest of the panel that splits were cut for.
PANEL = "panel_sha256"


@dataclass(frozen=True)
class Segment:
    """Steps ``start <= t < stop`` of the panel. A window belongs to it if all its targets are in it.

    history_steps: steps of the panel that must lie before a window's first target step; None for the look-back and at
    least a week. 0 in a panel of labelled windows, whose rows hold their own history.
    """

    name: str
    start: int
    stop: int
    history_steps: int | None = None

    def origins(self, look_back_steps: int, horizon_steps: int, steps_per_week: int = WEEK_H) -> np.ndarray:
        """First target steps [B] of all windows; each has the history that the segment asks for."""
        history_steps = (
            max(look_back_steps, steps_per_week) if self.history_steps is None else self.history_steps
        )
        first = max(self.start, history_steps)
        return np.arange(first, self.stop - horizon_steps + 1)


@dataclass(frozen=True)
class Month:
    """One month of the stream: the part to learn from, and the held-out tail."""

    name: str
    learn: Segment
    held_out: Segment

    @property
    def whole(self) -> Segment:
        return Segment(self.name, self.learn.start, self.held_out.stop, self.learn.history_steps)


@dataclass(frozen=True)
class Splits:
    train: Segment
    validation: Segment
    test: Segment
    months: tuple[Month, ...]

    def write(self, path: Path | str, panel: Panel) -> None:
        cuts = {
            segment.name: [
                str(panel.times[segment.start]),
                str(panel.times[min(segment.stop, len(panel.times) - 1)]),
            ]
            for segment in (self.train, self.validation, self.test, *(month.whole for month in self.months))
        }
        write_json(path, {**asdict(self), "cuts_utc": cuts, PANEL: panel.digest}, sealed=True)

    @classmethod
    def read(cls, path: Path | str, panel: Panel | None = None) -> "Splits":
        """What :meth:`write` wrote.

        panel: the one that it must have been written for. Raises :class:`Fault` for a file that is missing, damaged,
        altered, or of another panel.
        """
        parts = read_json(path, keys=("train", "validation", "test", "months"))
        if panel is not None and parts.get(PANEL) != panel.digest:
            raise Fault(
                f"{path} was written for another panel: expected the splits of this one; delete it and run snakemake "
                "again."
            )
        try:
            return cls(
                train=_segment(parts["train"]),
                validation=_segment(parts["validation"]),
                test=_segment(parts["test"]),
                months=tuple(
                    Month(month["name"], _segment(month["learn"]), _segment(month["held_out"]))
                    for month in parts["months"]
                ),
            )
        except (TypeError, KeyError) as error:
            raise Fault(
                f"{path} does not describe splits ({error}): expected a file that wattshed wrote; delete it and run "
                "snakemake again."
            ) from error


def _segment(given: dict[str, Any]) -> Segment:
    # Earlier releases, whose panels were hourly, wrote the history under another name.
    return Segment(
        **{("history_steps" if key == "history_h" else key): value for key, value in given.items()}
    )


def split_calendar(panel: Panel, splits: SplitsBlock, windows: WindowsBlock) -> Splits:
    """Cut the panel's span into train, validation, test and, in the rest, the months CL_1..CL_k.

    A panel of labelled windows comes with its cuts; its later rows are two months, see :func:`_split_rows`. Raises
    :class:`Fault` if any part is too short for one window or has no observed value to forecast.
    """
    if panel.windows is not None:
        return _split_rows(panel, splits, windows)
    steps = len(panel.times)
    after_train = round(steps * splits.train_share)
    after_validation = round(steps * (splits.train_share + splits.validation_share))
    after_test = round(steps * (splits.train_share + splits.validation_share + splits.test_share))
    months = []
    for index, (start, stop) in enumerate(
        _month_ranges(panel.local_times[after_test:], splits.minimum_month_days * panel.steps_per_day),
        start=1,
    ):
        cut = after_test + stop - max(1, round((stop - start) * splits.held_out_share))
        months.append(
            Month(
                name=f"CL_{index}",
                learn=Segment(f"CL_{index}_learn", after_test + start, cut),
                held_out=Segment(f"CL_{index}_held_out", cut, after_test + stop),
            )
        )
    result = Splits(
        train=Segment("train", 0, after_train),
        validation=Segment("validation", after_train, after_validation),
        test=Segment("test", after_validation, after_test),
        months=tuple(months),
    )
    parts = [result.train, result.validation, result.test]
    for month in months:
        parts += [month.learn, month.held_out]
    for part in parts:
        refuse_useless(part, panel, windows, "data.splits", "other shares")
    return result


def _split_rows(panel: Panel, splits: SplitsBlock, windows: WindowsBlock) -> Splits:
    """The parts of a panel of labelled windows: its source cut them, so that no window crosses a cut.

    The rows after the test part are in order of time. Their halves are CL_1 and CL_2, since one month alone measures no
    forgetting; fewer than four rows are one month.
    """
    assert panel.windows is not None
    assert panel.cuts is not None
    if windows.look_back_steps != panel.windows.length or windows.horizon_steps != 1:
        raise Fault(
            f"data.windows: the panel's windows have {panel.windows.length} samples and one class each, and the "
            f"configuration asks for look_back_h {windows.look_back_h:g} and horizon_h {windows.horizon_h:g}; expected "
            f"{panel.windows.length} and 1: correct data.windows."
        )
    rows = len(panel.times)
    after_train, after_validation, after_test = panel.cuts
    if rows - after_test < 2:
        raise Fault(
            f"data.splits: {rows - after_test} of the panel's {rows} windows come after the test part; expected "
            "at least 2, one to learn from and one that is held out: give longer series, shorter windows or other "
            "shares."
        )
    middle = after_test + (rows - after_test) // 2
    ends = [after_test, rows] if rows - after_test < 4 else [after_test, middle, rows]
    months = []
    for index, (start, stop) in enumerate(itertools.pairwise(ends), start=1):
        cut = stop - min(stop - start - 1, max(1, round((stop - start) * splits.held_out_share)))
        learn = Segment(f"CL_{index}_learn", start, cut, history_steps=0)
        months.append(
            Month(f"CL_{index}", learn, Segment(f"CL_{index}_held_out", cut, stop, history_steps=0))
        )
    return Splits(
        train=Segment("train", 0, after_train, history_steps=0),
        validation=Segment("validation", after_train, after_validation, history_steps=0),
        test=Segment("test", after_validation, after_test, history_steps=0),
        months=tuple(months),
    )


def refuse_useless(part: Segment, panel: Panel, windows: WindowsBlock, where: str, remedy: str) -> None:
    """Raises :class:`Fault` for a part that is too short for one window or has no observed value.

    where: block of the configuration; remedy: other settings that may help.
    """
    origins = part.origins(windows.look_back_steps, windows.horizon_steps, windows.steps_per_week)
    if len(origins) == 0:
        raise Fault(
            f"{where}: {part.name} has {part.stop - part.start} of the panel's {len(panel.times)} "
            f"{step_words(panel.step_minutes)}s, too few for one window ({max(WEEK_H, windows.look_back_h):g} h of "
            f"history and {windows.horizon_h:g} h to forecast): give a longer panel or {remedy}."
        )
    if not panel.observed[origins[0] : part.stop].any():
        # Without observed values, the error would be reported as 0 and training would be impossible.
        raise Fault(
            f"{where}: {part.name} ({panel.times[origins[0]]} to {panel.times[part.stop - 1]} UTC) has no "
            f"observed value in {part.stop - origins[0]} {step_words(panel.step_minutes)}s; expected at least one: "
            f"give a panel that was measured there or {remedy}."
        )


def _month_ranges(local_times: pd.DatetimeIndex, minimum_steps: int) -> list[tuple[int, int]]:
    """Index ranges of calendar months; a short first or last part joins its neighbour."""
    month = local_times.year * 12 + local_times.month
    starts = [0, *(np.flatnonzero(np.diff(month)) + 1).tolist()]
    ranges = list(zip(starts, [*starts[1:], len(local_times)], strict=True))
    if len(ranges) > 1 and ranges[0][1] - ranges[0][0] < minimum_steps:
        ranges[:2] = [(ranges[0][0], ranges[1][1])]
    if len(ranges) > 1 and ranges[-1][1] - ranges[-1][0] < minimum_steps:
        ranges[-2:] = [(ranges[-2][0], ranges[-1][1])]
    return ranges
