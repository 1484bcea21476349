"""Places of labels along one axis, at least one line apart."""

import numpy as np


def spread(wanted: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Rising places [n] at least ``gap`` apart between ``low`` and ``high``, as near to the wanted ones as possible.

    wanted: [n], rising. Neighbours that are too close share their mean place (pool adjacent violators, Ayer et al.
    1955); if the room is too small for all, they are spaced evenly from ``low`` up.
    """
    ranks = np.arange(len(wanted)) * gap
    blocks: list[tuple[float, int]] = []
    for value in wanted - ranks:
        mean, count = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, others = blocks.pop()
            mean, count = (before * others + mean * count) / (others + count), others + count
        blocks.append((mean, count))
    level = np.repeat([mean for mean, _ in blocks], [count for _, count in blocks])
    return np.maximum(np.minimum(level, high - ranks[-1]), low) + ranks
