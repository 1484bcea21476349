"""What every run is marked with once all are known: whom it overlapped, its share, and what to doubt."""

import pandas as pd

from wattshed.accounts.marks.flags import flag_runs
from wattshed.accounts.marks.overlaps import share_overlaps


def mark_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with ``overlaps``, ``attributed_*`` and ``flags``."""
    return flag_runs(share_overlaps(runs))
