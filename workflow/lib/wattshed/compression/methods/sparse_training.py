"""Sparse training from scratch: most weights are zero from the first step on, and which ones changes meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.masked import (
    MaskedTraining,
    refuse_empty_matrix,
    refuse_later_steps,
    refuse_rounds,
)
from wattshed.config.models.compression import VariantBlock
from wattshed.config.models.families import ModelBlock

if TYPE_CHECKING:
    from wattshed.compression.methods.making import Making
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network


class SparseTrainingSettings(VariantBlock):
    method: Literal["sparse_training"] = Field(
        description="Sparse evolutionary training (Mocanu et al. 2018): small weights are removed and random ones grow "
        "while the base model is trained again. Shapes, bytes and speed stay."
    )
    density: float = Field(gt=0, lt=1, description="Share of each weight matrix that may differ from zero.")
    update_every: int = Field(
        default=100, ge=1, description="Gradient steps between two changes of the masks."
    )
    drop_share: float = Field(
        default=0.3,
        gt=0,
        lt=1,
        description="Share of the kept weights that the first change replaces. It falls to 0 as half a cosine over the "
        "first three quarters of the steps (Evci et al. 2020).",
    )
    control: Literal["none", "static_mask"] = Field(
        default="none",
        description="`static_mask`: the first random masks stay, and `update_every` and `drop_share` have no effect; "
        "the control for their change.",
    )

    @staticmethod
    def changing_steps(steps: int) -> int:
        """The first steps of a training, in which masks change; then the weights left settle (Evci et al. 2020)."""
        return 3 * steps // 4

    def misfit(self, steps: int) -> str | None:
        """Why a training of so many steps has no change of the masks; None if it has one, or needs none."""
        last = self.changing_steps(steps)
        if self.control == "static_mask" or self.update_every < last:
            return None
        return (
            f"update_every {self.update_every} leaves no change of the masks in the first {last} of {steps} steps: "
            f"expected less than {last}"
        )


class SparseTraining(MaskedTraining):
    Settings = SparseTrainingSettings

    def make_from(self, making: Making, settings: SparseTrainingSettings) -> Network:
        """The base model, trained sparse from its first weights. The checkpoint's own weights are not used."""
        from wattshed.compression.methods.evolving_masks import trained_sparse

        refuse_later_steps(making)
        return trained_sparse(making, settings)

    def uses_checkpoint(self, settings: SparseTrainingSettings) -> bool:
        return False

    def is_control(self, settings: SparseTrainingSettings) -> bool:
        return settings.control != "none"

    def check(self, settings: SparseTrainingSettings, model: ModelBlock, earlier: Sequence[object]) -> None:
        refuse_empty_matrix("density", settings.density, model, earlier)

    def check_sizes(
        self,
        settings: SparseTrainingSettings,
        model: ModelBlock,
        earlier: Sequence[object],
        windows: WindowsBlock,
        recipe: RecipeBlock,
    ) -> None:
        refuse_rounds(f"density {settings.density:g}", settings.density, "layer", 1, model, earlier, windows)

    def check_steps(self, settings: SparseTrainingSettings, most: int) -> None:
        if reason := settings.misfit(most):
            raise ValueError(reason)


METHOD = SparseTraining()
