"""Formulas of single operations: the source's own, and sizes that cannot be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.law.operations import attention, elementwise, fits, kernels, paper, products, recurrences
from wattshed.law.operations.forward import BatchSizes
from wattshed.law.operations.operation import Kind, Operation
from wattshed.law.operations.tokens import TokenSizes, token_forward

SIZE = st.integers(1, 4000)


@given(SIZE, SIZE, st.integers(1, 16), st.integers(1, 96))
def test_attention_has_the_sources_flops(batch, length, heads, each):
    width = heads * each
    assert attention.qkv(batch, length, width).flops == paper.qkv_flops(batch, length, width)
    assert attention.output_projection(batch, length, width).flops == paper.projection_flops(
        batch, length, width
    )
    scores = attention.scores(batch, length, width, heads).flops
    output = attention.attention_output(batch, length, width, heads).flops
    assert scores == output == paper.scores_flops(batch, length, width)
    assert output == paper.attention_output_flops(batch, length, width, heads, whole_heads=True)
    both = attention.feed_forward(batch, length, width, 3 * width)
    assert sum(one.flops for one in both) == paper.feed_forward_flops(batch, length, width, 3 * width)


@given(SIZE, SIZE, SIZE, SIZE)
def test_recurrent_layers_have_the_sources_flops(batch, hours, inputs, units):
    lstm = recurrences.recurrence("lstm", batch, hours, inputs, units)[:3]
    parts = paper.lstm_flops(batch, hours, inputs, units)
    total = (8 * batch * units**2 + 8 * batch * inputs * units + 9 * batch * units) * hours
    assert sum(one.flops for one in lstm) == sum(parts.values()) == total
    gru = recurrences.recurrence("gru", batch, hours, inputs, units)[:2]
    assert [one.flops for one in gru] == list(paper.gru_gate_flops(batch, hours, inputs, units).values())[
        ::-1
    ]
    # torch has a second bias per gate.
    assert (
        recurrences.recurrence_parameters("lstm", inputs, units)
        == paper.lstm_parameters(inputs, units) + 4 * units
    )
    assert (
        recurrences.recurrence_parameters("gru", inputs, units)
        == paper.gru_parameters(inputs, units) + 3 * units
    )


@pytest.mark.parametrize(
    ("width", "qkv", "projection", "scores"),
    [(512, 3.221e10, 1.074e10, 6.711e9), (768, 7.248e10, 2.416e10, 1.0066e10)],
    ids=["A", "B"],
)
def test_the_sources_models_a_and_b_by_layer(width, qkv, projection, scores):
    """64 sequences of 320 tokens: per layer, as corrected from what the older README prints."""
    assert paper.qkv_flops(64, 320, width) == pytest.approx(qkv, rel=5e-4)
    assert paper.projection_flops(64, 320, width) == pytest.approx(projection, rel=5e-4)
    assert paper.scores_flops(64, 320, width) == pytest.approx(scores, rel=5e-4)
    assert paper.attention_output_flops(64, 320, width) == paper.scores_flops(64, 320, width)


def test_the_released_code_loses_flops_where_heads_do_not_divide_the_width():
    whole = paper.attention_output_flops(2, 10, 512, 12, whole_heads=True)
    assert whole == 2 * 2 * 10**2 * 12 * 42
    assert paper.attention_output_flops(2, 10, 512, 12) == 2 * 2 * 10**2 * 512
    assert whole < paper.attention_output_flops(2, 10, 512, 12)


@pytest.mark.parametrize(("width", "heads"), [(10, 3), (512, 12), (4, 8)])
def test_heads_must_divide_the_width(width, heads):
    said = f"{heads} heads do not divide the width {width}; expected a divisor of it; correct heads or width"
    for refused in (
        lambda: attention.scores(2, 3, width, heads),
        lambda: attention.attention_output(2, 3, width, heads),
        lambda: token_forward("transformer", TokenSizes(2, 3, width, 1, heads, 8, 9)),
    ):
        with pytest.raises(ValueError, match=said):
            refused()
    # A recurrent model has no heads.
    assert token_forward("lstm", TokenSizes(2, 3, width, 1, heads, 8, 9)).operations


FORMULAS = {
    "qkv": (attention.qkv, 3),
    "scores": (attention.scores, 4),
    "softmax": (attention.softmax, 3),
    "attention_output": (attention.attention_output, 4),
    "output_projection": (attention.output_projection, 3),
    "feed_forward": (attention.feed_forward, 4),
    "blocks": (attention.transformer_blocks, 6),
    "lstm": (lambda *sizes: recurrences.recurrence("lstm", *sizes), 5),
    "gru_elements": (lambda *sizes: recurrences.gate_elements("gru", *sizes), 3),
    "linear": (products.linear, 3),
    "convolution": (lambda *s: products.convolution(*s[:3], s[3:4], s[4:5]), 5),
    "aggregation": (lambda *sizes: products.graph_aggregation(3, *sizes), 2),
    "elementwise": (elementwise.elementwise, 1),
    "moved": (elementwise.moved, 1),
    "normalisation": (elementwise.normalisation, 2),
    "embedding": (elementwise.embedding, 3),
    "fused": (kernels.fused_recurrence, 5),
    "gram": (fits.gram, 3),
    "solved": (fits.solved, 2),
    "inverse": (fits.inverse, 1),
    "fit": (fits.FitSizes, 5),
    "tokens": (TokenSizes, 7),
    "batch": (BatchSizes, 4),
    "paper_qkv": (paper.qkv_flops, 3),
    "paper_output": (paper.attention_output_flops, 4),
    "paper_lstm": (paper.lstm_flops, 4),
    "paper_gru": (paper.gru_gate_flops, 4),
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("wrong", [0, -2, 1.5, float("nan"), float("inf"), True])
def test_every_size_below_one_is_refused_in_one_sentence(name, wrong):
    formula, count = FORMULAS[name]
    assert formula(*[1] * count)
    for place in range(count):
        sizes = [1] * count
        sizes[place] = wrong
        with pytest.raises(
            ValueError, match=f"is {wrong}; expected a whole number of at least 1; correct"
        ) as told:
            formula(*sizes)
        assert "\n" not in str(told.value)


def test_convolutions_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="2 groups do not divide 3 input and 4 output channels"):
        products.convolution(1, 3, 4, (8,), (3,), groups=2)
    with pytest.raises(ValueError, match=r"kernel \(9,\) is longer than its padded input \(8,\)"):
        products.convolution(1, 3, 4, (8,), (9,))
    with pytest.raises(ValueError, match="length has 2 dimensions and kernel 1"):
        products.convolution(1, 3, 4, (8, 8), (3,))
    with pytest.raises(ValueError, match="length has 0 dimensions"):
        products.convolution(1, 3, 4, (), ())


def test_unknown_cells_and_families_are_refused():
    with pytest.raises(ValueError, match="'rnn' is unknown; expected lstm or gru"):
        recurrences.recurrence("rnn", 1, 1, 1, 1)
    with pytest.raises(ValueError, match="'bert' is unknown; expected one of lstm, gru, transformer"):
        token_forward("bert", TokenSizes(1, 1, 1, 1, 1, 1, 1))


def test_operations_sum_over_their_calls():
    operation = Operation(Kind.LINEAR, 10, 4, calls=3)
    assert (operation.step_flops, operation.step_bytes) == (30, 12)
    assert not operation.has_backward


@given(SIZE, SIZE, SIZE)
def test_bytes_are_those_of_both_inputs_and_the_result(rows, inner, columns):
    operation = products.linear(rows, inner, columns)
    assert operation.bytes_moved == 4 * (rows * inner + inner * columns + rows * columns)
    assert operation.backward_bytes == 2 * operation.bytes_moved


@pytest.mark.parametrize(
    ("engine", "hidden", "channels", "layers", "taken"),
    [
        ("fused_cpu", 64, 64, 1, True),
        ("fused_cuda", 1, 64, 1, True),
        ("fused_cpu", 65, 8, 1, False),
        ("fused_cpu", 8, 65, 1, False),
        ("fused_cpu", 8, 8, 2, False),
        ("torch", 8, 8, 1, False),
    ],
)
def test_kernels_take_one_layer_of_up_to_64(engine, hidden, channels, layers, taken):
    assert kernels.takes_network(engine, hidden, channels, layers) == taken
