"""The study's recommendations, for a table and for sentences; made once per process."""

from wattshed.accounts.recommend.choice import recommend_for
from wattshed.accounts.recommend.limits import Limits, Recommendation
from wattshed.foundation.faults import Fault
from wattshed.publish.parts.inputs import Inputs

# From a trial to a service.
FORECASTS = (1e3, 1e6, 1e9)


def recommendations_of(inputs: Inputs) -> list[Recommendation] | str:
    """For each of :data:`FORECASTS` within the study's own limits, or why there is none, in one sentence.

    Needs the inputs ``checkpoints`` and ``compared_days``. The parameter ``budgets`` has the study's
    ``error_budget_share`` and ``r2_floor``; ``controls`` are compared and never chosen.
    """
    budgets = inputs.parameter("budgets") or {}
    limits = Limits(0.0, budgets.get("error_budget_share", 0.05), budgets.get("r2_floor"))
    controls = inputs.parameter("controls") or ()

    def make() -> list[Recommendation] | str:
        checkpoints, days = inputs.frame("checkpoints"), inputs.frame("compared_days")
        try:
            return recommend_for(FORECASTS, checkpoints, days, limits, controls)
        except Fault as fault:
            return str(fault)

    return inputs.once("recommendations", make)
