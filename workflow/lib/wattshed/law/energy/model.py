"""What every model of energy offers: a name, ``fit`` and, once fitted, ``predict``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from wattshed.law.energy.points import EnergyPoints


class FittedEnergy(Protocol):
    """A model with its numbers."""

    def predict(self, points: EnergyPoints) -> NDArray[np.float64]:
        """Energies of these steps [J], [N]; the points' own energies are not looked at."""
        ...


class EnergyModel(Protocol):
    """A way to predict the energy of a step.

    about: one line for tables. before_run: it needs nothing that only a run of the step shows. Otherwise it is a
    reference, and no rival. refit: False where ``fit`` keeps published numbers.
    """

    @property
    def name(self) -> str: ...

    @property
    def about(self) -> str: ...

    @property
    def before_run(self) -> bool: ...

    @property
    def refit(self) -> bool: ...

    def fit(self, points: EnergyPoints) -> FittedEnergy:
        """Fit to measured steps; Fault where there are too few, or where they lack what the model takes."""
        ...
