"""The source's Transformer step: FLOPs, efficiency and duration of the four operations that its energy model has."""

from collections.abc import Mapping
from dataclasses import dataclass

from wattshed.foundation.faults import Fault
from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import (
    A100,
    CODE_ENERGY,
    V_MAX,
    EfficiencyParameters,
    EnergyCoefficients,
)

# The source's "microseconds": it divides by an efficiency in per cent, and so is a hundredth of the physical time.
PSEUDO_US_PER_S = 1e4


@dataclass(frozen=True)
class TransformerSizes:
    """Sizes of one of the source's Transformers; ``width`` is its d_model.

    Raises :class:`Fault` for a size below 1, and for more heads than the width has columns. Heads that do not divide
    the width are allowed here alone, as the source's Tables 9 and 10 have them: its code drops the rest.
    """

    batch: int
    length: int
    layers: int
    heads: int
    width: int

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise Fault(
                    f"the Transformer's {name} is {value!r}: expected a whole number of 1 or more; correct it."
                )
        if self.heads > self.width:
            raise Fault(
                f"the Transformer has {self.heads} heads and a width of {self.width}: expected at most as many heads "
                "as columns; correct one of them."
            )


MODEL_A = TransformerSizes(batch=64, length=320, layers=6, heads=8, width=512)
MODEL_B = TransformerSizes(batch=64, length=320, layers=12, heads=12, width=768)


@dataclass(frozen=True)
class OperationCost:
    """One operation of all layers: FLOPs of one layer, efficiency [%], time of all layers [s].

    paper_pseudo_us: the same time as the source prints it, 1e4 x the seconds.
    """

    flops: float
    eta_percent: float
    time_s: float

    @property
    def paper_pseudo_us(self) -> float:
        return self.time_s * PSEUDO_US_PER_S


def layer_flops(sizes: TransformerSizes) -> dict[Kind, float]:
    """FLOPs of one layer's operations, forward. A head's width is cut to a whole number, as in the source's code."""
    tokens, head = sizes.batch * sizes.length, sizes.width // sizes.heads
    attention = float(sizes.heads * sizes.batch * 2 * sizes.length**2 * head)
    return {
        Kind.QKV: 6.0 * tokens * sizes.width**2,
        Kind.SCORES: attention,
        Kind.ATTENTION_OUTPUT: attention,
        Kind.OUTPUT_PROJECTION: 2.0 * tokens * sizes.width**2,
    }


def operation_costs(
    sizes: TransformerSizes,
    parameters: Mapping[Kind, EfficiencyParameters] = A100,
    peak_flops_per_s: float = V_MAX["A100"],
) -> dict[Kind, OperationCost]:
    """The four operations of a step by the source's law (equations 3 and 4), with times in seconds."""
    costs = {}
    for kind, flops in layer_flops(sizes).items():
        eta = parameters[kind].eta_percent(flops)
        costs[kind] = OperationCost(flops, eta, sizes.layers * flops / (peak_flops_per_s * eta / 100))
    return costs


def step_energy_j(sizes: TransformerSizes, coefficients: EnergyCoefficients = CODE_ENERGY) -> float:
    """Energy of one training step on the A100 by the source's law and regression [J]."""
    costs = operation_costs(sizes)
    return coefficients.energy_j({kind: cost.paper_pseudo_us for kind, cost in costs.items()})
