"""The last step of every reader: runs with all columns, checked across the whole recording."""

from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.plausible import check_mean_power, check_unit
from wattshed.clocks.runs import COLUMNS, KNOBS
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault

MOST_SETTING = 10_000
# A cold run takes up to 15 times as long as a warm one; more than this is another unit.
MOST_APART = 100.0
CELL = ["gpu", "gpu_uuid", "workload", "knob"]


def as_runs(path: Path, found: pd.DataFrame, block: RecordingBlock) -> pd.DataFrame:
    """The frame with ``clocks.runs.COLUMNS``, ordered by ``order``.

    found: gpu, workload, knob, setting, time_s, energy_j, energy_by; other columns are optional. A missing repeat is
    counted within the runs of a setting, a missing order is that of the rows. Raises :class:`Fault` for a GPU or
    workload without a name, a setting that is not a whole number, and two rows of one run.
    """
    frame = found.reset_index(drop=True)
    frame = _named(path, frame, block)
    if frame.empty:
        raise Fault(f"{path} has no run: expected at least one.")
    settings = frame["setting"].to_numpy(float)
    # 1.005 GHz is 1004.9999 MHz by the computer's arithmetic.
    settings = np.where(np.abs(settings - np.round(settings)) < 1e-6, np.round(settings), settings)
    _refuse_other_knob(path, frame, block)
    for name, knob in KNOBS.items():
        rows = (frame["knob"] == name).to_numpy(bool)
        if rows.any():
            check_unit(path, "clock_mhz" if name == "clock" else "power_limit_w", settings[rows])
            odd = rows & ~((settings > 0) & (settings < MOST_SETTING))
            if odd.any():
                at = int(np.argmax(odd))
                where = f", line {frame['line'].iloc[at]}" if "line" in frame else ""
                raise Fault(
                    f"{path}{where}: the setting is {settings[at]:g} {knob.unit}: expected 1 to {MOST_SETTING:,}; "
                    "correct or remove the line."
                )
            if (settings[rows] % 1 != 0).any():
                raise Fault(
                    f"{path}: the setting {settings[rows][settings[rows] % 1 != 0][0]:g} is not a whole number of "
                    f"{knob.unit}: expected whole ones; round the column."
                )
    frame["setting"] = settings.astype("int64")
    _refuse_far_apart(path, frame)
    if "order" not in frame or frame["order"].isna().any():
        # Rows that say which repeat they are differ by it.
        if "repeat" in frame and "run_id" not in frame:
            _refuse_repeated(path, frame.assign(order=0))
        frame["order"] = np.arange(1, len(frame) + 1)
    frame = frame.sort_values("order", kind="stable", ignore_index=True)
    counted = frame.groupby([*CELL, "setting"], dropna=False).cumcount() + 1
    if "repeat" not in frame or frame["repeat"].isna().any():
        frame["repeat"] = counted
    if "run_id" not in frame:
        _refuse_repeated(path, frame)
    elif frame.duplicated([*CELL, "setting", "repeat"]).any():
        # Marks and files name each run once; a setting that was visited again begins to count again.
        frame["repeat"] = counted
    return _finished(path, frame)


def _refuse_other_knob(path: Path, frame: pd.DataFrame, block: RecordingBlock) -> None:
    other = (frame["knob"] != block.knob).to_numpy(bool)
    if block.knob != "auto" and other.any():
        there = str(frame["knob"][other].iloc[0])
        raise Fault(
            f"{path} is a sweep of the knob {there}, but the key knob says {block.knob}: expected one; remove the key "
            "knob."
        )


def _refuse_far_apart(path: Path, frame: pd.DataFrame) -> None:
    """Raise :class:`Fault` for a run whose time or power is a hundred times that of its cell: its unit is another."""
    for name, values in (("time_s", frame["time_s"]), ("power_w", frame["energy_j"] / frame["time_s"])):
        numbers = values.astype("float64")
        typical = numbers.groupby([frame[key] for key in CELL], dropna=False).transform("median")
        ratios = (numbers / typical).to_numpy(float)
        far = (ratios > MOST_APART) | (ratios < 1 / MOST_APART)
        if far.any():
            at = int(np.argmax(far))
            where = f", line {frame['line'].iloc[at]}" if "line" in frame else ""
            which = f" of the run {frame['run_id'].iloc[at]}" if "run_id" in frame else ""
            raise Fault(
                f"{path}{where}: {name}{which} is {numbers.iloc[at]:.4g}, {ratios[at]:.3g} times what is typical of "
                "its GPU and workload: expected one unit throughout; correct or remove the run."
            )


