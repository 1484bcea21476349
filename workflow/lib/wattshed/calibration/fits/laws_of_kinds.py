"""From measured points to laws: one for each kind and direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from wattshed.calibration.fits.joint import fit_parts
from wattshed.calibration.fits.points import KernelPoint
from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.laws import CHOSEN_FORMS, KernelPoints, choose_law
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.device_profile import TimeLaw

# A law of fewer points is named as one that the time did not suffice for.
ENOUGH_POINTS = 8
QUICK = ("affine",)
# The same layer, whatever it computes: its points serve the laws of all of these.
SAME = {Kind.LINEAR: (Kind.LINEAR, Kind.QKV, Kind.OUTPUT_PROJECTION, Kind.FEED_FORWARD)}

# A cache is told by the few largest of a minute's kernels: beyond them such a law may be off by orders of magnitude.
FORMS = tuple(form for form in CHOSEN_FORMS if not form.startswith("cached"))

Key = tuple[Kind, Direction]


def fit_laws(
    points: Iterable[KernelPoint], has_time: Callable[[], bool] = lambda: True
) -> tuple[dict[Key, TimeLaw], list[dict[str, Any]], list[str]]:
    """Laws; the held-out error of every form, as rows; and "kind direction" of what has few points or no law.

    has_time: asked before each law; once it says no, the simplest form alone is fitted.
    """
    laws: dict[Key, TimeLaw] = {}
    scores: list[dict[str, Any]] = []
    few: list[str] = []
    for key, group in _by_kinds(points).items():
        kinds = key[0] if len(key[0]) > 1 else SAME.get(key[0][0], key[0])
        names = [f"{kind} {key[1]}" for kind in kinds]
        if len(group) < ENOUGH_POINTS:
            few += names
        try:
            found, rows = _fit(key[0], key[1], group, FORMS if has_time() else QUICK)
        except Fault as fault:
            scores.append({"kinds": list(key[0]), "direction": key[1].value, "why_none": str(fault)})
            few += [name for name in names if name not in few]
            continue
        scores += rows
        laws |= found
    return laws, scores, few


def _by_kinds(points: Iterable[KernelPoint]) -> dict[tuple[tuple[Kind, ...], Direction], list[KernelPoint]]:
    found: dict[tuple[tuple[Kind, ...], Direction], list[KernelPoint]] = {}
    for point in points:
        kinds = tuple(one.kind for one in point.operations)
        found.setdefault((kinds, point.direction), []).append(point)
    return found


def _fit(
    kinds: Sequence[Kind], direction: Direction, points: Sequence[KernelPoint], forms: Sequence[str]
) -> tuple[Mapping[Key, TimeLaw], list[dict[str, Any]]]:
    time_s = np.array([point.time_s for point in points])
    groups = [point.group for point in points]
    if len(kinds) > 1:
        parts = [point.operations for point in points]
        laws = fit_parts(parts, time_s, groups, f"{' + '.join(kinds)} {direction}")
        row = {
            "kinds": list(kinds),
            "direction": direction.value,
            "form": laws[0].form,
            "error_share": laws[0].error_share,
        }
        return {(kind, direction): law for kind, law in zip(kinds, laws, strict=True)}, [row]
    kind = kinds[0]
    operations = [point.operations[0] for point in points]
    best, scores = choose_law(KernelPoints(kind, direction, operations, time_s, np.array(groups)), forms)
    same = SAME.get(kind, (kind,))
    rows = [
        {
            "kinds": list(same),
            "direction": direction.value,
            "form": score.form,
            "error_share": score.error_share,
            **({} if score.why_none is None else {"why_none": score.why_none}),
        }
        for score in scores
    ]
    return {(one, direction): best for one in same}, rows
