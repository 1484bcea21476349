"""Kernels of torch in random sizes: what a law of each kind is fitted to.

Widths are drawn first, then the rows that meet a target time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

import torch
from torch import Tensor, nn

from wattshed.calibration.drawing import (
    Case,
    Draw,
    Speed,
    differentiated,
    fitting,
    log_uniform,
    octave,
    values,
    width_of,
)
from wattshed.calibration.timing import Work
from wattshed.law.operations import attention, elementwise, products, recurrences, updates
from wattshed.law.operations.operation import Kind
from wattshed.law.operations.tokens import token_loss
from wattshed.law.operations.training import CELL_LOSS
from wattshed.training.step.eager_adamw import EagerAdamW
from wattshed.training.step.gradient import observed_loss


def draw_linear(random: Random, speed: Speed, target_s: float) -> Case:
    inner, columns = width_of(random, 4, 1024), width_of(random, 4, 1536)
    rows = fitting(
        target_s * speed.flop_per_s, 2 * inner * columns, high=speed.most_values // max(inner, columns)
    )
    # The first layer of a network reads data, which need no gradient.
    learned = random.random() < 0.8

    def build(device: torch.device) -> Work:
        layer = nn.Linear(inner, columns, device=device)
        read = values(rows, inner, device=device, learned=learned)
        wanted = [*layer.parameters(), *([read] if learned else [])]
        return differentiated(lambda: layer(read), wanted)

    operation = products.linear(rows, inner, columns, input_gradient=learned)
    return Case("linear", (operation,), octave(inner), build)


def _heads(random: Random, speed: Speed, target_s: float) -> tuple[int, int, int, int]:
    """batch, heads, length and width of a head."""
    heads, length, each = (
        random.choice((1, 2, 4, 8)),
        log_uniform(random, 8, 384),
        random.choice((4, 8, 16, 32, 64)),
    )
    batch = fitting(
        target_s * speed.flop_per_s,
        2 * heads * length**2 * each,
        high=max(1, speed.most_values // (heads * length * max(length, each))),
    )
    return batch, heads, length, each


def draw_scores(random: Random, speed: Speed, target_s: float) -> Case:
    batch, heads, length, each = _heads(random, speed, target_s)

    def build(device: torch.device) -> Work:
        left, right = (values(batch, heads, length, each, device=device) for _ in range(2))
        return differentiated(lambda: left @ right.transpose(-1, -2), [left, right])

    return Case("scores", (attention.scores(batch, length, heads * each, heads),), octave(length), build)


def draw_attention_output(random: Random, speed: Speed, target_s: float) -> Case:
    batch, heads, length, each = _heads(random, speed, target_s)

    def build(device: torch.device) -> Work:
        weights = values(batch, heads, length, length, device=device)
        read = values(batch, heads, length, each, device=device)
        return differentiated(lambda: weights @ read, [weights, read])

    operation = attention.attention_output(batch, length, heads * each, heads)
    return Case("attention_output", (operation,), octave(length), build)


def draw_softmax(random: Random, speed: Speed, target_s: float) -> Case:
    heads, length = random.choice((1, 2, 4, 8)), log_uniform(random, 8, 384)
    each = 4 * 4 * heads * length**2
    batch = fitting(target_s * speed.byte_per_s, each, high=max(1, speed.most_values // (heads * length**2)))

    def build(device: torch.device) -> Work:
        read = values(batch, heads, length, length, device=device)
        return differentiated(lambda: read.softmax(-1), [read])

    return Case("softmax", (attention.softmax(batch, length, heads),), octave(length), build)


# A share of recurrent layers is so many times as large, since their work space gets new pages from some size on.
LARGE, LARGE_SHARE = 16, 0.25


def _draw_recurrence(cell: recurrences.Cell) -> Draw:
    def draw(random: Random, speed: Speed, target_s: float) -> Case:
        hours = random.choice((1, 6, 12, 24, 48, 96, 168))
        units = width_of(random, 4, 384)
        # A layer above the first reads as many values as it has units.
        inputs = units if random.random() < 0.5 else width_of(random, 1, 384)
        each = 2 * recurrences.GATES[cell] * units * (inputs + units) * hours
        # Larger than other arrays: a layer's work space gets new pages at sizes that trainings have.
        most = speed.most_values // (2 * hours * max(inputs, units))
        # Of one row an hour's gates are small products: batches as trainings have them are drawn, of all sizes that
        # do not take longer than the target, or than a millisecond.
        longest_s = max(target_s, 1e-3) * (LARGE if random.random() < LARGE_SHARE else 1)
        longest = fitting(longest_s * speed.flop_per_s / 2, each, high=max(1, min(4096, most)))
        rows = log_uniform(random, 1 if random.random() < 0.1 else min(4, longest), longest)

        def build(device: torch.device) -> Work:
            make = nn.LSTM if cell == "lstm" else nn.GRU
            layer = make(inputs, units, batch_first=True, device=device)
            read = values(rows, hours, inputs, device=device)
            return differentiated(lambda: layer(read)[0], [*layer.parameters(), read])

        parts = (
            recurrences.input_gates(cell, rows, hours, inputs, units),
            recurrences.hidden_gates(cell, rows, hours, units),
            recurrences.gate_elements(cell, rows, hours, units),
        )
        return Case(cell, parts, octave(units), build)

    return draw


def draw_normalisation(random: Random, speed: Speed, target_s: float) -> Case:
    width = width_of(random, 16, 768)
    rows = fitting(target_s * speed.byte_per_s, 12 * width, high=speed.most_values // width)

    def build(device: torch.device) -> Work:
        layer, read = nn.LayerNorm(width, device=device), values(rows, width, device=device)
        return differentiated(lambda: layer(read), [*layer.parameters(), read])

    return Case("normalisation", (elementwise.normalisation(rows, width),), octave(width), build)


def draw_elementwise(random: Random, speed: Speed, target_s: float) -> Case:
    count = fitting(target_s * speed.byte_per_s, 12, 16, speed.most_values)
    name = random.choice(tuple(ELEMENTWISE))
    flops, inputs, function = ELEMENTWISE[name]
    # Alone, the backward pass of these hands on the gradient that it gets, and takes no time by its size.
    passes_on = name in ("add", "copy")

    def build(device: torch.device) -> Work:
        read = [values(count, device=device) for _ in range(inputs)]
        if passes_on:
            return Work(lambda: function(*read))
        return differentiated(lambda: function(*read), read)

    operation = elementwise.elementwise(count, flops, inputs=inputs, gradient=not passes_on)
    return Case("elementwise", (operation,), octave(count), build)


ELEMENTWISE: Mapping[str, tuple[tuple[float, float], int, Callable[..., Tensor]]] = {
    "relu": (elementwise.RELU, 1, torch.relu),
    "gelu": (elementwise.GELU, 1, nn.functional.gelu),
    "add": (elementwise.ADD, 2, torch.add),
    "multiply": (elementwise.MULTIPLY, 2, torch.mul),
    "dropout": (elementwise.DROPOUT, 1, lambda read: nn.functional.dropout(read, 0.2)),
    "copy": ((1, 1), 1, torch.clone),
}


def draw_pooling(random: Random, speed: Speed, target_s: float) -> Case:
    """Sliding means of series, as a trend is made; data need no gradient."""
    hours, kernel = random.choice((12, 24, 48, 96, 168)), random.choice((3, 7, 11, 13))
    rows = fitting(target_s * speed.byte_per_s, 40 * hours, high=speed.most_values // hours)

    def build(device: torch.device) -> Work:
        read = torch.randn(rows, 1, hours + kernel - 1, device=device)
        return Work(lambda: nn.functional.avg_pool1d(read, kernel, stride=1))

    operation = elementwise.elementwise(rows * hours, (kernel, 0), kind=Kind.POOLING, gradient=False)
    return Case("pooling", (operation,), octave(rows), build)


def draw_embedding(random: Random, speed: Speed, target_s: float) -> Case:
    vocabulary, width = width_of(random, 32, 2048), width_of(random, 8, 512)
    rows = fitting(target_s * speed.byte_per_s, 16 * width, high=speed.most_values // width)

    def build(device: torch.device) -> Work:
        table = values(vocabulary, width, device=device)
        picks = torch.randint(vocabulary, (rows,), device=device)
        return differentiated(lambda: nn.functional.embedding(picks, table), [table])

    return Case("embedding", (elementwise.embedding(rows, width, vocabulary),), octave(width), build)


def draw_token_loss(random: Random, speed: Speed, target_s: float) -> Case:
    vocabulary = width_of(random, 16, 2048)
    rows = fitting(target_s * speed.byte_per_s, 16 * vocabulary, high=speed.most_values // vocabulary)

    def build(device: torch.device) -> Work:
        logits = values(rows, vocabulary, device=device)
        picks = torch.randint(vocabulary, (rows,), device=device)
        return differentiated(lambda: nn.functional.cross_entropy(logits, picks), [logits])

    operation = token_loss(rows, vocabulary)
    return Case("token_loss", (operation,), f"tokens {octave(vocabulary)}", build)


def draw_cell_loss(random: Random, speed: Speed, target_s: float) -> Case:
    horizon = random.choice((1, 3, 6, 12, 24))
    rows = fitting(target_s * speed.byte_per_s, 64 * horizon, high=speed.most_values // horizon)

    def build(device: torch.device) -> Work:
        forecast = values(rows, horizon, device=device)
        target = torch.randn(rows, horizon, device=device)
        observed = torch.rand(rows, horizon, device=device) > 0.1
        return differentiated(lambda: observed_loss(forecast, target, observed, "huber"), [forecast])

    operation = elementwise.elementwise(rows * horizon, CELL_LOSS, kind=Kind.LOSS, inputs=3)
    return Case("cell_loss", (operation,), f"cells {octave(rows * horizon)}", build)


def _weights(random: Random, speed: Speed, target_s: float) -> tuple[int, int]:
    """How many tensors, and how many weights each has."""
    tensors = log_uniform(random, 4, 96)
    return tensors, fitting(target_s * speed.byte_per_s, 28 * tensors, 8, speed.most_values // (4 * tensors))


def _made_weights(tensors: int, each: int, device: torch.device) -> list[nn.Parameter]:
    made = [nn.Parameter(torch.randn(each, device=device)) for _ in range(tensors)]
    for weight in made:
        weight.grad = torch.randn_like(weight)
    return made


def draw_clipping(random: Random, speed: Speed, target_s: float) -> Case:
    tensors, each = _weights(random, speed, target_s)

    def build(device: torch.device) -> Work:
        made = _made_weights(tensors, each, device)
        return Work(lambda: nn.utils.clip_grad_norm_(made, 1.0))

    return Case("clipping", (updates.clipping(tensors * each, tensors),), octave(tensors), build)


def draw_optimiser(random: Random, speed: Speed, target_s: float) -> Case:
    tensors, each = _weights(random, speed, target_s)

    def build(device: torch.device) -> Work:
        # As training makes it.
        optimiser = EagerAdamW(_made_weights(tensors, each, device), lr=1e-4, weight_decay=0.01, fused=True)
        return Work(optimiser.step)

    return Case("optimiser", (updates.adamw(tensors * each, tensors),), octave(tensors), build)


def draw_convolution(random: Random, speed: Speed, target_s: float) -> Case:
    inputs, outputs, kernel = (
        log_uniform(random, 1, 128),
        log_uniform(random, 4, 128),
        random.choice((3, 5, 7)),
    )
    length = log_uniform(random, 12, 168)
    each = 2 * inputs * outputs * kernel * length
    most = speed.most_values // (length * max(inputs, outputs))
    batch = fitting(target_s * speed.flop_per_s / 2, each, high=max(1, min(4096, most)))

    def build(device: torch.device) -> Work:
        layer = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2, device=device)
        read = values(batch, inputs, length, device=device)
        return differentiated(lambda: layer(read), [*layer.parameters(), read])

    operation = products.convolution(batch, inputs, outputs, (length,), (kernel,), padding=kernel // 2)
    return Case("convolution", (operation,), octave(inputs), build)


TORCH_KERNELS: Mapping[str, Draw] = {
    "linear": draw_linear,
    "scores": draw_scores,
    "softmax": draw_softmax,
    "attention_output": draw_attention_output,
    "lstm": _draw_recurrence("lstm"),
    "gru": _draw_recurrence("gru"),
    "normalisation": draw_normalisation,
    "elementwise": draw_elementwise,
    "pooling": draw_pooling,
    "embedding": draw_embedding,
    "token_loss": draw_token_loss,
    "cell_loss": draw_cell_loss,
    "clipping": draw_clipping,
    "optimiser": draw_optimiser,
    "convolution": draw_convolution,
}
