"""Hardware of a run as columns: models, thermal design power, power limits, and hours of processors and GPUs."""

import json
from typing import Any

import numpy as np
import pandas as pd

from wattshed.energy.sensors.processor.processor_power import tdp_w
from wattshed.foundation.hours import HOUR_S

# A column of ledgers that know the processor seconds of their job's own processes.
OWN_CPU_S = "own_cpu_s"
# How many GPUs a job's ledger read.
GPUS = "gpus"


def add_hardware(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with ``gpu_model, gpu_count, cpu_tdp_w, gpu_tdp_w, cpu_hours, gpu_hours``; null where unknown.

    gpu_model: as in ``2 x NVIDIA A100``; gpu_count: GPUs that the machine lists, 0 if it says that it has none.
    cpu_tdp_w: of one socket [W], from the table that CodeCarbon ships; gpu_tdp_w: sum of the GPUs' power limits [W].
    cpu_hours: processor hours of the job itself, where the ledger has them; gpu_hours: hours times the GPUs that the
    job held: those that its ledger read, else those that the machine lists.
    """
    texts = runs["machine"].astype("string")
    known = {text: _gpus(text) for text in texts.dropna().unique()}
    found = [
        known.get(text, (None, None, None)) for text in texts.astype("object").where(texts.notna(), None)
    ]
    models = {name: tdp_w(str(name)) for name in runs["cpu_model"].dropna().unique()}
    count = pd.Series([part[1] for part in found], index=runs.index, dtype="float64")
    own_s = runs[OWN_CPU_S] if OWN_CPU_S in runs else pd.Series(np.nan, index=runs.index)
    return runs.assign(
        gpu_model=pd.array([part[0] for part in found], dtype="string"),
        gpu_count=count.astype("Int64"),
        cpu_tdp_w=runs["cpu_model"].map(models).astype("float64"),
        gpu_tdp_w=pd.Series([part[2] for part in found], index=runs.index, dtype="float64"),
        cpu_hours=own_s.astype("float64") / HOUR_S,
        gpu_hours=runs["duration_s"].astype("float64") * _held(runs, count) / HOUR_S,
    )


def _held(runs: pd.DataFrame, listed: pd.Series) -> pd.Series:
    if GPUS not in runs:
        return listed
    read = runs[GPUS].astype("float64")
    return read.where(read > 0, listed)


def _gpus(text: str) -> tuple[str | None, int | None, float | None]:
    """Model, count and power limit [W] of a machine's GPUs, from its description as JSON."""
    machine: dict[str, Any] = json.loads(text)
    gpus = [gpu for gpu in machine.get("gpus") or [] if isinstance(gpu, dict)]
    names = [str(gpu["name"]) for gpu in gpus if gpu.get("name")]
    # CodeCarbon counts its GPUs beside one text for all.
    stated = machine.get("gpu_count")
    count = int(stated) if stated is not None else len(gpus) if "gpus" in machine else None
    limits = [float(gpu["power_limit_w"]) for gpu in gpus if gpu.get("power_limit_w") is not None]
    limit_w = sum(limits) if limits and len(limits) == len(gpus) else None
    if not names:
        return None, count, limit_w
    if len(names) == 1:
        return names[0], count, limit_w
    return ", ".join(f"{names.count(name)} x {name}" for name in sorted(set(names))), count, limit_w
