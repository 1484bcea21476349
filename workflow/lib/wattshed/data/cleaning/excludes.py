"""Which nodes ``data.exclude`` and ``data.exclude_where`` leave out."""

import numpy as np

from wattshed.config.data.cleaning import CleaningRules
from wattshed.data.cleaning.masks import long_runs
from wattshed.data.findings.steps import steps_of
from wattshed.data.panel import Panel
from wattshed.data.quality import STUCK_H
from wattshed.data.readers.node_patterns import matching
from wattshed.data.splits import Segment


def excluded_nodes(
    panel: Panel, observed: np.ndarray, rules: CleaningRules, train: Segment | None
) -> dict[str, np.ndarray]:
    """By rule, which nodes it leaves out: bool [N]; every node in the first of its rules.

    observed: bool [T, N], without masked cells. train: the part whose readings are judged; nodes are never chosen by
    the readings of a later part. Raises :class:`Fault` for a pattern without a node.
    """
    by_pattern = matching(rules.exclude, panel.node_names, "data.exclude")
    found = {f"data.exclude ({name})": meant for name, meant in zip(rules.exclude, by_pattern, strict=True)}
    where = rules.exclude_where
    if where is not None:
        shares = {"coverage": observed.mean(axis=0)}
        if where.judges_readings and train is not None:
            shares |= _shares(panel, observed, slice(train.start, train.stop))
        for key, limit in where.limits.items():
            share, side = shares[key.rsplit("_", 1)[0]], key.rsplit("_", 1)[1]
            # A share that is not known, of a node without a reading in the training part, leaves it in.
            found[f"data.exclude_where.{key} ({limit:g})"] = (
                share < limit if side == "below" else share > limit
            )
    taken = np.zeros(len(panel.node_names), dtype=bool)
    for rule, meant in found.items():
        found[rule] = meant & ~taken
        taken |= meant
    return found


def _shares(panel: Panel, observed: np.ndarray, steps: slice) -> dict[str, np.ndarray]:
    """Shares of the observed steps of a part [N]; NaN for a node without any."""
    values, seen = panel.values[steps], observed[steps]
    long = long_runs(values, seen, steps_of(panel, STUCK_H))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            name: (cells & seen).sum(axis=0) / seen.sum(axis=0)
            for name, cells in (("constant", long), ("zero", values == 0), ("negative", values < 0))
        }
