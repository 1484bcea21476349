"""Which cells the rules of ``data.mask`` take for unobserved."""

from datetime import datetime

import numpy as np

from wattshed.config.data.cleaning import MaskRule
from wattshed.data.findings.steps import steps_of
from wattshed.data.panel import Panel
from wattshed.data.readers.node_patterns import matching


def masked_cells(panel: Panel, rule: MaskRule, where: str) -> np.ndarray:
    """Cells with a value for which every condition of the rule holds: bool [T, N].

    where: the rule's key, for messages. Numbers are compared as 32-bit floats, as the panel holds them. Raises
    :class:`Fault` for a pattern without a node.
    """
    masked = ~np.isnan(panel.values)
    if rule.nodes is not None:
        meant = np.any(matching(rule.nodes, panel.node_names, f"{where}.nodes"), axis=0)
        masked &= meant[None, :]
    if rule.equals is not None:
        masked &= panel.values == np.float32(rule.equals)
    if rule.below is not None:
        masked &= panel.values < np.float32(rule.below)
    if rule.above is not None:
        masked &= panel.values > np.float32(rule.above)
    if rule.start is not None or rule.stop is not None:
        masked &= _between(panel, rule)[:, None]
    if rule.stuck_h is not None:
        # Of runs in the panel, not in the rule's span: a run that begins before it is as long.
        masked &= long_runs(panel.values, panel.observed, max(2, steps_of(panel, rule.stuck_h)))
    return masked


def _between(panel: Panel, rule: MaskRule) -> np.ndarray:
    """Steps whose local wall clock time lies in the rule's span [T]; both hours of a doubled one do."""
    local = panel.local_times.tz_localize(None).to_numpy()
    inside = np.ones(len(local), dtype=bool)
    if rule.start is not None:
        inside &= local >= np.datetime64(datetime.fromisoformat(rule.start), "s")
    if rule.stop is not None:
        inside &= local < np.datetime64(datetime.fromisoformat(rule.stop), "s")
    return inside


def long_runs(values: np.ndarray, observed: np.ndarray, least: int) -> np.ndarray:
    """Observed cells in a run of at least ``least`` equal readings; all arrays [T, N]."""
    fresh = np.ones(values.shape, dtype=bool)
    fresh[1:] = (values[1:] != values[:-1]) | ~observed[1:] | ~observed[:-1]
    long = np.zeros(values.shape, dtype=bool)
    for node in range(values.shape[1]):
        starts = np.flatnonzero(fresh[:, node])
        lengths = np.diff(np.append(starts, len(values)))
        long[:, node] = np.repeat(lengths >= least, lengths)
    return long & observed
