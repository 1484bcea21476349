"""The state of an unfinished training, saved whole after every epoch."""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors
from wattshed.training.guards.stopping import Standing
from wattshed.training.step.learner import Learner


@dataclass
class Training:
    """What a training has come to so far; all of it is saved for a resumed run."""

    epoch: int = 0
    best_rmse: float = math.inf
    standing: Standing = field(default_factory=Standing)
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    epochs: list[dict[str, Any]] = field(default_factory=list)


class ResumeFile:
    """State of one training. ``fingerprint`` names what is trained on what; another one is not resumed.

    Random numbers need no saving: batches and dropout are drawn from the seed and the epoch's number.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        self._fingerprint = fingerprint

    def exists(self) -> bool:
        """Whether there is a state of this very training."""
        if not self.path.is_file():
            return False
        try:
            _, about = read_tensors(self.path)
        except Fault:
            # A state that cannot be read is worth less than a clean start.
            return False
        return about["fingerprint"] == self._fingerprint

    def save(self, learner: Learner, training: Training) -> None:
        tensors = {f"network.{name}": value for name, value in learner.network.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in training.best_weights.items()}
        average, scaler = learner.average, learner.precision.scaler
        if average.network is not learner.network:
            tensors |= {f"average.{name}": value for name, value in average.network.state_dict().items()}
        state = learner.optimiser.state_dict()
        for index, slots in state["state"].items():
            tensors |= {f"optimiser.{index}.{name}": value for name, value in slots.items()}
        about = {
            "fingerprint": self._fingerprint,
            "groups": state["param_groups"],
            "schedule": _plain(learner.schedule.state_dict()),
            "averaged": average.updates,
            "scaler": scaler and scaler.state_dict(),
            "training": {
                "epoch": training.epoch,
                "best_rmse": training.best_rmse,
                "standing": asdict(training.standing),
                "epochs": training.epochs,
            },
        }
        write_tensors(self.path, {name: value.cpu().numpy() for name, value in tensors.items()}, about)

    def load(self, learner: Learner) -> Training | None:
        """Restore both, or return None where there is nothing to resume."""
        if not self.exists():
            return None
        arrays, about = read_tensors(self.path)
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        learner.network.load_state_dict(_below(tensors, "network."))
        learner.average.updates = about["averaged"]
        if learner.average.network is not learner.network:
            learner.average.network.load_state_dict(_below(tensors, "average."))
        if learner.precision.scaler is not None:
            learner.precision.scaler.load_state_dict(about["scaler"])
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in _below(tensors, "optimiser.").items():
            index, slot = name.split(".", 1)
            slots.setdefault(int(index), {})[slot] = value
        learner.optimiser.load_state_dict({"state": slots, "param_groups": about["groups"]})
        learner.schedule.load_state_dict(about["schedule"])
        progress = about["training"] | {"standing": Standing(**about["training"]["standing"])}
        return Training(best_weights=_below(tensors, "best."), **progress)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """What JSON can hold: the scheduler starts with best = inf, which strict JSON has no word for."""
    return {
        name: value
        for name, value in state.items()
        if json.dumps(value) not in ("Infinity", "-Infinity", "NaN")
    }
