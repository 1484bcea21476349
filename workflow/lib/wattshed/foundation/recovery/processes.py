"""Which process is which: a process is known by its id, the time it started and the boot of its machine."""

import time
from contextlib import suppress
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Identifies the boot of this machine; equal in all of its containers."""
    with suppress(OSError, ValueError):
        if found := BOOT_ID.read_text(encoding="ascii").strip():
            return found
    import psutil

    # To the minute: the time of the boot is computed from clocks that drift.
    return time.strftime("%Y-%m-%dT%H:%M", time.gmtime(psutil.boot_time() + 30))


def start_of(pid: int) -> str | None:
    """When a process started, in the system's units; None if there is no such process."""
    try:
        # Field 22 of the line; the second one, the name in parentheses, may hold spaces.
        line = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
        # A zombie has ended; its parent has not yet collected its exit status.
        return None if line[0] == "Z" else line[19]
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None
