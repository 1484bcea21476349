"""Models of energy that the regression has to beat: sizes alone, measured time times power, and boosted trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.energy.linear import need_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattshed.law.energy.points import EnergyPoints

# Smaller data would leave a tree without one split.
FEWEST_ROWS_OF_TREES = 40
TREES = 300


@dataclass(frozen=True)
class FittedLogLinear:
    """log(energy) = intercept + sum of exponents * log(size)."""

    intercept: float
    exponents: NDArray[np.float64]

    def predict(self, points: EnergyPoints) -> NDArray[np.float64]:
        return np.exp(self.intercept + log_sizes(points, "log_linear") @ self.exponents)


@dataclass(frozen=True)
class LogLinear:
    """A power law in the sizes of architecture and device; no duration is used."""

    name: str = "log_linear"
    about: str = "a power law in the sizes of model, batch and device, without durations"
    before_run: bool = True
    refit: bool = True

    def fit(self, points: EnergyPoints) -> FittedLogLinear:
        logs = log_sizes(points, self.name)
        need_rows(points, self.name, logs.shape[1] + 1)
        centre, target = logs.mean(axis=0), np.log(points.energy_j)
        # A size that never varies has no exponent that can be found; the least norm gives it 0.
        exponents = np.linalg.lstsq(logs - centre, target - target.mean(), rcond=1e-10)[0]
        return FittedLogLinear(float(target.mean() - centre @ exponents), exponents)


@dataclass(frozen=True)
class FittedTimePower:
    """Measured time times ``power_w``."""

    power_w: float

    def predict(self, points: EnergyPoints) -> NDArray[np.float64]:
        return self.power_w * measured_time(points, "time_power")


@dataclass(frozen=True)
class TimePower:
    """The measured time of the step itself times the median power of other steps: known only after the step ran."""

    name: str = "time_power"
    about: str = "measured time of the step x median power of the training part"
    before_run: bool = False
    refit: bool = True

    def fit(self, points: EnergyPoints) -> FittedTimePower:
        return FittedTimePower(float(np.median(points.energy_j / measured_time(points, self.name))))


@dataclass(frozen=True)
class FittedTrees:
    """Boosted trees; they give the logarithm of the energy."""

    trees: Any

    def predict(self, points: EnergyPoints) -> NDArray[np.float64]:
        return np.exp(np.asarray(self.trees.predict(_all_known(points))))


@dataclass(frozen=True)
class BoostedTrees:
    """Gradient boosting on all that is known before a run: a ceiling among steps like those of the training part.

    scikit-learn's histogram boosting where it is installed, else LightGBM.
    """

    name: str = "boosted_trees"
    about: str = "gradient boosting on durations and sizes, a ceiling where neighbours were measured"
    seed: int = 0
    before_run: bool = True
    refit: bool = True

    def fit(self, points: EnergyPoints) -> FittedTrees:
        if len(points) < FEWEST_ROWS_OF_TREES:
            raise Fault(
                f"{points.source}: {self.name} needs {FEWEST_ROWS_OF_TREES} measured steps, but there are "
                f"{len(points)}: measure more, or leave this model out."
            )
        return FittedTrees(_trees(_all_known(points), np.log(points.energy_j), self.seed))


def _all_known(points: EnergyPoints) -> NDArray[np.float64]:
    """Predictors and, where there are any, sizes."""
    return points.predictors if points.sizes is None else np.column_stack([points.predictors, points.sizes])


def _trees(known: NDArray[np.float64], log_energy: NDArray[np.float64], seed: int) -> Any:
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
    except ImportError:
        pass
    else:
        return HistGradientBoostingRegressor(max_iter=TREES, random_state=seed).fit(known, log_energy)
    try:
        import lightgbm
    except ImportError:
        raise Fault(
            "the energy model 'boosted_trees' needs scikit-learn or LightGBM, and neither is installed: pip install "
            "'wattshed[lightgbm]', or leave this model out."
        ) from None
    # Its regressor class would need scikit-learn.
    settings = {
        "objective": "regression",
        "seed": seed,
        "verbose": -1,
        "num_threads": 1,
        "deterministic": True,
    }
    return lightgbm.train(settings, lightgbm.Dataset(known, log_energy), num_boost_round=TREES)


def log_sizes(points: EnergyPoints, model: str) -> NDArray[np.float64]:
    """Logarithms of the sizes [N, Q]; Fault where there are none, or where one is not positive."""
    if points.sizes is None:
        raise Fault(f"{points.source} holds no sizes, which {model} needs: give sizes and size_names.")
    bad = np.argwhere(points.sizes <= 0)
    if len(bad):
        row, place = (int(one) for one in bad[0])
        raise Fault(
            f"{points.source}, row {row + 1}: {points.size_names[place]} is {points.sizes[row, place]:g}, but a size "
            "is positive: remove the row or correct it."
        )
    return np.log(points.sizes)


def measured_time(points: EnergyPoints, model: str) -> NDArray[np.float64]:
    """Measured times [s], [N]; Fault where there are none, or where one is not positive."""
    if points.measured_time_s is None:
        raise Fault(
            f"{points.source} holds no measured times, which {model} needs: give measured_time_s, or leave this model "
            "out."
        )
    bad = np.flatnonzero(points.measured_time_s <= 0)
    if len(bad):
        raise Fault(
            f"{points.source}, row {int(bad[0]) + 1}: measured_time_s is {points.measured_time_s[bad[0]]:g}, but a "
            "time is positive: remove the row or correct it."
        )
    return points.measured_time_s
