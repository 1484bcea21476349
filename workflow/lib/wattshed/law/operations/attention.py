"""Attention and the blocks of a transformer. Shapes: B rows of the batch, T length, d width, h heads."""

from wattshed.law.operations.elementwise import (
    ADD,
    DROPOUT,
    GELU,
    SOFTMAX,
    elementwise,
    moved,
    normalisation,
)
from wattshed.law.operations.operation import Kind, Operation, expect_sizes
from wattshed.law.operations.products import linear, linear_parameters, product


def head_width(width: int, heads: int) -> int:
    """Width of a head. Raises ValueError for heads that do not divide the width."""
    expect_sizes("attention", width=width, heads=heads)
    if width % heads:
        raise ValueError(
            f"attention: {heads} heads do not divide the width {width}; expected a divisor of it; correct heads or "
            "width"
        )
    return width // heads


def qkv(batch: int, length: int, width: int, *, calls: int = 1) -> Operation:
    """Queries, keys and values of all heads in one linear layer: 6 B T d^2 FLOPs."""
    expect_sizes("qkv", batch=batch, length=length, width=width)
    return linear(batch * length, width, 3 * width, kind=Kind.QKV, calls=calls)


def scores(batch: int, length: int, width: int, heads: int, *, calls: int = 1) -> Operation:
    """Products of queries and keys: 2 B T^2 d FLOPs, head by head."""
    expect_sizes("scores", batch=batch, length=length)
    inner = head_width(width, heads)
    return product(Kind.SCORES, length, inner, length, products=batch * heads, calls=calls)


def softmax(batch: int, length: int, heads: int, *, calls: int = 1) -> Operation:
    """Softmax of all rows of scores [B, h, T, T]."""
    expect_sizes("softmax", batch=batch, length=length, heads=heads)
    rows = batch * heads * length
    return elementwise(rows * length, SOFTMAX, kind=Kind.SOFTMAX, calls=calls, rows=rows)


def attention_output(batch: int, length: int, width: int, heads: int, *, calls: int = 1) -> Operation:
    """Weighted sums of values: 2 B T^2 d FLOPs, head by head."""
    expect_sizes("attention_output", batch=batch, length=length)
    columns = head_width(width, heads)
    return product(Kind.ATTENTION_OUTPUT, length, length, columns, products=batch * heads, calls=calls)


def output_projection(batch: int, length: int, width: int, *, calls: int = 1) -> Operation:
    """The linear layer after attention: 2 B T d^2 FLOPs."""
    expect_sizes("output_projection", batch=batch, length=length, width=width)
    return linear(batch * length, width, width, kind=Kind.OUTPUT_PROJECTION, calls=calls)


def feed_forward(
    batch: int, length: int, width: int, inner: int, *, calls: int = 1
) -> tuple[Operation, Operation]:
    """The two linear layers of a block: 4 B T d inner FLOPs in all."""
    expect_sizes("feed_forward", batch=batch, length=length, width=width, inner=inner)
    rows = batch * length
    return (
        linear(rows, width, inner, kind=Kind.FEED_FORWARD, calls=calls),
        linear(rows, inner, width, kind=Kind.FEED_FORWARD, calls=calls),
    )


def transformer_blocks(
    batch: int,
    length: int,
    width: int,
    heads: int,
    inner: int,
    layers: int,
    *,
    dropout: bool = False,
    scales_queries: bool = False,
) -> tuple[Operation, ...]:
    """``layers`` blocks x + attention(norm(x)), x + feed_forward(norm(x)) with explicit attention and GELU.

    Each of an attention's three parts and its output is copied once, to put the heads before the hours. dropout: of
    what each half of a block adds; scales_queries: whether the queries are scaled, in place of the scores.
    """
    expect_sizes("the transformer", layers=layers)
    rows = batch * length
    scaled = rows * width if scales_queries else batch * heads * length**2
    dropped = (elementwise(rows * width, DROPOUT, calls=2 * layers),) if dropout else ()
    return (
        normalisation(rows, width, calls=2 * layers),
        qkv(batch, length, width, calls=layers),
        moved(rows * width, calls=4 * layers),
        scores(batch, length, width, heads, calls=layers),
        elementwise(scaled, ADD, calls=layers),
        softmax(batch, length, heads, calls=layers),
        attention_output(batch, length, width, heads, calls=layers),
        output_projection(batch, length, width, calls=layers),
        *feed_forward(batch, length, width, inner, calls=layers),
        elementwise(rows * inner, GELU, calls=layers),
        *dropped,
        elementwise(rows * width, ADD, inputs=2, calls=2 * layers),
    )


def block_parameters(width: int, inner: int) -> int:
    """Weights of one block."""
    attention = linear_parameters(width, 3 * width) + linear_parameters(width, width)
    forward = linear_parameters(width, inner) + linear_parameters(inner, width)
    return attention + forward + 4 * width


# Weights and biases of QKV, output projection, both layers of the feed-forward, and two normalisations.
BLOCK_TENSORS = 12
