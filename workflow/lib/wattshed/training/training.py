"""The state of a training."""

import math
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from wattshed.training.guards.stopping import Standing


@dataclass
class Training:
    """The state of a training between two epochs; a resumed run starts from it.

    epoch: epochs done; best_rmse, best_weights: those with the least validation error; epochs: one row each;
    ended: whether no epoch follows; spent_kwh: energy of an ended training over all attempts, None where it is unknown;
    stopped: why it ended early, None if it did not; epochs_left: most epochs that may follow, set by the observers
    and not saved.
    """

    epoch: int = 0
    best_rmse: float = math.inf
    standing: Standing = field(default_factory=Standing)
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False
    spent_kwh: float | None = None
    stopped: str | None = None
    epochs_left: int = 0

    @property
    def goes_on(self) -> bool:
        return not self.ended and self.epochs_left > 0 and self.stopped is None

    def take(self, row: dict[str, Any], judged: nn.Module) -> None:
        """Add an epoch. row: with ``epoch`` and ``validation_rmse``; judged: the network that was validated."""
        self.epoch = row["epoch"]
        self.epochs.append(row)
        if row["validation_rmse"] < self.best_rmse:
            self.best_rmse = row["validation_rmse"]
            self.best_weights = {name: value.clone() for name, value in judged.state_dict().items()}
