"""Early stopping: when epochs bring no progress any more."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """The error that last counted as progress, and how many counted epochs brought none since."""

    least_error: float = math.inf
    idle_epochs: int = 0


@dataclass(frozen=True)
class EarlyStopping:
    """Ends a training after ``patience`` epochs without progress.

    min_delta: share of the last progress's error by which a new one must be less; small steps add up, for they are
    measured from there. warm_up_epochs: first epochs that are never idle; what they reach counts like any other.
    """

    patience: int
    min_delta: float = 0.0
    warm_up_epochs: int = 0

    def after(self, standing: Standing, epoch: int, error: float) -> Standing:
        """Where things stand after an epoch (from 1) with its validation error."""
        if error < standing.least_error * (1 - self.min_delta):
            return Standing(error)
        idle = standing.idle_epochs + (epoch > self.warm_up_epochs)
        return Standing(standing.least_error, idle)

    def ends(self, standing: Standing) -> bool:
        return standing.idle_epochs >= self.patience
