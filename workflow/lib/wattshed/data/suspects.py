"""Nodes that do not read like the others: near zero most of the time, sentinels among the readings, registers."""

import numpy as np
import pandas as pd

from wattshed.data.findings.registers import is_register
from wattshed.data.findings.sentinels import find_sentinels
from wattshed.data.findings.warned import number, share
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

    near_zero_share: steps near zero of all observed but likely sentinels. daytime_share: of the absolute readings,
    what falls between 8 and 18 h local time. suspect_reason: why the node is suspect, or null; it is where there is a
    likely sentinel or the node is a likely register, and where ``near_zero_share`` is at least ``near_zero_limit``. NaN
    for a node without an observed training step. A class of labelled windows is never suspect:
    most windows are of other classes.
    """
    steps = slice(train.start, train.stop)
    local = panel.local_times[steps].hour.to_numpy()
    daytime = ((local >= DAYTIME[0]) & (local < DAYTIME[1]))[:, None]
    shares, wrong = [], []
    for start in range(0, len(panel.node_names), NODES_PER_BLOCK):
        nodes = slice(start, start + NODES_PER_BLOCK)
        observed = panel.observed[steps, nodes].copy()
        if panel.windows is None:
            wrong += [
                _wrong(panel.values[steps, nodes][:, n], observed[:, n]) for n in range(observed.shape[1])
            ]
        else:
            wrong += [None] * observed.shape[1]
        values = np.where(observed, panel.values[steps, nodes], 0).astype(np.float64)
        shares.append(_shares(values, observed, daytime))
    near_zero, day = np.concatenate(shares, axis=1)
    limit = near_zero_limit if panel.windows is None else np.inf
    named = f"{step_words(panel.step_minutes)}s"
    written = [_written(panel.written_sentinels.get(name)) for name in panel.node_names]
    reasons = [
        found or seen or (_reason(low, part, named) if low >= limit else None)
        for found, seen, low, part in zip(wrong, written, near_zero, day, strict=True)
    ]
    return pd.DataFrame(
        {
            "near_zero_share": near_zero,
            "daytime_share": day,
            "suspect_reason": pd.array(reasons, dtype="string"),
        }
    )


def _wrong(values: np.ndarray, observed: np.ndarray) -> str | None:
    """What is wrong with the readings of a node [T]; likely sentinels become unobserved in place."""
    sentinels = find_sentinels(values[observed])
    observed &= ~np.isin(values, np.array([*sentinels], dtype=np.float32))
    if sentinels:
        return _written(next(iter(sentinels.items())))
    return "only rises, as a cumulative register does" if is_register(values[observed]) else None


def _written(sentinel: tuple[float, float] | None) -> str | None:
    if sentinel is None:
        return None
    return f"reads {number(sentinel[0])}, a likely sentinel, in {share(sentinel[1])} of its readings"


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
