"""What a model family tells of itself before anything runs. Loads no torch."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.data import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.forecast.families.network import Network


class Offer(StrEnum):
    """What later stages can ask of a family's networks."""

    UPDATES = "updates"  # training on top of a checkpoint
    PRUNABLE_UNITS = "prunable_units"
    LINEAR_MAPS = "linear_maps"


class Family(Protocol):
    """One family of trained models.

    Settings: the block of ``models`` with this form; samplings: ways of drawing batches that can train it (the
    recipe's key ``sampling``).
    """

    Settings: type[ModelBlock]
    samplings: tuple[str, ...]

    def offers(self, settings: Any) -> frozenset[Offer]:
        """What a network with these settings can be asked; a chain's steps are checked against it."""
        ...

    def make(self, settings: Any, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
        """An untrained network with weights drawn from ``seed``. adjacency: normalised, [N, N]."""
        ...
