"""Steps under several memory plans, measured in turns: bytes, time and energy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from wattshed.foundation.vocabulary import Window
from wattshed.memory.accounting.device_peak import device_peak
from wattshed.memory.accounting.live_bytes import LiveBytes, Point
from wattshed.memory.accounting.saved_bytes import SavedBytes
from wattshed.training.footprint.sized_data import tensors_of, tensors_of_series

if TYPE_CHECKING:
    from wattshed.energy.meter import Meter
    from wattshed.forecast.neural import NeuralForecaster
    from wattshed.memory.plan import MemoryPlan
    from wattshed.training.batches.drawing import Batch
    from wattshed.training.step.learner import Learner

# Share of repeats between the ends of an interval.
MIDDLE = (2.5, 97.5)


@dataclass(frozen=True)
class StepCost:
    """One plan's step. peak_bytes: the most alive at once, with weights, optimiser, series and batch, as predicted: of
    tensors on a processor, of the allocator on CUDA; saved_bytes: most saved for the backward pass at once;
    resident_rise_bytes: rise of the process's memory on a processor, of the allocator's on CUDA, above what the step
    found, None where it is unknown; time_s: median, and the middle 95 % of the repeats; energy_j: own energy per step,
    None where it is unknown, with its status; executed_share: of gated blocks, None without any.
    """

    peak_bytes: int
    saved_bytes: int
    resident_rise_bytes: int | None
    time_s: tuple[float, float, float]
    energy_j: float | None
    energy_status: str
    executed_share: float | None
    timeline: list[Point] = field(default_factory=list, repr=False)


def measure_steps(
    forecaster: NeuralForecaster,
    batches: Sequence[Batch],
    learner_of: Callable[[MemoryPlan], Learner],
    plans: Mapping[str, MemoryPlan],
    meter: Meter,
    repeats: int,
) -> dict[str, StepCost]:
    """Measure one gradient step under each plan; the plans take turns, so that a busy machine disturbs all alike.

    Every timed step of a plan begins with the same weights, optimiser and random draws. batches: of one step. After a
    warm-up, bytes are counted in a step of their own, because counting costs time. Energy is of a window of repeated
    steps for each plan. Raises :class:`ValueError` without plans or repeats.
    """
    if not plans or repeats < 1:
        raise ValueError(f"{len(plans)} plans and {repeats} repeats; expected at least one of each")
    device = forecaster.series.device
    trials = {name: _Trial(learner_of(plan), batches, device) for name, plan in plans.items()}
    for trial in trials.values():
        trial.step()
    for trial in trials.values():
        # A step that depends on data depends on weights too.
        trial.restore()
    counted = {
        name: counted_step(trial.learner, batches, forecaster, trial.step) for name, trial in trials.items()
    }
    rises = {name: device_peak(trial.step, device) for name, trial in trials.items()}
    times: dict[str, list[float]] = {name: [] for name in plans}
    for turn in range(repeats):
        # Each turn begins with another plan.
        names = list(plans)[turn % len(plans) :] + list(plans)[: turn % len(plans)]
        for name in names:
            times[name].append(trials[name].timed())
    energies = {name: _energy(meter, trial, name) for name, trial in trials.items()}
    found = {}
    for name, trial in trials.items():
        live, saved = counted[name]
        peak = rises[name].peak_bytes
        low, high = np.percentile(times[name], MIDDLE)
        energy_j, status = energies[name]
        found[name] = StepCost(
            peak_bytes=live.peak if peak is None else peak,
            saved_bytes=saved.bytes,
            resident_rise_bytes=rises[name].rise_bytes,
            time_s=(float(np.median(times[name])), float(low), float(high)),
            energy_j=energy_j,
            energy_status=status,
            executed_share=trial.executed_share,
            timeline=live.timeline,
        )
    return found


def counted_step(
    learner: Learner,
    batches: Sequence[Batch],
    forecaster: NeuralForecaster,
    step: Callable[[], Any],
    beside: Sequence[Tensor] = (),
) -> tuple[LiveBytes, SavedBytes]:
    """A step with its bytes counted, as a prediction counts them. beside: what else is held meanwhile."""
    network, series = learner.network, forecaster.series
    for batch in batches:
        forget_windows(batch)
    given = [tensor for batch in batches for tensor in tensors_of(batch)]
    averaged = [] if learner.average.network is network else list(learner.average.network.parameters())
    learner.optimiser.zero_grad(set_to_none=True)
    live = LiveBytes(
        {
            "weights": [*network.parameters(), *network.buffers()],
            "batch": given,
            "series": tensors_of_series(series),
            "optimiser": state_of(learner),
            "kept": [*averaged, *beside],
        },
        series.device,
    )
    live.watch_gradients(network)
    with live, SavedBytes(network, given) as saved:
        step()
    return live, saved


def state_of(learner: Learner) -> list[Tensor]:
    """The tensors of the optimiser's state."""
    states = learner.optimiser.state.values()
    return [value for state in states for value in state.values() if isinstance(value, Tensor)]


class _Trial:
    """A learner whose steps all begin alike."""

    def __init__(self, learner: Learner, batches: Sequence[Batch], device: torch.device) -> None:
        self.learner = learner
        self._batches, self._device = batches, device
        learner.network.train()
        self._first = {name: value.clone() for name, value in _strided(learner.network).items()}
        self._states: list[Tensor] | None = None

    def step(self) -> None:
        """One step of the training."""
        torch.manual_seed(0)
        for batch in self._batches:
            forget_windows(batch)
        self.learner.step(self._batches, 0)

    def timed(self) -> float:
        """Seconds of a step from the first weights."""
        self.restore()
        self._synchronise()
        began = time.perf_counter()
        self.step()
        self._synchronise()
        return time.perf_counter() - began

    @torch.no_grad()
    def restore(self) -> None:
        """The first weights; the optimiser's state as after the first step."""
        states = state_of(self.learner)
        if self._states is None or len(self._states) != len(states):
            self._states = [state.clone() for state in states]
        for state, before in zip(states, self._states, strict=True):
            state.copy_(before)
        for name, value in _strided(self.learner.network).items():
            value.copy_(self._first[name])

    @property
    def executed_share(self) -> float | None:
        """Of gated blocks in the last step."""
        shares = [
            float(share)
            for module in self.learner.network.modules()
            if (share := getattr(module, "last_executed_share", None)) is not None
        ]
        return float(np.mean(shares)) if shares else None

    def _synchronise(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


def forget_windows(batch: Batch) -> None:
    """A batch keeps the windows that a step has gathered; without them the next step gathers them again."""
    for given in batch.inputs:
        if isinstance(given, Tensor):
            continue
        for name in ("own", "aggregate", "row_sum", "slots"):
            vars(given).pop(name, None)


def _strided(network: torch.nn.Module) -> dict[str, Tensor]:
    found = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    return {name: value.detach() for name, value in found.items() if value.layout == torch.strided}


def _energy(meter: Meter, trial: _Trial, name: str) -> tuple[float | None, str]:
    """Own energy of one step, from a window that is long enough for the sensors."""
    trial.restore()
    window = meter.repeat(Window.MEASURE, trial.step, {}, warm_up_calls=0, plan=name)
    # Of one step: the meter divides a window of repeated work by its repeats.
    return window.own.joules, str(window.own.status)
