"""Whether the rows of a file are in order of time."""

import numpy as np

from wattshed.data.forms.readings import Readings

ROWS_IN_BLOCK = 1 << 22


def in_order(part: Readings) -> bool:
    """Whether the times of each node only rise from row to row."""
    seconds, node, kept = part.instants.seconds, part.node, part.instants.kept
    if not kept.all():
        # Rows at times that do not exist have no place in the order.
        seconds, node = seconds[kept], None if node is None else node[kept]
    if node is None:
        return not _falls(seconds, strict=True)
    if not _falls(seconds, strict=False):
        # Second readings of one time are refused elsewhere.
        return True
    latest = np.full(len(part.nodes), np.iinfo(np.int64).min)
    for start in range(0, len(seconds), ROWS_IN_BLOCK):
        times, whose = seconds[start : start + ROWS_IN_BLOCK], node[start : start + ROWS_IN_BLOCK]
        # Rows of one node often follow one another: then there is nothing to sort.
        order = slice(None) if not (np.diff(whose) < 0).any() else np.argsort(whose, kind="stable")
        times, whose = times[order], whose[order]
        same = whose[1:] == whose[:-1]
        if (np.diff(times)[same] < 0).any():
            return False
        begins = np.flatnonzero(np.append(True, ~same))
        if (times[begins] < latest[whose[begins]]).any():
            return False
        ends = np.append(begins[1:], len(times)) - 1
        latest[whose[ends]] = times[ends]
    return True


def _falls(seconds: np.ndarray, strict: bool) -> bool:
    for start in range(0, len(seconds), ROWS_IN_BLOCK):
        steps = np.diff(seconds[start : start + ROWS_IN_BLOCK + 1])
        if (steps <= 0 if strict else steps < 0).any():
            return True
    return False
