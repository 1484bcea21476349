"""The hooks of ``ewc``: a quadratic penalty around the weights after the last part."""

import torch
from torch import Tensor

from wattshed.adaptation.fisher import fisher
from wattshed.training.batches.drawing import Batch, draw_seed
from wattshed.training.updates import Part, UpdateContext, UpdateHooks

# Far from the numbers of parts, which are hours, so that importance is estimated on examples of its own.
OWN_DRAWS = 500_000


class Consolidated(UpdateHooks):
    """Penalty: hold / 4 * sum_i omega_i (w_i - w*_i)^2, w* the weights after the last part.

    A part's omega is F / L: F the Fisher diagonal of one cell's loss, L the mean loss over the same cells. For Gaussian
    errors whose variance is that of L, and which are independent from cell to cell, F / (4 L) times the square of a
    weight's move is the second-order rise of the mean loss itself. So ``hold`` has no unit, and does not depend on the
    scale of loss or data or on the number of cells of an example. Over parts: omega <- gamma * omega + F / L
    (Schwarz et al. 2018). The base training is the first part.
    """

    def __init__(self, context: UpdateContext, hold: float, gamma: float, fisher_examples: int) -> None:
        super().__init__(context)
        self._hold = hold
        self._gamma = gamma
        self._fisher_examples = fisher_examples
        self.importance: list[Tensor] | None = None
        self.anchor: list[Tensor] = []

    def before(self, part: Part) -> None:
        if self.importance is None:
            task = self.context.task
            self._consolidate(Part("base", task.origins(task.splits.train), 0))

    def penalty(self, batch: Batch) -> Tensor | None:
        assert self.importance is not None
        terms = [
            (importance * (weight - anchor).square()).sum()
            for weight, anchor, importance in zip(
                self.context.network.parameters(), self.anchor, self.importance, strict=True
            )
        ]
        return self._hold / 4 * torch.stack(terms).sum()

    def after(self, part: Part) -> None:
        self._consolidate(part)

    def _consolidate(self, part: Part) -> None:
        context = self.context
        generator = torch.Generator().manual_seed(draw_seed(context.spec.seed, OWN_DRAWS + part.number))
        examples = context.sampler.draw(self._fisher_examples, torch.from_numpy(part.origins), generator)
        found = fisher(context.network, context.sampler, examples, context.spec.recipe.loss)
        new = [square / max(found.loss, torch.finfo(square.dtype).tiny) for square in found.squares]
        kept = self.importance or [torch.zeros_like(one) for one in new]
        self.importance = [self._gamma * old + one for old, one in zip(kept, new, strict=True)]
        self.anchor = [weight.detach().clone() for weight in context.network.parameters()]
