"""By how much one checkpoint's errors exceed another's, over seeds and blocks of days."""

import pandas as pd

from wattshed.foundation.vocabulary import Part
from wattshed.statistics.by_day import errors_by_day
from wattshed.statistics.decisions import Spread

# Errors that are judged: column -> where it was measured.
TEST_ERRORS = {"rmse": "the test part", "mae": "the test part"}
LATER_ERRORS = {"later_rmse": "later months", "later_mae": "later months"}
LATER = "later_"


def rise_of(days: pd.DataFrame, error: str, lineage: str, parent: str) -> Spread | None:
    """Logarithm of an error over the parent's, seeds and days paired; None where one of the two is unknown or 0.

    days: rows of ``compared/{model}.days.parquet``; error: one of :data:`TEST_ERRORS` and :data:`LATER_ERRORS`.
    """
    part = Part.LATER if error in LATER_ERRORS else Part.TEST
    rows = days[(days["part"] == part) & days["lineage"].isin([lineage, parent]) & (days["cells"] > 0)]
    sums = rows.groupby(["lineage", "seed"])["squared"].sum()
    if rows["lineage"].nunique() < 2 or (sums <= 0).any():
        return None
    errors = errors_by_day(rows, "lineage", error.removeprefix(LATER), f"{parent} and {lineage}")
    return errors.against(lineage, parent)
