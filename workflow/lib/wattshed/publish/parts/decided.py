"""The study's decisions, for several tables and sentences; made once per process."""

from wattshed.accounts.comparison.decisions import Decisions, decide
from wattshed.publish.parts.inputs import Inputs


def decisions_of(inputs: Inputs) -> Decisions:
    """What the study decides by RMSE. Needs the inputs ``days`` and ``frontier``.

    The parameter ``controls`` names models on a shuffled graph: they are compared and never chosen.
    """
    days, frontier = inputs.frame("days"), inputs.frame("frontier")
    controls = inputs.parameter("controls") or ()
    return inputs.once("decisions", lambda: decide(days, frontier, controls=controls))
