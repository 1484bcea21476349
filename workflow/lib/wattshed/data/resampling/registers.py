"""Cumulative registers: the energy of an interval is the difference between the counts at its ends."""

from collections.abc import Sequence

import numpy as np

from wattshed.data.resampling.fine_grid import FineGrid
from wattshed.foundation.faults import Fault

NODES_IN_BLOCK = 256
# A meter is replaced or rolls over a few times in its life; what falls more often is not a register.
MOST_FALLS_SHARE = 0.1
FEWEST_DIFFERENCES = 10


def differences(grid: FineGrid, ends: bool, nodes: Sequence[str], where: str) -> tuple[str, ...]:
    """Replace counts by their differences, in place; notes about falls.

    ends: whether a count was read at the end of its interval; otherwise at its start. A difference that falls (a reset,
    a new meter, a rollover) and one beside a gap are NaN. Raises :class:`Fault` for a node that falls in every tenth
    interval.
    """
    falls = still = 0
    for start in range(0, grid.values.shape[1], NODES_IN_BLOCK):
        block = grid.values[:, start : start + NODES_IN_BLOCK]
        rise = np.diff(block, axis=0)
        with np.errstate(invalid="ignore"):
            fell = rise < 0
        known = np.count_nonzero(~np.isnan(rise), axis=0)
        often = np.count_nonzero(fell, axis=0)
        wrong = (often > MOST_FALLS_SHARE * known) & (known >= FEWEST_DIFFERENCES)
        if wrong.any():
            node = int(np.argmax(wrong))
            raise Fault(
                f"{where}: node {nodes[start + node]!r} falls in {often[node]:,} of {known[node]:,} intervals; "
                "expected a "
                "cumulative register, which only rises: correct data.source.quantity."
            )
        falls += int(often.sum())
        still += int(np.count_nonzero((known > 0) & ~(rise > 0).any(axis=0)))
        rise[fell] = np.nan
        block[:] = np.nan
        block[slice(1, None) if ends else slice(0, -1)] = rise
    notes: tuple[str, ...] = ("Readings are differences of cumulative registers.",)
    if falls:
        times = "once" if falls == 1 else f"{falls:,} times"
        notes += (f"Registers fell {times} (reset or new meter); such intervals are unobserved.",)
    if still:
        notes += (f"{still:,} {'register never rises' if still == 1 else 'registers never rise'}.",)
    return notes
