"""What the source study's network computes on whole windows, by formula.

Shapes: B windows, N nodes, K nodes of a sampled graph (else N), W look-back, C channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.law.operations.elementwise import ADD, DROPOUT, MULTIPLY, RELU, elementwise, moved
from wattshed.law.operations.forward import BatchSizes, ForwardPass
from wattshed.law.operations.operation import Operation
from wattshed.law.operations.products import graph_aggregation, linear, linear_parameters
from wattshed.law.operations.recurrences import LAYER_TENSORS, recurrence, recurrence_parameters

if TYPE_CHECKING:
    from wattshed.forecast.families.stgnn_reference import Settings


def count_reference(settings: Settings, sizes: BatchSizes) -> ForwardPass:
    """One forward pass: graph layers on all nodes, the last one's rows, the GRU and the output on the sampled ones.

    Raises ValueError for sizes of pairs: it takes whole windows.
    """
    if not sizes.windows:
        raise ValueError(
            "the batch: windows is 0, but stgnn_reference takes whole windows; expected at least 1; sample windows"
        )
    channels = settings.hidden if settings.channels is None else settings.channels
    hidden, layers = settings.hidden, settings.recurrent_layers
    state_share = settings.dropout if settings.state_dropout is None else settings.state_dropout
    output_share = settings.dropout if settings.output_dropout else 0.0
    cells = sizes.rows * sizes.horizon_steps
    operations = (
        *_graph_layers(settings, sizes, channels),
        *recurrence("gru", sizes.rows, sizes.length_steps, channels, hidden, layers, dropout=state_share > 0),
        *_dropout(sizes.rows * hidden, state_share),
        linear(sizes.rows, hidden, sizes.horizon_steps),
        *_dropout(cells, output_share),
    )
    parameters = (
        2 * channels
        + (settings.graph_layers - 1) * linear_parameters(channels, channels)
        + recurrence_parameters("gru", channels, hidden, layers)
        + linear_parameters(hidden, sizes.horizon_steps)
    )
    return ForwardPass(operations, parameters, 2 * settings.graph_layers + LAYER_TENSORS * layers + 2)


def _graph_layers(settings: Settings, sizes: BatchSizes, channels: int) -> tuple[Operation, ...]:
    """Each layer lifts all nodes and adds up neighbours. Only the last one takes rows of a sampled graph; those before
    it then take the whole graph."""
    share = settings.dropout if settings.graph_dropout is None else settings.graph_dropout
    cells, sampled = sizes.windows * sizes.length_steps, sizes.rows // sizes.windows
    edges = sizes.edges if sizes.sampled_edges is None else sizes.sampled_edges
    found: list[Operation] = []
    for number in range(1, settings.graph_layers + 1):
        last = number == settings.graph_layers
        rows = sampled if last else sizes.nodes
        kept = edges if last or sampled == sizes.nodes else sizes.edges
        values = rows * cells * channels
        if number == 1 and settings.aggregate == "precomputed":
            # Histories and a column of ones; the lift is then that of sums.
            found += [
                moved(sizes.nodes * (cells + 1), gradient=False),
                graph_aggregation(kept, rows, cells + 1, sources=sizes.nodes, gradient=False),
                elementwise(values, MULTIPLY),
                elementwise(values, ADD, inputs=2),
            ]
        else:
            inputs = 1 if number == 1 else channels
            found += [
                linear(sizes.nodes * cells, inputs, channels, input_gradient=number > 1),
                graph_aggregation(kept, rows, cells * channels, sources=sizes.nodes),
            ]
        found += [elementwise(values, RELU), *_dropout(values, share)]
    return tuple(found)


def _dropout(values: int, share: float) -> list[Operation]:
    return [elementwise(values, DROPOUT)] if share else []
