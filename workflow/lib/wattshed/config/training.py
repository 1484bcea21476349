"""Recipes and models as data: every technique of a training is a key."""

from typing import Literal

from pydantic import Field

from wattshed.config.block import Block


class RecipeBlock(Block):
    """How a model is trained."""

    sampling: Literal["windows", "pairs"] = Field(
        description="`windows`: one window of all nodes a step (the study); `pairs`: random (node, window) pairs."
    )
    batch: int = Field(ge=1, description="Windows or pairs per step.")
    epochs: int = Field(
        ge=1, description="Most epochs. The study runs 50; a smaller cap is reported with the results."
    )
    steps_per_epoch: int | None = Field(
        default=None, ge=1, description="Steps per epoch; empty means one pass over all windows."
    )
    learning_rate: float = Field(gt=0, lt=1, description="Peak learning rate of AdamW.")
    weight_decay: float = Field(default=0.0, ge=0, description="AdamW weight decay.")
    clip_norm: float = Field(default=1.0, gt=0, description="Largest gradient norm.")
    loss: Literal["huber", "squared"] = Field(default="huber", description="Loss on observed, scaled cells.")
    schedule: Literal["plateau", "cosine"] = Field(
        description="`plateau`: halve after 3 epochs without progress, floor 1e-6; `cosine`: warm-up, then to 0."
    )
    warm_up_steps: int = Field(default=0, ge=0, description="Linear warm-up steps of the cosine schedule.")
    patience: int = Field(default=5, ge=1, description="Stop after so many epochs without a better score.")
    scaling: Literal["panel", "node"] = Field(
        description="`panel`: one mean and deviation for all (the study); `node`: one per node."
    )
    validation_windows: int = Field(
        default=500, ge=1, description="At most so many evenly spaced validation windows score an epoch."
    )


class ModelBlock(Block):
    """A trained model: its form, its recipe and its graph."""

    form: Literal["stgnn_reference", "stgnn", "gru", "dlinear"] = Field(
        description="`stgnn_reference`: the study's network with its three dropouts; `stgnn`: own history as "
        "second channel, no dropout; `gru`: the same without a graph; `dlinear`: linear on trend and rest."
    )
    recipe: str = Field(description="Name of one of the `recipes`.")
    graph: Literal["given", "shuffled"] = Field(
        default="given",
        description="`shuffled` renames the nodes at random: the control for the graph's use.",
    )
    hidden: int = Field(default=16, ge=1, le=1024, description="Units of the graph layer and of the GRU.")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="Dropout of `stgnn_reference` alone.")
