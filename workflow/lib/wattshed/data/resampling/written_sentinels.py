"""Likely sentinels among the readings of a file, found before sums, means and differences hide them."""

from collections.abc import Sequence

import numpy as np

from wattshed.data.findings.sentinels import CODES, find_sentinels


def written_sentinels(values: np.ndarray, nodes: Sequence[str]) -> dict[str, tuple[float, float]]:
    """The most frequent likely sentinel of each node that has one, and its share of the node's readings.

    values: float [T, N] as the file has them, NaN where there is none.
    """
    if not len(values):
        return {}
    with np.errstate(over="ignore"):
        ends = [end.reduce(values, axis=0).astype(np.float32) for end in (np.fmin, np.fmax)]
    found: dict[str, tuple[float, float]] = {}
    # Only nodes whose least or largest reading is a code are looked at one by one.
    for column in np.flatnonzero(np.isin(ends[0], CODES) | np.isin(ends[1], CODES)):
        readings = values[:, column]
        sentinels = find_sentinels(readings[~np.isnan(readings)].astype(np.float32))
        if sentinels:
            found[nodes[int(column)]] = next(iter(sentinels.items()))
    return found
