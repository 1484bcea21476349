"""Marks that need all runs: overlaps, shares and plausibility flags."""

import pandas as pd

from wattshed.accounts.marks.flags import flag_runs
from wattshed.accounts.marks.nested import take_out_inner
from wattshed.accounts.marks.overlaps import share_overlaps


def mark_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with ``overlaps``, ``attributed_*`` and ``flags``."""
    return take_out_inner(flag_runs(share_overlaps(runs)))
