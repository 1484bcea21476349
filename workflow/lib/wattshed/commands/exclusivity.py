"""Checks whether anything else uses this machine while a job is measured."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattshed.devices.allocation import Allocation, batch_cores, find_allocation
from wattshed.devices.cgroup_limits import quota_limits
from wattshed.devices.surroundings import WSL, virtual_machine
from wattshed.devices.surroundings import container as container_engine
from wattshed.energy.idle import BUSY_SHARE
from wattshed.foundation.provenance import batch_scheduler, describe_batch_job

LOOK_S = 0.5
WHOLE_NODE = {
    "slurm": "submit with --exclusive (the slurm profile does)",
    "pbs": "submit with `-l place=excl` (PBS) or `-n` (Torque)",
    "lsf": "submit with -x",
    "oar": "ask for a whole node, as with `-l nodes=1`",
    "sge": "ask for an exclusive node, as with `-l exclusive=true`",
}


@dataclass(frozen=True)
class Finding:
    """One property of the machine: whether it is fine for measuring, and what to do if not."""

    subject: str
    fine: bool
    detail: str
    remedy: str | None


def survey_exclusivity() -> list[Finding]:
    """Checks of load, allocation, container, virtual machine, the batch system's share, and CodeCarbon's lock."""
    return [
        load(),
        allocation(find_allocation()),
        container(Path("/sys/fs/cgroup")),
        machine(),
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
        "wait, or end these programs: own energy leaves them out, but they slow the job and cost it processor time",
    )


def allocation(found: Allocation) -> Finding:
    """What this job may use beside what the machine has: sensors read the whole machine."""
    cores = _of(found.cores, found.machine_cores, "cores")
    memory = _of(found.memory_gib, found.machine_memory_gib, "GiB of memory")
    if found.whole:
        return Finding("allocation", True, f"the whole machine: {cores}, {memory}", None)
    limits = f"{cores} ({found.cores_source}); {memory} ({found.memory_source})"
    detail = f"{limits}: the machine's energy covers all of it, own energy the job alone"
    return Finding("allocation", False, detail, "ask for a whole machine if others on it disturb the job")


def container(cgroup: Path) -> Finding:
    """Whether a container may use only a part of the cores: the energy of the others is metered too."""
    engine = container_engine()
    inside = "not in a container" if engine is None else f"in a container ({engine})"
    limits, cores = quota_limits(cgroup), os.cpu_count() or 1
    if not limits:
        return Finding("container", True, f"{inside}, no limit on the processor was found", None)
    allowed = min(limit.value for limit in limits)
    if allowed >= cores:
        return Finding("container", True, f"{inside}, all {cores} cores may be used", None)
    detail = f"{inside}, {allowed:g} of {cores} cores may be used: the machine's energy covers the others too"
    return Finding("container", False, detail, "ask for a whole machine if others on it disturb the job")


def machine() -> Finding:
    """Whether this is a virtual machine, whose neighbours on the same processor cannot be seen from here."""
    name = virtual_machine()
    if name is None:
        return Finding("machine", True, "physical, as far as it says", None)
    kind = "WSL, a virtual machine inside Windows" if name == WSL else f"a virtual machine ({name})"
    return Finding("machine", False, f"{kind}: counters are hidden, other machines share the processor", None)


def batch_job(environment: Mapping[str, str]) -> Finding:
    """Under a batch system: whether the job has the whole node."""
    scheduler = batch_scheduler(environment)
    if scheduler is None:
        return Finding("batch system", True, "not under a batch system", None)
    job = f"{scheduler} job {describe_batch_job(environment)['job_id'] or 'of unknown id'}"
    given, cores = batch_cores(environment), os.cpu_count() or 1
    if given is None:
        detail = f"{job} does not say how many of the node's {cores} cores it has"
        return Finding("batch system", False, detail, WHOLE_NODE.get(scheduler, "ask for a whole node"))
    if given >= cores:
        return Finding("batch system", True, f"{job} has all {cores} cores of the node", None)
    shares = "the machine's energy covers other jobs, own energy does not"
    detail = f"{job} has {given:g} of the node's {cores} cores: {shares}"
    return Finding("batch system", False, detail, WHOLE_NODE.get(scheduler, "ask for a whole node"))


def codecarbon_lock(folder: Path) -> Finding:
    """A lock that a killed tracker left: later trackers measure nothing, except wattshed's, which uses no lock."""
    lock = folder / ".codecarbon.lock"
    if not lock.exists():
        return Finding("codecarbon lock", True, "none", None)
    detail = (
        f"{lock} exists: other programs' CodeCarbon trackers measure nothing; wattshed's are not affected"
    )
    return Finding("codecarbon lock", False, detail, "remove it if no tracker runs")


def _of(given: float | None, whole: float | None, unit: str) -> str:
    if given is None or whole is None:
        return f"an unknown number of {unit}"
    return f"all {whole:g} {unit}" if given >= whole else f"{given:g} of {whole:g} {unit}"


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
