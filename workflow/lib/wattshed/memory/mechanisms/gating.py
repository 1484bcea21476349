"""Dynamic gating: residual blocks that are skipped for examples that do not need them, within a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.memory import MechanismBlock
from wattshed.forecast.families.family import Offer
from wattshed.memory.mechanisms.protocol import Mechanism

if TYPE_CHECKING:
    from torch import Tensor

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network


class GatingBlock(MechanismBlock):
    kind: Literal["gating"] = Field(
        description="A gate in each residual block decides for each example whether the block is executed. Training "
        "computes all examples; forecasts compute only the executed ones."
    )
    skip_share: float = Field(
        default=0.3, gt=0, lt=1, description="Share of the examples for which each block is skipped."
    )
    budget_weight: float = Field(
        default=1.0,
        gt=0,
        description="Weight in the loss of the squared distance of the executed share from 1 - skip_share, the mean "
        "over blocks.",
    )
    temperature: float = Field(
        default=1.0,
        gt=0,
        description="Of the sigmoid whose slope the gate learns from; a small one learns only from examples near the "
        "threshold.",
    )
    warm_up_steps: int = Field(
        default=0,
        ge=0,
        description="First batches in which all blocks are executed; gates learn the budget meanwhile.",
    )
    decisions: Literal["learned", "random", "always", "never"] = Field(
        default="learned",
        description="`learned`; `random`, `always` and `never` are controls: blocks skipped by chance for the same "
        "share of examples, never skipped, and always skipped.",
    )


class Gating(Mechanism):
    Settings = GatingBlock
    asks = frozenset({Offer.SKIPPABLE_BLOCKS})
    source_name = "dynamic gating"
    gradients = "other"
    changes_weights = True
    # Skipped rows save memory and time in forecasts; a training step computes all of them and adds the product.

    def check(
        self,
        settings: GatingBlock,
        recipe: RecipeBlock,
        model: ModelBlock,
        windows: WindowsBlock,
        others: frozenset[str],
    ) -> None:
        """Raises :class:`ValueError` for a warm-up that a training of known length does not outlast."""
        steps = getattr(recipe, "steps_per_epoch", None)
        most = None if steps is None else steps * recipe.epochs
        if most is not None and settings.warm_up_steps >= most:
            raise ValueError(
                f"gating's warm_up_steps is {settings.warm_up_steps}, but the recipe has {most} steps in all; expected "
                "fewer, so that the network learns with skipped blocks"
            )

    def apply(self, network: Network, settings: GatingBlock, seed: int) -> Network:
        """The network with a gate in each skippable block, changed in place; applied twice, it acts once."""
        from wattshed.memory.gated import gates_of, insert_gates

        if not gates_of(network):
            insert_gates(
                network,
                network.memory_parts().skippable,
                seed,
                skip_share=settings.skip_share,
                temperature=settings.temperature,
                warm_up_steps=settings.warm_up_steps,
                decisions=settings.decisions,
            )
        return network

    def penalty(self, network: Network, settings: GatingBlock) -> Tensor | None:
        """The budget of all gates that have decided since the last call."""
        from wattshed.memory.gated import gates_of

        found = [gate.budget_penalty() for gate in gates_of(network).values()]
        terms = [term for term in found if term is not None]
        if not terms:
            return None
        weighted: Tensor = settings.budget_weight * sum(terms[1:], terms[0]) / len(terms)
        return weighted


MECHANISM = Gating()
