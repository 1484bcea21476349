"""What ``wattshed predict --json`` prints."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from wattshed.law.predicting.ranking import QUANTITIES, Candidate, Place, mass_g

SCHEMA = 1


def to_json(
    ranking: Sequence[Place],
    candidates: Sequence[Candidate],
    without: Sequence[dict[str, str]],
    quantity: str,
) -> dict[str, Any]:
    """Ranked models first, each with all its costs; energies in J, times in s, masses in g of CO2e."""
    ranked = [
        {
            "rank": place.rank,
            "study": place.candidate.study,
            "ratio": place.ratio,
            "not_told_from_first": place.with_first and place.rank > 1,
            **_costs(place.candidate),
        }
        for place in ranking
    ]
    shown = {id(place.candidate) for place in ranking}
    others = [{"study": one.study, **_costs(one)} for one in candidates if id(one) not in shown]
    return {
        "schema": SCHEMA,
        "ranked_by": quantity,
        "interval": 0.9,
        "ranking": ranked,
        "without_this_cost": others,
        "without_prediction": list(without),
    }


def _costs(one: Candidate) -> dict[str, Any]:
    masses = {quantity: mass_g(one.prediction, quantity) for quantity in QUANTITIES}
    return {**asdict(one.prediction), "mass_g": masses, "energy_status": one.energy_status or None}
