"""Likely sentinels among the readings of a file, found before sums, means and differences hide them."""

from collections.abc import Sequence

import numpy as np

from wattshed.data.findings.sentinels import CODES, FAR_POSITIVE, LONE_NEGATIVE, find_sentinels

# Readings of each node that say how large they usually are.
SAMPLE = 64


def written_sentinels(values: np.ndarray, nodes: Sequence[str]) -> dict[str, tuple[float, float]]:
    """The most frequent likely sentinel of each node that has one, and its share of the node's readings.

    values: float [T, N] as the file has them, NaN where there is none.
    """
    if not len(values):
        return {}
    with np.errstate(over="ignore"):
        ends = [end.reduce(values, axis=0).astype(np.float32) for end in (np.fmin, np.fmax)]
    found: dict[str, tuple[float, float]] = {}
    # Only nodes whose least or largest reading may be a sentinel are looked at one by one.
    coded = np.isin(ends[0], CODES) | np.isin(ends[1], CODES)
    for column in np.flatnonzero(coded | _far(ends, values)):
        readings = values[:, column]
        with np.errstate(over="ignore"):
            sentinels = find_sentinels(readings[~np.isnan(readings)].astype(np.float32))
        if sentinels:
            found[nodes[int(column)]] = next(iter(sentinels.items()))
    return found


def _far(ends: list[np.ndarray], values: np.ndarray) -> np.ndarray:
    """bool [N]: whether an end lies so far from a node's usual readings that it may be a sentinel without a code."""
    some = np.abs(values[:: max(1, len(values) // SAMPLE)])
    some[some == 0] = np.nan
    usual = np.zeros(values.shape[1])
    known = ~np.isnan(some).all(axis=0)
    usual[known] = np.nanmedian(some[:, known], axis=0)
    least, largest = ends
    return np.asarray(
        (largest >= FAR_POSITIVE * usual)
        | ((least < 0) & (-least >= LONE_NEGATIVE * np.maximum(largest, usual)))
    )
