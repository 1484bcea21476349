"""Stuck values: one reading, repeated for a day or longer, of a meter whose readings otherwise change."""

import numpy as np

from wattshed.data.quality import STUCK_H, runs

# Outside of its long runs, a meter that can stick seldom repeats a reading. One that switches between two powers, or
# has a coarse resolution, repeats them all the time and is honest.
REPEATED = 0.2
# And it has as many other readings as two days.
LEAST_OTHERS = 2 * STUCK_H


def stuck_share(values: np.ndarray, observed: np.ndarray, steps_per_day: int) -> float:
    """Share of the observed steps that repeat one reading other than zero for a day or longer.

    values, observed: [T] of one node. A reading of zero is an empty home, not a stuck meter.
    """
    same = np.append((values[1:] == values[:-1]) & observed[1:] & observed[:-1] & (values[1:] != 0), False)
    _, lengths = runs(same[None, :])
    long = lengths[lengths + 1 >= steps_per_day]
    if not len(long):
        return 0.0
    pairs = int((observed[1:] & observed[:-1] & (values[1:] != 0)).sum()) - int(long.sum())
    if pairs < LEAST_OTHERS or (int(same.sum()) - int(long.sum())) > REPEATED * pairs:
        return 0.0
    return float((long + 1).sum() / observed.sum())
