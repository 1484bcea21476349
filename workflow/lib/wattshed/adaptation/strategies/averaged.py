"""The hooks of ``ema``: two sets of weights, one that learns and its average that is used."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from wattshed.training.batches.drawing import Batch
from wattshed.training.updates import Part, UpdateContext, UpdateHooks


class Averaged(UpdateHooks):
    """After each step: average <- decay * average + (1 - decay) * weights. Both begin as the base training left them.

    The average goes on from month to month, and so do the weights that learn: they are put aside when a month ends and
    come back when the next one begins. Between months the network has the average.
    """

    def __init__(self, context: UpdateContext, decay: float) -> None:
        super().__init__(context)
        self._decay = decay
        self.learning: list[Tensor] | None = None
        self.average: list[Tensor] = []

    def before(self, part: Part) -> None:
        self.average = self._copies()
        if self.learning is not None:
            self._put(self.learning)

    def batches(self, part: Part) -> Iterator[Batch]:
        for batch in super().batches(part):
            yield batch
            # The step on this batch is done when the next batch is asked for.
            with torch.no_grad():
                for kept, weight in zip(self.average, self.context.network.parameters(), strict=True):
                    kept.lerp_(weight, 1 - self._decay)

    def after(self, part: Part) -> None:
        self.learning = self._copies()
        self._put(self.average)

    def _copies(self) -> list[Tensor]:
        return [weight.detach().clone() for weight in self.context.network.parameters()]

    @torch.no_grad()
    def _put(self, values: Sequence[Tensor]) -> None:
        for weight, value in zip(self.context.network.parameters(), values, strict=True):
            weight.copy_(value)
