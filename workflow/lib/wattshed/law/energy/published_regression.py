"""The regression of energy on durations that the source published, with its coefficients as they were printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattshed.law.energy.linear import LinearEnergy
from wattshed.law.energy.points import EnergyPoints

# Durations in the source's pseudo-microseconds: 1 s is 10,000 of them.
QKV, SCORES, FINAL, OUTPUT = (
    "qkv_pseudo_us",
    "scores_pseudo_us",
    "output_projection_pseudo_us",
    "attention_output_pseudo_us",
)
ACTIVATIONS, CELL, GATES, HIDDEN = (
    "activations_pseudo_us",
    "cell_update_pseudo_us",
    "gates_pseudo_us",
    "hidden_update_pseudo_us",
)


@dataclass(frozen=True)
class PublishedRegression:
    """Fixed coefficients; ``fit`` changes nothing."""

    name: str
    about: str
    intercept_j: float
    coefficients: Mapping[str, float]
    before_run: bool = True
    refit: bool = False

    def fit(self, points: EnergyPoints) -> LinearEnergy:
        for name in self.coefficients:
            points.column(name)
        return LinearEnergy(self.intercept_j, dict(self.coefficients))


CODE = PublishedRegression(
    "published_code",
    "the source's regression, coefficients of its released code",
    3.6292,
    {QKV: -0.1378, SCORES: 0.3041, FINAL: 0.5641, OUTPUT: 0.3041},
)
PAPER = PublishedRegression(
    "published_paper",
    "the source's regression, coefficients of the paper (equation 19)",
    3.6318,
    {QKV: -0.1377, SCORES: 0.3041, FINAL: 0.5637, OUTPUT: 0.3041},
)
LSTM_AS_PRINTED = PublishedRegression(
    "published_lstm_as_printed",
    "Table 4 of the paper taken literally: its intercept is the mean energy of the training part",
    3367.33,
    {ACTIVATIONS: -7.66e4, CELL: 4.52e4, GATES: 169.07, HIDDEN: 2.95e4},
)
# The notebook's bootstrap of the same regression on durations that are not centred.
LSTM_RAW_INTERCEPT_J = 23431.0


@dataclass(frozen=True)
class CentredRegression:
    """Published slopes around the means of the points that are fitted: what Table 4 means.

    ``mean_energy_j`` was printed as an intercept, but the predictors were centred, so it is the mean energy of the
    training part. The means of the durations were not published; they are taken from the points.
    """

    name: str
    about: str
    mean_energy_j: float
    coefficients: Mapping[str, float]
    before_run: bool = True
    refit: bool = True

    def fit(self, points: EnergyPoints) -> LinearEnergy:
        centre = sum(slope * float(points.column(name).mean()) for name, slope in self.coefficients.items())
        return LinearEnergy(self.mean_energy_j - centre, dict(self.coefficients))


LSTM_CENTRED = CentredRegression(
    "published_lstm_centred",
    "slopes of Table 4 around the means of the training part",
    LSTM_AS_PRINTED.intercept_j,
    LSTM_AS_PRINTED.coefficients,
)
