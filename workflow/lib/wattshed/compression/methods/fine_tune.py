"""Fine-tuning alone: nothing is removed. The control for every method that is fine-tuned after it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.forecast.network import Network


class FineTuneSettings(VariantBlock):
    method: Literal["fine_tune"] = Field(
        description="Nothing is removed, and the network is trained further: the control that tells the effect of "
        "fine-tuning from that of a method before it. Shapes, bytes and speed stay."
    )
    fine_tune_steps: int = Field(
        ge=1, description="Gradient steps, as many as those of the variants that it is the control of."
    )


class FineTune(Method):
    """The steps, their batches and their learning rate are those of every other variant's fine-tuning."""

    Settings = FineTuneSettings
    asks = frozenset({Offer.UPDATES})
    keeps = frozenset(Offer)
    shrinks = False

    def make(self, network: Network, settings: FineTuneSettings) -> Network:
        """A copy. Raises :class:`Fault` for a network without weights that gradients train."""
        if not any(weights.requires_grad for weights in network.parameters()):
            raise Fault(
                f"{type(network).__name__} has no weights that gradients train: expected a network that can be trained "
                "further; choose another model."
            )
        return copy.deepcopy(network)

    def is_control(self, settings: FineTuneSettings) -> bool:
        return True


METHOD = FineTune()
