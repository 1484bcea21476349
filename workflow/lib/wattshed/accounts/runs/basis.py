"""Whether an energy was recorded or estimated after the fact: the two are never summed."""

import pandas as pd

from wattshed.foundation.faults import Fault

RECORDED = "recorded"
RETRO = "retro-estimate"


def refuse_estimates(runs: pd.DataFrame, what: str) -> None:
    """Raise :class:`Fault` if there are retro-estimates among runs that are about to be summed."""
    if "origin" in runs and (found := int((runs["origin"] == RETRO).sum())):
        raise Fault(
            f"{found} of {len(runs)} runs given to {what} are retro-estimates: expected recorded runs only; take "
            "separate_totals() or drop them."
        )
