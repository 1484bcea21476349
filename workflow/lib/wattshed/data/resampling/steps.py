"""From the file's resolution to the study's step: sums or means of whole steps."""

import numpy as np

from wattshed.data.resampling.fine_grid import FineGrid

CELLS_IN_BLOCK = 1 << 23


def to_steps(grid: FineGrid, mean: bool, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Values float32 and observed bool [T, N] of the panel's steps.

    A step is the sum or the mean of all its readings times ``factor``. One that lacks a reading is NaN. One with a half
    of a reading of two hours has a value, but was not observed.
    """
    per_step = grid.axis.per_step
    steps, nodes = len(grid.values) // per_step, grid.values.shape[1]
    values = np.empty((steps, nodes), dtype=np.float32)
    scale = factor / per_step if mean else factor
    rows = max(1, CELLS_IN_BLOCK // max(1, nodes * per_step))
    for start in range(0, steps, rows):
        stop = min(start + rows, steps)
        fine = grid.values[start * per_step : stop * per_step].reshape(stop - start, per_step, nodes)
        with np.errstate(over="ignore"):
            values[start:stop] = np.add.reduce(fine, axis=1, dtype=np.float64) * scale
    observed = ~np.isnan(values)
    row, node = np.divmod(grid.halved, nodes)
    observed[row // per_step, node] = False
    return values, observed
