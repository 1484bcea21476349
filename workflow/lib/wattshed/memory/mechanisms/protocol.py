"""What a memory mechanism must offer. Quick to import, because the configuration needs it."""

from __future__ import annotations

from abc import ABC
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from wattshed.config.models.memory import MechanismBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network
    from wattshed.memory.gradients import Gradients

Exactness = Literal["equal", "close", "other"]


@dataclass(frozen=True)
class Place:
    """Where a training runs: device, ``cpu`` or ``cuda``; engine, ``auto`` or ``torch``; computes_bf16: whether its
    processor has instructions for bf16."""

    device: str = "cpu"
    engine: str = "auto"
    computes_bf16: bool = False


class Mechanism(ABC):
    """One way for a training step, or a forecast, to need less memory.

    Settings: its block among a recipe's ``memory.mechanisms``; asks: what a network must offer, one of them is enough
    where ``asks_any``. source_name: what the source document calls it, with its abbreviation, or None.
    gradients: ``equal`` bit for bit to the plain step's, ``close`` to rounding, or ``other``, because the network or
    its arithmetic is another one. changes_weights: whether the network's tensors differ in name or shape, so that a
    checkpoint needs the mechanism to be read. needs_graph: whether torch must compute each training step, because the
    mechanism acts on what torch keeps for the backward pass; fused kernels keep nothing. frees_gradients: whether no
    gradient waits for the others, so that none can be changed before the update.
    """

    Settings: ClassVar[type[MechanismBlock]]
    asks: ClassVar[frozenset[Offer]] = frozenset()
    asks_any: ClassVar[bool] = False
    source_name: ClassVar[str | None] = None
    gradients: ClassVar[Exactness] = "close"
    changes_weights: ClassVar[bool] = False
    needs_graph: ClassVar[bool] = False
    frees_gradients: ClassVar[bool] = False

    def check(  # noqa: B027 (optional)
        self,
        settings: Any,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:
        """Raise :class:`ValueError` if the configuration shows that it cannot be used so. others: the plan's other
        mechanisms by name."""

    def check_device(self, settings: Any, device: str) -> None:  # noqa: B027 (optional)
        """The same for a device, ``cpu`` or ``cuda``, on which it can save nothing."""

    def why_not_here(self, settings: Any, place: Place) -> str | None:
        """Why a level leaves it out at this place, where a configuration may still name it; None if it does not."""
        return None

    def apply(self, network: Network, settings: Any, seed: int) -> Network:
        """The network with the mechanism in it, changed in place or a new one; before weights are loaded."""
        return network

    def around_step(self, settings: Any, device: torch.device) -> AbstractContextManager[Any]:
        """The context of the forward and the backward pass of each batch."""
        return nullcontext()

    def precision(self, settings: Any) -> Literal["bf16"] | None:
        """The arithmetic of a training step; None leaves it to the recipe."""
        return None

    def parts(self, settings: Any) -> int:
        """Into how many parts each batch is split; their gradients are summed."""
        return 1

    def gradients_of(
        self, settings: Any, network: Network, optimiser: torch.optim.Optimizer
    ) -> Gradients | None:
        """How gradients are kept and weights are updated; None leaves them as autograd does."""
        return None

    def penalty(self, network: Network, settings: Any) -> Tensor | None:
        """A scalar that is added to the loss of each batch; None adds nothing."""
        return None
