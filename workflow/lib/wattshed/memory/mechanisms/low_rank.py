"""Low rank: attention's projections as products of two thin layers, trained from scratch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from wattshed.config.models.memory import MechanismBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation.faults import Fault
from wattshed.memory.mechanisms.protocol import Mechanism

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network


class LowRankBlock(MechanismBlock):
    kind: Literal["low_rank"] = Field(
        description="Projections of attention as products of two thin matrices: another network, with fewer weights."
    )
    rank: int = Field(
        ge=1, description="Columns of the thin matrices; less than half of the width of attention."
    )


class LowRank(Mechanism):
    Settings = LowRankBlock
    asks = frozenset({Offer.ATTENTION})
    source_name = "hybrid attention block (HAB), its low-rank projections"
    gradients = "other"
    changes_weights = True

    def check(
        self,
        settings: LowRankBlock,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:
        """A model's key ``attention_width`` or ``width`` is the width of attention; :meth:`apply` checks the others."""
        width = getattr(model, "attention_width", getattr(model, "width", None))
        if width is not None and 2 * settings.rank >= width:
            raise ValueError(too_high(settings.rank, width))

    def apply(self, network: Network, settings: LowRankBlock, seed: int) -> Network:
        """The network, changed in place; raises :class:`Fault` for a rank that is too high for a projection."""
        import torch

        from wattshed.forecast.networks.thin import fresh

        thin: dict[str, Any] = {}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for name in network.memory_parts().projections:
                layer: Any = network.get_submodule(name)
                width = min(layer.weight.shape)
                if 2 * settings.rank >= width:
                    raise Fault(f"{name} of {type(network).__name__}: {too_high(settings.rank, width)}.")
                thin[name] = fresh(layer.weight, layer.bias, settings.rank)
        for name, layer in thin.items():
            parent, _, own = name.rpartition(".")
            setattr(network.get_submodule(parent), own, layer)
        return network


def too_high(rank: int, width: int) -> str:
    """At half of the width, two thin matrices [width, rank] have as many weights as a square one."""
    most = (width - 1) // 2
    expected = f"expected at most {most}" if most else "expected a width of at least 3"
    return (
        f"low_rank's rank is {rank}, but attention is {width} wide; {expected}: from half of the width on, the two "
        "thin matrices have at least as many weights as the square one that they replace, so that nothing is saved"
    )


MECHANISM = LowRank()
