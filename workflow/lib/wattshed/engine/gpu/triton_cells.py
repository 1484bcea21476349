"""Parts of the fused model's Triton kernels: gates, lift, dropout and the calendar's table.

Imported late, because it needs Triton. Sizes: HIDDEN and LIFT are the model's, PAD and PAD_LIFT the powers of two
that hold them, BLOCK the samples of one program; units count to PAD, channels to PAD_LIFT. Weight matrices are
transposed to [in, out].
"""

import triton
import triton.language as tl


@triton.jit
def sigmoid(x: tl.tensor) -> tl.tensor:
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
def tanh(x: tl.tensor) -> tl.tensor:
    return 2.0 * sigmoid(2.0 * x) - 1.0


@triton.jit
def drop(counter: tl.tensor, key: tl.tensor, least: tl.tensor, scale: tl.tensor) -> tl.tensor:
    """Dropout's factor of each counter: 0, or ``scale`` where the hashed counter reaches ``least``."""
    x = (counter * 0x85EBCA6B) ^ key
    x = (x ^ (x >> 16)) * 0x7FEB352D
    x = (x ^ (x >> 15)) * 0x846CA68B
    x = x ^ (x >> 16)
    return tl.where(x >= least, scale, 0.0)


@triton.jit
def vector(pointer: tl.tensor, units: tl.tensor, size: tl.constexpr) -> tl.tensor:
    return tl.load(pointer + units, mask=units < size, other=0.0)


@triton.jit
def gate_weight(
    weight: tl.tensor,
    gate: tl.constexpr,
    inputs: tl.tensor,
    units: tl.tensor,
    WIDTH: tl.constexpr,
    HIDDEN: tl.constexpr,
) -> tl.tensor:
    """One gate's matrix, transposed: [in, out]; inputs count to the padded WIDTH, the number of its columns."""
    inside = (inputs < WIDTH)[:, None] & (units < HIDDEN)[None, :]
    place = weight + (gate * HIDDEN + units[None, :]) * WIDTH + inputs[:, None]
    return tl.load(place, mask=inside, other=0.0)


@triton.jit
def put_gate_weight(
    place: tl.tensor,
    gradient: tl.tensor,
    gate: tl.constexpr,
    inputs: tl.tensor,
    units: tl.tensor,
    WIDTH: tl.constexpr,
    HIDDEN: tl.constexpr,
) -> None:
    """Write the gradient [in, out] of one gate's matrix as :func:`gate_weight` reads it."""
    inside = (inputs < WIDTH)[:, None] & (units < HIDDEN)[None, :]
    tl.store(place + (gate * HIDDEN + units[None, :]) * WIDTH + inputs[:, None], gradient, mask=inside)


@triton.jit
def read_matrices(
    weight_ih: tl.tensor,
    weight_hh: tl.tensor,
    channels: tl.tensor,
    units: tl.tensor,
    LIFT: tl.constexpr,
    HIDDEN: tl.constexpr,
) -> tl.tuple:
    """The cell's input and then hidden matrices, each of the gates r, z, n."""
    return (
        gate_weight(weight_ih, 0, channels, units, LIFT, HIDDEN),
        gate_weight(weight_ih, 1, channels, units, LIFT, HIDDEN),
        gate_weight(weight_ih, 2, channels, units, LIFT, HIDDEN),
        gate_weight(weight_hh, 0, units, units, HIDDEN, HIDDEN),
        gate_weight(weight_hh, 1, units, units, HIDDEN, HIDDEN),
        gate_weight(weight_hh, 2, units, units, HIDDEN, HIDDEN),
    )


@triton.jit
def read_biases(bias_ih: tl.tensor, bias_hh: tl.tensor, units: tl.tensor, HIDDEN: tl.constexpr) -> tl.tuple:
    """The cell's biases [1, PAD]: of r and of z in sum, of n's input part, of n's hidden part."""
    return (
        (vector(bias_ih, units, HIDDEN) + vector(bias_hh, units, HIDDEN))[None, :],
        (vector(bias_ih + HIDDEN, units, HIDDEN) + vector(bias_hh + HIDDEN, units, HIDDEN))[None, :],
        vector(bias_ih + 2 * HIDDEN, units, HIDDEN)[None, :],
        vector(bias_hh + 2 * HIDDEN, units, HIDDEN)[None, :],
    )


@triton.jit
def gates(
    u: tl.tensor, h: tl.tensor, matrices: tl.tuple, biases: tl.tuple, PRECISION: tl.constexpr
) -> tl.tuple:
    """Reset, update and new gate, and the new gate's hidden part q (before the reset)."""
    ir, iz, ig, hr, hz, hg = matrices
    br, bz, big, bhg = biases
    r = sigmoid(tl.dot(u, ir, input_precision=PRECISION) + tl.dot(h, hr, input_precision=PRECISION) + br)
    z = sigmoid(tl.dot(u, iz, input_precision=PRECISION) + tl.dot(h, hz, input_precision=PRECISION) + bz)
    q = tl.dot(h, hg, input_precision=PRECISION) + bhg
    n = tanh(tl.dot(u, ig, input_precision=PRECISION) + big + r * q)
    return r, z, n, q


@triton.jit
def lift(
    x: tl.tensor,
    a: tl.tensor,
    hour: tl.tensor,
    alive: tl.tensor,
    channels: tl.tensor,
    w_own: tl.tensor,
    w_agg: tl.tensor,
    base: tl.tensor,
    calendar: tl.tensor,
    slot: tl.tensor,
    LIFT: tl.constexpr,
    CALENDAR: tl.constexpr,
) -> tl.tensor:
    """The graph layer before its ReLU [BLOCK, PAD_LIFT]; hour: of each sample's step [BLOCK]."""
    lifted = x[:, None] * w_own[None, :] + a[:, None] * w_agg[None, :] + base
    if CALENDAR:
        row = tl.load(slot + hour, mask=alive, other=0)
        wide = alive[:, None] & (channels < LIFT)[None, :]
        lifted += tl.load(calendar + row[:, None] * LIFT + channels[None, :], mask=wide, other=0.0)
    return lifted


@triton.jit
def add_to_table(
    table: tl.tensor,
    slot: tl.tensor,
    hour: tl.tensor,
    alive: tl.tensor,
    channels: tl.tensor,
    gradient: tl.tensor,
    LIFT: tl.constexpr,
    BLOCK: tl.constexpr,
) -> None:
    """Add [BLOCK, PAD_LIFT] to the rows of the program's own table that the samples' slots name.

    Samples of one slot are summed first and one of them writes the sum, so that no two threads write to one row.
    """
    row = tl.load(slot + hour, mask=alive, other=-1)
    same = row[:, None] == row[None, :]
    total = tl.dot(same.to(tl.float32), gradient, input_precision="ieee")
    samples = tl.arange(0, BLOCK)
    first = tl.min(tl.where(same, samples[None, :], BLOCK), axis=1) == samples
    writes = (first & alive)[:, None] & (channels < LIFT)[None, :]
    place = table + row[:, None] * LIFT + channels[None, :]
    tl.store(place, tl.load(place, mask=writes, other=0.0) + total, mask=writes)
    # The next step's writer of this row may be another thread.
    tl.debug_barrier()
