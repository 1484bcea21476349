"""Checks whether anything else uses this machine while a job is measured."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattshed.energy.idle import BUSY_SHARE

LOOK_S = 0.5
# The word for "no limit" in a cgroup's file.
NO_LIMIT = "max"


@dataclass(frozen=True)
class Finding:
    """One property of the machine: whether it is fine for measuring, and what to do if not."""

    subject: str
    fine: bool
    detail: str
    remedy: str | None


def survey_exclusivity() -> list[Finding]:
    """Checks of load, container limits, the batch system's share of the node, and CodeCarbon's lock."""
    return [
        load(),
        container(Path("/sys/fs/cgroup")),
        batch_job(os.environ),
        codecarbon_lock(Path(tempfile.gettempdir())),
    ]


def load() -> Finding:
    """Load by other programs, while wattshed runs nothing."""
    import psutil

    busy = psutil.cpu_percent(interval=LOOK_S) / 100
    detail = f"{busy:.0%} of the processor is in use right now"
    if busy <= BUSY_SHARE:
        return Finding("load", True, detail, None)
    names = sorted(set(_busiest()))
    return Finding(
        "load",
        False,
        f"{detail} ({', '.join(names)})",
        "wait, or end these programs: they would be metered too",
    )


def container(cgroup: Path) -> Finding:
    """Whether a container may use only a part of the cores: the energy of the others is metered too."""
    try:
        quota, period = (cgroup / "cpu.max").read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return Finding("container", True, "no limit on the processor was found", None)
    cores = os.cpu_count() or 1
    if quota == NO_LIMIT or int(quota) >= cores * int(period):
        return Finding("container", True, f"all {cores} cores may be used", None)
    allowed = int(quota) / int(period)
    detail = f"{allowed:g} of {cores} cores may be used: programs on the others are metered too"
    return Finding("container", False, detail, "ask for a whole machine, or read energies as upper bounds")


def batch_job(environment: Mapping[str, str]) -> Finding:
    """Under SLURM: whether the job has the whole node."""
    job = environment.get("SLURM_JOB_ID")
    if job is None:
        return Finding("batch system", True, "not under SLURM", None)
    given, cores = int(environment.get("SLURM_CPUS_ON_NODE", "0")), os.cpu_count() or 1
    if given >= cores:
        return Finding("batch system", True, f"job {job} has all {cores} cores of the node", None)
    detail = f"job {job} has {given} of the node's {cores} cores: other jobs' energy is metered too"
    return Finding("batch system", False, detail, "submit with --exclusive (the slurm profile does)")


def codecarbon_lock(folder: Path) -> Finding:
    """A lock that a killed tracker left: later trackers measure nothing, except wattshed's, which uses no lock."""
    lock = folder / ".codecarbon.lock"
    if not lock.exists():
        return Finding("codecarbon lock", True, "none", None)
    detail = (
        f"{lock} exists: other programs' CodeCarbon trackers measure nothing; wattshed's are not affected"
    )
    return Finding("codecarbon lock", False, detail, "remove it if no tracker runs")


def _busiest() -> list[str]:
    """Names of the processes that use more than a tenth of a core during a short sample."""
    import psutil

    watched: list[Any] = []
    for process in psutil.process_iter(["name"]):
        try:
            process.cpu_percent()
            watched.append(process)
        except psutil.Error:
            continue
    psutil.cpu_percent(interval=LOOK_S)
    busy = []
    for process in watched:
        try:
            if process.pid != os.getpid() and process.cpu_percent() > 10:
                busy.append(process.info["name"])
        except psutil.Error:
            continue
    return busy or ["short-lived processes"]
