"""The hooks of ``node_table``: gradients for the nodes' own weights alone."""

from wattshed.foundation.faults import Fault
from wattshed.training.updates import Part, UpdateContext, UpdateHooks


class OwnRows(UpdateHooks):
    """The frozen weights are those of the base training to the bit, whatever is learned.

    Raises :class:`Fault` for a network without weights of its nodes.
    """

    def __init__(self, context: UpdateContext) -> None:
        super().__init__(context)
        self._own = {id(weight) for weight in context.network.node_weights()}
        if not self._own:
            raise Fault(
                f"{context.spec.lineage} has no node table to learn: expected a model with node_table: true; choose "
                "another strategy, or train the model with that key."
            )

    def before(self, part: Part) -> None:
        for weight in self.context.network.parameters():
            weight.requires_grad_(id(weight) in self._own)

    def after(self, part: Part) -> None:
        self.context.network.requires_grad_(True)
