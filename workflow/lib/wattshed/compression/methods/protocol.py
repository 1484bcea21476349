"""What a compression method must offer. Quick to import, because the configuration needs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.models.compression import VariantBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.forecast.families.family import Offer
    from wattshed.forecast.network import Network


class NotAvailable(Fault):
    """This machine, or this version of torch, cannot run the method; the message says why."""


class Method(ABC):
    """A way to make a trained network smaller.

    Settings: its settings in ``compression.variants``, with ``method`` as the literal name of the plug-in.
    asks: what a network must offer. keeps: what the result still offers, of what the network offered.
    """

    Settings: ClassVar[type[VariantBlock]]
    asks: ClassVar[frozenset[Offer]]
    keeps: ClassVar[frozenset[Offer]]

    @abstractmethod
    def make(self, network: Network, settings: Any) -> Network:
        """A smaller network; the given one is not changed.

        Its ``state_dict`` holds plain tensors only, so that safetensors can store it.
        Raises :class:`NotAvailable` if it cannot run, and :class:`Fault` if nothing would become smaller.
        """

    def skeleton(self, network: Network, settings: Any) -> Network:
        """An untrained network with the result's shapes, into which the stored weights are loaded.

        The shapes that :meth:`make` gives must not depend on the weights.
        """
        return self.make(network, settings)

    def check(self, settings: Any, model: ModelBlock, earlier: Sequence[Any]) -> None:  # noqa: B027 (optional)
        """Raise :class:`ValueError` if the configuration shows that the variant cannot be made.

        model: settings of the trained model; earlier: settings of the steps that come before in the lineage.
        """

    def units_left(self, settings: Any, units: int) -> int:
        """How many of a recurrent layer's ``units`` remain."""
        return units


def units_before(model: ModelBlock, earlier: Sequence[Any]) -> int | None:
    """Recurrent units of a model after the earlier steps; None for a model whose settings name none."""
    units: int | None = getattr(model, "hidden", None)
    for settings in earlier:
        name = getattr(settings, "method", None)
        if units is not None and name is not None:
            units = plugins.load("method", name).units_left(settings, units)
    return units