def _named(path: Path, frame: pd.DataFrame, block: RecordingBlock) -> pd.DataFrame:
    for name, given in (("gpu", block.gpu), ("workload", block.workload)):
        if name not in frame or frame[name].isna().any():
            if given is None and name == "gpu" and "gpu_index" in frame and frame["gpu_index"].notna().all():
                named = "GPU " + frame["gpu_index"].astype("string")
            elif given is None:
                raise Fault(f"{path} does not name its {name}: say it by the key {name}.")
            else:
                named = pd.Series([given] * len(frame))
            frame[name] = named if name not in frame else frame[name].astype("string").fillna(named)
        elif given is not None:
            same = (frame[name].astype("string") == given).to_numpy(bool)
            if name == "gpu" and "gpu_uuid" in frame:
                same |= (frame["gpu_uuid"].astype("string") == given).fillna(False).to_numpy(bool)
            if not same.any():
                there = ", ".join(sorted(frame[name].astype(str).unique()))
                raise Fault(f"{path} has no run of the {name} {given!r}: it has {there}; correct {name}.")
            frame = frame[same].reset_index(drop=True)
    if "gpu_uuid" not in frame:
        frame["gpu_uuid"] = pd.NA
    return _told_apart(frame)


def _told_apart(frame: pd.DataFrame) -> pd.DataFrame:
    """GPUs of one name without uuid are named by their index too."""
    if "gpu_index" not in frame or frame["gpu_uuid"].notna().all():
        return frame
    several = frame.groupby("gpu")["gpu_index"].transform("nunique") > 1
    names = frame["gpu"].astype(str)
    frame["gpu"] = names.where(~several, names + " (" + frame["gpu_index"].astype(str) + ")")
    return frame


def _refuse_repeated(path: Path, frame: pd.DataFrame) -> None:
    """Raise :class:`Fault` for two rows of one order, repeat and setting of a cell."""
    keys = [*CELL, "setting", "repeat", "order"]
    again = frame.duplicated(keys, keep="first").to_numpy()
    if not again.any():
        return
    groups = frame.groupby(keys, dropna=False, sort=False).ngroup().to_numpy()
    at = int(np.argmax(again))
    second, first = frame.iloc[at], frame.iloc[int(np.argmax(groups == groups[at]))]
    where = f"lines {first['line']} and {second['line']}" if "line" in frame else "two runs"
    raise Fault(
        f"{path}: {where} are both repeat {int(second['repeat'])} of {second['workload']} on {second['gpu']} at "
        f"{second['setting']} {KNOBS[str(second['knob'])].unit}: expected each once; remove one of them."
    )


def _finished(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    applied = frame["applied"] if "applied" in frame else pd.Series(np.nan, index=frame.index)
    applied = applied.astype("float64")
    if "run_id" in frame:
        # A clock that was read, and not one that was requested, may lie beside the setting by rounding.
        applied = applied.where((applied - frame["setting"]).abs() > 7.5, frame["setting"]).where(
            applied.notna()
        )
        applied = applied.where(frame["knob"] == "clock")
    labels = frame["label"] if "label" in frame else pd.Series("recorded", index=frame.index)
    made = pd.DataFrame(
        {
            "backend": "replay",
            # What was simulated stays simulated, whatever file it went through.
            "label": labels.where(labels == "simulated", "recorded").astype("object"),
            "gpu": frame["gpu"].astype("object"),
            "gpu_uuid": frame["gpu_uuid"].astype("string"),
            "workload": frame["workload"].astype("object"),
            "knob": frame["knob"].astype("object"),
            "setting": frame["setting"],
            "applied": applied.round().astype("Int64"),
            "repeat": frame["repeat"].astype("int64"),
            "order": frame["order"].astype("int64"),
            "warm": frame["warm"].astype(bool) if "warm" in frame else True,
            "time_s": frame["time_s"].astype("float64"),
            "energy_j": frame["energy_j"].astype("float64"),
            "power_w": (frame["energy_j"] / frame["time_s"]).astype("float64"),
            "energy_by": frame["energy_by"].astype("object"),
            "throttled": frame["throttled"].astype(bool) if "throttled" in frame else False,
            "temperature_c": frame["temperature_c"].astype("float64")
            if "temperature_c" in frame
            else float("nan"),
        }
    )
    check_mean_power(path, made["power_w"].to_numpy())
    return made[list(COLUMNS)]
