"""A training step: forward pass, loss, backward pass, clipping, optimiser, and drawing the batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from wattshed.foundation.faults import Fault
from wattshed.law.operations.elementwise import elementwise, moved
from wattshed.law.operations.forward import BatchSizes, ForwardPass
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.operations.updates import adamw, clipping, weight_average

if TYPE_CHECKING:
    from wattshed.config.models.recipes import RecipeBlock

# Per cell of the target: the Huber or squared loss 4, its mask 1, two sums 2; backward: mask, slope, factor.
CELL_LOSS = (7, 4)


def backward(operation: Operation) -> Operation | None:
    """The backward pass of a forward operation; None if nothing needs its gradient."""
    if not operation.has_backward:
        return None
    return replace(
        operation,
        flops=operation.backward_flops,
        bytes_moved=operation.backward_bytes,
        direction=Direction.BACKWARD,
        backward_flops=0.0,
        backward_bytes=0.0,
    )


def with_backward(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Forward operations in their order, then the backward pass of those that have one, in the reverse order."""
    forward = tuple(operations)
    found = (backward(operation) for operation in reversed(forward))
    return (*forward, *(operation for operation in found if operation is not None))


def learned_by_kernel(operation: Operation) -> Operation:
    """The one pass of a kernel that gives loss and gradients: both directions of its forward operation."""
    return replace(
        operation,
        flops=operation.flops + operation.backward_flops,
        bytes_moved=operation.bytes_moved + operation.backward_bytes,
        direction=Direction.BACKWARD,
        backward_flops=0.0,
        backward_bytes=0.0,
    )


def training_step(forward: ForwardPass, recipe: RecipeBlock, sizes: BatchSizes) -> tuple[Operation, ...]:
    """All operations of one update of the weights, with every batch whose gradients it sums (``accumulate``).

    forward: of one batch of ``sizes``, as the recipe draws it. Raises :class:`Fault` for a network without trained
    weights, and for a recipe in half precision: laws are measured in fp32.
    """
    if recipe.precision != "fp32":
        raise Fault(
            f"the recipe's precision is {recipe.precision}, but laws of time are measured in fp32: expected fp32; "
            "measure this training in place of predicting it."
        )
    if forward.parameters < 1:
        raise Fault(
            "no training step can be counted: the network has no trained weights, as a closed form has none; expected "
            "at least one; count its fit instead."
        )
    batch = [*drawing(recipe, sizes), *_passes(forward, sizes)]
    if recipe.accumulate > 1:
        batch = [replace(one, calls=one.calls * recipe.accumulate) for one in batch]
    updates = [clipping(forward.parameters, forward.tensors), adamw(forward.parameters, forward.tensors)]
    if recipe.ema_decay:
        updates.append(weight_average(forward.parameters, forward.tensors))
    return (*batch, *updates)


def _passes(forward: ForwardPass, sizes: BatchSizes) -> tuple[Operation, ...]:
    """Forward pass, loss and backward pass of one batch."""
    if not forward.trained_by_kernel:
        return with_backward((*forward.operations, cell_loss(sizes)))
    of_kernel = [one for one in forward.operations if one.kind == Kind.FUSED_RECURRENCE]
    others = [one for one in forward.operations if one.kind != Kind.FUSED_RECURRENCE]
    found = with_backward(others)
    first = len(others)
    # The backward pass of what makes the kernel's inputs follows it.
    return (*found[:first], *(learned_by_kernel(one) for one in of_kernel), *found[first:])


def cell_loss(sizes: BatchSizes) -> Operation:
    """The mean loss over the observed cells of a batch [rows, outputs, horizon]."""
    return elementwise(target_cells(sizes), CELL_LOSS, kind=Kind.LOSS, inputs=3)


def drawing(recipe: RecipeBlock, sizes: BatchSizes) -> tuple[Operation, ...]:
    """Gathering what every network of the recipe's sampling gets: targets and their mask, and of whole windows the
    history; with a sampled graph also its edges. A network on pairs or sequences gathers its own histories."""
    values = 2 * target_cells(sizes)
    if sizes.windows:
        values += sizes.windows * sizes.nodes * sizes.length_steps
    if recipe.edge_keep_share < 1 or recipe.node_keep_share < 1:
        # A random number, a comparison and a weight for each edge of the whole graph, and two arrays of those kept.
        kept = sizes.edges if sizes.sampled_edges is None else sizes.sampled_edges
        values += 3 * sizes.edges + 2 * kept
    return (moved(values, kind=Kind.BATCH, gradient=False),)


def target_cells(sizes: BatchSizes) -> int:
    """Cells of a batch's target."""
    return sizes.forecasts * sizes.horizon_steps
