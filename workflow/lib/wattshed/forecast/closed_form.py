"""What a closed form needs from a panel, as sentences for the panels that do not offer it."""

import math

from wattshed.foundation.faults import Fault


def refuse_no_samples(what: str, samples: int, horizon_h: int) -> None:
    """Raises :class:`Fault` where nothing can be solved for. Its rows are windows whose whole horizon was observed."""
    if samples == 0:
        raise Fault(
            f"{what} has nothing to be solved from: in no training window were all {horizon_h} hours of the horizon "
            "observed at one node; expected at least one: give a panel with fewer gaps, a shorter "
            "data.windows.horizon_h, or a study without it."
        )


def refuse_unjudged(what: str, least_error: float) -> None:
    """Raises :class:`Fault` where no penalty could be judged."""
    if not math.isfinite(least_error):
        raise Fault(
            f"{what} cannot choose its penalty: none of the validation windows that it looks at has an observed value; "
            "expected at least one: give a panel with fewer gaps, other data.splits, or a study without it."
        )
