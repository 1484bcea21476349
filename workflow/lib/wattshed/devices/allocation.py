"""Cores and memory that this job may use, beside those of the whole machine."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattshed.devices.cgroup_limits import Limit, core_limits, memory_limits

ROOT = Path("/")
GIB = 2**30
MIB = 2**20
WHOLE = "the whole machine"
# One entry of SLURM's lists, such as the 8(x2) of 8(x2),4.
ENTRY = re.compile(r"([0-9]{1,9})(?:\(x([0-9]{1,9})\))?")
NUMBER = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True)
class Allocation:
    """cores, memory_gib: what the job may use, the smallest limit; None if the machine does not say how much it has.

    cores_source, memory_source: which limit that is, or ``the whole machine``. machine_cores, machine_memory_gib: all
    that there is.
    """

    cores: float | None
    cores_source: str
    memory_gib: float | None
    memory_source: str
    machine_cores: int | None
    machine_memory_gib: float | None

    @property
    def whole(self) -> bool:
        """Whether the job has the machine's cores and memory for itself, as far as limits say."""
        return self.cores_source == WHOLE and self.memory_source == WHOLE

    def to_json(self) -> dict[str, Any]:
        """``cores``, ``memory_gib`` and ``source``, as the ledger's description of the machine holds them."""
        source = f"cores: {self.cores_source}; memory: {self.memory_source}"
        return {"cores": self.cores, "memory_gib": self.memory_gib, "source": source}


def find_allocation(environment: Mapping[str, str] = os.environ, root: Path | None = None) -> Allocation:
    """The smallest of the batch system's, the control groups' and the scheduler's limits.

    A variable that is empty or odd sets no limit. root: of the file system, for tests; None takes the machine's own.
    """
    machine_cores, machine_bytes = os.cpu_count(), _memory_bytes(root)
    cores = [*_batch_cores(environment), *core_limits(root), *_affinity()]
    memory = [*_batch_memory(environment), *memory_limits(root)]
    least_cores, cores_source = _least(cores, machine_cores)
    least_bytes, memory_source = _least(memory, machine_bytes)
    return Allocation(
        cores=least_cores,
        cores_source=cores_source,
        memory_gib=_gib(least_bytes),
        memory_source=memory_source,
        machine_cores=machine_cores,
        machine_memory_gib=_gib(machine_bytes),
    )


def batch_cores(environment: Mapping[str, str]) -> float | None:
    """The smallest number of cores on this node that the batch system names; None if it names none."""
    return min((limit.value for limit in _batch_cores(environment)), default=None)


def _least(limits: list[Limit], whole: int | None) -> tuple[float | None, str]:
    if not limits:
        return whole, WHOLE
    least = min(limits, key=lambda limit: limit.value)
    return (least.value, least.source) if whole is None or least.value < whole else (whole, WHOLE)


def _batch_cores(environment: Mapping[str, str]) -> Iterator[Limit]:
    """Cores on this node that a batch system names."""
    node = _whole_number(environment.get("SLURM_NODEID"), 0) or 0
    tasks = _for_node(environment.get("SLURM_STEP_TASKS_PER_NODE"), node)
    tasks = tasks or _for_node(environment.get("SLURM_TASKS_PER_NODE"), node) or 1
    per_task = _whole_number(environment.get("SLURM_CPUS_PER_TASK"))
    counts = {
        "SLURM_CPUS_ON_NODE": _whole_number(environment.get("SLURM_CPUS_ON_NODE")),
        "SLURM_JOB_CPUS_PER_NODE": _for_node(environment.get("SLURM_JOB_CPUS_PER_NODE"), node),
        "SLURM_CPUS_PER_TASK": None if per_task is None else per_task * tasks,
        "PBS_NUM_PPN": _whole_number(environment.get("PBS_NUM_PPN")),
        "LSB_MCPU_HOSTS": _on_lsf_host(environment.get("LSB_MCPU_HOSTS", "")),
        "OAR_NODEFILE": _lines_of_host(environment.get("OAR_NODEFILE")),
    }
    if environment.get("PBS_JOBID"):
        counts["NCPUS"] = _whole_number(environment.get("NCPUS"))
    if counts["LSB_MCPU_HOSTS"] is None:
        # Counts all hosts of the job together.
        counts["LSB_DJOB_NUMPROC"] = _whole_number(environment.get("LSB_DJOB_NUMPROC"))
    if environment.get("SGE_ROOT") or environment.get("SGE_O_HOST"):
        counts["NSLOTS"] = _whole_number(environment.get("NSLOTS"))
    yield from (Limit(count, name) for name, count in counts.items() if count)


def _batch_memory(environment: Mapping[str, str]) -> Iterator[Limit]:
    """Memory on this node [bytes] that SLURM names, in MiB. Its 0 means all memory of the node."""
    per_node = _whole_number(environment.get("SLURM_MEM_PER_NODE"))
    if per_node:
        yield Limit(per_node * MIB, "SLURM_MEM_PER_NODE")
    per_core = _whole_number(environment.get("SLURM_MEM_PER_CPU"))
    cores = _whole_number(environment.get("SLURM_CPUS_ON_NODE"))
    if per_core and cores:
        yield Limit(per_core * cores * MIB, "SLURM_MEM_PER_CPU")


def _affinity() -> Iterator[Limit]:
    """Cores on which the kernel may run this process."""
    try:
        yield Limit(len(os.sched_getaffinity(0)), "the process's affinity (sched_getaffinity)")
    except (AttributeError, OSError):  # macOS and Windows
        return


def _whole_number(text: str | None, least: int = 1) -> int | None:
    text = (text or "").strip()
    return int(text) if NUMBER.fullmatch(text) and int(text) >= least else None


def _for_node(text: str | None, node: int) -> int | None:
    """The entry of one node in SLURM's list: 4 for the node 2 of ``8(x2),4``; None for anything else."""
    for word in (text or "").split(","):
        entry = ENTRY.fullmatch(word.strip())
        if entry is None:
            return None
        repeats = int(entry[2] or 1)
        if node < repeats:
            return int(entry[1]) or None
        node -= repeats
    return None


def _on_lsf_host(text: str) -> int | None:
    """This host's number in ``hostA 4 hostB 8``."""
    words = text.split()
    if len(words) % 2:
        return None
    counts = dict(zip(words[::2], words[1::2], strict=False))
    here = [count for host, count in counts.items() if _is_here(host)] or list(counts.values())[
        : len(counts) == 1
    ]
    return _whole_number(here[0]) if here else None


def _lines_of_host(name: str | None) -> int | None:
    """How often OAR's file names this host, once for each core; all lines if it names no host like this."""
    if not name:
        return None
    try:
        hosts = Path(name).read_text(encoding="utf-8", errors="replace").split()
    except (OSError, ValueError):
        return None
    return sum(map(_is_here, hosts)) or len(hosts) or None


def _is_here(host: str) -> bool:
    return host.split(".")[0] == platform.node().split(".")[0]


def _memory_bytes(root: Path | None) -> int | None:
    try:
        text = ((ROOT if root is None else root) / "proc/meminfo").read_text(
            encoding="ascii", errors="replace"
        )
    except OSError:
        text = ""
    found = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    if found:
        return int(found[1]) * 1024
    try:
        import psutil

        return int(psutil.virtual_memory().total)
    except (ImportError, OSError):
        return None


def _gib(count: float | None) -> float | None:
    return None if count is None else round(count / GIB, 1)
