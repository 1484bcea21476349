"""The ``recipes`` block: how models are trained; every training technique is a key."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wattshed.config.block import Block
from wattshed.config.models.memory import MemoryBlock


class RecipeBlock(Block):
    """How a model is trained."""

    sampling: Literal["windows", "pairs", "sequences", "examples"] = Field(
        description="`windows`: one window of all nodes per step (the source study); `pairs`: random "
        "(node, window) pairs; "
        "`sequences`: random stretches of one node with a loss at every hour; such a model forecasts hour "
        "by hour and carries its state; `examples`: labelled windows of series, for a study of classes."
    )
    batch: int = Field(ge=1, description="Windows, pairs, sequences or examples per step.")
    epochs: int = Field(
        ge=1,
        description="Largest number of epochs. The source study runs 50; a smaller cap is reported with the results.",
    )
    steps_per_epoch: int | None = Field(
        default=None, ge=1, description="Steps per epoch; empty means one pass over all windows."
    )
    learning_rate: float = Field(gt=0, lt=1, description="Peak learning rate of AdamW.")
    weight_decay: float = Field(default=0.0, ge=0, description="AdamW weight decay.")
    clip_norm: float | None = Field(
        default=1.0, gt=0, description="Largest gradient norm; `null` means no clipping."
    )
    loss: Literal["huber", "squared", "cross_entropy"] = Field(
        default="huber",
        description="Loss on scaled values; only observed cells count. `cross_entropy` is the one of `examples`.",
    )
    schedule: Literal["plateau", "cosine"] = Field(
        description="`plateau`: cut the rate when epochs bring no progress; `cosine`: warm-up, then to 0."
    )
    warm_up_steps: int = Field(default=0, ge=0, description="Linear warm-up steps of the cosine schedule.")
    patience: int = Field(default=5, ge=1, description="Stop after this many epochs without a better score.")
    scaling: Literal["panel", "node"] = Field(
        description="`panel`: one mean and deviation for all (the study); `node`: one per node."
    )
    validation_windows: int = Field(
        default=500,
        ge=1,
        description="Largest number of validation windows, evenly spaced, that score an epoch.",
    )
    sequence_h: int = Field(default=168, ge=2, le=24 * 28, description="Length of a sequence [h].")
    burn_in_h: int = Field(
        default=24,
        ge=0,
        description="First hours of a sequence that do not count in the loss, because the state starts empty [h].",
    )
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        default="fp32",
        description="Arithmetic of a training step; `bf16` and `fp16` are torch's autocast. `fp16` scales its loss "
        "and needs `cuda`. Weights, validation and forecasts stay in fp32.",
    )
    accumulate: int = Field(
        default=1,
        ge=1,
        description="Batches whose gradients are summed before the weights are updated; every observed cell of them "
        "weighs the same. `steps_per_epoch` counts batches, `warm_up_steps` counts updates.",
    )
    min_delta: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the best error by which an epoch must be better to count as progress for `patience`. "
        "The best weights are kept whatever the margin.",
    )
    patience_warm_up_epochs: int = Field(
        default=0,
        ge=0,
        description="First epochs that do not count against `patience`; their best error is kept.",
    )
    plateau_factor: float = Field(
        default=0.5, gt=0, lt=1, description="Factor by which the plateau schedule multiplies the rate."
    )
    plateau_patience: int = Field(
        default=3, ge=0, description="Epochs without progress before the plateau schedule cuts the rate."
    )
    minimum_rate: float = Field(
        default=1e-6, ge=0, description="Lowest learning rate of the plateau schedule."
    )
    layer_rates: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        default_factory=dict,
        description="Factors on the learning rate by layer (`gru`) or parameter (`gru.weight_hh_l0`); the "
        "longest matching "
        "name counts, 0 freezes.",
    )
    ema_decay: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decay per step of the weights' exponential moving average, which is then validated and kept; "
        "0 takes the weights themselves.",
    )
    edge_keep_share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of edges that are drawn again for each training step (`windows` only); weights are divided "
        "by it and self loops stay.",
    )
    node_keep_share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of nodes that are drawn again for each training step and used in it (`windows` only).",
    )
    memory: MemoryBlock | None = Field(
        default=None,
        description="What a training step does to need less memory; empty means nothing.",
    )

    @model_validator(mode="after")
    def _sequences_have_losses(self) -> "RecipeBlock":
        if self.sampling == "sequences" and self.burn_in_h >= self.sequence_h:
            raise ValueError(
                f"burn_in_h is {self.burn_in_h} and sequence_h {self.sequence_h}; expected a shorter burn-in, so "
                "that hours with a loss are left"
            )
        return self

    @model_validator(mode="after")
    def _classes_have_their_loss(self) -> "RecipeBlock":
        if self.sampling == "examples" and self.loss != "cross_entropy":
            raise ValueError(
                f"loss is {self.loss!r} and sampling is 'examples', whose targets are classes; expected cross_entropy"
            )
        if self.sampling != "examples" and self.loss == "cross_entropy":
            raise ValueError(
                f"loss is 'cross_entropy', which is for classes, and sampling is {self.sampling!r}; expected huber or "
                "squared, or sampling: examples in a study of labelled windows"
            )
        return self

    @model_validator(mode="after")
    def _samples_a_graph(self) -> "RecipeBlock":
        for key in ("edge_keep_share", "node_keep_share"):
            share = getattr(self, key)
            if share < 1 and self.sampling != "windows":
                raise ValueError(
                    f"{key} is {share}, but sampling is {self.sampling!r}, which draws nodes already and aggregates "
                    "neighbours once for all steps; expected 1, or sampling: windows"
                )
        return self


def most_steps(recipe: RecipeBlock, nodes: int | None, rows: int | None) -> int | None:
    """Largest number of gradient steps of a whole training by the recipe; None if it depends on an unknown panel.

    nodes, rows: size of the panel, where it is known before it is built. One pass takes fewer steps than its cells
    allow, since look-backs and later parts are not trained on.
    """
    batches = recipe.steps_per_epoch
    if batches is None:
        if nodes is None or rows is None:
            return None
        batches = -(-rows * (1 if recipe.sampling in ("windows", "examples") else nodes) // recipe.batch)
    return recipe.epochs * -(-batches // recipe.accumulate)


# The recipe of a model that is solved in closed form: only its scaling has a meaning.
CLOSED_FORM = RecipeBlock(
    sampling="pairs", batch=1, epochs=1, learning_rate=1e-3, schedule="cosine", scaling="node"
)
