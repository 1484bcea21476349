"""A training step's time and energy: the sum of its operations' laws, by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.laws import law_time_s
from wattshed.law.operations.operation import Kind
from wattshed.law.predicting.intervals import half_width_of, spread
from wattshed.law.predicting.prediction import Cost

if TYPE_CHECKING:
    from wattshed.law.operations.operation import Operation
    from wattshed.law.profile.device_profile import DeviceProfile

NOTHING = Cost(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def by_kind(operations: Sequence[Operation], profile: DeviceProfile) -> dict[Kind, float]:
    """Seconds of all operations by kind, without a step's overhead and factor.

    Raises :class:`Fault` for an operation without a law in the profile.
    """
    found: dict[Kind, float] = {}
    for one in operations:
        law = profile.laws.get((one.kind, one.direction))
        if law is None:
            raise Fault(
                f"no law for the operation {one.kind} {one.direction}: the profile of {profile.device.name} has none; "
                "calibrate again with more seconds (wattshed calibrate --seconds)."
            )
        found[one.kind] = found.get(one.kind, 0.0) + law_time_s(law, one) * one.calls
    return found


def mean_power_w(seconds: Mapping[Kind, float], power_w: Mapping[str, float]) -> float:
    """Mean power of a step [W]: that of its kinds, weighted by their seconds."""
    total_s = sum(seconds.values())
    if total_s <= 0:
        return power_w["default"]
    return sum(own_s * power_w.get(kind, power_w["default"]) for kind, own_s in seconds.items()) / total_s


def updated_bytes(operations: Sequence[Operation]) -> float:
    """Bytes that a step's optimiser moves: weights, gradients and moments."""
    return float(sum(one.step_bytes for one in operations if one.kind == Kind.OPTIMISER))


def predict_step(operations: Sequence[Operation], profile: DeviceProfile) -> Cost:
    """One training step with a 90 % interval [s, J]: overhead + factor x its operations, and its weights from memory.

    None of its operations may be without a law; no operations cost nothing.
    """
    return _cost(operations, profile, profile.overhead_s)


def predict_pass(operations: Sequence[Operation], profile: DeviceProfile) -> Cost:
    """Operations outside training steps, such as a look at the validation part or a fit in closed form.

    A step's overhead (the learner's own work) is not in them; its factor is, since it holds for what calls cost
    inside a network.
    """
    return _cost(operations, profile, 0.0)


def _cost(operations: Sequence[Operation], profile: DeviceProfile, overhead_s: float) -> Cost:
    if not operations:
        return NOTHING
    seconds = by_kind(operations, profile)
    cold_s = profile.cold_byte_s * updated_bytes(operations)
    time_s = overhead_s + profile.step_factor * sum(seconds.values()) + cold_s
    energy_j = time_s * mean_power_w(seconds, profile.power_w)
    low, high = spread(half_width_of(operations, profile))
    return Cost(time_s, time_s * low, time_s * high, energy_j, energy_j * low, energy_j * high)
