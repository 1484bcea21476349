"""The source's worked example, Models A and B on an A100, as its older read-me and as its final paper have it."""

from dataclasses import asdict, dataclass
from typing import Any

from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.law.published import readme_numbers as printed
from wattshed.law.published.parameters import FLOPS_PER_TFLOP
from wattshed.law.published.readme_numbers import EPOCHS, KINDS, MODELS, printed_energies_j, value_of
from wattshed.law.published.transformer_step import (
    PSEUDO_US_PER_S,
    TransformerSizes,
    operation_costs,
    step_energy_j,
)


@dataclass(frozen=True)
class WorkedOperation:
    """One operation: FLOPs of a layer, efficiency [%], physical time [s] and the source's 1e4 x that.

    layers: of how many layers the times are; the older read-me times one.
    """

    name: str
    flops: float
    eta_percent: float
    time_s: float
    paper_pseudo_us: float
    layers: int


@dataclass(frozen=True)
class WorkedModel:
    """A model with its sizes, its operations, and the energy of a step, which the source calls an epoch [J]."""

    name: str
    sizes: TransformerSizes
    operations: tuple[WorkedOperation, ...]
    energy_j: float


@dataclass(frozen=True)
class WorkedExample:
    """Both models in one form. document: where it stands; note: what a reader must know of it."""

    form: str
    document: str
    note: str
    models: tuple[WorkedModel, WorkedModel]

    @property
    def ratio(self) -> float:
        """Energy of B over that of A."""
        return self.models[1].energy_j / self.models[0].energy_j

    @property
    def more_percent(self) -> float:
        """How much more energy B takes than A [%]."""
        return 100 * (self.ratio - 1)

    @property
    def per_million_kwh(self) -> float:
        """Difference of both over a million steps [kWh]."""
        return (self.models[1].energy_j - self.models[0].energy_j) * EPOCHS / JOULES_PER_KWH

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "ratio": self.ratio,
            "more_percent": self.more_percent,
            "per_million_kwh": self.per_million_kwh,
        }


def worked_example() -> tuple[WorkedExample, WorkedExample]:
    """The example as the older read-me prints it, then as the final paper's formulas give it.

    The read-me's sizes, efficiencies and durations are copied, as no formula of it gives them; its energies are the
    sums of its printed terms. Of the final paper everything is calculated.
    """
    return _older(), _final()


def _older() -> WorkedExample:
    energies, models = printed_energies_j(), []
    for name, sizes in MODELS.items():
        operations = tuple(
            WorkedOperation(
                operation,
                value_of(tflop) * FLOPS_PER_TFLOP,
                value_of(printed.ETA_PERCENT[name][operation]),
                value_of(printed.PSEUDO_US[name][operation]) / PSEUDO_US_PER_S,
                value_of(printed.PSEUDO_US[name][operation]),
                1,
            )
            for operation, tflop in printed.TFLOP[name].items()
        )
        models.append(WorkedModel(name, sizes, operations, energies[name]))
    note = (
        "sizes, efficiencies and durations as printed; wattshed reproduce says which of them a formula gives"
    )
    return WorkedExample("readme", "older read-me", note, (models[0], models[1]))


def _final() -> WorkedExample:
    models = []
    for name, sizes in MODELS.items():
        operations = tuple(
            WorkedOperation(
                KINDS[kind], cost.flops, cost.eta_percent, cost.time_s, cost.paper_pseudo_us, sizes.layers
            )
            for kind, cost in operation_costs(sizes).items()
        )
        models.append(WorkedModel(name, sizes, operations, step_energy_j(sizes)))
    note = (
        "forward pass alone in the durations; the regression's factors stand for all else of a training step"
    )
    return WorkedExample("paper", "final paper and its release", note, (models[0], models[1]))
