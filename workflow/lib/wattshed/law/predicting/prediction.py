"""A predicted cost with its interval."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Time and energy of a step, an epoch or a training, with 90 % intervals [s, J]."""

    time_s: float
    time_low_s: float
    time_high_s: float
    energy_j: float
    energy_low_j: float
    energy_high_j: float

    def times(self, factor: float) -> "Cost":
        """The same cost, ``factor`` times; errors of repeats are the same error, so the interval grows alike."""
        return Cost(
            self.time_s * factor,
            self.time_low_s * factor,
            self.time_high_s * factor,
            self.energy_j * factor,
            self.energy_low_j * factor,
            self.energy_high_j * factor,
        )


@dataclass(frozen=True)
class Prediction:
    """What a model is predicted to cost before it runs.

    step, epoch: of one seed; training: of one seed with all epochs that the recipe allows, which early stopping can
    only reduce. closed_form: what is solved before or in place of epochs, None without it. steps_per_epoch, epochs:
    by the recipe. mass_g_per_j: grams of CO2e per joule where the place is known, else None.
    """

    model: str
    step: Cost
    epoch: Cost
    training: Cost
    closed_form: Cost | None
    steps_per_epoch: int
    epochs: int
    mass_g_per_j: float | None = None
