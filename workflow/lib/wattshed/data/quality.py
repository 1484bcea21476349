"""Quality of each node's readings: coverage, gaps, imputed steps, stuck meters, spikes."""

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel

# A meter counts as stuck after equal readings for as long.
STUCK_H = 24
# A spike lies this many interquartile ranges outside the quartiles of its node. Household loads are skewed:
# with the usual 1.5 every evening would be a spike.
SPIKE_RANGES = 10.0
NODES_PER_BLOCK = 256


def assess_quality(panel: Panel) -> pd.DataFrame:
    """One row per node, in the panel's order.

    hours: of the panel. coverage_share: observed steps of its steps. imputed_share: steps with a value that was not
    measured. gap_count, longest_gap_h: runs of unobserved steps, at the ends too. constant_share: observed steps
    that lie in a run of equal readings of at least 24 h, of all observed. spike_count: observed steps farther than 10
    interquartile ranges outside the node's quartiles; none are counted where the range is 0. mean, maximum: of
    the observed steps, in the panel's unit.
    """
    blocks = []
    for start in range(0, len(panel.node_names), NODES_PER_BLOCK):
        nodes = slice(start, start + NODES_PER_BLOCK)
        blocks.append(
            _assess_block(panel.values[:, nodes].T, panel.observed[:, nodes].T, panel.steps_per_hour)
        )
    table = pd.concat(blocks, ignore_index=True)
    whole, rest = divmod(len(panel.times), panel.steps_per_hour)
    table.insert(0, "hours", len(panel.times) / panel.steps_per_hour if rest else whole)
    table.insert(0, "node", panel.node_names)
    return table


def _assess_block(values: np.ndarray, observed: np.ndarray, steps_per_hour: int) -> pd.DataFrame:
    """Rows of the report for some nodes; values, observed: [nodes, T]."""
    values, observed = np.ascontiguousarray(values), np.ascontiguousarray(observed)
    steps = values.shape[1]
    seen = observed.sum(axis=1)
    cells = np.where(observed, values, np.float32(0))
    gap_node, gap_length = runs(~observed)
    stuck_node, stuck_length = _equal_runs(values, observed)
    long = stuck_length >= STUCK_H * steps_per_hour
    longest = np.zeros(len(values), dtype=np.int64)
    np.maximum.at(longest, gap_node, gap_length)
    return pd.DataFrame(
        {
            "coverage_share": seen / steps,
            "imputed_share": (~observed & ~np.isnan(values)).sum(axis=1) / steps,
            "gap_count": np.bincount(gap_node, minlength=len(values)),
            "longest_gap_h": longest if steps_per_hour == 1 else longest / steps_per_hour,
            "constant_share": np.bincount(stuck_node[long], stuck_length[long], len(values)) / seen,
            "spike_count": _spikes(values, observed, seen),
            "mean": cells.sum(axis=1, dtype=np.float64) / seen,
            "maximum": np.where(observed, values, -np.inf).max(axis=1).astype(np.float64),
        }
    )


def runs(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and length of each run of True in bool [rows, T]."""
    edges = np.diff(np.pad(flags, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(edges == 1)
    _, stop = np.nonzero(edges == -1)
    return row, stop - start


def _equal_runs(values: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Node and length in steps of each run of two or more equal, observed, consecutive readings."""
    same = (values[:, 1:] == values[:, :-1]) & observed[:, 1:] & observed[:, :-1]
    node, length = runs(same)
    return node, length + 1


def _spikes(values: np.ndarray, observed: np.ndarray, seen: np.ndarray) -> np.ndarray:
    # Sorting puts unobserved steps (infinity) last, so quartiles are positions in the row.
    ordered = np.sort(np.where(observed, values, np.float32(np.inf)), axis=1)
    rows = np.arange(len(values))
    lower = ordered[rows, (seen - 1) // 4][:, None]
    upper = ordered[rows, 3 * (seen - 1) // 4][:, None]
    reach = SPIKE_RANGES * (upper - lower)
    outside = (values > upper + reach) | (values < lower - reach)
    return (outside & observed & (reach > 0)).sum(axis=1)
