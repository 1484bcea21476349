"""Nodes that do not read like the others: near zero most of the time, such as a meter of solar generation."""

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.quality import NODES_PER_BLOCK
from wattshed.data.splits import Segment
from wattshed.foundation.hours import step_words

# A step is near zero below this share of the node's mean absolute reading. A feed into the grid is below zero.
NEAR_ZERO = 0.05
# Local hours of the day, the end left out. Sunlit all year round outside of polar regions, with an hour's margin for
# clocks that are ahead of the sun.
DAYTIME = (8, 18)
# A constant load has 42 % of its energy in the daytime, the most daytime-heavy of the other measured homes 50 %.
SOLAR_SHARE = 0.8


def find_suspects(panel: Panel, train: Segment, near_zero_limit: float) -> pd.DataFrame:
    """One row per node, in the panel's order, from observed steps of the training part alone.

    near_zero_share: steps near zero of all observed. daytime_share: of the absolute readings, what falls between 8 and
    18 h local time. suspect_reason: why the node is suspect, or null; it is where ``near_zero_share`` is at least
    ``near_zero_limit``. NaN for a node without an observed training step. A class of labelled windows is never suspect:
    most windows are of other classes.
    """
    steps = slice(train.start, train.stop)
    local = panel.local_times[steps].hour.to_numpy()
    daytime = ((local >= DAYTIME[0]) & (local < DAYTIME[1]))[:, None]
    shares = []
    for start in range(0, len(panel.node_names), NODES_PER_BLOCK):
        nodes = slice(start, start + NODES_PER_BLOCK)
        observed = panel.observed[steps, nodes]
        values = np.where(observed, panel.values[steps, nodes], 0).astype(np.float64)
        shares.append(_shares(values, observed, daytime))
    near_zero, day = np.concatenate(shares, axis=1)
    reasons = [
        _reason(*pair, f"{step_words(panel.step_minutes)}s")
        if pair[0] >= near_zero_limit and panel.windows is None
        else None
        for pair in zip(near_zero, day, strict=True)
    ]
    return pd.DataFrame(
        {
            "near_zero_share": near_zero,
            "daytime_share": day,
            "suspect_reason": pd.array(reasons, dtype="string"),
        }
    )


def _shares(values: np.ndarray, observed: np.ndarray, daytime: np.ndarray) -> np.ndarray:
    """[2, nodes]: the share of steps near zero, and of readings in the daytime; values, observed: [T, nodes]."""
    seen = observed.sum(axis=0)
    absolute = np.abs(values)
    total = absolute.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        low = (values < NEAR_ZERO * (total / seen)) | (total == 0)
        return np.stack([(low & observed).sum(axis=0) / seen, (absolute * daytime).sum(axis=0) / total])


def _reason(near_zero: float, day: float, steps: str) -> str:
    if day >= SOLAR_SHARE:
        return (
            f"reads like solar generation: near zero in {near_zero:.0%} of {steps}, {day:.0%} of its energy from "
            f"{DAYTIME[0]} to {DAYTIME[1]} h"
        )
    return f"near zero in {near_zero:.0%} of {steps}"
