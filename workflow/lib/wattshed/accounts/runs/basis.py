"""Where a run's energy comes from: recorded, or estimated after the fact. The two are not summed."""

import pandas as pd

from wattshed.foundation.faults import Fault

# Column ``origin``; CodeCarbon's CSVs have their own (see :mod:`wattshed.accounts.reading.foreign`).
LEDGER = "ledger"
RETRO = "retro-estimate"
# Column ``basis``, with RETRO.
RECORDED = "recorded"


def refuse_estimates(runs: pd.DataFrame, what: str) -> None:
    """Raise :class:`Fault` if there are retro-estimates among runs that are about to be summed."""
    if "origin" in runs and (found := int((runs["origin"] == RETRO).sum())):
        raise Fault(
            f"{found} of {len(runs)} runs given to {what} are retro-estimates: expected recorded runs only; take "
            "separate_totals() or drop them."
        )
