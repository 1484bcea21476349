"""The hooks of ``joint``: batches from all parts so far, from new weights or from those that there are."""

from collections.abc import Iterator

import torch
from torch import Tensor

from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch, Examples, draw_seed
from wattshed.training.step.schedules import cosine_rate
from wattshed.training.updates import Part, UpdateContext, UpdateHooks


class Retrained(UpdateHooks):
    """Every pair of all parts is as likely as any other. Validation, test and held-out parts are never drawn.

    From new weights, a part that is solved in closed form stays as the base training solved it; the rate follows the
    recipe's cosine, and is constant for a recipe that cuts it by validation errors; nothing stops early.
    """

    def __init__(self, context: UpdateContext, continued: bool) -> None:
        super().__init__(context)
        self._continued = continued
        base = torch.from_numpy(context.task.origins(context.task.splits.train))
        self.parts: list[Tensor] = [base]

    def before(self, part: Part) -> None:
        self._gather(part)
        if self._continued:
            return
        if self.context.untrained is None:
            raise Fault(
                f"{self.context.spec.lineage} cannot be trained from new weights here: expected a way to make the "
                "untrained network; set continued: true."
            )
        fresh = dict(self.context.untrained().named_parameters())
        with torch.no_grad():
            for name, weight in self.context.network.named_parameters():
                weight.copy_(fresh[name])

    def steps_on(self, part: Part) -> int:
        sampler = self.context.sampler
        return self.context.steps_over(sum(sampler.pairs(origins) for origins in self._with(part)))

    def rate(self, step: int, steps: int) -> float:
        recipe = self.context.spec.recipe
        highest = super().rate(step, steps)
        if self._continued or recipe.schedule != "cosine":
            return highest
        return highest * cosine_rate(recipe, step, steps) / recipe.learning_rate

    def batches(self, part: Part) -> Iterator[Batch]:
        context = self.context
        sampler = context.sampler
        generator = torch.Generator().manual_seed(draw_seed(context.spec.seed, part.number))
        sizes = torch.tensor([float(sampler.pairs(origins)) for origins in self.parts])
        for _ in range(self.steps_on(part)):
            chosen = torch.multinomial(sizes, context.examples, replacement=True, generator=generator)
            drawn: Examples | None = None
            for count, origins in zip(
                chosen.bincount(minlength=len(sizes)).tolist(), self.parts, strict=True
            ):
                if count:
                    some = sampler.draw(count, origins, generator)
                    drawn = some if drawn is None else drawn.followed_by(some)
            assert drawn is not None
            yield sampler.batch(drawn)

    def _gather(self, part: Part) -> None:
        self.parts = self._with(part)

    def _with(self, part: Part) -> list[Tensor]:
        """All parts so far and this one, once."""
        origins = torch.from_numpy(part.origins)
        known = any(torch.equal(origins, other) for other in self.parts)
        return self.parts if known else [*self.parts, origins]
