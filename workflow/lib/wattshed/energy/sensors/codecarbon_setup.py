"""CodeCarbon's description of a host's hardware, kept for a day: finding it takes 1.5 s, and it is always the same."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import math
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattshed.foundation.recovery.processes import boot_id
from wattshed.foundation.writing import write_json

MAX_AGE_S = 24 * 3600
POWERCAP = Path("/sys/class/powercap")
# Models that need only these few values. Counters, Apple's and Raspberry's chips are searched for each time.
MODES = ("cpu_load", "constant")


def prepare(tracker: Any, folder: Path) -> bool:
    """Hand CodeCarbon the description that is kept in ``folder``, so that it does not look for it again.

    Returns whether one was found. CodeCarbon already has such a memory within a process; this fills it. A description
    that is too old, damaged, or of another boot, host, version or setting is ignored.
    """
    memory = _memory()
    if memory is None:
        return False
    specs = _read(_file(folder), _key(tracker, memory))
    if specs is None:
        return False
    plan = memory._HardwarePlan("kept", "kept", "kept", conf=_metadata(specs), hardware_specs=specs)
    memory._plans[memory.make_key(tracker)] = plan
    return True


def keep(tracker: Any, folder: Path) -> None:
    """Keep what CodeCarbon has found. A folder that cannot be written only means that the next job looks again."""
    memory = _memory()
    if memory is None:
        return
    # GPUs are read through NVML by a sensor of their own.
    specs = [spec for spec in map(memory._spec_from_hardware, tracker._hardware) if spec["kind"] != "gpu"]
    if not _are_fit(specs):
        return
    kept = {
        "key": _key(tracker, memory),
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": specs,
    }
    with contextlib.suppress(OSError):
        write_json(_file(folder), kept)


def _memory() -> Any:
    """CodeCarbon's own memory of the hardware; None in a version that has another one."""
    try:
        from codecarbon.core import hardware_cache
    except ImportError:
        return None
    names = ("_plans", "make_key", "_HardwarePlan", "_spec_from_hardware")
    return hardware_cache if all(hasattr(hardware_cache, name) for name in names) else None


def _file(folder: Path) -> Path:
    return folder / f"{platform.node() or 'host'}.codecarbon.json"


def _key(tracker: Any, memory: Any) -> dict[str, Any]:
    """All that decides what CodeCarbon finds, its settings from files and environment included."""
    import psutil

    return {
        "host": platform.node(),
        "boot": boot_id(),
        "kernel": platform.release(),
        "codecarbon": importlib.metadata.version("codecarbon"),
        "settings": {name: repr(value) for name, value in asdict(memory.make_key(tracker)).items()},
        "logical_cores": psutil.cpu_count(),
        "slurm_job": os.environ.get("SLURM_JOB_ID", os.environ.get("SLURM_JOBID")),
        "readable_counters": sorted(
            str(path) for path in POWERCAP.glob("*/energy_uj") if os.access(path, os.R_OK)
        ),
    }


def _read(file: Path, key: dict[str, Any]) -> list[dict[str, Any]] | None:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        age_s = (datetime.now(UTC) - datetime.fromisoformat(kept["written_utc"])).total_seconds()
        fresh = kept["key"] == key and 0 <= age_s <= MAX_AGE_S
        specs: list[dict[str, Any]] = kept["hardware"]
        return specs if fresh and _are_fit(specs) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _are_fit(specs: Any) -> bool:
    """Whether they are one model of the memory and one of the processor that can be rebuilt from these values alone."""
    try:
        by_kind = {spec["kind"]: spec for spec in specs}
        cpu, ram = by_kind["cpu"], by_kind["ram"]
        tdp_w = cpu["tdp"]
        force_w = ram["force_ram_power"]
        return (
            len(specs) == len(by_kind) == 2
            and cpu["mode"] in MODES
            and isinstance(cpu["model"], str | None)
            and isinstance(tdp_w, int | float)
            and math.isfinite(tdp_w)
            and tdp_w > 0
            and (force_w is None or isinstance(force_w, int | float))
            and cpu["tracking_mode"] == ram["tracking_mode"] == "machine"
        )
    except (TypeError, KeyError):
        return False


def _metadata(specs: list[dict[str, Any]]) -> dict[str, Any]:
    """What CodeCarbon logs about the hardware; no energy depends on it."""
    import psutil

    model = next(spec["model"] for spec in specs if spec["kind"] == "cpu")
    return {
        "cpu_model": model,
        "ram_total_size": psutil.virtual_memory().total / 2**30,
        "gpu_count": 0,
        "gpu_model": "",
    }
