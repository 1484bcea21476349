"""Matrix products: linear layers, convolutions, and a graph's sparse aggregation."""

from math import prod

from wattshed.law.operations.operation import Kind, Operation, expect_sizes

# Of a value in single precision, in which training, validation and forecasts compute.
VALUE_BYTES = 4


def product(
    kind: Kind,
    rows: int,
    inner: int,
    columns: int,
    *,
    products: int = 1,
    calls: int = 1,
    dependent_steps: int = 1,
    gradients: int = 2,
    fewer_backward: int = 0,
) -> Operation:
    """``products`` products [rows, inner] x [inner, columns] in a call, 2 rows inner columns FLOPs each.

    gradients: how many of the two inputs need a gradient; each costs another product of the same size.
    fewer_backward: products that the backward pass leaves out, such as the gradient of a first state of zeros.
    """
    expect_sizes(str(kind), rows=rows, inner=inner, columns=columns, products=products, calls=calls)
    expect_sizes(str(kind), dependent_steps=dependent_steps)
    flops = 2 * rows * inner * columns
    moved = VALUE_BYTES * (rows * inner + inner * columns + rows * columns)
    backward = products * gradients - fewer_backward
    return Operation(
        kind,
        flops * products,
        moved * products,
        calls=calls,
        dependent_steps=dependent_steps,
        rows=rows,
        inner=inner,
        columns=columns,
        products=products,
        backward_flops=flops * backward,
        backward_bytes=moved * backward,
    )


def linear(
    rows: int,
    inputs: int,
    outputs: int,
    *,
    kind: Kind = Kind.LINEAR,
    calls: int = 1,
    input_gradient: bool = True,
    learned: bool = True,
) -> Operation:
    """A linear layer on ``rows`` rows: 2 rows inputs outputs FLOPs.

    input_gradient: whether its input needs a gradient, which data do not; learned: whether its weights are trained.
    """
    return product(kind, rows, inputs, outputs, calls=calls, gradients=int(input_gradient) + int(learned))


def linear_parameters(inputs: int, outputs: int, *, bias: bool = True) -> int:
    """Weights of a linear layer."""
    return (inputs + int(bias)) * outputs


def convolution(
    batch: int,
    inputs: int,
    outputs: int,
    length: tuple[int, ...],
    kernel: tuple[int, ...],
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
    calls: int = 1,
    input_gradient: bool = True,
) -> Operation:
    """A convolution of channels over ``length``, one entry per dimension: 2 batch out outputs (inputs / groups) kernel
    FLOPs, where ``out`` and ``kernel`` are numbers of cells.

    stride, padding, dilation: the same in all dimensions. As torch counts it, the backward pass is one product of the
    same size for the weights, and one for the input if it needs a gradient. Raises ValueError for groups that do not
    divide the channels, and for a kernel that is longer than its padded input.
    """
    expect_sizes("convolution", batch=batch, inputs=inputs, outputs=outputs, stride=stride, dilation=dilation)
    expect_sizes("convolution", groups=groups, calls=calls)
    expect_sizes("convolution", least=0, padding=padding)
    if not length or len(length) != len(kernel):
        raise ValueError(
            f"convolution: length has {len(length)} dimensions and kernel {len(kernel)}; expected one entry of "
            "both for each dimension; correct them"
        )
    for size, cells in zip(length, kernel, strict=True):
        expect_sizes("convolution", length=size, kernel=cells)
    if inputs % groups or outputs % groups:
        raise ValueError(
            f"convolution: {groups} groups do not divide {inputs} input and {outputs} output channels; expected a "
            "common divisor; correct groups"
        )
    out = [
        (size + 2 * padding - dilation * (cells - 1) - 1) // stride + 1
        for size, cells in zip(length, kernel, strict=True)
    ]
    if min(out) < 1:
        raise ValueError(
            f"convolution: the kernel {kernel} is longer than its padded input {length}; expected a shorter one; "
            "correct kernel or padding"
        )
    places, cells = prod(out), prod(kernel)
    flops = 2 * batch * places * outputs * (inputs // groups) * cells
    moved = VALUE_BYTES * (
        batch * inputs * prod(length) + outputs * (inputs // groups) * cells + batch * outputs * places
    )
    gradients = 1 + int(input_gradient)
    return Operation(
        Kind.CONVOLUTION,
        flops,
        moved,
        calls=calls,
        rows=batch * places,
        inner=(inputs // groups) * cells,
        columns=outputs // groups,
        products=groups,
        backward_flops=flops * gradients,
        backward_bytes=moved * gradients,
    )


def graph_aggregation(
    edges: int,
    nodes: int,
    channels: int,
    *,
    sources: int | None = None,
    calls: int = 1,
    gradient: bool = True,
) -> Operation:
    """Weighted sums over neighbours, a sparse product [nodes, sources] x [sources, channels]: 2 edges channels FLOPs.

    edges: entries of the adjacency, self loops too; sources: nodes that are read, None for as many as ``nodes``;
    gradient: whether the values need a gradient, which data do not; the adjacency needs none.
    """
    sources = nodes if sources is None else sources
    expect_sizes("graph_aggregation", nodes=nodes, channels=channels, sources=sources, calls=calls)
    expect_sizes("graph_aggregation", least=0, edges=edges)
    flops = 2 * edges * channels
    # Each edge has a weight and an index of 8 bytes, and each row a pointer.
    moved = VALUE_BYTES * channels * (sources + nodes) + (VALUE_BYTES + 8) * edges + 8 * (nodes + 1)
    return Operation(
        Kind.GRAPH_AGGREGATION,
        flops,
        moved,
        calls=calls,
        backward_flops=flops if gradient else 0,
        backward_bytes=moved if gradient else 0,
    )
