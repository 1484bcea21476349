"""How many weights networks of the families have that are trained, from settings alone: none is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattshed.compression.methods.protocol import channels_before, units_before
from wattshed.compression.methods.transformer_sizes import TRANSFORMER, others, transformer_shapes
from wattshed.config.models.families import ModelBlock

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock

LINEAR = "dlinear"
# Recurrent families, and how many gates their cells have.
GATES = {"gru": 3, "stgnn": 3, "stgnn_reference": 3, "lstm": 4}
# Methods after which the matrices have other shapes than those of units and channels.
REPLACING = ("low_rank", "low_rank_scratch")


@dataclass(frozen=True)
class Size:
    """fixed: weights whatever the number of nodes, without a linear part; per_node: further ones for each node;
    linear_series: series that a linear part reads, 0 without one. Each series adds the same number of weights."""

    fixed: int
    per_node: int
    linear_series: int

    def is_at_least(self, other: Size) -> bool:
        """Whether it has as many weights on every graph; False if that depends on the graph or the linear parts."""
        return (
            self.fixed >= other.fixed
            and self.per_node >= other.per_node
            and self.linear_series >= other.linear_series
        )

    def __str__(self) -> str:
        nodes = f" and {self.per_node} for each node" if self.per_node else ""
        return f"{self.fixed:,}{nodes}{' beside its linear part' if self.linear_series else ''}"


def shapes_of(
    model: ModelBlock, earlier: Sequence[object], windows: WindowsBlock
) -> dict[str, tuple[int, int]] | None:
    """Shape [outputs, inputs] of each weight matrix, by a name for sentences: those of recurrent layers and of the
    output, of dlinear's two maps, or of a transformer's blocks.

    earlier: settings of the steps before. None for a model of another family, and if a step replaced the matrices.
    """
    if _replaced(earlier):
        return None
    if model.form == LINEAR:
        shape = windows.horizon_steps, windows.look_back_steps
        return {"the trend's matrix": shape, "the remainder's matrix": shape}
    if model.form == TRANSFORMER:
        return transformer_shapes(model, earlier, windows)
    if model.form not in GATES:
        return None
    cell, rows = ("LSTM" if model.form == "lstm" else "GRU"), gates_of(model)
    units, channels = _width(model, earlier)
    layers = getattr(model, "recurrent_layers", 1)
    found = {}
    for layer in range(layers):
        place = f" of layer {layer + 1}" if layers > 1 else ""
        found[f"the {cell}'s input matrix{place}"] = rows * units, units if layer else channels
        found[f"the {cell}'s recurrent matrix{place}"] = rows * units, units
    return {**found, "the output matrix": (windows.horizon_steps, units)}


def matrices_of(model: ModelBlock, earlier: Sequence[object], windows: WindowsBlock) -> dict[str, int] | None:
    """Weights of each matrix of :func:`shapes_of`."""
    shapes = shapes_of(model, earlier, windows)
    return None if shapes is None else {name: rows * columns for name, (rows, columns) in shapes.items()}


def size_of(model: ModelBlock, earlier: Sequence[object], windows: WindowsBlock) -> Size | None:
    """The weights of a network after the earlier steps; at most these, if a step made its matrices of low rank.

    None for a model of another family.
    """
    horizon_steps = windows.horizon_steps
    shapes = [settings for settings in earlier if getattr(settings, "method", None) not in REPLACING]
    matrices = matrices_of(model, shapes, windows)
    if matrices is None:
        return None
    if model.form == LINEAR:
        return Size(sum(matrices.values()) + len(matrices) * horizon_steps, 0, 0)
    if model.form == TRANSFORMER:
        shaped = transformer_shapes(model, shapes, windows)
        fixed, per_node = others(model, shaped, windows)
        return Size(sum(matrices.values()) + fixed, per_node, 0)
    units, channels = _width(model, shapes)
    biases = 2 * gates_of(model) * units * getattr(model, "recurrent_layers", 1) + horizon_steps
    lifts = 2 * channels
    if model.form == "stgnn" and getattr(model, "own_history", True):
        lifts += channels
    lifts += (getattr(model, "graph_layers", 1) - 1) * (channels * channels + channels)
    tables = (24 + 7) * channels if getattr(model, "calendar", False) else 0
    series = 2 if model.form == "stgnn" else 1
    return Size(
        sum(matrices.values()) + biases + lifts + tables,
        channels if getattr(model, "node_table", False) else 0,
        series if getattr(model, "linear_part", False) else 0,
    )


def gates_of(model: ModelBlock) -> int:
    """Gates of the model's cells; those of a GRU for a family that is not known here."""
    return GATES.get(model.form, 3)


def _replaced(earlier: Sequence[object]) -> bool:
    return any(getattr(settings, "method", None) in REPLACING for settings in earlier)


def _width(model: ModelBlock, earlier: Sequence[object]) -> tuple[int, int]:
    """Units and channels."""
    units, channels = units_before(model, earlier), channels_before(model, earlier)
    assert units is not None
    assert channels is not None
    return units, channels
