"""Limits that control groups set on this process: its own group, and every group around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path("/")
# A larger limit [bytes] is the kernel's word for none.
NO_MEMORY_LIMIT = 2**60


@dataclass(frozen=True)
class Limit:
    """value: cores, or bytes of memory. source: the file that says so."""

    value: float
    source: str


def core_limits(root: Path | None = None) -> list[Limit]:
    """Limits on the number of cores, of version 2 and 1: quotas and sets of processors.

    A file that is missing or holds something else sets no limit. root: of the file system, for tests; None takes the
    machine's own.
    """
    found = []
    for folder in _groups(root, "cpu"):
        found += quota_limits(folder)
    for folder in _groups(root, "cpuset"):
        names = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
        counts = ((folder / name, _count(_text(folder / name))) for name in names)
        found += [Limit(count, str(file)) for file, count in counts if count]
    return found


def quota_limits(folder: Path) -> list[Limit]:
    """The share of processor time that one group may use, in cores."""
    two = _text(folder / "cpu.max").split()
    one = [_text(folder / f"cpu.cfs_{word}_us").strip() for word in ("quota", "period")]
    limits = ((two, "cpu.max"), (one, "cpu.cfs_quota_us"))
    return [
        Limit(int(words[0]) / int(words[1]), str(folder / name))
        for words, name in limits
        if len(words) == 2 and all(word.isdecimal() and int(word) > 0 for word in words)
    ]


def memory_limits(root: Path | None = None) -> list[Limit]:
    """Limits on memory [bytes], of version 2 and 1."""
    files = (
        folder / name
        for folder in _groups(root, "memory")
        for name in ("memory.max", "memory.limit_in_bytes")
    )
    texts = ((file, _text(file).strip()) for file in files)
    return [
        Limit(int(text), str(file))
        for file, text in texts
        if text.isdecimal() and 0 < int(text) < NO_MEMORY_LIMIT
    ]


def _groups(root: Path | None, controller: str) -> Iterator[Path]:
    """This process's groups for a controller, each with the groups around it, up to the mount's own."""
    root = ROOT if root is None else root
    mounts = list(_mounts(root))
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        for kind, mounted, mount in mounts:
            if (kind == "2") is (not controllers) and (not controllers or controller in kind.split(",")):
                yield from _around(root, mount, _inside(path, mounted))


def _around(root: Path, mount: str, inside: PurePosixPath) -> Iterator[Path]:
    top = root / mount.lstrip("/")
    yield from (top / part for part in (inside, *inside.parents))


def _inside(path: str, mounted: str) -> PurePosixPath:
    """A group's path below the mount. A container may see the path of the host, of which only a part is mounted."""
    group, base = PurePosixPath(path), PurePosixPath(mounted)
    if group.is_relative_to(base) and ".." not in group.parts:
        return group.relative_to(base)
    return PurePosixPath()


def _mounts(root: Path) -> Iterator[tuple[str, str, str]]:
    """Kind (``2``, or version 1's controllers), mounted group and place of each mounted hierarchy."""
    seen = False
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, types = before.split(), after.split()
        if len(fields) > 4 and types and types[0] in ("cgroup", "cgroup2"):
            seen = True
            kind = "2" if types[0] == "cgroup2" else types[-1]
            yield kind, fields[3], fields[4]
    if not seen:
        yield "2", "/", "/sys/fs/cgroup"
        yield from ((name, "/", f"/sys/fs/cgroup/{name}") for name in ("cpu", "cpuset", "memory"))


def _count(text: str) -> int:
    """Processors in a list such as ``0-3,8``; 0 for anything else."""
    count = 0
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            return 0
        count += max(0, int(last or first) - int(first) + 1)
    return count


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
