"""Checks that a panel has enough observed data for a closed-form solution."""

import math

from wattshed.foundation.faults import Fault


def refuse_no_samples(what: str, samples: int, horizon_steps: int) -> None:
    """Raises :class:`Fault` if there are no rows to solve with; rows are windows whose whole horizon was observed."""
    if samples == 0:
        raise Fault(
            f"{what} cannot be solved: in no training window were all {horizon_steps} steps of the horizon "
            "observed at one node; expected at least one: give a panel with fewer gaps, a shorter "
            "data.windows.horizon_h, or a study without it."
        )


def refuse_unjudged(what: str, least_error: float, seen: str = "an observed value") -> None:
    """Raises :class:`Fault` if no penalty can be evaluated. seen: what a window needs."""
    if not math.isfinite(least_error):
        raise Fault(
            f"{what} cannot choose its penalty: none of the validation windows that it uses has "
            f"{seen}; expected at least one: give a panel with fewer gaps, other data.splits, or a study without it."
        )
