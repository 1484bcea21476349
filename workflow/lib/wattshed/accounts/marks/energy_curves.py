"""Cumulative energy of an attempt over time, per meter that it read."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from wattshed.energy.ledger.attempts import attempt_duration_s, attempt_energy, attempt_use, disjoint
from wattshed.energy.ledger.reading import Attempt

Point = tuple[float, float]


@dataclass(frozen=True)
class EnergyCurve:
    """Cumulative energy between points, in which power is taken as constant.

    component: ``cpu``, ``ram`` or ``gpu``; meter: what was read; for a GPU its UUID if known.
    at_s: seconds since 1970, rising; kwh: same length, never falling. own_cpu_s: the job's own processor seconds at the
    same times; None if the ledger does not know them.
    """

    component: str
    meter: str
    at_s: np.ndarray
    kwh: np.ndarray
    own_cpu_s: np.ndarray | None = None


def attempt_curves(attempt: Attempt, began_s: float) -> Iterator[EnergyCurve]:
    """One curve per component whose energy is known: through its ticks, and between them along its windows."""
    uuids = {f"gpu{gpu['index']}": gpu.get("uuid") for gpu in attempt.start["machine"].get("gpus", [])}
    duration_s = attempt_duration_s(attempt)
    outermost = [window for window, share in disjoint(attempt.windows) if share == 1]
    used = _own_seconds(attempt, duration_s)
    for name, part in attempt_energy(attempt).items():
        if part["kwh"] is None:
            continue
        points = {0.0: 0.0}
        for tick in attempt.ticks:
            if tick["energy"].get(name) is not None and tick["at_s"] < duration_s:
                points[tick["at_s"]] = tick["energy"][name]
        points[duration_s] = part["kwh"]
        fine = np.array(_along_windows(sorted(points.items()), outermost, name))
        component = "gpu" if name.startswith("gpu") else name
        rising = np.maximum.accumulate(np.minimum(fine[:, 1], part["kwh"]))
        own_cpu_s = None if used is None else np.interp(fine[:, 0], *used)
        yield EnergyCurve(component, uuids.get(name) or name, began_s + fine[:, 0], rising, own_cpu_s)


def _own_seconds(attempt: Attempt, duration_s: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Times and cumulative own processor seconds at its ticks; None if they are not known."""
    points = {0.0: 0.0}
    for tick in attempt.ticks:
        used = tick.get("use", {}).get("own_cpu_s")
        if used is not None and tick["at_s"] < duration_s:
            points[tick["at_s"]] = used
    last = attempt_use(attempt)["own_cpu_s"]
    if last is None:
        return None
    points[duration_s] = last
    times, seconds = np.array(sorted(points.items())).T
    return times, np.maximum.accumulate(seconds)


def _along_windows(points: list[Point], windows: list[dict[str, Any]], name: str) -> list[Point]:
    """The points, with the ends of the windows that lie between two of them.

    Energy outside of windows is spread evenly over the time outside of them.
    """
    known = [w for w in windows if w["energy"].get(name, {}).get("kwh") is not None]
    fine = points[:1]
    at = 0
    for (start_s, start_kwh), (end_s, end_kwh) in itertools.pairwise(points):
        inside = []
        while at < len(known) and known[at]["start_s"] < end_s:
            if known[at]["start_s"] >= start_s and known[at]["end_s"] <= end_s:
                inside.append(known[at])
            at += 1
        in_windows = sum(window["energy"][name]["kwh"] for window in inside)
        outside_s = end_s - start_s - sum(window["end_s"] - window["start_s"] for window in inside)
        rest = end_kwh - start_kwh - in_windows
        if inside and rest >= 0 and outside_s > 0:
            power = rest / outside_s
            kwh, last_s = start_kwh, start_s
            for window in inside:
                kwh += power * (window["start_s"] - last_s)
                fine.append((window["start_s"], kwh))
                kwh += window["energy"][name]["kwh"]
                last_s = window["end_s"]
                fine.append((last_s, kwh))
        fine.append((end_s, end_kwh))
    return fine
