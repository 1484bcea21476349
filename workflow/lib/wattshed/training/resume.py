"""The complete state of an unfinished training, saved after every epoch."""

import json
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors
from wattshed.training.guards.stopping import Standing
from wattshed.training.observer import Observer
from wattshed.training.step.learner import Learner
from wattshed.training.training import Training

KIND = "training state"
ABOUT = ("fingerprint", "groups", "schedule", "averaged", "scaler", "training")


class ResumeFile(Observer):
    """State of one training. ``fingerprint`` identifies data, recipe and program; another training is not resumed.

    Random states are not saved: batches and dropout depend on the seed and the epoch's number.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        self._fingerprint = fingerprint

    def exists(self) -> bool:
        """Whether there is a saved state of this training."""
        return self._read() is not None

    def finished_kwh(self) -> float:
        """Energy of a training that has ended, over all its attempts; 0 if it has not ended, or if it is unknown."""
        found = self._read()
        return 0.0 if found is None else found[1]["training"]["spent_kwh"] or 0.0

    def has_ended(self) -> bool:
        """Whether this training has ended; the job then has only other seeds left."""
        found = self._read()
        return found is not None and found[1]["training"]["ended"]

    def after_epoch(self, training: Training, learner: Learner) -> None:
        self.save(learner, training)

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
                "spent_kwh": training.spent_kwh,
                "stopped": training.stopped,
                "ended": training.ended,
            },
        }
        arrays = {name: value.cpu().numpy() for name, value in tensors.items()}
        write_tensors(self.path, arrays, about, kind=KIND)

    def load(self, learner: Learner) -> Training | None:
        """Restore the learner and return its training; None if there is nothing to resume."""
        found = self._read()
        if found is None:
            return None
        tensors, about = found
        if not _fits(learner.network, _below(tensors, "network.")):
            self._set_aside("it holds the weights of another network")
            return None
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

    def _set_aside(self, reason: str) -> None:
        """Rename a state that cannot be used, so that the training starts again."""
        aside = self.path.with_name(f"{self.path.name}.damaged")
        self.path.replace(aside)
        print(
            f"{self.path} cannot be used ({reason.rstrip('.')}): it was renamed to {aside}, and the "
            "training starts again.",
            file=sys.stderr,
        )

    def _read(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        if not self.path.is_file():
            return None
        try:
            arrays, about = read_tensors(self.path, kind=KIND, keys=ABOUT)
            _refuse_half_progress(about["training"])
        except Fault as fault:
            self._set_aside(str(fault))
            return None
        if about["fingerprint"] != self._fingerprint:
            return None
        return {name: torch.from_numpy(array) for name, array in arrays.items()}, about


def _refuse_half_progress(progress: Any) -> None:
    """Raises :class:`Fault` if a part of the progress is missing."""
    known = set(progress) if isinstance(progress, dict) else set()
    saved = {one.name for one in fields(Training)} - {"best_weights", "epochs_left"}
    missing = saved - known
    if missing:
        raise Fault(f"it lacks {min(missing)!r} of the training's progress")


def _fits(network: nn.Module, weights: dict[str, Tensor]) -> bool:
    expected = {name: value.shape for name, value in network.state_dict().items()}
    return expected == {name: value.shape for name, value in weights.items()}


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """A value for strict JSON, which cannot hold infinity: the scheduler starts with best = inf."""
    return {
        name: value
        for name, value in state.items()
        if json.dumps(value) not in ("Infinity", "-Infinity", "NaN")
    }
