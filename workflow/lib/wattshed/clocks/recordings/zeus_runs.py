"""The runs of Zeus' files: traces of power limits, and profiles of its search."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.delimited import Delimited, read_delimited
from wattshed.clocks.recordings.matching import match_columns, need, plain_name
from wattshed.clocks.recordings.opening import read_text
from wattshed.clocks.recordings.plausible import check_unit
from wattshed.clocks.recordings.quantities import numbers_of, words_of
from wattshed.clocks.recordings.reader import Note
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault

LIMITS = {"power_limit_w": ("power_limit",), "time_s": ("time_per_epoch",), "power_w": ("average_power",)}
NAMING = ("dataset", "network", "batch_size", "optimizer")
# Such as summary_power_v100.csv.
NAMED_FILE = re.compile(r"(?:summary_power|power_limit)_(\w+?)\.csv", re.IGNORECASE)
WINDOW_AT_LIMIT = re.compile(r"_(\d+)$")
OF_LIMITS = re.compile("power.?limit", re.IGNORECASE)
ENERGY = re.compile(r"^gpu(\d+)_energy$")


def read_limits(path: Path, block: RecordingBlock) -> pd.DataFrame:
    """One row per training and power limit; a workload is named by dataset, network, batch size and optimizer."""
    cells = read_delimited(path, read_text(path))
    found = match_columns(path, cells.names, LIMITS, block)
    need(path, found, tuple(LIMITS), cells.names)
    frame = pd.DataFrame({ours: numbers_of(cells, found[ours], ours, block) for ours in LIMITS})
    plain = {plain_name(name): name for name in cells.names}
    there = [plain[name] for name in NAMING if name in plain]
    words = [words_of(cells, name).fillna("?") for name in there]
    frame["workload"] = pd.concat(words, axis=1).agg(" ".join, axis=1) if words else pd.NA
    _refuse_unusable(cells, frame, found)
    found_name = NAMED_FILE.search(path.name)
    frame["gpu"] = block.gpu or (found_name[1] if found_name else pd.NA)
    frame["line"] = [cells.line(row) for row in range(len(frame))]
    if block.workload is not None and words:
        frame = frame[frame["workload"] == block.workload]
        if frame.empty:
            raise Fault(
                f"{path} has no workload {block.workload!r}: expected {' '.join(there)}; correct workload."
            )
    frame = frame.rename(columns={"power_limit_w": "setting"})
    frame["energy_j"] = frame["power_w"] * frame["time_s"]
    return frame.assign(knob="power_limit", energy_by="mean_power")


def read_profile(path: Path, block: RecordingBlock, note: Note) -> pd.DataFrame:
    """One row per window of a power limit and GPU; other windows are left out."""
    cells = read_delimited(path, read_text(path))
    gpus = [name for name in cells.names if ENERGY.match(name)]
    if not gpus:
        raise Fault(f"{path} has no column such as gpu0_energy: expected the energy of each GPU.")
    times_s = numbers_of(cells, "elapsed_time", "time_s", block)
    names = words_of(cells, "window_name").fillna("")
    limits = pd.to_numeric(names.str.extract(WINDOW_AT_LIMIT)[0]).to_numpy(float)
    kept = ~np.isnan(limits)
    of_limits = names.str.contains(OF_LIMITS).to_numpy(bool)
    if (kept & of_limits).any():
        kept &= of_limits  # epoch_3 does not name a power limit
    if not kept.any():
        raise Fault(
            f"{path} has no window whose name ends with a power limit, such as ..._300: expected some."
        )
    if not kept.all():
        note(f"{path}: {int((~kept).sum())} windows without a power limit in their name are left out.")
    parts = []
    for name in gpus:
        part = pd.DataFrame(
            {"setting": limits, "time_s": times_s, "energy_j": numbers_of(cells, name, "energy_j", block)}
        )
        part["gpu_index"] = int(ENERGY.match(name)[1])  # type: ignore[index]
        part["line"] = [cells.line(row) for row in range(len(part))]
        parts.append(part[kept])
    frame = pd.concat(parts, ignore_index=True)
    if block.gpu_index is not None:
        frame = frame[frame["gpu_index"] == block.gpu_index]
    _refuse_unusable(cells, frame, {})
    gpu, _, workload = path.name.partition("+")
    frame["gpu"] = block.gpu or (gpu if workload else pd.NA)
    frame["workload"] = block.workload or (workload.partition("+")[0] if workload else pd.NA)
    return frame.assign(knob="power_limit", energy_by="counter")


def _refuse_unusable(cells: Delimited, frame: pd.DataFrame, found: dict[str, str]) -> None:
    for name in frame.columns.intersection(["power_limit_w", "setting", "time_s", "power_w", "energy_j"]):
        values = frame[name].to_numpy(float)
        wrong = ~(values > 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            line = int(frame["line"].iloc[row]) if "line" in frame else cells.line(row)
            shown = "empty or was not read" if np.isnan(values[row]) else f"{values[row]:g}"
            raise Fault(
                f"{cells.path}, line {line}: {found.get(name, name)} is {shown}; expected a positive number: "
                "correct or remove the line."
            )
        if name in ("time_s", "power_w", "power_limit_w"):
            check_unit(cells.path, name, values)
