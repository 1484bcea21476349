"""The mechanism ``accumulation``: a batch in parts, whose gradients add up to the whole batch's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.memory import MechanismBlock
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.memory.mechanisms.protocol import Mechanism

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network


class AccumulationBlock(MechanismBlock):
    kind: Literal["accumulation"] = Field(
        default="accumulation", description="Each batch is computed in parts, one after the other."
    )
    parts: int = Field(
        default=2,
        ge=2,
        le=1024,
        description="Number of parts; at most as many as the recipe's `batch`. Each weighs by its observed cells.",
    )
    statistics_of_parts: bool = Field(
        default=False,
        description="Whether a network with batch normalisation may take the statistics of each part in place of the "
        "whole batch's. Its results then differ.",
    )


class Accumulation(Mechanism):
    """The loss is the mean over the whole batch's observed cells, so that results are equal to rounding.

    Dropout draws other masks. Unlike the recipe's ``accumulate``, which makes larger steps of more batches, it leaves
    the batch, and so the training, as it is.
    """

    Settings = AccumulationBlock
    gradients = "close"

    def check(
        self,
        settings: AccumulationBlock,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:
        if settings.parts > recipe.batch:
            raise ValueError(
                f"parts is {settings.parts}, but the recipe's batch is {recipe.batch}; expected at most one part for "
                "each example"
            )
        normalises = getattr(plugins.load("family", model.form), "normalises_batches", None)
        if not settings.statistics_of_parts and normalises is not None and normalises(model):
            raise ValueError(
                f"the form {model.form} normalises over the batch, and the statistics of parts are others; expected "
                "another mechanism, or statistics_of_parts: true if that is meant"
            )

    def parts(self, settings: AccumulationBlock) -> int:
        return settings.parts

    def apply(self, network: Network, settings: AccumulationBlock, seed: int) -> Network:
        from torch.nn.modules.batchnorm import _BatchNorm

        if not settings.statistics_of_parts:
            for name, module in network.named_modules():
                if isinstance(module, _BatchNorm):
                    raise Fault(
                        f"the memory mechanism accumulation splits batches, but {name} normalises over each of them: "
                        "expected a network without batch normalisation; set statistics_of_parts: true if the "
                        "statistics of parts are meant, or leave the mechanism out."
                    )
        return network


MECHANISM = Accumulation()
