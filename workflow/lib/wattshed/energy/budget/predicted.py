"""What a training is predicted to cost before its first epoch, for its budget.

The document is the one that ``law/predicting/document.py`` writes; this room knows nothing of laws.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wattshed.energy.budget.budget import Limit
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.faults import Fault, one_line

# The predictions of the study, a JSON file.
VARIABLE = "WATTSHED_PREDICTIONS"


@dataclass(frozen=True)
class PredictedTraining:
    """Energy of one training with all epochs that its recipe allows, with a 90 % interval [kWh]."""

    kwh: float
    low_kwh: float
    high_kwh: float

    @classmethod
    def from_environment(
        cls, model: str, environment: Mapping[str, str] | None = None
    ) -> PredictedTraining | None:
        """The prediction of a model in the file that ``WATTSHED_PREDICTIONS`` names; None without file or prediction.

        Raises :class:`Fault` for a file that cannot be read.
        """
        named = (os.environ if environment is None else environment).get(VARIABLE)
        if not named or not Path(named).exists():
            return None
        try:
            models = json.loads(Path(named).read_text(encoding="utf-8"))["models"]
            found = next((entry for entry in models if entry["model"] == model), None)
            if found is None or found.get("training") is None:
                return None
            cost = found["training"]
            kwh, low, high = (
                float(cost[name]) / JOULES_PER_KWH for name in ("energy_j", "energy_low_j", "energy_high_j")
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Fault(
                f"the predictions in {named} cannot be read ({one_line(error)}): expected what the rule predict "
                "writes; delete the file and run snakemake again."
            ) from error
        return cls(kwh, low, high)

    def broken(self, limits: Sequence[Limit]) -> str | None:
        """A sentence if even the low end of the interval exceeds a limit; None if all can be kept."""
        for limit in limits:
            if limit.before_kwh + self.low_kwh <= limit.kwh:
                continue
            before = f" after {limit.before_kwh:.3g} kWh before" if limit.before_kwh else ""
            mass = "" if "kWh" in limit.text else f" ({limit.kwh:.3g} kWh)"
            return (
                f"the {limit.text}{mass} cannot be kept: {self.kwh:.3g} kWh ({self.low_kwh:.3g} to "
                f"{self.high_kwh:.3g}) predicted for the whole training{before}; early stopping can only reduce it"
            )
        return None
