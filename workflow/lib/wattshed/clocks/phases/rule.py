"""What a phase rule is: it names the phase of one window from the median activity of the GPU."""

import math
from collections.abc import Iterable, Mapping
from typing import Protocol

from wattshed.foundation.faults import Fault

COMPUTE = "compute"
MEMORY = "memory"
BALANCED = "balanced"
IDLE = "idle"
# The rule cannot say: a value that it needs is missing in the window.
UNKNOWN = "unknown"
PHASES = (COMPUTE, MEMORY, BALANCED, IDLE)

# Columns of activity, all shares from 0 to 1, and what a recorder must be asked for to have them.
RECORDED_BY = {
    "gpu_busy_share": "utilization.gpu of nvidia-smi or NVML, DCGM field 203",
    "memory_busy_share": "utilization.memory of nvidia-smi or NVML, DCGM field 204",
    "sm_active_share": "DCGM field 1002; nvidia-smi and NVML have no SM activity",
    "tensor_share": "DCGM field 1004; nvidia-smi and NVML have no tensor activity",
    "dram_share": "DCGM field 1005; nvidia-smi and NVML have no DRAM activity",
}


class PhaseRule(Protocol):
    """Pure: the same values give the same phase. Values are shares from 0 to 1, never percent."""

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns without which the rule cannot say anything."""
        ...

    @property
    def uses(self) -> tuple[str, ...]:
        """All columns that it reads, those that may be missing too."""
        ...

    def phase_of(self, values: Mapping[str, float]) -> str:
        """One of :data:`PHASES`, or :data:`UNKNOWN` where a needed value is missing (NaN)."""
        ...


def lacks(rule: PhaseRule, values: Mapping[str, float]) -> bool:
    """Whether a value that the rule needs is missing."""
    return any(math.isnan(values.get(column, math.nan)) for column in rule.needs)


def require_columns(rule: PhaseRule, columns: Iterable[str], where: str) -> None:
    """Raise :class:`Fault` where the rule's columns are not recorded; it says what the recorder must add."""
    present = set(columns)
    missing = [column for column in rule.needs if column not in present]
    if missing:
        wanted = "; ".join(f"{column} ({RECORDED_BY[column]})" for column in missing)
        raise Fault(
            f"{where}: the phase rule {rule.name} needs {wanted}, which is not recorded: let the recorder add it, or "
            "name another rule in clocks.governor.rule."
        )
