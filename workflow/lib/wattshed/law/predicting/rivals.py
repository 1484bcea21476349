"""The same profile with simpler laws of time, to see whether the chosen ones are worth anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.profile.device_profile import DeviceProfile, TimeLaw

if TYPE_CHECKING:
    from wattshed.law.efficiency.laws import KernelPoints

Key = tuple[Kind, Direction]
SIZES = ("dependent_steps", "rows", "inner", "columns", "products", "tensors")


def kernel_points(profile: DeviceProfile) -> dict[Key, KernelPoints]:
    """The kernels that the profile's laws were fitted to, by operation; none where it kept none."""
    from wattshed.law.efficiency.laws import KernelPoints

    rows: dict[Key, list[Mapping[str, Any]]] = {}
    try:
        for row in profile.points.get("kernels", ()):
            rows.setdefault((Kind(row["kind"]), Direction(row["direction"])), []).append(row)
        return {
            key: KernelPoints(
                *key,
                [_operation(key, row) for row in own],
                np.array([float(row["time_s"]) for row in own]),
                np.array([str(row["group"]) for row in own]),
            )
            for key, own in rows.items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise Fault(
            f"a kernel of the profile lacks a field ({error!r}): expected what wattshed calibrate writes; calibrate again."
        ) from error


def _operation(key: Key, row: Mapping[str, Any]) -> Operation:
    sizes = {name: int(row[name]) for name in SIZES if name in row}
    return Operation(key[0], float(row["flops"]), float(row["bytes_moved"]), direction=key[1], **sizes)


def laws_of_forms(profile: DeviceProfile, forms: tuple[str, ...]) -> dict[Key, dict[str, TimeLaw]]:
    """Laws of these forms, fitted again to the kernels of the profile, by operation; beside the one that it uses.

    A form that cannot take an operation's kernels is left out there.
    """
    from wattshed.law.efficiency.laws import choose_law

    points = kernel_points(profile)
    found: dict[Key, dict[str, TimeLaw]] = {}
    for key, chosen in profile.laws.items():
        others: dict[str, TimeLaw] = {}
        if key in points:
            try:
                _, scores = choose_law(points[key], forms)
            except Fault:
                scores = []
            others = {score.form: score.law for score in scores if score.law is not None}
        found[key] = {**others, chosen.form: chosen}
    return found


def rival_profile(profile: DeviceProfile, form: str) -> DeviceProfile | None:
    """The profile with the law of this form for every operation, fitted to the same kernels; None if it kept none.

    An operation for which the form could not be fitted has no law: a prediction is of one form, or there is none.
    """
    laws = {key: laws[form] for key, laws in laws_of_forms(profile, (form,)).items() if form in laws}
    return replace(profile, laws=laws) if laws and profile.points.get("kernels") else None
