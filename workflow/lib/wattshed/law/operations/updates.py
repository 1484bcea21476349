"""What a training step does with all weights: clipping, AdamW, and the moving average of weights."""

from wattshed.law.operations.operation import Direction, Kind, Operation, expect_sizes
from wattshed.law.operations.products import VALUE_BYTES

# Per weight. Clipping: its square and sum for the norm, and the scaling. AdamW: weight decay 2, both moments 3 + 4,
# root, division and epsilon 3, update 2. Moving average: difference, product, sum.
CLIPPING_FLOPS, ADAMW_FLOPS, AVERAGE_FLOPS = 3, 14, 3
# Values per weight that are read or written. Clipping: gradient twice, its scaled copy. AdamW: weight, gradient and
# two moments are read, all but the gradient written. Moving average: two read, one written.
CLIPPING_VALUES, ADAMW_VALUES, AVERAGE_VALUES = 3, 7, 3


def clipping(parameters: int, tensors: int) -> Operation:
    """The norm of all gradients, and their scaling to the largest allowed one."""
    return _of_weights(Kind.CLIPPING, parameters, tensors, CLIPPING_FLOPS, CLIPPING_VALUES)


def adamw(parameters: int, tensors: int) -> Operation:
    """One update of all weights by AdamW (Loshchilov and Hutter 2019). tensors: weights are updated one tensor at a
    time."""
    return _of_weights(Kind.OPTIMISER, parameters, tensors, ADAMW_FLOPS, ADAMW_VALUES)


def weight_average(parameters: int, tensors: int) -> Operation:
    """The exponential moving average of all weights."""
    return _of_weights(Kind.OPTIMISER, parameters, tensors, AVERAGE_FLOPS, AVERAGE_VALUES)


def _of_weights(kind: Kind, parameters: int, tensors: int, flops: int, values: int) -> Operation:
    expect_sizes(str(kind), parameters=parameters, tensors=tensors)
    if tensors > parameters:
        raise ValueError(
            f"{kind}: {tensors} tensors have {parameters} weights; expected at least one weight in each; correct them"
        )
    return Operation(
        kind,
        flops * parameters,
        VALUE_BYTES * values * parameters,
        direction=Direction.UPDATE,
        tensors=tensors,
    )
