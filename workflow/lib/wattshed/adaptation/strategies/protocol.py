"""What an adaptation strategy must offer. Loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from wattshed.config.models.adaptation import StrategyBlock
    from wattshed.forecast.families.family import Offer
    from wattshed.training.updates import UpdateContext, UpdateHooks


class Strategy(Protocol):
    """One way of learning from later months.

    Settings: the block of ``adaptation.strategies`` with this kind; asks: what a network must offer; control: whether
    this is the strategy that others are compared with. The control's matrix also holds the untrained network's rows.
    """

    Settings: type[StrategyBlock]
    asks: frozenset[Offer]
    control: bool

    def start(self, settings: Any, context: UpdateContext) -> UpdateHooks:
        """The hooks for one network over all months. Nothing has been learned from a month yet."""
        ...
