"""Provenance of results: what ran, on which machine, from which commit."""

import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattshed import __version__
from wattshed.foundation.checkout import CHECKOUT
from wattshed.foundation.recovery.processes import boot_id

# Scheduler -> its variables of the job's id and of the task's number in an array, the first set one of each counts.
# The outer one comes first where one runs inside another, as Flux in a SLURM job: its accounting knows the node.
SCHEDULERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "slurm": (("SLURM_JOB_ID", "SLURM_JOBID"), ("SLURM_ARRAY_TASK_ID",)),
    "cobalt": (("COBALT_JOBID",), ()),
    "pbs": (("PBS_JOBID",), ("PBS_ARRAY_INDEX", "PBS_ARRAYID")),
    "lsf": (("LSB_JOBID",), ("LSB_JOBINDEX",)),
    "oar": (("OAR_JOB_ID", "OAR_JOBID"), ("OAR_ARRAY_INDEX", "OAR_ARRAYINDEX")),
    "flux": (("FLUX_JOB_ID",), ("FLUX_JOB_CC",)),
    "pjm": (("PJM_JOBID",), ("PJM_BULKNUM",)),
    "loadleveler": (("LOADL_STEP_ID",), ()),
    # Grid Engine's JOB_ID is a name that others use too: it counts only beside a variable of Grid Engine's own.
    "sge": (("JOB_ID",), ("SGE_TASK_ID",)),
}
SGE = ("SGE_ROOT", "SGE_O_HOST", "SGE_O_WORKDIR", "SGE_TASK_ID", "SGE_CELL")
CONDOR_AD = "_CONDOR_JOB_AD"
# How Grid Engine and LSF say that a job is not part of an array.
NO_TASK = (("sge", "undefined"), ("lsf", "0"))

REPORTED_PACKAGES = (
    "torch",
    "torch-geometric",
    "codecarbon",
    "nvidia-ml-py",
    "snakemake",
    "pandas",
    "numpy",
    "scipy",
    "pyarrow",
)


def describe_machine() -> dict[str, Any]:
    """Host, boot, processor, memory and operating system.

    ``boot_id`` is the same in all containers of a machine, whose host names differ. The devices come from
    :func:`wattshed.devices.description.describe_devices`.
    """
    import psutil

    return {
        "host": platform.node(),
        "boot_id": boot_id(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor_name(),
        "logical_cores": os.cpu_count(),
        "physical_cores": psutil.cpu_count(logical=False),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
    }


def describe_environment() -> str:
    """SHA-256 over the names and versions of all installed packages, read from their folders' names."""
    installed = sorted(
        {
            name
            for folder in sys.path
            for name in _names_in(folder or os.curdir)
            if name.endswith(".dist-info")
        }
    )
    return hashlib.sha256("\n".join([platform.python_version(), *installed]).encode()).hexdigest()


def batch_scheduler(environment: Mapping[str, str]) -> str | None:
    """The name of the batch system that started this process, or None."""
    for name, (ids, _) in SCHEDULERS.items():
        if _first(environment, ids) and (name != "sge" or any(environment.get(word) for word in SGE)):
            return name
    return "htcondor" if environment.get(CONDOR_AD) else None


def _names_in(folder: str) -> list[str]:
    """Names in a folder of modules; none for an archive, or for a folder that is gone or may not be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def describe_batch_job(environment: Mapping[str, str]) -> dict[str, str | None]:
    """Scheduler, job, array task and control group, by which a cluster's own accounting can be matched.

    ``array_task`` is None outside of arrays. ``slurm_job_id`` stays for readers of older ledgers.
    """
    scheduler = batch_scheduler(environment)
    ids, tasks = SCHEDULERS.get(scheduler or "", ((), ()))
    task = _first(environment, tasks)
    job = _condor_job(environment) if scheduler == "htcondor" else _first(environment, ids) or None
    return {
        "scheduler": scheduler,
        "job_id": job,
        "array_task": None if (scheduler, task) in NO_TASK else task or None,
        "slurm_job_id": job if scheduler == "slurm" else None,
        "cgroup": _own_cgroup(),
    }


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := environment.get(name, "").strip())), "")


def _condor_job(environment: Mapping[str, str]) -> str | None:
    """``cluster.process`` from HTCondor's description of the job; it sets no variable with them."""
    try:
        lines = Path(environment[CONDOR_AD]).read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return None
    values = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}
    cluster, process = values.get("ClusterId"), values.get("ProcId")
    return f"{cluster}.{process}" if cluster and process else None


def _own_cgroup() -> str | None:
    try:
        return Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def describe_versions() -> dict[str, str]:
    """Installed versions of the packages that a result can depend on."""
    versions = {"wattshed": __version__}
    for package in REPORTED_PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def commit_text(commit: Mapping[str, Any]) -> str:
    """``702a0060630e with local changes``: what :func:`describe_commit` found, for a page."""
    return f"{str(commit['commit'])[:12]}{' with local changes' if commit['dirty'] else ''}"


def describe_commit(folder: Path | str = CHECKOUT) -> dict[str, Any]:
    """The commit, and whether the work tree differs from it.

    ``unknown`` if ``folder`` is not the top of a git checkout: a copy that was unpacked inside another repository must
    not get that repository's commit.
    """

    def git(*words: str) -> str | None:
        try:
            answer = subprocess.run(
                ["git", "-C", str(folder), *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return answer.stdout.strip()

    unknown = {"commit": "unknown", "dirty": None}
    if not (Path(folder) / ".git").exists():
        # An installed package: no git is started, which takes time.
        return unknown
    found = (git("rev-parse", "--show-toplevel", "HEAD") or "").splitlines()
    if len(found) != 2 or Path(found[0]).resolve() != Path(folder).resolve():
        return unknown
    commit = found[1]
    status = git("status", "--porcelain")
    return {"commit": commit, "dirty": None if status is None else bool(status)}
