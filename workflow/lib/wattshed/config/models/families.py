"""The ``models`` block: what every family's block shares."""

from typing import Literal

from pydantic import Field, model_validator

from wattshed.config.block import Block


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
    output_dropout: bool = Field(
        default=True,
        description="`stgnn_reference` alone: whether dropout acts on the output too, as in the study. It pulls "
        "forecasts to 1 - dropout of what they should be; no other form has it.",
    )
    own_history: bool = Field(
        default=True,
        description="`stgnn` alone: whether a node's own history is a channel beside its neighbours' aggregate.",
    )

    linear_part: bool = Field(
        default=False,
        description="`stgnn` and `gru`: whether a linear part, solved in closed form, forecasts first, and the network "
        "learns what it leaves.",
    )
    calendar: bool = Field(
        default=False, description="`stgnn` and `gru`: whether the network knows hour of day and weekday."
    )
    node_table: bool = Field(
        default=False,
        description="`stgnn` and `gru`: whether the network learns a row of its own for every node.",
    )

    @model_validator(mode="after")
    def _parts_fit_the_form(self) -> "ModelBlock":
        for key in ("linear_part", "calendar", "node_table"):
            if getattr(self, key) and self.form not in ("stgnn", "gru"):
                raise ValueError(f"{key} is true, which the form {self.form} has not; expected stgnn or gru")
        return self

    @model_validator(mode="after")
    def _sees_something(self) -> "ModelBlock":
        if not self.own_history and self.form != "stgnn":
            raise ValueError(
                f"own_history is false, but only the form stgnn has both channels; expected true for {self.form}"
            )
        return self
