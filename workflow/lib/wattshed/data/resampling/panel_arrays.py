"""The arrays of a panel from the readings of its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from wattshed.data.forms.readings import Readings
from wattshed.data.resampling.axis import make_axis, offset_s
from wattshed.data.resampling.fine_grid import fill_grid
from wattshed.data.resampling.holding import hold
from wattshed.data.resampling.order import in_order
from wattshed.data.resampling.registers import differences
from wattshed.data.resampling.spacing import refuse_sparse_nodes
from wattshed.data.resampling.steps import to_steps
from wattshed.data.resampling.written_sentinels import written_sentinels
from wattshed.data.units import conversion, duration_text, quantity_of
from wattshed.foundation.faults import Fault

UNSORTED = "The rows were not in order of time; they were sorted."


class StepKeys(Protocol):
    """What is read from the settings of the source about quantity, unit and step."""

    @property
    def quantity(self) -> str | None: ...

    @property
    def unit(self) -> str: ...

    @property
    def panel_unit(self) -> str | None: ...

    @property
    def step_minutes(self) -> int: ...

    @property
    def resolution(self) -> str | None: ...

    @property
    def longest_hold_s(self) -> float: ...

    @property
    def timezone(self) -> str: ...


@dataclass(frozen=True)
class Arrays:
    """values: float32 [T, N], NaN where a step has no value. observed: bool [T, N]. times: datetime64[s] [T], UTC.

    sentinels: of readings that were changed on the way, likely sentinels of the file and their share, by node.
    """

    values: np.ndarray
    observed: np.ndarray
    times: np.ndarray
    notes: tuple[str, ...]
    sentinels: dict[str, tuple[float, float]]


def panel_arrays(
    parts: list[Readings], columns: Sequence[np.ndarray], nodes: Sequence[str], keys: StepKeys
) -> Arrays:
    """Readings at the study's step, in the panel's unit; ``parts`` are given up, since they are large.

    columns: for each part, the columns of its nodes among ``nodes``. Raises :class:`Fault` for readings that do not
    make a grid, and where it matters and is unknown whether they are summed or averaged.
    """
    step_s = 60 * keys.step_minutes
    quantity = quantity_of(keys.quantity, keys.unit)
    notes: tuple[str, ...] = () if all(map(in_order, parts)) else (UNSORTED,)
    if keys.resolution == "irregular":
        return _held(parts, columns, nodes, keys, notes)
    axis, axis_notes = make_axis(parts, step_s, keys.timezone, keys.resolution is not None)
    if quantity is None and axis.per_step > 1:
        raise Fault(
            f"{parts[0].path}: readings of {duration_text(axis.resolution_s)} become steps of "
            f"{duration_text(step_s)}, and "
            f"the unit {keys.unit!r} does not say whether they are summed or averaged: set data.source.quantity."
        )
    grid = fill_grid(parts, columns, nodes, axis)
    where, ends = str(parts[0].path), parts[0].ends
    parts.clear()
    refuse_sparse_nodes(grid, nodes, where, keys.resolution is not None)
    notes += axis_notes
    factor = conversion(keys.unit, keys.panel_unit, step_s)
    changed = axis.per_step > 1 or quantity == "register" or factor != 1
    sentinels = written_sentinels(grid.values, nodes) if changed else {}
    if quantity == "register":
        notes += differences(grid, ends, nodes, where)
    mean = quantity in ("power", "level")
    values, observed = to_steps(grid, mean, factor)
    times = axis.steps
    if quantity == "register":
        # The count that only ends the last interval, or begins the first one, is not a step of its own.
        kept = slice(1, None) if ends else slice(0, -1)
        edge = observed[0] if ends else observed[-1]
        if len(times) > 1 and not edge.any():
            values, observed, times = values[kept], observed[kept], times[kept]
    if axis.per_step > 1:
        notes += (
            f"Readings of {duration_text(axis.resolution_s)} were {'averaged' if mean else 'summed'} to steps of "
            f"{duration_text(step_s)}.",
        )
    if len(grid.halved):
        notes += (
            f"{len(grid.halved) // 2:,} readings of the doubled autumn hour were split evenly over both hours, which "
            "count as unobserved.",
        )
    return Arrays(values, observed, times, notes + _conversion_note(keys), sentinels)


def _held(
    parts: list[Readings],
    columns: Sequence[np.ndarray],
    nodes: Sequence[str],
    keys: StepKeys,
    notes: tuple[str, ...],
) -> Arrays:
    step_s = 60 * keys.step_minutes
    first = min(
        int(part.instants.seconds[part.instants.kept].min()) for part in parts if part.instants.kept.any()
    )
    phase = -offset_s(first, keys.timezone) % step_s
    sentinels = _logged_sentinels(parts, columns, nodes)
    means, times = hold(parts, columns, nodes, step_s, phase, keys.longest_hold_s)
    values = (means * conversion(keys.unit, keys.panel_unit, step_s)).astype(np.float32)
    notes += (
        f"Steps of {duration_text(step_s)} are time-weighted means of readings that hold until the next, at most "
        f"{duration_text(keys.longest_hold_s)}.",
    )
    return Arrays(values, ~np.isnan(values), times, notes + _conversion_note(keys), sentinels)


def _logged_sentinels(
    parts: list[Readings], columns: Sequence[np.ndarray], nodes: Sequence[str]
) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for part, column in zip(parts, columns, strict=True):
        for place, node in enumerate(column):
            rows = part.instants.kept if part.node is None else part.instants.kept & (part.node == place)
            values = part.values[rows] if part.node is not None else part.values[rows, place]
            found |= written_sentinels(values[:, None], [nodes[node]])
    return found


def _conversion_note(keys: StepKeys) -> tuple[str, ...]:
    if keys.panel_unit in (None, keys.unit):
        return ()
    return (f"Converted from {keys.unit} to {keys.panel_unit}.",)
