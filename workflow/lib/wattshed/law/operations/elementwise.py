"""Operations value by value: activations, additions, softmax, normalisation, embedding, gathering.

A function such as exp or tanh counts as one operation, as in the source (Mayaki, "power laws"). torch's FlopCounterMode
counts none of these.
"""

from wattshed.law.operations.operation import Kind, Operation, expect_sizes
from wattshed.law.operations.products import VALUE_BYTES

# FLOPs per value, forward and backward.
RELU = (1, 1)
ADD = (1, 1)
MULTIPLY = (1, 2)
# x / 2 * (1 + erf(x / sqrt 2)), and the slope with its Gaussian.
GELU = (5, 9)
# A random number counts 60 operations, since a generator takes tens of them; comparing it, and scaling what stays.
DROPOUT = (63, 1)
# Largest value, difference, exp, sum, quotient; backward: product, sum, difference, product.
SOFTMAX = (5, 4)
# Mean 1, variance 3, scaling 2, weight and bias 2; backward: their gradients 3 and the input's 8.
LAYER_NORM = (8, 11)


def elementwise(
    values: int,
    flops: tuple[float, float] = ADD,
    *,
    kind: Kind = Kind.ELEMENTWISE,
    inputs: int = 1,
    calls: int = 1,
    gradient: bool = True,
    rows: int = 0,
) -> Operation:
    """One operation on each of ``values`` values.

    flops: of one value, forward and backward; inputs: arrays of so many values that it reads; gradient: whether an
    input needs a gradient; rows: of an array whose rows are gone through one by one, 0 if its shape does not matter.
    The backward pass reads the output's gradient and what the forward pass kept, and writes a
    gradient for each input.
    """
    expect_sizes(str(kind), values=values, inputs=inputs, calls=calls)
    forward, backward = flops
    return Operation(
        kind,
        forward * values,
        VALUE_BYTES * values * (inputs + 1),
        calls=calls,
        rows=rows,
        inner=min(rows, 1),
        columns=values // rows if rows else 0,
        backward_flops=backward * values if gradient else 0,
        backward_bytes=VALUE_BYTES * values * (inputs + 2) if gradient else 0,
    )


def moved(values: int, *, kind: Kind = Kind.ELEMENTWISE, calls: int = 1, gradient: bool = True) -> Operation:
    """Values that are copied, gathered or concatenated; each counts as one operation."""
    expect_sizes(str(kind), values=values, calls=calls)
    both = VALUE_BYTES * 2 * values
    return Operation(
        kind,
        values,
        both,
        calls=calls,
        backward_flops=values if gradient else 0,
        backward_bytes=both if gradient else 0,
    )


def normalisation(rows: int, width: int, *, calls: int = 1) -> Operation:
    """Layer normalisation of ``rows`` rows of ``width`` values, with weight and bias."""
    expect_sizes("normalisation", rows=rows, width=width)
    return elementwise(rows * width, LAYER_NORM, kind=Kind.NORMALISATION, calls=calls, rows=rows)


def embedding(rows: int, width: int, vocabulary: int, *, calls: int = 1) -> Operation:
    """``rows`` rows of a learned table [vocabulary, width].

    Its gradient is a whole table, of which only the rows that were read are not zero.
    """
    expect_sizes("embedding", rows=rows, width=width, vocabulary=vocabulary, calls=calls)
    values = rows * width
    return Operation(
        Kind.EMBEDDING,
        values,
        VALUE_BYTES * 2 * values,
        calls=calls,
        backward_flops=values + vocabulary * width,
        backward_bytes=VALUE_BYTES * (2 * values + vocabulary * width),
    )
