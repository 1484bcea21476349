"""Cuts a power log into runs at its marks: energy, power, clock and heat of each window."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.doubtful_times import check_offsets, check_one_gpu, own_clock_offset
from wattshed.clocks.recordings.marks import IDENTITIES, Marks
from wattshed.clocks.recordings.plausible import check_power_time_energy
from wattshed.clocks.recordings.power_curve import PowerCurve, counted_j
from wattshed.clocks.recordings.reader import Note
from wattshed.clocks.recordings.samples import gpu_rows
from wattshed.foundation.faults import Fault

# A window counts if samples without a break cover all of it but this share.
MOST_HOLE_SHARE = 0.2
LEAST_SAMPLES = 2
# The logger may begin or stop this many sampling periods after the run.
MOST_PERIODS_OUTSIDE = 2.0
# Energy by the counter over power x time, beyond which one of them is wrong.
MOST_RATIO = 2.0
# A share of throttled samples that holds a run's time down.
THROTTLED_SHARE = 0.05
# A clock within half a step of the setting is the setting.
SAME_CLOCK_MHZ = 7.5
BUSY_SHARE = 0.1


def cut_into_runs(path: Path, samples: pd.DataFrame, marks: Marks, stated: bool, note: Note) -> pd.DataFrame:
    """One row per run and GPU, in the order in which the runs began.

    stated: the samples' times follow from ``period_s``. Runs whose window has a hole of over a fifth are left out.
    Raises :class:`Fault` for windows outside of the log, and for windows of one GPU that overlap.
    """
    begins_at_s = samples.attrs.get("begins_at_s")
    if marks.frame["start_s"].isna().any():
        raise Fault(
            f"{marks.path} has durations but no starts, and {path} is one log of all runs: expected start and end of "
            "each run; add them, or give a folder with one log per run."
        )
    if marks.since == "1970" and begins_at_s is None:
        raise Fault(
            f"{marks.path} has times of day, but {path} has no time stamps: expected seconds since the log's first "
            "sample; write start and end so."
        )
    offset_s = (
        float(begins_at_s)
        if marks.since == "1970" and begins_at_s is not None
        else own_clock_offset(path, samples, marks, begins_at_s)
    )
    parts = []
    every = _readable(path, samples, note)
    check_offsets(path, samples, marks, stated)
    matched = np.zeros(len(marks.frame), dtype=bool)
    for rows in every:
        log = samples.iloc[rows]
        mine = _of_this_gpu(marks.frame, log.iloc[0])
        matched |= mine
        runs = marks.frame[mine].sort_values("start_s", kind="stable")
        if len(runs):
            parts.append(_Windows(path, log, runs, offset_s, samples.attrs, note).frame(stated))
    if not matched.all():
        run = marks.frame.iloc[int(np.argmin(matched))]
        raise Fault(
            f"{marks.path}: the run {run['run_id']!r} is of the GPU {_named_by(run)!r}, which {path} does not "
            "hold: expected an index, uuid or name from the log."
        )
    runs = pd.concat(parts, ignore_index=True).sort_values("start_s", kind="stable", ignore_index=True)
    runs["knob"] = marks.knob
    return runs


def _readable(path: Path, samples: pd.DataFrame, note: Note) -> list[np.ndarray]:
    """Rows of each GPU; one that reports neither power nor energy is left out if another does."""
    every = list(gpu_rows(samples))
    read = samples["power_w"].notna() | samples["energy_counter_j"].notna()
    kept = [rows for rows in every if read.iloc[rows].any()]
    if kept and len(kept) < len(every):
        note(
            f"{path}: {len(every) - len(kept)} of its GPUs report neither power nor energy and are left out."
        )
    return kept or every


def _name(sample: pd.Series) -> str:
    known = [str(sample[name]) for name in ("gpu_index", "gpu", "gpu_uuid") if not pd.isna(sample[name])]
    return "the GPU " + " ".join(known) if known else "its GPU"


def _named_by(mark: pd.Series) -> str:
    return " ".join(str(mark[name]) for name in IDENTITIES if not pd.isna(mark[name]))


def _of_this_gpu(marks: pd.DataFrame, sample: pd.Series) -> np.ndarray:
    """Marks that name this GPU in each of their columns that is filled; the column gpu may hold any name."""
    names = {str(sample[name]) for name in IDENTITIES if not pd.isna(sample[name])}
    mine = np.ones(len(marks), dtype=bool)
    for column in IDENTITIES:
        mine &= (marks[column].isna() | marks[column].astype("string").isin(names)).to_numpy(bool)
    return mine


class _Windows:
    """The windows of one GPU."""

    def __init__(
        self,
        path: Path,
        log: pd.DataFrame,
        runs: pd.DataFrame,
        offset_s: float,
        attrs: dict[Any, Any],
        note: Note,
    ) -> None:
        self._path, self._log, self._runs, self._note = path, log, runs, note
        self._averaged_s = float(attrs.get("averaged_s", 0.0))
        self._time_s = log["time_s"].to_numpy()
        self._start_s = runs["start_s"].to_numpy(float) - offset_s
        self._end_s = runs["end_s"].to_numpy(float) - offset_s
        read = (log["power_w"].notna() | log["energy_counter_j"].notna()).to_numpy()
        self._read_s = self._time_s[read]
        self._check()

    def _check(self) -> None:
        first = self._log.iloc[0]
        steps = np.diff(self._read_s)
        steps = steps[steps > 0]
        if not len(steps):
            raise Fault(
                f"{self._path}: {_name(first)} has fewer than two samples at different times: expected a log; correct "
                "or remove its lines, or record longer."
            )
        if pd.isna(first["gpu_index"]) and pd.isna(first["gpu_uuid"]):
            check_one_gpu(self._path, self._read_s)
        self._period_s = float(np.median(steps))
        ids = self._runs["run_id"].to_numpy()
        first_s, last_s = self._read_s[0], self._read_s[-1]
        slack_s = MOST_PERIODS_OUTSIDE * self._period_s
        outside = (self._start_s < first_s - slack_s) | (self._end_s > last_s + slack_s)
        if outside.any():
            at = int(np.argmax(outside))
            raise Fault(
                f"{self._path}: the run {ids[at]!r} is marked from {self._start_s[at]:.1f} to "
                f"{self._end_s[at]:.1f} s, but "
                f"the log's samples of {_name(first)} go from {first_s:.1f} to {last_s:.1f} s: expected runs within "
                "the log; correct the marks, or time_zone."
            )
        overlap = self._start_s[1:] < self._end_s[:-1] - 1e-9
        if overlap.any():
            at = int(np.argmax(overlap))
            raise Fault(
                f"{self._path}: the runs {ids[at]!r} and {ids[at + 1]!r} overlap on one GPU: expected one after "
                "the other; "
                "correct the marks, or say the runs' GPUs in the column gpu."
            )

    def frame(self, stated: bool) -> pd.DataFrame:
        runs, log = self._runs, self._log
        duration_s = self._end_s - self._start_s
        energy_j, by = self._energies(stated)
        first = log.iloc[0]
        frame = pd.DataFrame(
            {
                "run_id": runs["run_id"].to_numpy(),
                "gpu": first["gpu"],
                "gpu_uuid": first["gpu_uuid"],
                "gpu_index": first["gpu_index"],
                "workload": runs["workload"].fillna(first["workload"]).to_numpy(),
                "setting": runs["setting"].to_numpy(),
                "repeat": runs["repeat"].to_numpy(),
                "start_s": self._start_s,
                "time_s": duration_s,
                "energy_j": energy_j,
                "energy_by": by,
            }
        )
        edges = np.searchsorted(self._time_s, np.stack([self._start_s, self._end_s]))
        edges[1] = np.maximum(edges[1], edges[0] + 1)
        views = [log.iloc[low:high] for low, high in edges.T]
        frame["applied"] = [applied_clock(view) for view in views]
        frame["throttled"] = [is_throttled(view) for view in views]
        frame["temperature_c"] = [float(view["temperature_c"].mean()) for view in views]
        return self._without_holes(frame, duration_s)

    def _energies(self, stated: bool) -> tuple[np.ndarray, np.ndarray]:
        power_w, counter_j = self._log["power_w"].to_numpy(), self._log["energy_counter_j"].to_numpy()
        by = np.full(len(self._runs), "stated" if stated else "trapezoid", dtype=object)
        energy_j = np.full(len(self._runs), np.nan)
        known = ~np.isnan(power_w)
        if known.any():
            energy_j = PowerCurve(self._time_s[known], power_w[known]).energy_j(self._start_s, self._end_s)
        counted = ~np.isnan(counter_j)
        if counted.sum() > 1 and not (np.diff(counter_j[counted]) != 0).any():
            counted[:] = False
            if not known.any():
                raise Fault(
                    f"{self._path}: the energy counter stands still, and the log has no power: expected one of them; "
                    "record power.draw or POWER too."
                )
            self._note(f"{self._path}: the energy counter stands still; energies are by power.")
        if counted.sum() > 1:
            by_counter = counted_j(self._time_s[counted], counter_j[counted], self._start_s, self._end_s)
            seconds = self._end_s - self._start_s
            by_counter[by_counter <= 0] = np.nan  # it stood still, as between two readings of a slow counter
            ratio = check_power_time_energy(self._path, energy_j / seconds, seconds, by_counter, counter=True)
            if ratio > MOST_RATIO or ratio < 1 / MOST_RATIO:
                cause = "period_s, which is the time between two samples" if stated else "what the two count"
                self._note(
                    f"{self._path}: by the energy counter the runs took {ratio:.3g} times the energy of power x time; "
                    f"the counter decides, and expected is about 1: check {cause}."
                )
            fell = np.isnan(by_counter)
            if fell.any() and not known.any():
                raise Fault(
                    f"{self._path}: the energy counter falls within the run "
                    f"{self._runs['run_id'].iloc[np.argmax(fell)]!r}, "
                    "and the log has no power: expected a counter that rises; mark the run as failed."
                )
            if fell.any():
                self._note(
                    f"{self._path}: the energy counter was reset within {int(fell.sum())} runs, or stood still; their "
                    "energy is by power."
                )
            energy_j = np.where(fell, energy_j, by_counter)
            by[~fell] = "stated" if stated else "counter"
        return energy_j, by

    def _without_holes(self, frame: pd.DataFrame, duration_s: np.ndarray) -> pd.DataFrame:
        """Without runs of whose window over a fifth lies between samples that are far apart, and runs "
        "of less than two samples."""
        gaps = np.diff(self._read_s)
        far = np.flatnonzero(gaps > MOST_PERIODS_OUTSIDE * self._period_s)
        begins, ends = self._read_s[far], self._read_s[far + 1]
        missing_s = np.array(
            [
                np.clip(np.minimum(ends, end) - np.maximum(begins, start), 0, None).sum()
                for start, end in zip(self._start_s, self._end_s, strict=True)
            ]
        )
        inside = np.searchsorted(self._read_s, self._end_s, side="right") - np.searchsorted(
            self._read_s, self._start_s
        )
        holes = (missing_s > MOST_HOLE_SHARE * duration_s) | (inside < LEAST_SAMPLES)
        if holes.all():
            raise Fault(
                f"{self._path}: no run has samples in at least 80 % of its time: expected several in each; record more "
                "often, or correct the unit of the log's times (units of time_s)."
            )
        if holes.any():
            some = ", ".join(str(run) for run in frame["run_id"][holes][:5])
            self._note(
                f"{self._path}: {int(holes.sum())} runs lack samples for over 20 % of their time: left out ({some}"
                f"{', ...' if holes.sum() > 5 else ''})."
            )
        short = (duration_s < self._averaged_s) & (frame["energy_by"] != "counter").to_numpy() & ~holes
        if short.any():
            self._note(
                f"{self._path}: {int(short.sum())} runs are shorter than {self._averaged_s:g} s, over which "
                "power.draw is "
                "averaged since Ampere: their energies hold power of the time before."
            )
        return frame[~holes]


def applied_clock(log: pd.DataFrame) -> float:
    """The most frequent SM clock [MHz] of a run's samples, of busy ones where the log says so; NaN if unknown."""
    clocks = log["sm_clock_mhz"]
    busy = log["gpu_busy_share"]
    if busy.notna().any():
        clocks = clocks[(busy >= BUSY_SHARE).to_numpy()]
    clocks = clocks.dropna()
    if clocks.empty:
        return float("nan")
    values, counts = np.unique(np.round(clocks.to_numpy()), return_counts=True)
    return float(values[counts.argmax()])


def is_throttled(log: pd.DataFrame) -> bool:
    known = log["throttled"].dropna()
    return bool(len(known)) and float(known.mean()) >= THROTTLED_SHARE
