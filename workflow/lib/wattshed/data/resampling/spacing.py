"""Nodes whose readings are further apart than those of their file."""

from collections.abc import Sequence

import numpy as np

from wattshed.data.resampling.fine_grid import FineGrid
from wattshed.data.units import duration_text
from wattshed.foundation.faults import Fault

# A node with fewer gaps between its readings does not show a spacing.
FEWEST_GAPS = 6
SHARE = 0.9
# A node with readings at more than this share of the times of its own span cannot be spaced twice as far.
DENSE = 0.6


def refuse_sparse_nodes(grid: FineGrid, nodes: Sequence[str], where: str, stated: bool) -> None:
    """Raise :class:`Fault` for a node that has nine in ten readings one same multiple of the spacing apart.

    Its readings are not of the same length as the others'. stated: whether the config states the resolution.
    """
    known = ~np.isnan(grid.values)
    count = np.count_nonzero(known, axis=0)
    first = known.argmax(axis=0)
    span = len(known) - known[::-1].argmax(axis=0) - first
    for node in np.flatnonzero((count > FEWEST_GAPS) & (count < DENSE * span)).tolist():
        gaps = np.diff(np.flatnonzero(known[:, node]))
        lengths, often = np.unique(gaps, return_counts=True)
        usual = int(lengths[np.argmax(often)])
        if usual > 1 and often.max() >= SHARE * len(gaps):
            resolution_s = grid.axis.resolution_s
            cure = (
                "correct data.source.resolution, or leave it out"
                if stated
                else "leave the node out by data.source.exclude"
            )
            raise Fault(
                f"{where}: node {nodes[node]!r}: typical spacing is {duration_text(usual * resolution_s)}, expected "
                f"{duration_text(resolution_s)} {'as data.source.resolution says' if stated else 'as in the file'}: "
                f"{cure}."
            )
