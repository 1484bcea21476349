"""Which model to use: the least training energy among all that are not significantly worse than the best."""

import math
from dataclasses import dataclass

import pandas as pd

from wattshed.foundation.faults import Fault
from wattshed.statistics.intervals import mean_interval
from wattshed.statistics.ratios import ratio_interval


@dataclass(frozen=True)
class RatedModel:
    """A model's mean test RMSE over ``n`` seeds and the mean energy [kWh] of one training; None if unknown."""

    model: str
    rmse: float
    n: int
    kwh: float | None
    energy_status: str


@dataclass(frozen=True)
class Advice:
    """``best`` has the least error; ``alike``: others indistinguishable from it; ``use``: the cheapest of all these."""

    use: RatedModel
    best: RatedModel
    alike: list[str]
    compared: int
    unknown: list[str]
    single: list[str]


def advise(scores: pd.DataFrame, energies: pd.DataFrame) -> Advice:
    """The model of least training energy among those whose test RMSE is indistinguishable from the best.

    scores: ``scores.parquet``; energies: one row per model with ``model, training_kwh_mean,
    energy_status``; models with both are compared. Two models differ if the 95 % interval of the mean difference of
    their RMSEs, seed by seed, lies above 0 (paired Student's t). A model with a single run counts as that value: a
    closed form is the same for every seed. ``unknown``: the indistinguishable models without a known energy, which
    are never chosen for their cost. ``single``: models trained with one seed, whose spread is unknown. Raises
    :class:`Fault` if no model has both.
    """
    known = {str(row["model"]): row for row in energies.to_dict("records")}
    errors = {
        str(model): rows.set_index(rows["seed"].fillna(0).astype("int64"))["rmse"]
        for model, rows in scores[scores["scope"] == "all"].groupby("model", sort=False)
        if model in known
    }
    if not errors:
        raise Fault(
            "no model has both a test error and a training: there is nothing to advise; train one first."
        )
    best = min(errors, key=lambda model: float(errors[model].mean()))
    alike = [model for model in errors if model != best and not _differ(errors[best], errors[model])]

    def candidate(model: str) -> RatedModel:
        row = known[model]
        kwh, own = float(row["training_kwh_mean"]), errors[model]
        known_kwh = None if math.isnan(kwh) else kwh
        return RatedModel(model, float(own.mean()), len(own), known_kwh, str(row["energy_status"]))

    candidates = [candidate(model) for model in (best, *alike)]
    # If energies are equal, the smaller error decides.
    priced = sorted((found.kwh, found.rmse, found.model) for found in candidates if found.kwh is not None)
    use = candidate(priced[0][2]) if priced else candidates[0]
    unknown = [found.model for found in candidates if found.kwh is None]
    # Seed 0 alone marks a model without randomness.
    single = [model for model, own in errors.items() if len(own) == 1 and own.index[0] != 0]
    return Advice(use, candidates[0], alike, len(errors), unknown, single)


def _differ(best: pd.Series, other: pd.Series) -> bool:
    """best, other: RMSE by seed, the mean of ``best`` being the lesser or equal."""
    if len(best) == 1 or len(other) == 1:
        found = mean_interval(other - best.iloc[0] if len(best) == 1 else other.iloc[0] - best)
    elif len(common := best.index.intersection(other.index)) > 1:
        found = mean_interval(other[common] - best[common])
    else:
        ratio = ratio_interval(other, best)
        return ratio.low is not None and ratio.low > 1
    least = found.mean if found.low is None else found.low
    return least is not None and least > 0
