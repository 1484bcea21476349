"""The main table's numbers, for several parts; computed once per process."""

import pandas as pd

from wattshed.accounts.standings.standings import standings_frame
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.inputs import Inputs


def standings_of(inputs: Inputs) -> pd.DataFrame:
    """Numbers of the main table. Needs the inputs ``days``, ``frontier`` and ``windows``."""
    days, frontier, windows = inputs.frame("days"), inputs.frame("frontier"), inputs.frame("windows")
    decisions = decisions_of(inputs)
    return inputs.once("standings", lambda: standings_frame(decisions, days, frontier, windows))
