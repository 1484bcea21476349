"""What the recurrent families compute, by formula: a lift, recurrent layers, a linear output; optionally a linear part.

A test holds the products equal to what torch counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.forecast.families.lift_count import Lift
from wattshed.forecast.families.pooled_features import linear_part_count
from wattshed.law.operations.elementwise import ADD, DROPOUT, RELU, elementwise, moved
from wattshed.law.operations.fits import FitSizes, linear_part_fit
from wattshed.law.operations.forward import BatchSizes, ForwardPass
from wattshed.law.operations.kernels import fused_recurrence, takes_network
from wattshed.law.operations.operation import Kind, Operation
from wattshed.law.operations.products import linear, linear_parameters
from wattshed.law.operations.recurrences import LAYER_TENSORS, Cell, recurrence, recurrence_parameters

if TYPE_CHECKING:
    from wattshed.forecast.families.recurrent import RecurrentBlock


def count_recurrent(
    settings: RecurrentBlock,
    sizes: BatchSizes,
    *,
    cell: Cell = "gru",
    neighbours: bool = False,
    own: bool = True,
) -> ForwardPass:
    """One forward pass. neighbours, own: channels of the lift. A kernel takes a GRU of one layer on windows."""
    channels = settings.hidden if settings.channels is None else settings.channels
    lift = Lift(channels, own, neighbours, settings.calendar, settings.node_table)
    layers = settings.recurrent_layers
    by_kernel = (
        cell == "gru"
        and sizes.outputs == 1
        and takes_network(sizes.engine, settings.hidden, channels, layers)
    )
    operations = (
        _of_kernel(settings, sizes, lift) if by_kernel else _of_torch(settings, sizes, lift, cell, layers)
    )
    if settings.linear_part:
        operations += _linear_part(sizes, uses_graph=neighbours)
    return ForwardPass(
        operations,
        lift.parameters(sizes.nodes)
        + recurrence_parameters(cell, channels, settings.hidden, layers)
        + linear_parameters(settings.hidden, sizes.horizon_steps),
        # And the weights and the bias of the output.
        lift.tensors + LAYER_TENSORS * layers + 2,
        trained_by_kernel=by_kernel,
    )


def fit_recurrent(
    settings: RecurrentBlock, sizes: FitSizes, *, neighbours: bool = False
) -> tuple[Operation, ...] | None:
    """The fit of the linear part; None without it."""
    if not settings.linear_part:
        return None
    features = linear_part_count(
        sizes.look_back_steps, sizes.horizon_steps, uses_graph=neighbours, steps_per_hour=sizes.steps_per_hour
    )
    return linear_part_fit(features, sizes)


def _of_kernel(settings: RecurrentBlock, sizes: BatchSizes, lift: Lift) -> tuple[Operation, ...]:
    kernel = fused_recurrence(
        sizes.rows, sizes.length_steps, lift.channels, settings.hidden, sizes.horizon_steps
    )
    return (*lift.additions(sizes), kernel)


def _of_torch(
    settings: RecurrentBlock, sizes: BatchSizes, lift: Lift, cell: Cell, layers: int
) -> tuple[Operation, ...]:
    """Dropouts act in training only; a look has them counted too, where they are not zero."""
    values, read = sizes.rows * sizes.length_steps * lift.channels, sizes.forecasts * settings.hidden
    between = settings.state_dropout > 0
    return (
        *lift.operations(sizes),
        elementwise(values, RELU),
        *([elementwise(values, DROPOUT)] if settings.graph_dropout else []),
        *recurrence(
            cell, sizes.rows, sizes.length_steps, lift.channels, settings.hidden, layers, dropout=between
        ),
        *([elementwise(read, DROPOUT)] if between else []),
        linear(sizes.forecasts, settings.hidden, sizes.horizon_steps),
    )


def _linear_part(sizes: BatchSizes, *, uses_graph: bool) -> tuple[Operation, ...]:
    """Gathering the features of all forecasts, their product with solved weights, and its sum with the network's."""
    look_back_steps = sizes.length_steps if sizes.look_back_steps is None else sizes.look_back_steps
    features = linear_part_count(
        look_back_steps, sizes.horizon_steps, uses_graph=uses_graph, steps_per_hour=sizes.steps_per_hour
    )
    return (
        # Each is gathered, then put beside the others.
        moved(sizes.forecasts * features, kind=Kind.HISTORIES, calls=2, gradient=False),
        linear(sizes.forecasts, features, sizes.horizon_steps, input_gradient=False, learned=False),
        elementwise(sizes.forecasts * sizes.horizon_steps, ADD, inputs=2, gradient=False),
    )
