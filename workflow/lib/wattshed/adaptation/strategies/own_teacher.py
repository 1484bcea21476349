"""The hooks of ``lwf``: a copy of the network before the month is its teacher."""

import copy

from torch import Tensor

from wattshed.adaptation.output_loss import output_loss, outputs_of
from wattshed.forecast.network import Network
from wattshed.training.batches.drawing import Batch
from wattshed.training.updates import Part, UpdateContext, UpdateHooks


class OwnTeacher(UpdateHooks):
    """Penalty: output_weight * mean squared difference of the scaled forecasts of network and teacher.

    The paper's distillation of classes becomes a squared difference for a regression. It needs no target, so that
    hours that were not observed count too.
    """

    def __init__(self, context: UpdateContext, output_weight: float) -> None:
        super().__init__(context)
        self._output_weight = output_weight
        self.teacher: Network | None = None

    def before(self, part: Part) -> None:
        network = self.context.network
        # Buffers are the task's graph: shared, not copied (torch cannot copy a CSR tensor either).
        shared = {id(buffer): buffer for buffer in network.buffers()}
        self.teacher = copy.deepcopy(network, shared).eval().requires_grad_(False)

    def penalty(self, batch: Batch) -> Tensor | None:
        assert self.teacher is not None
        taught = outputs_of(self.teacher, batch)
        return self._output_weight * output_loss(self.context.network, batch, taught)
