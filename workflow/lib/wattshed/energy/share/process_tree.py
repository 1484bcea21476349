"""Processor time and memory of this process and everything that it started, ended children included."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# How often new processes are looked for.
SCAN_EVERY_S = 0.5
# Fields of /proc/PID/stat after the name in brackets.
STATE, PARENT, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM, STARTED = 0, 1, 11, 12, 13, 14, 19


@dataclass(frozen=True)
class _Seen:
    """started: tells a process from a later one of its number. children_s: of ended children that it waited for."""

    started: str
    parent: int
    own_s: float
    children_s: float

    @property
    def all_s(self) -> float:
        return self.own_s + self.children_s


class ProcessTree:
    """The tree below this process, from ``/proc``.

    A process that ended and was waited for counts through its parent. One without a waiting parent counts as it
    was seen last. A process whose parent ended stays in the tree once it was seen. A process that began and ended
    unseen and was never waited for is lost. Without ``/proc``, live children count when they end.

    itself: whether this process counts, or only what it started. root: another process whose tree counts, such as the
    launcher of all ranks of a node; None for this one.
    """

    def __init__(self, *, itself: bool = True, root: int | None = None, proc: Path = PROC) -> None:
        self._proc = str(proc)
        self._pid = os.getpid() if root is None else root
        self._itself = itself
        self._exact = root is None
        self._seen: dict[int, _Seen] = {}
        if root is not None and (found := self._look(root)) is not None:
            self._seen[root] = found
        self._waited_s = _waited_s()
        self._lost_s = 0.0
        self._most_s = 0.0
        self._scanned_s = float("-inf")

    @property
    def pids(self) -> frozenset[int]:
        """The processes at the last look, the root included."""
        return frozenset((self._pid, *self._seen))

    @property
    def exact(self) -> bool:
        """Whether all time is counted without the kernel's ticks of 10 ms."""
        return self._exact and not self._seen

    def cpu_s(self) -> float:
        """Processor seconds of the tree since this process began; rises only."""
        now_s = time.monotonic()
        if now_s - self._scanned_s >= SCAN_EVERY_S:
            self._scanned_s = now_s
            self._scan()
        before, self._seen = self._seen, {}
        # Children before their parents: the time of a child that ends meanwhile is then found in its parent.
        for pid in reversed(before):
            found = self._look(pid)
            if found is not None and found.started == before[pid].started:
                self._seen[pid] = found
        self._seen = dict(reversed(self._seen.items()))
        waited_s = _waited_s() if self._exact else 0.0
        if len(self._seen) < len(before):
            self._lost_s += self._unwaited_s(before, waited_s - self._waited_s)
        self._waited_s = waited_s
        own_s = time.process_time() if self._exact and self._itself else 0.0
        found_s = own_s + waited_s + self._lost_s + sum(seen.all_s for seen in self._seen.values())
        # A process that is waited for between two looks of this reading is in it twice, and once in the next.
        self._most_s = max(self._most_s, found_s)
        return self._most_s

    def left_out_s(self) -> float:
        """Processor seconds of this process where only what it started counts."""
        return 0.0 if self._itself or not self._exact else time.process_time()

    def memory_bytes(self) -> float:
        """Memory held by the tree; pages that its processes share count once, by the process with most of them.

        Where all have ended, the most that one of them held.
        """
        private = shared = 0
        for pid in self.pids:
            if self._exact and not self._itself and pid == self._pid:
                continue
            try:
                with open(f"{self._proc}/{pid}/statm", encoding="ascii") as file:
                    _, resident, common, *_ = map(int, file.read().split())
            except (OSError, ValueError):
                continue
            private += resident - common
            shared = max(shared, common)
        if self._exact and not private + shared:
            return 1024.0 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return float(PAGE_BYTES * (private + shared))

    def _unwaited_s(self, before: dict[int, _Seen], waited_s: float) -> float:
        """Time of processes that have vanished and whose time no ancestor has taken over."""
        vanished_s: dict[int, float] = {}
        for pid, seen in before.items():
            if pid not in self._seen:
                heir = seen.parent
                while heir in before and heir not in self._seen:
                    heir = before[heir].parent
                vanished_s[heir] = vanished_s.get(heir, 0.0) + seen.all_s
        lost_s = 0.0
        for heir, expected_s in vanished_s.items():
            taken_s = (
                self._seen[heir].children_s - before[heir].children_s if heir in self._seen else waited_s
            )
            lost_s += max(0.0, expected_s - taken_s)
        return lost_s

    def _scan(self) -> None:
        """Find new processes. The tree is in the order of discovery, parents first."""
        waiting = [self._pid, *self._seen]
        while waiting:
            for pid in self._children(waiting.pop()):
                if pid not in self._seen and (found := self._look(pid)) is not None:
                    self._seen[pid] = found
                    waiting.append(pid)

    def _children(self, pid: int) -> Iterator[int]:
        try:
            threads = os.listdir(f"{self._proc}/{pid}/task")
        except OSError:
            return
        for thread in threads:
            try:
                with open(f"{self._proc}/{pid}/task/{thread}/children", encoding="ascii") as file:
                    yield from map(int, file.read().split())
            except OSError:
                continue

    def _look(self, pid: int) -> _Seen | None:
        try:
            with open(f"{self._proc}/{pid}/stat", encoding="utf-8", errors="replace") as file:
                # The name may hold spaces and brackets.
                fields = file.read().rpartition(")")[2].split()
            ticks = [int(fields[place]) for place in (USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM)]
            return _Seen(
                fields[STARTED],
                int(fields[PARENT]),
                (ticks[0] + ticks[1]) / TICKS_PER_S,
                (ticks[2] + ticks[3]) / TICKS_PER_S,
            )
        except (OSError, ValueError, IndexError):
            return None


def _waited_s() -> float:
    """Processor seconds of ended children that this process waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
