"""Simpler laws of time, fitted to the kernels of the same calibration: what the chosen laws are worth. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from wattshed.calibration.fits.laws_of_kinds import SAME, Key
from wattshed.calibration.fits.points import KernelPoint, StepPoint
from wattshed.calibration.fits.step_terms import fit_step_terms
from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.laws import LAWS, KernelPoints, choose_law
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.profile.device_profile import DeviceProfile, TimeLaw

AGAIN = "expected what wattshed calibrate writes; calibrate again."


def kernels_of(profile: DeviceProfile) -> list[KernelPoint]:
    """The kernels that the profile's laws were fitted to; none where it kept none."""
    try:
        return [KernelPoint.from_json(row) for row in profile.points.get("kernels", ())]
    except (KeyError, TypeError, ValueError) as error:
        raise Fault(f"a kernel of the profile lacks a field ({error!r}): {AGAIN}") from error


def steps_of(profile: DeviceProfile) -> list[StepPoint]:
    """The training steps of the calibration; none where the profile kept none."""
    try:
        return [StepPoint.from_json(row) for row in profile.points.get("steps", ())]
    except (KeyError, TypeError, ValueError) as error:
        raise Fault(f"a step of the profile lacks a field ({error!r}): {AGAIN}") from error


def kernel_points(profile: DeviceProfile) -> dict[Key, KernelPoints]:
    """Kernels of a single operation each, by what they compute."""
    return {
        (kinds[0], direction): _points(kinds[0], direction, [point.operations[0] for point in own], own)
        for (kinds, direction), own in _grouped(kernels_of(profile)).items()
        if len(kinds) == 1
    }


def laws_of_forms(profile: DeviceProfile, forms: Sequence[str]) -> dict[Key, dict[str, TimeLaw]]:
    """Laws of these forms by operation and form, beside the one that the profile uses.

    A form that cannot take an operation's kernels is left out there. Parts of a layer that cannot be timed apart have
    the law of the profile alone.
    """
    found: dict[Key, dict[str, TimeLaw]] = {key: {law.form: law} for key, law in profile.laws.items()}
    for (kind, direction), points in kernel_points(profile).items():
        laws = _fitted(points, forms)
        for same in SAME.get(kind, (kind,)):
            key = same, direction
            if key in found:
                found[key] = {**laws, **found[key]}
    return found


def rival_profile(profile: DeviceProfile, form: str) -> DeviceProfile | None:
    """The profile with the law of one form for every operation; None if it kept no kernels.

    What steps take beyond their operations is fitted again with these laws. Parts of a layer that cannot be timed apart
    share the law of the layer: its times per FLOP or byte count for each part, its start for the first one alone. An
    operation for which the form cannot be fitted has no law.
    """
    laws: dict[Key, TimeLaw] = {}
    for (kinds, direction), own in _grouped(kernels_of(profile)).items():
        whole = [_together(point.operations) for point in own]
        law = _fitted(_points(kinds[0], direction, whole, own), (form,)).get(form)
        if law is None:
            continue
        if len(kinds) == 1:
            laws |= {(same, direction): law for same in SAME.get(kinds[0], kinds)}
        else:
            laws |= {(kind, direction): _part(law, first=place == 0) for place, kind in enumerate(kinds)}
    if not laws:
        return None
    terms = fit_step_terms(steps_of(profile), laws)
    return replace(
        profile,
        laws=laws,
        overhead_s=terms.overhead_s,
        step_factor=terms.factor,
        cold_byte_s=terms.cold_byte_s,
    )


def peak_flop_per_s(profile: DeviceProfile) -> float | None:
    """The highest rate that any kernel of the calibration reached; None where the profile kept no kernel."""
    return max(
        (sum(one.flops for one in point.operations) / point.time_s for point in kernels_of(profile)),
        default=None,
    )


def _grouped(kernels: Sequence[KernelPoint]) -> dict[tuple[tuple[Kind, ...], Direction], list[KernelPoint]]:
    found: dict[tuple[tuple[Kind, ...], Direction], list[KernelPoint]] = {}
    for point in kernels:
        found.setdefault((tuple(one.kind for one in point.operations), point.direction), []).append(point)
    return found


def _points(
    kind: Kind, direction: Direction, operations: Sequence[Operation], kernels: Sequence[KernelPoint]
) -> KernelPoints:
    times = np.array([point.time_s for point in kernels])
    return KernelPoints(kind, direction, operations, times, np.array([point.group for point in kernels]))


def _fitted(points: KernelPoints, forms: Sequence[str]) -> dict[str, TimeLaw]:
    try:
        _, scores = choose_law(points, [form for form in forms if form in LAWS])
    except Fault:
        return {}
    return {score.form: score.law for score in scores if score.law is not None}


def _together(operations: Sequence[Operation]) -> Operation:
    """A layer as one operation, with the FLOPs and bytes of all its parts."""
    first = operations[0]
    if len(operations) == 1:
        return first
    return Operation(
        first.kind,
        sum(one.flops for one in operations),
        sum(one.bytes_moved for one in operations),
        direction=first.direction,
        dependent_steps=max(one.dependent_steps for one in operations),
    )


def _part(law: TimeLaw, *, first: bool) -> TimeLaw:
    coefficients: Mapping[str, float] = law.coefficients
    return (
        law
        if first
        else replace(law, coefficients={**coefficients, **dict.fromkeys(STARTS & {*coefficients}, 0.0)})
    )


STARTS = {"start_s"}
