"""Shares are 0 to 1. A column in percent is refused, and converted only where the caller says so.

The source's aggregation multiplied DCGM's shares by 100 in one place and compared them with 0.3 and 0.6 in another:
every window was then memory-bound.
"""

from collections.abc import Sequence

import pandas as pd

from wattshed.foundation.faults import Fault

# Meters overshoot 1 by rounding and by windows that do not line up.
LARGEST_SHARE = 1.05


def require_shares(samples: pd.DataFrame, columns: Sequence[str], where: str) -> None:
    """Raise :class:`Fault` for a column that is not a share. Percent that never exceed 1 cannot be told from shares."""
    for column in columns:
        if column not in samples:
            continue
        values = pd.to_numeric(samples[column], errors="coerce")
        if values.max() > LARGEST_SHARE:
            raise Fault(
                f"{where}: column {column} reaches {values.max():g}: expected shares from 0 to 1, and this looks like "
                "percent; divide it by 100 when the log is read, or convert it by phases.shares.from_percent."
            )
        if values.min() < 0:
            raise Fault(
                f"{where}: column {column} falls to {values.min():g}: expected shares from 0 to 1; correct the log."
            )


def from_percent(samples: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A copy with ``columns`` divided by 100. Raises :class:`Fault` where a column is a share already."""
    converted = samples.copy()
    for column in columns:
        values = pd.to_numeric(samples[column], errors="coerce")
        if values.notna().any() and values.max() <= 1:
            raise Fault(
                f"column {column} never exceeds {values.max():g}: it was to be converted from percent, but looks like "
                "shares from 0 to 1; leave it out of the conversion."
            )
        converted[column] = values / 100
    return converted
