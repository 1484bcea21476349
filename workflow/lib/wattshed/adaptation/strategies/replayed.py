"""The hooks of ``replay``: batches of new and of remembered examples."""

from collections.abc import Iterator

import torch

from wattshed.adaptation.reservoir import Reservoir
from wattshed.adaptation.strategies.memory_block import MemoryBlock
from wattshed.training.batches.drawing import Batch, draw_seed, examples_for
from wattshed.training.updates import Part, UpdateContext, UpdateHooks


def base_memory(context: UpdateContext, settings: MemoryBlock) -> Reservoir:
    """A memory of the base training."""
    base = torch.from_numpy(context.task.origins(context.task.splits.train))
    size = examples_for(context.sampler, settings.size_of(context.sampler.pairs(base)))
    return Reservoir(size, context.sampler, base, torch.Generator().manual_seed(context.spec.seed))


class Replayed(UpdateHooks):
    """replay_share: share of each batch that is remembered; memory: its size."""

    def __init__(self, context: UpdateContext, replay_share: float, memory: MemoryBlock) -> None:
        super().__init__(context)
        # A batch must hold both: one example of each at least.
        self._batch = max(2, context.examples)
        self._remembered = min(max(1, round(self._batch * replay_share)), self._batch - 1)
        self.memory = base_memory(context, memory)

    def batches(self, part: Part) -> Iterator[Batch]:
        sampler = self.context.sampler
        origins = torch.from_numpy(part.origins)
        generator = torch.Generator().manual_seed(draw_seed(self.context.spec.seed, part.number))
        for _ in range(self.steps_on(part)):
            fresh = sampler.draw(self._batch - self._remembered, origins, generator)
            yield sampler.batch(fresh.followed_by(self.memory.sample(self._remembered)))

    def after(self, part: Part) -> None:
        self.memory.add(torch.from_numpy(part.origins))
