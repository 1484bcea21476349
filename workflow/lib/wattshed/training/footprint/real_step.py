"""A training step on random data of a task's sizes: what a prediction is held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from wattshed.engine.series.residence import Residence
from wattshed.forecast.examples import ExampleResidence, ExampleSeries, StoredExamples
from wattshed.forecast.families.family import make_network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries
from wattshed.training.batches.drawing import Batch
from wattshed.training.footprint.look import look_once
from wattshed.training.footprint.measure import counted_step, forget_windows
from wattshed.training.footprint.predict import STEPS, prime
from wattshed.training.footprint.sized_data import sized_adjacency, sized_batches
from wattshed.training.footprint.sizes import FEATURES
from wattshed.training.step.learner import Learner

if TYPE_CHECKING:
    from wattshed.data.scaling import Scaler
    from wattshed.memory.accounting.live_bytes import LiveBytes
    from wattshed.memory.accounting.saved_bytes import SavedBytes
    from wattshed.memory.plan import MemoryPlan
    from wattshed.training.footprint.sizes import TaskSizes
    from wattshed.training.spec import ModelSpec


@dataclass(frozen=True)
class RealStep:
    """A learner on a processor with the batches of one step, on random series of the task's sizes."""

    spec: ModelSpec
    sizes: TaskSizes
    learner: Learner
    forecaster: NeuralForecaster
    batches: list[Batch]
    masks: list[Tensor]

    @classmethod
    def make(cls, spec: ModelSpec, sizes: TaskSizes, plan: MemoryPlan) -> RealStep:
        device = torch.device("cpu")
        adjacency = sized_adjacency(sizes.nodes, sizes.nodes, max(sizes.edges, 1))
        network = plan.applied(make_network(spec.model, spec.windows, adjacency, spec.seed), spec.seed)
        series = _random_series(spec, sizes, device)
        batches, masks = sized_batches(spec.recipe, spec.windows, sizes, series, network)
        network.train()
        learner = Learner.make(network, spec.recipe, STEPS, device, plan)
        prime(learner)
        return cls(
            spec,
            sizes,
            learner,
            NeuralForecaster(network, series, spec.windows.horizon_steps),
            batches,
            masks,
        )

    def step(self) -> None:
        """One step, with the windows gathered again."""
        torch.manual_seed(0)
        for batch in self.batches:
            forget_windows(batch)
        self.learner.step(self.batches, 0)

    def look(self) -> None:
        """What a look at the validation part allocates."""
        look_once(self.learner.average.network, self.forecaster.series, self.spec, self.sizes)
        self.learner.network.train()

    def counted(self, work: Callable[[], Any] | None = None) -> tuple[LiveBytes, SavedBytes]:
        """The bytes of a step; counted as predictions count them."""
        best = [value.clone() for value in self.learner.average.network.state_dict().values()]
        work = self.step if work is None else work
        return counted_step(self.learner, self.batches, self.forecaster, work, [*self.masks, *best])


def _random_series(spec: ModelSpec, sizes: TaskSizes, device: torch.device) -> ScaledSeries:
    generator = torch.Generator().manual_seed(spec.seed)
    nodes, rows, length = sizes.nodes, sizes.steps, spec.windows.look_back_steps
    ones, slot = torch.ones(nodes), (torch.arange(rows) % 168).to(torch.int32)
    scaler = cast("Scaler", None)
    if not sizes.regions:
        values = torch.randn(2, nodes, rows, generator=generator)
        residence = Residence(values[0].clone().numpy(), values[1].clone().numpy(), device)
        per_hour = spec.windows.steps_per_hour
        return ScaledSeries(residence, ones, slot, scaler, length, sizes.engine, steps_per_hour=per_hour)
    samples = sizes.samples or rows * length
    raw = torch.randn(samples, sizes.regions, generator=generator)
    examples = StoredExamples(
        raw,
        (torch.arange(rows) * length) % (samples - length + 1),
        torch.full((rows,), length),
        torch.zeros(rows, sizes.regions),
        torch.ones(rows, sizes.regions),
        torch.corrcoef(raw[:length].T).expand(rows, -1, -1).contiguous(),
        torch.randn(rows, sizes.regions, FEATURES, generator=generator),
        length,
        padded=sizes.padded,
    )
    indicators = torch.nn.functional.one_hot(torch.arange(rows) % nodes, nodes).T.float().contiguous()
    kept = ExampleResidence(indicators.numpy(), examples, device)
    return ExampleSeries(kept, ones, slot, scaler, length, sizes.engine)
