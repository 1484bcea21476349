"""Stuck values: one reading, repeated for a day or longer, of a meter whose readings otherwise change."""

import numpy as np

from wattshed.data.quality import STUCK_H, runs

# Outside of its long runs, a meter that can stick seldom repeats a reading. One that switches between two powers, or
# has a coarse resolution, repeats them all the time and is honest.
REPEATED = 0.2
# It sticks anywhere. A reading at the low end of the others is the standby of an empty home: at least this share of the
# other readings lies below a stuck one.
LOW_END = 0.1
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
    in_long = np.repeat(lengths + 1 >= steps_per_day, lengths)
    held = values[np.flatnonzero(same)[in_long]]
    others = values[observed & (values != 0) & ~np.isin(values, held)]
    stuck = held > np.quantile(others, LOW_END) if len(others) else np.zeros(len(held), dtype=bool)
    ends = np.cumsum(long) - 1
    return float((long + 1)[stuck[ends]].sum() / observed.sum())
