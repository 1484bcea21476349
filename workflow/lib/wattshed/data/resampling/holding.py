"""Logs without a fixed spacing: each reading holds until the next one; steps are time-weighted means."""

from collections.abc import Sequence

import numpy as np

from wattshed.data.forms.readings import Readings
from wattshed.data.resampling.axis import utc_text
from wattshed.data.resampling.repeated import second_reading
from wattshed.foundation.faults import Fault

MOST_STEPS_PER_READING = 100


def hold(
    parts: Sequence[Readings],
    columns: Sequence[np.ndarray],
    nodes: Sequence[str],
    step_s: int,
    phase_s: int,
    longest_s: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Means float64 [T, N], NaN where a step has a time without a reading, and datetime64[s] starts of steps [T].

    A reading holds until the next one of its node, and at most ``longest_s``; a missing one ends the one before it.
    phase_s: where steps begin after multiples of their length, in UTC. Raises :class:`Fault` for two readings of a node
    at one time and for an implausibly long span.
    """
    seconds = np.concatenate([part.instants.seconds[part.instants.kept] for part in parts])
    first = (int(seconds.min()) - phase_s) // step_s * step_s + phase_s
    steps = (int(seconds.max()) - first) // step_s + 1
    if steps > MOST_STEPS_PER_READING * len(seconds):
        raise Fault(
            f"{parts[0].path}: {len(seconds)} readings span {utc_text(seconds.min())} to "
            f"{utc_text(seconds.max())} UTC; "
            "expected a log without gaps of years: look for a mistyped date."
        )
    bounds = first + step_s * np.arange(steps + 1)
    means = np.full((steps, len(nodes)), np.nan)
    groups = [_groups(part) for part in parts]
    for node in range(len(nodes)):
        times, values = _of_node(parts, columns, groups, node)
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
        if (np.diff(times) == 0).any():
            raise second_reading(parts, columns, nodes)
        if len(times):
            means[:, node] = _means(times, values, bounds, longest_s)
    return means, bounds[:-1].astype("datetime64[s]")


def _groups(part: Readings) -> list[np.ndarray]:
    """Kept rows of each node of a part."""
    rows = np.flatnonzero(part.instants.kept)
    if part.node is None:
        return [rows] * len(part.nodes)
    order = rows[np.argsort(part.node[rows], kind="stable")]
    return np.split(order, np.searchsorted(part.node[order], np.arange(1, len(part.nodes))))


def _of_node(
    parts: Sequence[Readings], columns: Sequence[np.ndarray], groups: Sequence[list[np.ndarray]], node: int
) -> tuple[np.ndarray, np.ndarray]:
    """Times [s] and readings of a node over all parts."""
    times, values = [], []
    for part, column, rows_of in zip(parts, columns, groups, strict=True):
        for place in np.flatnonzero(column == node):
            rows = rows_of[place]
            times.append(part.instants.seconds[rows])
            values.append(part.values[rows] if part.node is not None else part.values[rows, place])
    return np.concatenate(times), np.concatenate(values).astype(np.float64)


def _means(times: np.ndarray, values: np.ndarray, bounds: np.ndarray, longest_s: float) -> np.ndarray:
    """Mean between neighbours of ``bounds`` [s] of readings in order of time."""
    known = ~np.isnan(values)
    until = np.append(np.diff(times), longest_s).astype(np.float64)
    held = np.where(known, np.minimum(until, longest_s), 0)
    worth = np.where(known, values, 0)
    # Integrals from the first reading to each bound, of the values and of the time that they cover.
    covered = np.concatenate([[0.0], np.cumsum(held)])
    summed = np.concatenate([[0.0], np.cumsum(held * worth)])
    last = np.searchsorted(times, bounds, side="right") - 1
    within = np.minimum(bounds - times[np.maximum(last, 0)], held[np.maximum(last, 0)])
    before = last < 0
    cover = np.where(before, 0, covered[np.maximum(last, 0)] + within)
    total = np.where(before, 0, summed[np.maximum(last, 0)] + within * worth[np.maximum(last, 0)])
    length = np.diff(bounds)
    whole = np.abs(np.diff(cover) - length) < 1e-6 * length
    return np.where(whole, np.diff(total) / length, np.nan)
