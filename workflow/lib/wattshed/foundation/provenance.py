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
    """Host, processor, memory and operating system; the GPUs come from :func:`wattshed.devices.nvml.describe_gpus`."""
    import psutil

    return {
        "host": platform.node(),
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


def _names_in(folder: str) -> list[str]:
    """Names in a folder of modules; none for an archive, or for a folder that is gone or may not be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def describe_batch_job(environment: Mapping[str, str]) -> dict[str, str | None]:
    """SLURM's job id and the control group, by which a cluster's own accounting can be matched."""
    cgroup = Path("/proc/self/cgroup")
    return {
        "slurm_job_id": environment.get("SLURM_JOB_ID"),
        "cgroup": cgroup.read_text(encoding="utf-8", errors="backslashreplace").strip() or None
        if cgroup.is_file()
        else None,
    }


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
