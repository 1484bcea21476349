"""The interval of a median by order statistics, which assumes no distribution."""

import math
from collections.abc import Iterable

from wattshed.statistics.levels import LEVEL


def median_interval(values: Iterable[float]) -> tuple[float | None, float | None]:
    """The narrowest pair of ordered values, alike from both ends, that holds the median with at least 95 %.

    Whatever the values' distribution, each lies below its median with probability 1/2 (Thompson 1936); values: of
    independent repeats. None where even the least and the largest do not reach 95 %, which takes six values.
    """
    ordered = sorted(values)
    count = len(ordered)
    best, outside = None, 0.0
    for rank in range(count // 2):
        # Twice the chance that at most ``rank`` values lie below the median.
        outside += 2 * math.comb(count, rank) / 2**count
        if 1 - outside < LEVEL:
            break
        best = rank
    return (None, None) if best is None else (float(ordered[best]), float(ordered[count - 1 - best]))
