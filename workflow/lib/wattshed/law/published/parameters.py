"""Parameters that the source of the laws published, in its final paper, its released code and its older read-me.

Source: Mayaki and Charpenay, "Modeling Energy Consumption in Deep Learning Architectures Using Power Laws", ECAI 2025,
with its repository MansMayaki/MLEnergyConsumption (MIT). The numbers are copied as printed, also where they are wrong:
:mod:`wattshed.law.published.reproducing.reproduction` says which are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from wattshed.law.operations.operation import Kind

FLOPS_PER_TFLOP = 1e12


@dataclass(frozen=True)
class EfficiencyParameters:
    """Of the source's law eta(c) = eta_max (1 - exp(-k c^alpha)), c in TFLOP of one layer's operation (equation 4)."""

    eta_max_percent: float
    k: float
    alpha: float

    def eta_percent(self, flops: float) -> float:
        """Share of the peak that an operation of so many FLOPs reaches [%]."""
        return -self.eta_max_percent * math.expm1(-self.k * (flops / FLOPS_PER_TFLOP) ** self.alpha)

    def implied_alpha(self, small: tuple[float, float], large: tuple[float, float]) -> float:
        """The exponent that two points (FLOPs, efficiency in %) have under this eta_max.

        It is the slope of log(-log(1 - eta / eta_max)) over log c. A unit of c changes k and not this slope.
        """
        inner = [math.log(-math.log1p(-eta / self.eta_max_percent)) for _, eta in (small, large)]
        return (inner[1] - inner[0]) / math.log(large[0] / small[0])


@dataclass(frozen=True)
class EnergyCoefficients:
    """Of the source's regression: joules of a step from durations in its pseudo-microseconds."""

    intercept_j: float
    j_per_us: Mapping[Kind, float]

    def energy_j(self, paper_pseudo_us: Mapping[Kind, float]) -> float:
        """Energy of one step [J]."""
        return self.intercept_j + sum(self.j_per_us[kind] * paper_pseudo_us[kind] for kind in self.j_per_us)


# Final paper, Table 1, as printed: the rows of QKV and of the output projection belong to each other.
A100: Mapping[Kind, EfficiencyParameters] = {
    Kind.QKV: EfficiencyParameters(69.38, 10.37, 0.78),
    Kind.OUTPUT_PROJECTION: EfficiencyParameters(70.43, 6.24, 0.77),
    Kind.SCORES: EfficiencyParameters(56.47, 8.09, 0.80),
    Kind.ATTENTION_OUTPUT: EfficiencyParameters(66.83, 8.65, 0.80),
}
RTX_2080_TI: Mapping[Kind, EfficiencyParameters] = {
    Kind.QKV: EfficiencyParameters(81.45, 18.94, 0.52),
    Kind.OUTPUT_PROJECTION: EfficiencyParameters(81.93, 9.21, 0.40),
    Kind.SCORES: EfficiencyParameters(71.42, 14.25, 0.52),
    Kind.ATTENTION_OUTPUT: EfficiencyParameters(78.55, 21.77, 0.56),
}
# Parts of an LSTM on the A100; the source splits the elementwise work in three.
LSTM_A100: Mapping[str, EfficiencyParameters] = {
    "input_gates": EfficiencyParameters(41.03, 21.57, 0.86),
    "hidden_gates": EfficiencyParameters(80.04, 10.08, 0.79),
    "activations": EfficiencyParameters(0.0965, 17544.28, 0.94),
    "cell_update": EfficiencyParameters(0.0554, 12823.88, 0.88),
    "hidden_update": EfficiencyParameters(0.0977, 10286.70, 0.89),
}
# The law with which the released energy file was made, one for all four operations of the A100.
ENERGY_FILE_A100 = EfficiencyParameters(68.428, 8.142, 0.754)

# Peaks by device [FLOP/s]. The released energy file has another one for the second device.
V_MAX: Mapping[str, float] = {"A100": 156e12, "RTX 2080 Ti": 13.45e12}
V_MAX_2080_IN_FILES = 11.34e12

CODE_ENERGY = EnergyCoefficients(
    3.6292,
    {Kind.QKV: -0.1378, Kind.SCORES: 0.3041, Kind.OUTPUT_PROJECTION: 0.5641, Kind.ATTENTION_OUTPUT: 0.3041},
)
# Equation 19 of the final paper: other digits than the code.
PAPER_ENERGY = EnergyCoefficients(
    3.6318,
    {Kind.QKV: -0.1377, Kind.SCORES: 0.3041, Kind.OUTPUT_PROJECTION: 0.5637, Kind.ATTENTION_OUTPUT: 0.3041},
)
# The equation of the release's read-me: the factors of scores and output projection are exchanged.
RELEASE_ENERGY = EnergyCoefficients(
    3.6318,
    {Kind.QKV: -0.1377, Kind.SCORES: 0.5637, Kind.OUTPUT_PROJECTION: 0.3041, Kind.ATTENTION_OUTPUT: 0.3041},
)


@dataclass(frozen=True)
class LstmCoefficients:
    """Table 4 of the final paper: joules from an LSTM's durations; its intercept belongs to centred durations."""

    intercept_j: float
    activations: float
    cell_update: float
    gates: float
    hidden_update: float


LSTM_ENERGY = LstmCoefficients(3367.33, -7.66e4, 4.52e4, 169.07, 2.95e4)

# The older read-me joins QKV and output projection to one operation, "projections".
PROJECTIONS, SCORES, OUTPUT = "projections", "scores", "attention output"
README: Mapping[str, EfficiencyParameters] = {
    PROJECTIONS: EfficiencyParameters(65.79, 9.25, 0.81),
    SCORES: EfficiencyParameters(55.6, 8.24, 0.80),
    OUTPUT: EfficiencyParameters(68.22, 8.49, 0.794),
}
README_INTERCEPT_J = 23.8962
README_J_PER_US: Mapping[str, float] = {PROJECTIONS: 0.1089, SCORES: 0.4743, OUTPUT: -0.1029}


def readme_energy_j(paper_pseudo_us: Mapping[str, float]) -> float:
    """Energy of a step by the older read-me's equation [J]."""
    return README_INTERCEPT_J + sum(README_J_PER_US[name] * paper_pseudo_us[name] for name in README_J_PER_US)
