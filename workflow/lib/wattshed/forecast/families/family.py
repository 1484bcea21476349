"""What a model family must offer before anything runs. Does not import torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import made_by
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.forecast.network import Network
    from wattshed.law.operations.fits import FitSizes
    from wattshed.law.operations.forward import BatchSizes, ForwardPass
    from wattshed.law.operations.operation import Operation


class Offer(StrEnum):
    """What a family's networks may offer to later stages."""

    UPDATES = "updates"  # training on top of a checkpoint
    PRUNABLE_UNITS = "prunable_units"
    LINEAR_MAPS = "linear_maps"
    EXACT_UPDATES = "exact_updates"  # learning further data in closed form
    FEATURES = "features"  # features that can be dropped
    NODE_TABLE = "node_table"  # weights that each node has of its own
    ATTENTION = "attention"  # attention whose kernel can be chosen
    AGGREGATION = "aggregation"  # graph attention whose aggregation can be chosen
    RECOMPUTED_PARTS = "recomputed_parts"  # parts that can be computed again in the backward pass
    SKIPPABLE_BLOCKS = "skippable_blocks"  # residual blocks that a gate can skip

    @property
    def lacks(self) -> str:
        """What a network without it cannot do, for sentences."""
        return LACKS[self]


LACKS: dict[Offer, str] = {
    Offer.UPDATES: "cannot be trained further",
    Offer.PRUNABLE_UNITS: "has no units to prune",
    Offer.LINEAR_MAPS: "has no weight matrices to replace",
    Offer.EXACT_UPDATES: "cannot be updated in closed form",
    Offer.FEATURES: "has no features to drop",
    Offer.ATTENTION: "has no attention",
    Offer.AGGREGATION: "has no graph attention",
    Offer.RECOMPUTED_PARTS: "has no parts that can be computed again",
    Offer.SKIPPABLE_BLOCKS: "has no residual blocks to skip",
    Offer.NODE_TABLE: "has no node table (in stgnn, gru, lstm and transformer, the key node_table: true makes one)",
}


class Family(Protocol):
    """One family of trained models.

    Settings: the block of ``models`` with this form; samplings: ways of drawing batches that can train it (the
    recipe's key ``sampling``), none for a family that is solved in closed form and has no recipe; published_epochs:
    largest number of epochs over all windows in the study that published this network, or None; if a training is
    shorter, this is reported beside its errors; reads_graph: whether a forecast uses a node's neighbours, so that the
    report counts it among the graph models.
    """

    @property
    def Settings(self) -> type[ModelBlock]: ...

    @property
    def samplings(self) -> tuple[str, ...]: ...

    @property
    def published_epochs(self) -> int | None: ...

    @property
    def reads_graph(self) -> bool: ...

    def offers(self, settings: Any) -> frozenset[Offer]:
        """What a network with these settings offers; a chain's steps are checked against it."""
        ...

    def sees(self, settings: Any) -> frozenset[Information] | None:
        """What the forecasts of a network with these settings are made from; None if it is not declared."""
        ...

    def make(self, settings: Any, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
        """An untrained network with weights drawn from ``seed``. adjacency: normalised, [N, N]."""
        ...


@dataclass(frozen=True)
class SimpleFamily:
    """A family whose networks all offer the same; see :class:`Family`.

    make_network: untrained network from settings, windows, adjacency and seed; it imports torch when it is called.
    information: from settings to what a forecast is made from; None if it is not declared. further_offers: what only
    networks with some settings offer beside ``always_offers``. count: what a forward pass computes, by formula; None if
    it is not declared, and then no energy can be predicted. count_fit: the same of what is solved in closed form; its
    result is None for settings without such a part. removable: what structured pruning can remove of networks that
    offer prunable units. watches_units: whether their values can be seen, for an importance from data. torch_only: that
    no kernel takes any of its networks, so that none is compiled for their sizes.
    """

    Settings: type[ModelBlock]
    samplings: tuple[str, ...]
    make_network: Callable[[Any, WindowsBlock, sp.csr_array, int], Network]
    always_offers: frozenset[Offer]
    published_epochs: int | None = None
    reads_graph: bool = False
    information: Callable[[Any], frozenset[Information]] | None = None
    further_offers: Callable[[Any], frozenset[Offer]] | None = None
    count: Callable[[Any, BatchSizes], ForwardPass] | None = None
    count_fit: Callable[[Any, FitSizes], tuple[Operation, ...] | None] | None = None
    removable: tuple[str, ...] = ("units", "channels")
    watches_units: bool = True
    torch_only: bool = False
    normalises_batches: Callable[[Any], bool] | None = None

    def offers(self, settings: Any) -> frozenset[Offer]:
        further = frozenset[Offer]() if self.further_offers is None else self.further_offers(settings)
        return self.always_offers | further

    def sees(self, settings: Any) -> frozenset[Information] | None:
        return None if self.information is None else self.information(settings)

    def make(self, settings: Any, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
        return self.make_network(settings, windows, adjacency, seed)


def forward_pass_of(block: ModelBlock, sizes: BatchSizes) -> ForwardPass | None:
    """What all forward passes of a batch, or of a look, compute by formula: ``sizes.passes`` of them. No torch.

    None if the family does not declare it.
    """
    count = getattr(plugins.load("family", block.form), "count", None)
    found: ForwardPass | None = None if count is None else count(block, sizes)
    return None if found is None else found.repeated(sizes.passes)


def fit_of(block: ModelBlock, sizes: FitSizes) -> tuple[Operation, ...] | None:
    """What is solved in closed form before or in place of a training, by formula; None if nothing is, or if the family
    does not declare it. No torch."""
    count = getattr(plugins.load("family", block.form), "count_fit", None)
    found: tuple[Operation, ...] | None = None if count is None else count(block, sizes)
    return found


def information_of(block: ModelBlock) -> frozenset[Information] | None:
    """What the forecasts of a model are made from; None if its family does not declare it."""
    sees = getattr(plugins.load("family", block.form), "sees", None)
    found: frozenset[Information] | None = None if sees is None else sees(block)
    return found


def make_network(block: ModelBlock, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    """An untrained network of any family with weights drawn from ``seed``. adjacency: normalised, [N, N].

    Raises :class:`Fault` for a form that is not in the table of families, and for a family that makes something else
    than a network with weights.
    """
    from wattshed.forecast.network import Network

    family: Family = plugins.load("family", block.form)
    made = family.make(block, windows, adjacency, seed)
    network = made_by("family", block.form, made, Network)
    if next(network.parameters(), None) is None and not network.has_closed_form:
        raise Fault(
            f"the model family {block.form!r} made a network without weights: expected at least one "
            "torch.nn.Parameter, or has_closed_form; correct the plug-in, or make it a baseline."
        )
    return network
