"""The strategy ``node_table``: only each node's own weights learn, all shared ones are frozen: the idea of EAC (Chen
and Liang 2025)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer

if TYPE_CHECKING:
    from wattshed.training.updates import UpdateContext, UpdateHooks


class NodeTableBlock(StrategyBlock):
    kind: Literal["node_table"] = Field(
        description="Learns each node's own weights and freezes all others; for models with node_table: true."
    )


class NodeTable:
    Settings = NodeTableBlock
    asks: frozenset[Offer] = frozenset({Offer.UPDATES, Offer.NODE_TABLE})
    control = False

    def start(self, settings: NodeTableBlock, context: UpdateContext) -> UpdateHooks:
        from wattshed.adaptation.strategies.own_rows import OwnRows

        return OwnRows(context)


STRATEGY = NodeTable()
