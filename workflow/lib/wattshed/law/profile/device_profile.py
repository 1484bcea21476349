"""A device's profile: its laws of time, its power, and how far its predictions were from measured steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from wattshed.law.operations.operation import Direction, Kind

# Raised when the meaning of a key changes; a profile of another version is refused.
SCHEMA = 1


@dataclass(frozen=True)
class DeviceIdentity:
    """What a profile holds for; a prediction for anything else is refused.

    kind: cpu or cuda; name: as the system names it; threads: of torch; engine: the kernel that ``engine: auto`` takes
    on it.
    """

    kind: Literal["cpu", "cuda"]
    name: str
    threads: int
    torch: str
    engine: Literal["torch", "fused_cpu", "fused_cuda"]


@dataclass(frozen=True)
class TimeLaw:
    """Seconds of one call of an operation.

    form: name of one of the laws in ``law/efficiency``; coefficients: its parameters by name, with units in their
    names; error_share: mean absolute relative error on held-out sizes; points: how many sizes it was fitted to;
    flops_low, flops_high: of these sizes.
    """

    form: str
    coefficients: Mapping[str, float]
    error_share: float
    points: int
    flops_low: float
    flops_high: float


@dataclass(frozen=True)
class CalibrationRecord:
    """How the profile was made: when (ISO, UTC), seconds, own energy [J] with its status, and the meter's source.

    seed: of the sizes and their order; few_points: laws, as "kind direction", that the time did not suffice for.
    """

    made: str
    wattshed: str
    seconds: float
    energy_j: float
    energy_status: str
    energy_source: str
    seed: int = 0
    few_points: Sequence[str] = ()


@dataclass(frozen=True)
class DeviceProfile:
    """Laws by kind and direction; everything that a prediction needs beside the configuration.

    power_w: power of the job's own share while it computes, by kind where it was measured apart, ``default`` for all
    others [W]; overhead_s: seconds of a training step that no operation has; step_factor: what measured steps took
    against the sum of their operations; cold_byte_s: further seconds per byte that the optimiser moves, since a step's
    weights come from memory, but those of a kernel that is timed again and again from the cache [s]; log_errors:
    measured against predicted energy of each calibration step when its family was left out, as differences of
    logarithms, by family: the intervals come from them. points: what was measured, by part (``kernels``, ``steps``,
    ``power``, and the ``scores`` of all forms), so that every fit can be repeated.
    """

    device: DeviceIdentity
    calibration: CalibrationRecord
    laws: Mapping[tuple[Kind, Direction], TimeLaw]
    power_w: Mapping[str, float]
    overhead_s: float = 0.0
    step_factor: float = 1.0
    log_errors: Mapping[str, Sequence[float]] = field(default_factory=dict)
    points: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    cold_byte_s: float = 0.0
