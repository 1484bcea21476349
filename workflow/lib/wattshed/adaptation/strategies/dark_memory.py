"""The hooks of ``der``: two further terms of the loss, from a memory of targets and of forecasts."""

import torch
from torch import Tensor

from wattshed.adaptation.output_loss import output_loss, outputs_of
from wattshed.adaptation.strategies.memory_block import MemoryBlock
from wattshed.adaptation.strategies.replayed import base_memory
from wattshed.training.batches.drawing import Batch, Examples
from wattshed.training.step.gradient import batch_loss
from wattshed.training.updates import Part, UpdateContext, UpdateHooks

# Examples of one call when forecasts are remembered.
AT_ONCE = 1024


class DarkMemory(UpdateHooks):
    """Loss of a step: month + output_weight * mse(forecast, remembered forecast) + target_weight * loss(memory).

    Each term has its own random examples, as many as the month's batch. Forecasts are remembered when a part is
    finished, not at the step that met the example, which the paper does.
    """

    def __init__(
        self, context: UpdateContext, output_weight: float, target_weight: float, memory: MemoryBlock
    ) -> None:
        super().__init__(context)
        self._output_weight = output_weight
        self._target_weight = target_weight
        self.memory = base_memory(context, memory)
        self.outputs: Tensor | None = None

    def before(self, part: Part) -> None:
        if self.outputs is None:
            self.outputs = self._forecasts(self.memory.examples)

    def penalty(self, batch: Batch) -> Tensor | None:
        assert self.outputs is not None
        context = self.context
        slots = self.memory.pick(context.examples)
        remembered = context.sampler.batch(self.memory.examples[slots])
        outputs = self.outputs[slots.to(self.outputs.device)]
        penalty = self._output_weight * output_loss(context.network, remembered, outputs)
        if self._target_weight:
            others = context.sampler.batch(self.memory.sample(context.examples))
            penalty = penalty + self._target_weight * batch_loss(
                context.network, others, context.spec.recipe.loss
            )
        return penalty

    def after(self, part: Part) -> None:
        assert self.outputs is not None
        replaced = self.memory.add(torch.from_numpy(part.origins))
        if bool(replaced.any()):
            places = torch.nonzero(replaced)[:, 0]
            self.outputs[places.to(self.outputs.device)] = self._forecasts(self.memory.examples[places])

    def _forecasts(self, examples: Examples) -> Tensor:
        """Scaled forecasts of the network as it is, one row per example."""
        network, sampler = self.context.network, self.context.sampler
        network.eval()
        rows = torch.arange(len(examples)).split(max(1, AT_ONCE // sampler.pairs_each))
        return torch.cat([outputs_of(network, sampler.batch(examples[some])) for some in rows])
