"""By how much one checkpoint's errors exceed another's, or a floor of R2, over seeds and blocks of days."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from wattshed.foundation.vocabulary import Part
from wattshed.statistics.by_day import errors_by_day
from wattshed.statistics.decisions import Spread

# Errors that are judged: column -> where it was measured.
TEST_ERRORS = {"rmse": "the test part", "mae": "the test part"}
LATER_ERRORS = {"later_rmse": "later months", "later_mae": "later months"}
LATER = "later_"
# What decides nothing.
UNKNOWN = Spread(np.array(np.nan), np.array(np.nan), np.array(np.nan), 0, 0, np.array(1.0))
# Columns of compared checkpoints with errors of a part begin with these; and what the part is called.
PREFIXES = {Part.TEST: "", Part.LATER: LATER, Part.VALIDATION: "validation_"}
PART_TEXTS = {
    Part.VALIDATION: "the validation part",
    Part.TEST: "the test part",
    Part.LATER: "later months",
}


def rise_of(days: pd.DataFrame, error: str, lineage: str, parent: str) -> Spread | None:
    """Logarithm of an error over the parent's, seeds and days paired; None where one of the two is unknown or 0.

    days: rows of ``compared/{model}.days.parquet``; error: one of :data:`TEST_ERRORS` and :data:`LATER_ERRORS`.
    """
    part = Part.LATER if error in LATER_ERRORS else Part.TEST
    return rise_on(days, part, error.removeprefix(LATER), lineage, parent)


def rise_on(days: pd.DataFrame, part: Part, error: str, lineage: str, parent: str) -> Spread | None:
    """As :func:`rise_of`, for ``rmse`` or ``mae`` on any part."""
    rows = days[(days["part"] == part) & days["lineage"].isin([lineage, parent]) & (days["cells"] > 0)]
    sums = rows.groupby(["lineage", "seed"])["squared"].sum()
    if rows["lineage"].nunique() < 2 or (sums <= 0).any():
        return None
    errors = errors_by_day(rows, "lineage", error, f"{parent} and {lineage}")
    return errors.against(lineage, parent)


def r2_excess(
    days: pd.DataFrame, rows: pd.DataFrame, part: Part, lineage: str, r2_floor: float
) -> Spread | None:
    """Logarithm of RMSE over the largest one whose R2 is the floor: above 0 where R2 is below it.

    R2 is 1 - RMSE^2 / V with the same V for all checkpoints, the variance of the targets of a part around each node's
    mean. So a floor of R2 is a limit of RMSE, and is judged over seeds and blocks of days like any error. rows: of
    ``compared/{model}.parquet``. None where the lineage has no errors on the part, or where V is unknown or 0.
    """
    variance = target_variance(rows, part)
    own = days[(days["part"] == part) & (days["lineage"] == lineage) & (days["cells"] > 0)]
    if variance is None or own.empty or (own.groupby("seed")["squared"].sum() <= 0).any():
        return None
    spread = errors_by_day(own, "lineage", "rmse", lineage).error(lineage)
    limit = math.log(math.sqrt((1 - r2_floor) * variance))
    return replace(spread, log=np.asarray(spread.log - limit))


def target_variance(rows: pd.DataFrame, part: Part) -> float | None:
    """V of :func:`r2_excess` from RMSE and R2 of any checkpoint; None where no R2 below 1 is known."""
    columns = [f"{PREFIXES[part]}{name}" for name in ("r2", "rmse")]
    if columns[0] not in rows:
        return None
    r2, rmse = (rows[column].astype("float64") for column in columns)
    known = rows.index[(r2 < 1) & (rmse > 0)]
    return None if known.empty else float(rmse[known[0]] ** 2 / (1 - r2[known[0]]))


def r2_interval(excess: Spread, r2_floor: float) -> tuple[float, float | None, float | None]:
    """R2 that an excess means, with its 95 % interval; no bounds where the days are too few."""
    low, high = (float(one) for one in excess.bounds())
    mean, least, most = (1 - (1 - r2_floor) * math.exp(2 * one) for one in (float(excess.log), high, low))
    return (mean, None, None) if math.isnan(low) else (mean, least, most)
