"""Processor time of the job's own control group, which also holds processes that have left its tree."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

MOUNTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
MEMBERSHIP = Path("/proc/self/cgroup")


def find_own_cgroup(
    tree: Collection[int], mounts: tuple[Path, ...] = MOUNTS, membership: Path = MEMBERSHIP
) -> Path | None:
    """The folder of this process' cgroup of version 2, if it holds nothing but its tree.

    None at the root, where all the machine's processes are, and where others share the group: a shell in it, for
    example, would start its next commands there too.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    inside = next((line[3:] for line in lines if line.startswith("0::")), None)
    if inside is None or inside == "/" or "/.." in inside:
        return None
    for mount in mounts:
        folder = mount / inside.lstrip("/")
        if cgroup_cpu_s(folder) is not None:
            return folder if _members(folder) <= set(tree) else None
    return None


def cgroup_cpu_s(folder: Path) -> float | None:
    """Processor seconds of a cgroup since it was made, its ended processes included; None if it cannot be read."""
    try:
        with open(folder / "cpu.stat", encoding="ascii") as file:
            name, microseconds = file.readline().split()
        return int(microseconds) / 1e6 if name == "usage_usec" else None
    except (OSError, ValueError):
        return None


def _members(folder: Path) -> set[int]:
    """All processes of the group and the groups below it; one that cannot be read counts as a stranger."""
    found: set[int] = set()
    for place, _, _ in os.walk(folder):
        try:
            found |= {
                int(word) for word in (Path(place) / "cgroup.procs").read_text(encoding="ascii").split()
            }
        except (OSError, ValueError):
            found.add(-1)
    return found
