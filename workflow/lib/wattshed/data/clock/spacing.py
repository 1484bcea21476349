"""The typical spacing of times."""

import numpy as np


def typical_spacing(seconds: np.ndarray) -> int:
    """The most frequent step between neighbouring times [s], the shorter of two; 0 of fewer than two times.

    seconds: int64 [U], unique, in any order.
    """
    steps = np.diff(np.unique(seconds))
    if not len(steps):
        return 0
    value, count = np.unique(steps, return_counts=True)
    return int(value[count.argmax()])
