"""What a made study holds: its models with their errors and energies, and what is done with which of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

SEEDS = (1, 2, 3)
TRAINED = {  # test RMSE, kWh of one training
    "stgnn_reference": (0.742, 9e-4),
    "stgnn": (0.702, 1.6e-4),
    "stgnn_shuffled": (0.706, 1.6e-4),
    "gru": (0.704, 1.4e-4),
    "dlinear": (0.731, 4e-5),
}
BASELINES = {
    "persistence": (0.981, 3e-12),
    "seasonal_24h": (0.953, 4e-12),
    "seasonal_168h": (1.012, 4e-12),
    "climatology": (0.801, 6e-8),
    "ridge": (0.688, 4e-7),
}


@dataclass(frozen=True)
class MadeStudy:
    """What a made study holds: test RMSE and kWh of one training per model, and what is done with which of them."""

    seeds: Sequence[int] = SEEDS
    trained: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(TRAINED))
    baselines: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(BASELINES))
    parents: Sequence[str] = ("stgnn",)  # adapted and compressed
    variants: Sequence[str] = ()  # compressed ones besides the usual five
    swept: Sequence[str] = ("stgnn",)
    steps: dict[str, str] = field(default_factory=dict)  # the ladder's captions by model
    reference: str = "stgnn_reference"
    forms: dict[str, str] = field(default_factory=dict)
    rolled: Sequence[str] = ()  # models and baselines at rolling origins
    law: bool = False  # predictions and a sweep
    memory: bool = False  # memory levels of all models
    name: str = "homes"
