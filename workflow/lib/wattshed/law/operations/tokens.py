"""Token-level models of the laws' own sweeps: embedding, layers, head over a vocabulary."""

from dataclasses import asdict, dataclass

from wattshed.law.operations.attention import BLOCK_TENSORS, block_parameters, head_width, transformer_blocks
from wattshed.law.operations.elementwise import ADD, elementwise, embedding
from wattshed.law.operations.forward import ForwardPass
from wattshed.law.operations.operation import Kind, Operation, expect_sizes
from wattshed.law.operations.products import linear, linear_parameters
from wattshed.law.operations.recurrences import (
    GATES,
    LAYER_TENSORS,
    known_cell,
    recurrence,
    recurrence_parameters,
)
from wattshed.law.operations.training import with_backward
from wattshed.law.operations.updates import adamw, clipping

TOKEN_FAMILIES = ("lstm", "gru", "transformer")
# Of one logit: log-softmax 5, its choice 1; backward: exp, difference, scaling.
CROSS_ENTROPY = (6, 3)


def token_loss(rows: int, vocabulary: int) -> Operation:
    """Cross entropy of ``rows`` tokens over a vocabulary."""
    return elementwise(rows * vocabulary, CROSS_ENTROPY, kind=Kind.TOKEN_LOSS, rows=rows)


@dataclass(frozen=True)
class TokenSizes:
    """Sizes of a token-level model and of its batch.

    batch: sequences; length: tokens of each; width: of the embedding and of every layer; heads, feed_forward: of a
    transformer's block, ignored by the recurrent ones; vocabulary: rows of the embedding and outputs of the head.
    """

    batch: int
    length: int
    width: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int

    def __post_init__(self) -> None:
        """Raises ValueError for a size below 1."""
        expect_sizes("the token-level model", **asdict(self))

    @property
    def rows(self) -> int:
        """Tokens of a batch."""
        return self.batch * self.length


def token_forward(family: str, sizes: TokenSizes) -> ForwardPass:
    """The forward pass of ``lstm``, ``gru`` or ``transformer`` up to its logits [batch, length, vocabulary].

    The transformer adds a learned row per place to the embedding. Raises ValueError for another family, and for heads
    that do not divide the width of a transformer.
    """
    width, layers = sizes.width, sizes.layers
    body: tuple[Operation, ...]
    if family == "transformer":
        head_width(width, sizes.heads)
        body = (
            elementwise(sizes.rows * width, ADD, inputs=2),
            *transformer_blocks(sizes.batch, sizes.length, width, sizes.heads, sizes.feed_forward, layers),
        )
        parameters = sizes.length * width + layers * block_parameters(width, sizes.feed_forward)
        tensors = 1 + layers * BLOCK_TENSORS
    elif family in GATES:
        cell = known_cell(family)
        body = recurrence(cell, sizes.batch, sizes.length, width, width, layers)
        parameters, tensors = recurrence_parameters(cell, width, width, layers), layers * LAYER_TENSORS
    else:
        raise ValueError(
            f"the token-level model: the family {family!r} is unknown; expected one of {', '.join(TOKEN_FAMILIES)}; "
            "correct the family"
        )
    vocabulary = sizes.vocabulary
    return ForwardPass(
        (
            embedding(sizes.rows, width, vocabulary),
            *body,
            linear(sizes.rows, width, vocabulary),
        ),
        parameters + vocabulary * width + linear_parameters(width, vocabulary),
        # The embedding's table, and the head's weights and bias.
        tensors + 3,
    )


def token_training_step(family: str, sizes: TokenSizes) -> tuple[Operation, ...]:
    """A whole training step: both passes, cross entropy, clipping by the norm of all gradients, and AdamW."""
    forward = token_forward(family, sizes)
    loss = token_loss(sizes.rows, sizes.vocabulary)
    return (
        *with_backward((*forward.operations, loss)),
        clipping(forward.parameters, forward.tensors),
        adamw(forward.parameters, forward.tensors),
    )
