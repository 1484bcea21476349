"""What a memory mechanism must offer. Quick to import, because the configuration needs it."""

from __future__ import annotations

from abc import ABC
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from wattshed.config.models.memory import MechanismBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from wattshed.config.data.data import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network

Gradients = Literal["equal", "close", "other"]


class Mechanism(ABC):
    """One way for a training step, or a forecast, to need less memory.

    Settings: its block among a recipe's ``memory.mechanisms``; asks: what a network must offer, one of them is enough
    where ``asks_any``. source_name: what the source document calls it, with its abbreviation, or None.
    gradients: ``equal`` bit for bit to the plain step's, ``close`` to rounding, or ``other``, because the network or its
    arithmetic is another one. changes_weights: whether the network's tensors differ in name or shape, so that a
    checkpoint needs the mechanism to be read.
    """

    Settings: ClassVar[type[MechanismBlock]]
    asks: ClassVar[frozenset[Offer]] = frozenset()
    source_name: ClassVar[str | None] = None
    gradients: ClassVar[Gradients] = "close"
    changes_weights: ClassVar[bool] = False

    def check(
        self,
        settings: Any,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:  # noqa: B027 (optional)
        """Raise :class:`ValueError` if the configuration shows that it cannot be used so. others: the plan's other
        mechanisms by name."""

    def apply(self, network: Network, settings: Any, seed: int) -> Network:
        """The network with the mechanism in it, changed in place or a new one; before weights are loaded."""
        return network

    def around_step(self, settings: Any, device: torch.device) -> AbstractContextManager[Any]:
        """The context of the forward and the backward pass of each batch."""
        return nullcontext()

    def penalty(self, network: Network, settings: Any) -> Tensor | None:
        """A scalar that is added to the loss of each batch; None adds nothing."""
        return None
