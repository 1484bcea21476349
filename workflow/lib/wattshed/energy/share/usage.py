"""What the job and everybody else have used: processor seconds, and memory over time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from wattshed.energy.share.machine_use import GIB, MachineUse
from wattshed.energy.share.own_cgroup import cgroup_cpu_s, find_own_cgroup
from wattshed.energy.share.process_tree import ProcessTree

# Memory changes slowly and takes longer to read than processor time.
MEMORY_EVERY_S = 0.5
# A job was not alone if others took more than this share of the busy time, and more than this share of a core.
NOT_ALONE_SHARE = 0.1
NOT_ALONE_CORES = 0.1
# In a shorter span, the machine's counts of 10 ms are too coarse to tell who was busy.
SHORTEST_S = 0.2


@dataclass(frozen=True)
class Use:
    """Use in a span, or since the meter began.

    own_cpu_s: processor seconds of the job's process tree; busy_cpu_s: of all processes, None if unknown.
    own_gib_s, used_gib_s: memory held by the tree and by all, integrated over time [GiB s]; used None if unknown.
    """

    own_cpu_s: float = 0.0
    busy_cpu_s: float | None = 0.0
    own_gib_s: float = 0.0
    used_gib_s: float | None = 0.0

    def since(self, earlier: Use) -> Use:
        return Use(
            max(0.0, self.own_cpu_s - earlier.own_cpu_s),
            _difference(self.busy_cpu_s, earlier.busy_cpu_s),
            max(0.0, self.own_gib_s - earlier.own_gib_s),
            _difference(self.used_gib_s, earlier.used_gib_s),
        )

    @property
    def others_cpu_s(self) -> float | None:
        return None if self.busy_cpu_s is None else max(0.0, self.busy_cpu_s - self.own_cpu_s)

    @property
    def own_share(self) -> float:
        """The job's share of the busy time, 1 if nothing is known of others."""
        busy_s = max(self.busy_cpu_s or 0.0, self.own_cpu_s)
        return self.own_cpu_s / busy_s if busy_s > 0 else 0.0

    def to_json(self, duration_s: float) -> dict[str, Any]:
        """As the ledger holds it; memory as its mean over the span [GiB]."""
        seconds = duration_s or 1.0
        return {
            "own_cpu_s": _rounded(self.own_cpu_s),
            "others_cpu_s": _rounded(self.others_cpu_s),
            "own_memory_gib": _rounded(self.own_gib_s / seconds),
            "used_memory_gib": _rounded(None if self.used_gib_s is None else self.used_gib_s / seconds),
        }


def was_alone(own_cpu_s: float | None, others_cpu_s: float | None, duration_s: float | None) -> bool | None:
    """Whether others took at most a tenth of the busy time, or of a core; None if that is not known."""
    if own_cpu_s is None or others_cpu_s is None or duration_s is None or duration_s < SHORTEST_S:
        return None
    share_of_busy = others_cpu_s > NOT_ALONE_SHARE * (own_cpu_s + others_cpu_s)
    return not (share_of_busy and others_cpu_s > NOT_ALONE_CORES * duration_s)


class Usage:
    """Reads the use since it was made. It is not safe for threads: the meter locks."""

    def __init__(self, tree: ProcessTree | None = None, machine: MachineUse | None = None) -> None:
        self._tree = tree or ProcessTree()
        self._machine = machine or MachineUse()
        self._tree.cpu_s()
        self._cgroup = find_own_cgroup(self._tree.pids)
        self._before_s = 0.0
        self._first_own_s = self._own_s()
        self._first_busy_s = self._machine.busy_s()
        self._memory_at_s: float | None = None
        self._own_gib = 0.0
        self._used_gib: float | None = None
        self._read_at_s: float | None = None
        self._own_gib_s = 0.0
        self._used_gib_s: float | None = 0.0

    @classmethod
    def of_all_ranks(cls) -> Usage:
        """Of all ranks of this node together, which are the children of one launcher: this process' parent."""
        return cls(ProcessTree(root=os.getppid()))

    @classmethod
    def of_children(cls) -> Usage:
        """Of what this process starts, without itself."""
        return cls(ProcessTree(itself=False))

    @property
    def source(self) -> str:
        """Where own processor seconds come from."""
        return "processes" if self._cgroup is None else f"cgroup {self._cgroup}"

    @property
    def exact(self) -> bool:
        """Whether own processor seconds have no steps, so that they are known in short spans too."""
        return self._cgroup is None and self._tree.exact

    @property
    def pids(self) -> frozenset[int]:
        return self._tree.pids

    def read(self, at_s: float) -> Use:
        """Cumulative use at a moment of the meter's clock."""
        own_s, busy_s = self._own_s(), self._machine.busy_s()
        self._take_memory(at_s)
        return Use(
            own_s - self._first_own_s,
            _difference(busy_s, self._first_busy_s),
            self._own_gib_s,
            self._used_gib_s,
        )

    def _own_s(self) -> float:
        tree_s = self._tree.cpu_s()
        if self._cgroup is None:
            return tree_s + self._before_s
        found_s = cgroup_cpu_s(self._cgroup)
        if found_s is not None:
            found_s -= self._tree.left_out_s()
            self._before_s = found_s - tree_s
            return found_s
        # The group was removed or moved: the tree goes on from where the group's count ended.
        self._cgroup = None
        return tree_s + self._before_s

    def _take_memory(self, at_s: float) -> None:
        known = self._memory_at_s is not None and self._own_gib > 0
        if not known or not 0 <= at_s - (self._memory_at_s or 0.0) < MEMORY_EVERY_S:
            self._memory_at_s = at_s
            self._own_gib = self._tree.memory_bytes() / GIB
            self._used_gib = self._machine.memory_gib()
        if self._read_at_s is not None:
            span_s = max(0.0, at_s - self._read_at_s)
            self._own_gib_s += span_s * self._own_gib
            if self._used_gib is None or self._used_gib_s is None:
                self._used_gib_s = None
            else:
                self._used_gib_s += span_s * self._used_gib
        self._read_at_s = at_s


def _difference(later: float | None, earlier: float | None) -> float | None:
    return None if later is None or earlier is None else max(0.0, later - earlier)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
