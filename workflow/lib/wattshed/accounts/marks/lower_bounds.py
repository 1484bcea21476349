"""Runs whose energy lacks a part: every total that contains one is a lower bound, and says so."""

import json
from typing import Any

import numpy as np
import pandas as pd

from wattshed.foundation.vocabulary import GPUS_NOT_METERED

# CodeCarbon writes 0 both for a missing counter and for no energy (its issue 1316).
GPU_ZERO = "codecarbon csv: a GPU with exactly 0 kWh, as where its counter cannot be read"
GPU_MISSING = "GPU not metered"
CPU_MISSING = "CPU not metered"
RAM_MISSING = "memory not metered"
KILLED = "killed"
# Flags of runs whose energy lacks a part of the machine.
NOT_METERED = (GPU_MISSING, CPU_MISSING, RAM_MISSING)
# A GPU that is there and cannot be read says so in its source: a GPU in MIG mode has no counter of its own.
UNREADABLE = ("MIG", GPU_ZERO)


def missing_parts(runs: pd.DataFrame) -> pd.DataFrame:
    """bool [runs] per reason, as columns: parts of the machine without an energy, and jobs that were killed.

    A machine without a GPU lacks none. A run whose parts are all unknown but whose sum is not (old CSVs) lacks nothing.
    """
    known = runs[["cpu_kwh", "ram_kwh", "gpu_kwh"]].notna()
    some = known.any(axis=1)
    return pd.DataFrame(
        {
            GPU_MISSING: some & ((~known["gpu_kwh"] & _has_gpu(runs)) | _hidden_gpus(runs)),
            CPU_MISSING: some & ~known["cpu_kwh"],
            RAM_MISSING: some & ~known["ram_kwh"],
            KILLED: runs["truncated"].fillna(False).astype(bool),
        },
        index=runs.index,
    )


def not_metered(runs: pd.DataFrame) -> pd.Series:
    """text [runs]: the parts without an energy, comma-separated; null where none is missing."""
    missing = missing_parts(runs)
    texts = pd.Series("", index=runs.index, dtype="string")
    for reason in NOT_METERED:
        texts = texts.where(~missing[reason], (texts + ", " + reason).str.removeprefix(", "))
    return texts.where(texts != "")


def lower_bound(runs: pd.DataFrame) -> np.ndarray:
    """bool [runs]: the run's energy is at least the one that is stated."""
    return missing_parts(runs).any(axis=1).to_numpy(dtype=bool)


def what_is_missing(runs: pd.DataFrame) -> str:
    """The reasons that occur among the runs, comma-separated; empty if their total is whole."""
    found = missing_parts(runs)
    return ", ".join(str(reason) for reason in found if found[reason].any())


def _hidden_gpus(runs: pd.DataFrame) -> pd.Series:
    """Whether other ranks of the node had GPUs that the metering rank could not see."""
    if "labels" not in runs:
        return pd.Series(False, index=runs.index)
    found = runs["labels"].astype("string").str.contains(f'"{GPUS_NOT_METERED}"', regex=False)
    return found.fillna(False).astype(bool)


def _has_gpu(runs: pd.DataFrame) -> pd.Series:
    """Ledgers know whether a GPU was not read; of other records it follows from what they tell of the machine."""
    stated = _stated_gpu(runs)
    if "gpu_unread" not in runs:
        return stated
    return stated | runs["gpu_unread"].astype("boolean").fillna(False).astype(bool)


def _stated_gpu(runs: pd.DataFrame) -> pd.Series:
    texts = runs["machine"].astype("string")
    present = {text: _present(text) for text in texts.dropna().unique()}
    listed = texts.map(present).fillna(False).astype(bool)
    stated = runs["gpu_source"].astype("string").fillna("")
    for words in UNREADABLE:
        listed |= stated.str.contains(words, regex=False).astype(bool)
    return listed


def _present(text: str) -> bool:
    machine: dict[str, Any] = json.loads(text)
    if "gpus_present" in machine:
        return False  # gpu_unread knows more
    return bool(machine.get("gpus") or machine.get("gpu_present") or machine.get("gpu_count"))
