"""The rise of the process's resident memory while something runs: a check that counts no tensors."""

from __future__ import annotations

import ctypes
import gc
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
# Writing a 5 to it sets the peak back to the present (proc(5)).
RESET = Path("/proc/self/clear_refs")


def resident_rise(work: Callable[[], Any]) -> int | None:
    """The most that the process held while ``work`` ran, above what it held before [bytes]; None if unknown.

    The resident set counts pages that were written, of all threads: beside tensors also work spaces of C++, but no
    pages that were allocated and never touched. An allocator that keeps freed memory makes the rise of later calls too
    small: free memory is given back before, and large blocks are exact if ``MALLOC_MMAP_THRESHOLD_`` was set when the
    process began.
    """
    gc.collect()
    _give_back()
    if not _reset_peak():
        work()
        return None
    before = _status("VmRSS")
    work()
    peak = _status("VmHWM")
    return None if before is None or peak is None else max(0, peak - before)


def _reset_peak() -> bool:
    try:
        RESET.write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _status(name: str) -> int | None:
    """A line of the process's status [bytes]."""
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return None if found is None else int(found[1]) * 1024


def _give_back() -> None:
    """Return free memory of the C library to the system, where it can."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):  # another C library
        return
