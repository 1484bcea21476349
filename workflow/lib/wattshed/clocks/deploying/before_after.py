"""Two recordings side by side: every setting that both measured, and two settings as before and after."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from wattshed.clocks.deploying.counted_runs import CountedRuns, counted_runs
from wattshed.foundation.faults import Fault
from wattshed.statistics.intervals import Interval
from wattshed.statistics.levels import LEVEL
from wattshed.statistics.ratios import ratio_interval

# What is compared, with its title and unit. edp: energy times time of one run.
QUANTITIES = {
    "time_s": ("Time of a run", "s"),
    "power_w": ("Power", "W"),
    "energy_j": ("Energy of a run", "J"),
    "edp_js": ("Energy × time", "J s"),
}


@dataclass(frozen=True)
class Ratio:
    """Second over first minus 1, with its interval; no bounds where either side has one run."""

    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class SettingComparison:
    """One quantity at one setting of each recording. before, after: geometric means; n: rows that count.

    largest: the largest of the runs over the median of its side; far above 1 where one of them was cold.
    """

    quantity: str
    setting_before: int
    setting_after: int
    before: float
    after: float
    before_n: int
    after_n: int
    largest: float
    change: Ratio


@dataclass(frozen=True)
class CellComparison:
    """One GPU, workload and knob that both recordings have.

    energy, time: mean change over the settings that both measured, at a level that holds for all cells together;
    differs: whether one of the two intervals excludes 0, None where there are no bounds. aside_first, aside_second:
    how many runs of each recording do not count, by reason.
    """

    gpu: str
    workload: str
    knob: str
    settings: tuple[SettingComparison, ...]
    only_first: tuple[int, ...]
    only_second: tuple[int, ...]
    energy: Ratio | None
    time: Ratio | None
    differs: bool | None
    aside_first: dict[str, int] = field(default_factory=dict)
    aside_second: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class BeforeAfter:
    """One GPU, workload and knob at two settings.

    changes: one per quantity, none where no run of a side counts. aside_before, aside_after: how many runs at each
    setting do not count, by reason.
    """

    changes: tuple[SettingComparison, ...]
    aside_before: dict[str, int]
    aside_after: dict[str, int]


@dataclass(frozen=True)
class Comparison:
    """cells: in both; only_first, only_second: names of cells that one recording lacks."""

    cells: tuple[CellComparison, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare_recordings(first: pd.DataFrame, second: pd.DataFrame) -> Comparison:
    """All cells of two frames of runs (``clocks.runs``), setting by setting, without cold and hot runs.

    Cells are matched by GPU, workload and knob, and by uuid where a recording has several GPUs of one name. Intervals
    per setting hold each alone: Welch's, of the logarithms. Those of a whole cell are Student's over its settings, with
    Bonferroni's correction over cells and both quantities.
    """
    by_uuid = any(_several(frame) for frame in (first, second))
    left, right = _cells(first, by_uuid), _cells(second, by_uuid)
    both = [key for key in left if key in right]
    confidence = 1 - (1 - LEVEL) / max(1, 2 * len(both))
    return Comparison(
        tuple(_compare(key, left[key], right[key], confidence) for key in both),
        tuple(_name(key) for key in left if key not in right),
        tuple(_name(key) for key in right if key not in left),
    )


def compare_settings(
    first: pd.DataFrame, second: pd.DataFrame, before: int, after: int
) -> dict[tuple[str, ...], BeforeAfter]:
    """Each cell's runs at one setting of the first frame and at another of the second (which may be the same frame).

    Cold and hot runs do not count (:mod:`wattshed.clocks.deploying.counted_runs`). Raises :class:`Fault` if no cell has
    both settings.
    """
    by_uuid = any(_several(frame) for frame in (first, second))
    left, right = _cells(first, by_uuid), _cells(second, by_uuid)
    found = {}
    for key in left:
        if key in right and left[key].measured_at(before) and right[key].measured_at(after):
            first_rows, second_rows = left[key].at(before), right[key].at(after)
            counted = len(first_rows) and len(second_rows)
            found[key] = BeforeAfter(
                tuple(_at(first_rows, second_rows, before, after)) if counted else (),
                left[key].set_aside(before),
                right[key].set_aside(after),
            )
    if not found:
        raise Fault(
            f"no GPU and workload has warm, valid runs at {before} in the first recording and at {after} in the "
            f"second: expected two measured settings; the first has {_settings(left)}, the second {_settings(right)}."
        )
    return found


def _several(frame: pd.DataFrame) -> bool:
    known = frame[["gpu", "workload", "knob", "gpu_uuid"]].drop_duplicates()
    return bool(known.duplicated(["gpu", "workload", "knob"]).any())


def _cells(frame: pd.DataFrame, by_uuid: bool) -> dict[tuple[str, ...], CountedRuns]:
    columns = ["gpu", "workload", "knob", *(["gpu_uuid"] if by_uuid else [])]
    named = frame.assign(**{column: frame[column].astype("string").fillna("") for column in columns})
    found: dict[tuple[str, ...], CountedRuns] = {}
    for key, rows in named.groupby(columns, sort=True):
        counted = counted_runs(rows)
        if counted is not None:
            found[tuple(str(part) for part in key)] = counted
    return found


def _compare(
    key: tuple[str, ...], left: CountedRuns, right: CountedRuns, confidence: float
) -> CellComparison:
    ours, theirs = left.settings, right.settings
    common = sorted(ours & theirs)
    settings = tuple(
        one for setting in common for one in _at(left.at(setting), right.at(setting), setting, setting)
    )
    energy, time = (
        _overall([one for one in settings if one.quantity == quantity], confidence)
        for quantity in ("energy_j", "time_s")
    )
    bounded = [
        one for one in (energy, time) if one is not None and one.low is not None and one.high is not None
    ]
    differs = any(one.low > 0 or one.high < 0 for one in bounded) if bounded else None  # type: ignore[operator]
    gpu, workload, knob = key[:3]
    return CellComparison(
        gpu,
        workload,
        knob,
        settings,
        tuple(sorted(ours - theirs)),
        tuple(sorted(theirs - ours)),
        energy,
        time,
        differs,
        left.set_aside(),
        right.set_aside(),
    )


def _at(left: pd.DataFrame, right: pd.DataFrame, before: int, after: int) -> Iterator[SettingComparison]:
    for quantity in QUANTITIES:
        first, second = _values(left, quantity), _values(right, quantity)
        found = ratio_interval(second, first)
        yield SettingComparison(
            quantity,
            before,
            after,
            _mean(first),
            _mean(second),
            len(first),
            len(second),
            max(float(side.max() / np.median(side)) for side in (first, second)),
            _change(found),
        )


def _values(rows: pd.DataFrame, quantity: str) -> np.ndarray:
    energy_j, time_s = rows["energy_j"].to_numpy(dtype=float), rows["time_s"].to_numpy(dtype=float)
    if quantity == "edp_js":
        return energy_j * time_s
    # Power as energy over time: a log's own mean power may be of another window.
    return energy_j / time_s if quantity == "power_w" else {"energy_j": energy_j, "time_s": time_s}[quantity]


def _mean(values: np.ndarray) -> float:
    return math.exp(float(np.log(values).mean()))


def _change(found: Interval) -> Ratio:
    assert found.mean is not None
    low, high = (None if end is None else end - 1 for end in (found.low, found.high))
    return Ratio(found.mean - 1, low, high)


def _overall(found: list[SettingComparison], confidence: float) -> Ratio | None:
    """Mean change over settings; with one setting, that of its runs at its own level."""
    if not found:
        return None
    if len(found) == 1:
        return found[0].change
    logs = np.log1p([one.change.share for one in found])
    middle, n = float(logs.mean()), len(logs)
    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * float(logs.std(ddof=1)) / math.sqrt(n)
    return Ratio(math.expm1(middle), math.expm1(middle - half), math.expm1(middle + half))


def _name(key: Iterable[str]) -> str:
    return " + ".join(part for part in key if part)


def _settings(cells: dict[tuple[str, ...], CountedRuns]) -> str:
    known = sorted(set().union(*(runs.settings for runs in cells.values())))
    return ", ".join(map(str, known[:12])) + (", …" if len(known) > 12 else "") if known else "none"
