"""All readings on one grid of the file's resolution: [T, N], NaN where none is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattshed.data.forms.readings import Readings
from wattshed.data.resampling.axis import Axis, second_hour_s
from wattshed.data.resampling.repeated import second_reading

# Positions of as many readings at once are int64 in memory.
ROWS_IN_BLOCK = 1 << 22


@dataclass
class FineGrid:
    """values: float [T, N] at ``axis``. halved: places in ``values`` (flat, int64) of readings of two hours."""

    axis: Axis
    values: np.ndarray
    halved: np.ndarray


def fill_grid(
    parts: Sequence[Readings], columns: Sequence[np.ndarray], nodes: Sequence[str], axis: Axis
) -> FineGrid:
    """Put all parts on the grid.

    columns: for each part, the columns of its nodes. Raises :class:`Fault` for a second reading of a node at one time.
    """
    values = np.full((axis.length, len(nodes)), np.nan, dtype=parts[0].values.dtype)
    halved: list[np.ndarray] = []
    count = 0
    for part, column in zip(parts, columns, strict=True):
        for start in range(0, len(part.instants.seconds), ROWS_IN_BLOCK):
            block = slice(start, start + ROWS_IN_BLOCK)
            count += _fill(values, part, block, column, axis, halved)
    if np.count_nonzero(~np.isnan(values)) != count:
        raise second_reading(parts, columns, nodes)
    return FineGrid(axis, values, np.concatenate(halved) if halved else np.empty(0, dtype=np.int64))


def _fill(
    values: np.ndarray,
    part: Readings,
    block: slice,
    columns: np.ndarray,
    axis: Axis,
    halved: list[np.ndarray],
) -> int:
    """Put rows of a part on the grid; how many readings they hold."""
    found = part.values[block]
    rows = part.instants.kept[block]
    has = ~np.isnan(found) if part.node is not None else ~np.isnan(found).all(axis=1)
    rows = rows & has
    place, found = axis.place(part.instants.seconds[block][rows]), found[rows]
    double = part.instants.doubled[block][rows]
    column = columns[part.node[block][rows]] if part.node is not None else None
    count = _put(values, place, column, columns, np.where(_as_rows(double, found), found / 2, found))
    if double.any():
        # The sum of both hours is split evenly over them.
        later = place[double] + second_hour_s(axis)
        other = None if column is None else column[double]
        count += _put(values, later, other, columns, found[double] / 2)
        for places in (place[double], later):
            flat = places * values.shape[1]
            halved.append(flat + other if other is not None else (flat[:, None] + columns).reshape(-1))
    return count


def _put(
    values: np.ndarray, place: np.ndarray, column: np.ndarray | None, columns: np.ndarray, found: np.ndarray
) -> int:
    if column is not None:
        values.reshape(-1)[place * values.shape[1] + column] = found
        return len(found)
    known = ~np.isnan(found)
    if known.all():
        values[place[:, None], columns] = found
    else:
        row, node = np.nonzero(known)
        values[place[row], columns[node]] = found[row, node]
    return int(np.count_nonzero(known))


def _as_rows(double: np.ndarray, found: np.ndarray) -> np.ndarray:
    return double if found.ndim == 1 else double[:, None]
