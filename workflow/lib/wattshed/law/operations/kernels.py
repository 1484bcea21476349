"""The fused kernels: one pass computes a recurrent network of one layer on windows of its series.

Shapes: M windows, T hours, L channels of the lift, D hidden units, H horizon.
"""

from wattshed.law.operations.operation import Kind, Operation, expect_sizes
from wattshed.law.operations.products import VALUE_BYTES
from wattshed.law.operations.recurrences import FLOPS, GATES

# Of hidden units, and of the lift's channels; a test holds it equal to the engine's own.
LARGEST_SIZE = 64
# Of one channel and hour. The lift: own 1, aggregate 2, base 1, calendar 1, relu 1; backward: relu 1 and the sums of
# gradients. Of one cell of the target: Huber loss and mask, and its slope.
LIFT_FLOPS, CELL_FLOPS = (6, 7), (7, 4)


def takes_network(engine: str, hidden: int, channels: int, recurrent_layers: int) -> bool:
    """Whether a kernel of this engine computes such a network; torch does if not."""
    sizes = max(hidden, channels)
    return engine in ("fused_cpu", "fused_cuda") and recurrent_layers == 1 and sizes <= LARGEST_SIZE


def fused_recurrence(windows: int, hours: int, channels: int, hidden: int, horizon: int) -> Operation:
    """A GRU of ``hidden`` units after a lift to ``channels`` channels, with a linear output.

    The forward pass is a forecast; its backward pass counts what training adds, with loss and gradients.
    """
    expect_sizes("fused_recurrence", windows=windows, hours=hours, channels=channels)
    expect_sizes("fused_recurrence", hidden=hidden, horizon=horizon)
    cells, states, output = windows * hours, hidden * windows * hours, 2 * windows * hidden * horizon
    products = 2 * GATES["gru"] * hidden * (channels + hidden) * cells
    forward, backward = FLOPS["gru"]
    weights = GATES["gru"] * hidden * (channels + hidden + 2) + hidden * horizon + horizon + 2 * channels
    # The series' hours of both channels, each window's base, and the forecasts.
    read = windows * (2 * hours + channels + horizon) + weights
    # The pass back reads and writes all states, reads target and mask, and writes the gradients.
    kept = 2 * states + windows * (2 * horizon + channels) + weights
    return Operation(
        Kind.FUSED_RECURRENCE,
        products + forward * states + LIFT_FLOPS[0] * channels * cells + output,
        VALUE_BYTES * read,
        dependent_steps=hours,
        backward_flops=2 * products
        + backward * states
        + LIFT_FLOPS[1] * channels * cells
        + 2 * output
        + sum(CELL_FLOPS) * windows * horizon,
        backward_bytes=VALUE_BYTES * kept,
    )
