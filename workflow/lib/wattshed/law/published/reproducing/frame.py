"""The reproduction table as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wattshed.law.published.reproducing.row import Row

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "source": "string",
    "document": "string",
    "place": "string",
    "quantity": "string",
    "unit": "string",
    "printed": "string",
    "value": "float64",
    "recomputed": "float64",
    "error_share": "float64",
    "unselected": "float64",
    "verdict": "string",
    "reason": "string",
    "basis": "string",
}


def reproduction_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """One row per published number; the columns are the fields of :class:`Row`, and ``document``."""
    import pandas as pd

    return pd.DataFrame([row.to_json() for row in rows], columns=list(COLUMNS)).astype(COLUMNS)
