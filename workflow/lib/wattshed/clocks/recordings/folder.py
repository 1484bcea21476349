"""A folder with one power log per run, and a list of the runs' durations."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.cutting import applied_clock, is_throttled
from wattshed.clocks.recordings.marks import Marks, read_marks
from wattshed.clocks.recordings.plausible import check_power_time_energy
from wattshed.clocks.recordings.power_curve import PowerCurve
from wattshed.clocks.recordings.reader import Note, Reader
from wattshed.clocks.recordings.samples import gpu_rows
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault

PROFILE = re.compile(
    r"^run_(?P<id>\d+_(?P<repeat>\d+))_freq_(?P<clock>\d+)_profile\.csv(\.gz|\.xz|\.zst|\.bz2)?$"
)
FOLDER = re.compile(r"^results_(?P<gpu>[^_]+)_(?P<workload>.+?)(_job_.*)?$")
SUMMARY = "timing_summary.log"
# Whole seconds and the logger's start make durations and logs differ; more than this is another run's log.
MOST_APART_S = 5.0
MOST_APART_SHARE = 0.2


def read_folder(path: Path, block: RecordingBlock, reader: Reader, note: Note) -> pd.DataFrame:
    """One row per run and GPU, in the order of the runs' numbers.

    A run takes as long as the list says, else as long as its log lasts. Its energy is the counter's rise within the
    log; else the mean power over the log's real times, times the run's duration. Raises :class:`Fault`.
    """
    logs = profiles_in(path)
    summary = Path(block.marks) if block.marks else path / SUMMARY
    marks = read_marks(summary, block, note) if block.marks or summary.is_file() else None
    found = FOLDER.match(path.name)
    runs: list[dict[str, object]] = []
    unlisted: list[str] = []
    for order, (log, match) in enumerate(logs, 1):
        mark = None if marks is None else _mark_of(marks, match["id"], float(match["clock"]), log)
        if marks is not None and mark is None:
            if match["id"] not in marks.failed_ids:  # these were counted with the marks
                unlisted.append(match["id"])
            continue
        samples = reader.read(log, block, note)
        for rows in gpu_rows(samples):
            run = _run(log, samples.iloc[rows], mark, block)
            run |= {"run_id": match["id"], "repeat": int(match["repeat"]), "order": order}
            run |= {"setting": float(match["clock"]), "knob": "clock"}
            runs.append(run)
    if not runs:
        raise Fault(
            f"{path}: none of its {len(logs)} logs is of a run that succeeded: expected at least one."
        )
    if marks is not None and (lost := set(marks.frame["run_id"]) - {match["id"] for _, match in logs}):
        note(f"{path}: {len(lost)} runs of {summary.name} have no log and are left out.")
    if unlisted:
        some = ", ".join(unlisted[:5]) + (", ..." if len(unlisted) > 5 else "")
        note(
            f"{path}: {len(unlisted)} logs are of runs that {summary.name} does not list: left out ({some})."
        )
    frame = pd.DataFrame(runs)
    for name in ("gpu", "workload"):
        if found and frame[name].isna().all():
            frame[name] = found[name]
    return frame


def profiles_in(path: Path) -> list[tuple[Path, re.Match[str]]]:
    """The logs of single runs in a folder, by the numbers in their names. Raises :class:`Fault` if there are none."""
    found = [(file, match) for file in path.iterdir() if (match := PROFILE.match(file.name))]
    if not found:
        raise Fault(
            f"{path} is a folder without logs such as run_1_01_freq_1410_profile.csv: expected one per run, "
            "or the path "
            "of a file."
        )
    ids = [match["id"] for _, match in found]
    if again := sorted({run for run in ids if ids.count(run) > 1}):
        names = " and ".join(sorted(file.name for file, match in found if match["id"] == again[0]))
        raise Fault(f"{path} holds the run {again[0]} more than once: {names}; remove all but one.")
    return sorted(found, key=lambda pair: [int(part) for part in pair[1]["id"].split("_")])


def _mark_of(marks: Marks, run_id: str, clock_mhz: float, log: Path) -> pd.Series | None:
    rows = marks.frame[marks.frame["run_id"] == run_id]
    if rows.empty:
        return None
    mark = rows.iloc[0]
    if marks.knob == "clock" and mark["setting"] != clock_mhz:
        raise Fault(
            f"{log} is named {clock_mhz:g} MHz, but {marks.path} says {mark['setting']:g} MHz of the run {run_id}: "
            "expected one clock; correct one of them."
        )
    return mark


def _run(path: Path, log: pd.DataFrame, mark: pd.Series | None, block: RecordingBlock) -> dict[str, object]:
    times_s = log["time_s"].to_numpy()
    stated = bool(np.isnan(times_s).any())
    if not stated and block.period_s is not None:
        raise Fault(f"{path} has time stamps, which count: remove the key period_s.")
    if stated and block.period_s is not None:
        times_s = np.arange(len(log)) * block.period_s
    span_s = float(times_s[-1] - times_s[0])
    duration_s = span_s if mark is None or pd.isna(mark["duration_s"]) else float(mark["duration_s"])
    if np.isnan(duration_s):
        raise Fault(
            f"{path} has no time stamps, and no list gives the run's duration: expected {SUMMARY} beside it; add the "
            "list, or state the key period_s."
        )
    if duration_s <= 0:
        raise Fault(f"{path} holds one sample of a GPU: expected at least two, or a duration in {SUMMARY}.")
    if not stated and abs(span_s - duration_s) > max(MOST_APART_S, MOST_APART_SHARE * duration_s):
        raise Fault(
            f"{path} lasts {span_s:.1f} s, but its run {duration_s:.1f} s by the list: expected the log of this run."
        )
    energy_j, by = _energy(path, log, times_s, duration_s)
    if mark is None and stated:
        by = "stated"
    first = log.iloc[0]
    return {
        **{name: first[name] for name in ("gpu", "gpu_uuid", "gpu_index")},
        "workload": first["workload"] if mark is None or pd.isna(mark["workload"]) else mark["workload"],
        "time_s": duration_s,
        "energy_j": energy_j,
        "energy_by": by,
        "applied": applied_clock(log),
        "throttled": is_throttled(log),
        "temperature_c": float(log["temperature_c"].mean()),
    }


def _energy(path: Path, log: pd.DataFrame, times_s: np.ndarray, duration_s: float) -> tuple[float, str]:
    known = log["power_w"].notna().to_numpy()
    power_w, at_s = log["power_w"].to_numpy()[known], times_s[known]
    mean_w = float("nan")
    if known.any():
        timed = len(at_s) > 1 and at_s[-1] > at_s[0]
        curve = PowerCurve(at_s, power_w) if timed else None
        span = at_s[-1:] - at_s[:1]
        mean_w = float(curve.energy_j(at_s[:1], at_s[-1:])[0] / span[0]) if curve else float(power_w.mean())
    counter_j = log["energy_counter_j"].dropna().to_numpy()
    if len(counter_j) > 1 and (np.diff(counter_j) >= 0).all() and counter_j[-1] > counter_j[0]:
        risen = np.array([counter_j[-1] - counter_j[0]])
        check_power_time_energy(path, np.array([mean_w]), np.array([duration_s]), risen, counter=True)
        return float(risen[0]), "counter"
    if np.isnan(mean_w):
        raise Fault(
            f"{path} has no power, and its energy counter falls or stands still: expected one of them."
        )
    return mean_w * duration_s, "mean_power"
