"""How many weights networks of the family ``transformer`` have, from settings alone: none is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wattshed.compression.methods.protocol import feed_forward_units_before

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock

TRANSFORMER = "transformer"


def transformer_shapes(
    model: Any, earlier: Sequence[object], windows: WindowsBlock
) -> dict[str, tuple[int, int]]:
    """Shape [outputs, inputs] of each weight matrix, by a name for sentences; see ``recurrent_sizes.shapes_of``."""
    width, units = model.width, feed_forward_units_before(model, earlier)
    assert units is not None
    found = {}
    for block in range(1, model.layers + 1):
        found[f"queries, keys and values of block {block}"] = 3 * width, width
        found[f"the output of attention of block {block}"] = width, width
        found[f"the first feed-forward matrix of block {block}"] = units, width
        found[f"the second feed-forward matrix of block {block}"] = width, units
    return {**found, "the output matrix": (windows.horizon_steps, width)}


def others(model: Any, shapes: dict[str, tuple[int, int]], windows: WindowsBlock) -> tuple[int, int]:
    """Weights beside those of the matrices: those whatever the number of nodes, and those of each node.

    They are biases, norms with two weights per channel, positions, the lift of an hour, and tables.
    """
    width = model.width
    length_steps = (
        windows.look_back_steps if model.length_h is None else model.length_h * windows.steps_per_hour
    )
    biases = sum(outputs for outputs, _ in shapes.values())
    norms = 2 * width * (2 * model.layers + 1)
    tables = (24 + 7) * width if model.calendar else 0
    return biases + norms + length_steps * width + 2 * width + tables, width if model.node_table else 0
