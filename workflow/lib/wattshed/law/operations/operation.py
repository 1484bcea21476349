"""One operation of a training step: what it computes and what it moves."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an operation computes; each kind has one law of time in a device profile."""

    QKV = "qkv"
    SCORES = "scores"
    SOFTMAX = "softmax"
    ATTENTION_OUTPUT = "attention_output"
    OUTPUT_PROJECTION = "output_projection"
    FEED_FORWARD = "feed_forward"
    LSTM_INPUT_GATES = "lstm_input_gates"
    LSTM_HIDDEN_GATES = "lstm_hidden_gates"
    LSTM_ELEMENTWISE = "lstm_elementwise"
    GRU_INPUT_GATES = "gru_input_gates"
    GRU_HIDDEN_GATES = "gru_hidden_gates"
    GRU_ELEMENTWISE = "gru_elementwise"
    # A whole recurrent network in one of our kernels: FORWARD is a forecast; BACKWARD is the one pass that gives loss
    # and gradients, with its own forward pass counted in it.
    FUSED_RECURRENCE = "fused_recurrence"
    GRAPH_AGGREGATION = "graph_aggregation"
    LINEAR = "linear"
    CONVOLUTION = "convolution"
    NORMALISATION = "normalisation"
    ELEMENTWISE = "elementwise"
    EMBEDDING = "embedding"
    # A sliding mean.
    POOLING = "pooling"
    # Of the observed cells of a target, and of the logits of tokens.
    LOSS = "loss"
    TOKEN_LOSS = "token_loss"
    # Drawing a batch: targets with their mask, and the histories that a network gathers.
    BATCH = "batch"
    HISTORIES = "histories"
    CLIPPING = "clipping"
    OPTIMISER = "optimiser"
    # A fit in closed form: sums of squares and products, and solving them.
    CLOSED_FORM = "closed_form"


class Direction(StrEnum):
    FORWARD = "forward"
    BACKWARD = "backward"
    UPDATE = "update"


@dataclass(frozen=True)
class Operation:
    """One operation of a step, counted for one call.

    flops: floating-point operations of one call, a multiply-add as two; bytes_moved: each input read once and each
    output written once [bytes]. calls: how often the step calls it, such as once per layer. dependent_steps: steps
    inside a call that wait for one another, such as the hours of a recurrence; 1 if there are none. rows, inner,
    columns: sizes of a matrix product [rows, inner] x [inner, columns], of which a call computes ``products``; 0 for
    operations that are none. Of an operation on each row of an array: its rows, 1, and the values of a row. tensors:
    what a call goes through one by one, such as an optimiser's parameters. backward_flops, backward_bytes: of the
    backward pass of one forward call; both 0 if nothing needs its gradient. An operation that only moves values counts
    one operation for each of them, so that no law divides by zero.
    """

    kind: Kind
    flops: float
    bytes_moved: float
    direction: Direction = Direction.FORWARD
    calls: int = 1
    dependent_steps: int = 1
    rows: int = 0
    inner: int = 0
    columns: int = 0
    products: int = 1
    tensors: int = 0
    backward_flops: float = 0.0
    backward_bytes: float = 0.0

    @property
    def has_backward(self) -> bool:
        """Whether a training step has a backward pass of it."""
        return self.backward_flops > 0 or self.backward_bytes > 0

    @property
    def step_flops(self) -> float:
        """FLOPs of all calls of a step."""
        return self.flops * self.calls

    @property
    def step_bytes(self) -> float:
        """Bytes that all calls of a step move."""
        return self.bytes_moved * self.calls


def expect_sizes(what: str, *, least: int = 1, **sizes: float) -> None:
    """Raises ValueError for the first of the sizes that is not a whole number or is below ``least``."""
    for name, size in sizes.items():
        if isinstance(size, bool) or size != size or size < least or size % 1:
            raise ValueError(
                f"{what}: {name} is {size}; expected a whole number of at least {least}; correct this size"
            )
