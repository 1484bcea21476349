"""Does a model beat the median optimum of other workloads, and the strongest opponent? Paired over families."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.clocks.predicting.pickers import MODELS, OPPONENTS, TO_BEAT
from wattshed.statistics.levels import LEVEL

DRAWS = 2000
LEAST_FAMILIES = 3


@dataclass(frozen=True)
class Standing:
    """One picker under one split and policy.

    picked: cells with a pick, of ``cells``; kept_share: of these, how many keep the limit; saving_share: median saving
    where a pick that breaks the limit counts as the maximum (saving 0); best_share: the same of the best setting.
    lead, lead_low, lead_high: mean saving ahead of the median optimum (shares of the energy at the maximum), with the
    bootstrap interval over families; None for the opponents. strongest: the opponent that saves most, known only in
    hindsight; ahead, ahead_low, ahead_high: the same lead against it. words: what follows. With few families the
    intervals are too narrow rather than too wide, and no interval holds what another GPU would change.
    """

    split: str
    policy: str
    picker: str
    cells: int
    picked: int
    families: int
    kept_share: float
    saving_share: float
    best_share: float
    lead: float | None
    lead_low: float | None
    lead_high: float | None
    strongest: str
    ahead: float | None
    ahead_low: float | None
    ahead_high: float | None
    words: str


def standings(frame: pd.DataFrame, seed: int) -> list[Standing]:
    """Of every split, policy and picker in the frame of ``held_out``."""
    found = []
    for (split, policy), rows in frame.groupby(["split", "policy"], sort=False):
        # A pick that breaks the limit would be undone: it saves nothing.
        counted = rows.assign(worth=np.where(rows["kept"], rows["saving_share"], 0.0))
        by_picker = {str(name): own for name, own in counted.groupby("picker", sort=False)}
        strongest = max(OPPONENTS, key=lambda name: float(by_picker[name]["worth"].mean()))
        for name, own in by_picker.items():
            picked = own[own["setting"].notna()]
            judged = name in MODELS and len(picked) == len(own)
            lead = _lead(own, by_picker[TO_BEAT], seed) if judged else None
            ahead = _lead(own, by_picker[strongest], seed) if judged else None
            families = int(own["family"].nunique())
            behind = lead or (None, None, None)
            against = ahead or (None, None, None)
            found.append(
                Standing(
                    split=str(split),
                    policy=str(policy),
                    picker=name,
                    cells=len(own),
                    picked=len(picked),
                    families=families,
                    kept_share=float(picked["kept"].mean()) if len(picked) else float("nan"),
                    saving_share=float(picked["worth"].median()) if len(picked) else float("nan"),
                    best_share=float(own["best_saving_share"].median()),
                    lead=behind[0],
                    lead_low=behind[1],
                    lead_high=behind[2],
                    strongest=strongest,
                    ahead=against[0],
                    ahead_low=against[1],
                    ahead_high=against[2],
                    words=_words(name, lead, ahead, strongest, families),
                )
            )
    return found


def _lead(own: pd.DataFrame, other: pd.DataFrame, seed: int) -> tuple[float, float, float]:
    paired, base = (rows.set_index(["gpu", "workload"]) for rows in (own, other))
    ahead = (paired["worth"] - base["worth"].reindex(paired.index)).to_frame("lead")
    ahead["family"] = paired["family"]
    groups = [rows["lead"].to_numpy() for _, rows in ahead.groupby("family")]
    random = np.random.default_rng(seed)
    sums, sizes = np.array([group.sum() for group in groups]), np.array([len(group) for group in groups])
    drawn = random.integers(len(groups), size=(DRAWS, len(groups)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(ahead["lead"].mean()), float(low), float(high)


def _words(
    name: str,
    lead: tuple[float, float, float] | None,
    ahead: tuple[float, float, float] | None,
    strongest: str,
    families: int,
) -> str:
    if name not in MODELS:
        return "opponent"
    if lead is None or ahead is None:
        return "nothing to learn from"
    if families < LEAST_FAMILIES:
        return f"undecided: {families} workload families are too few for an interval"
    if lead[1] > 0:
        if ahead[1] > 0:
            return "beats every opponent"
        return f"beats the median optimum, but not {strongest}"
    if lead[2] < 0:
        return "worse than the median optimum"
    return "does not beat the median optimum"
