"""Formulas give exactly the FLOPs that torch counts, in both directions, for layers and token-level models."""

import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from counted_products import both_flops, product_flops
from token_models import TokenModel
from wattshed.calibration.module_operations import operations_of_module
from wattshed.calibration.torch_counts import TOTAL, torch_flops
from wattshed.forecast.networks.reference import sparse_tensor
from wattshed.foundation.faults import Fault
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.operations.products import convolution, graph_aggregation, linear
from wattshed.law.operations.recurrences import recurrence, recurrence_parameters
from wattshed.law.operations.tokens import TOKEN_FAMILIES, TokenSizes, token_forward, token_training_step

SMALL = st.integers(1, 6)


def counted(module, *inputs):
    """Torch's totals, forward and backward."""
    forward, backward = (torch_flops(module, *inputs, backward=back)[TOTAL] for back in (False, True))
    return forward, backward


def both_ways(operations):
    """The same of the operations that were read off torch's operators."""
    return tuple(product_flops(operations, one) for one in (Direction.FORWARD, Direction.BACKWARD))


@st.composite
def token_sizes(draw):
    heads = draw(st.integers(1, 3))
    width = heads * draw(st.integers(1, 4))
    return TokenSizes(
        draw(SMALL),
        draw(SMALL),
        width,
        draw(st.integers(1, 3)),
        heads,
        draw(st.integers(1, 9)),
        draw(st.integers(2, 9)),
    )


@settings(max_examples=40)
@given(st.sampled_from(TOKEN_FAMILIES), token_sizes())
def test_token_level_models_are_counted_as_torch_counts_them(family, sizes):
    torch.manual_seed(0)
    model = TokenModel(family, sizes)
    tokens = torch.randint(sizes.vocabulary, (sizes.batch, sizes.length))
    forward = token_forward(family, sizes)
    assert both_flops(forward.operations) == counted(model, tokens)
    assert forward.parameters == sum(weight.numel() for weight in model.parameters())
    assert forward.tensors == len(list(model.parameters()))
    step = token_training_step(family, sizes)
    assert both_ways(step) == counted(model, tokens)


@given(SMALL, SMALL, SMALL, st.booleans())
def test_linear_layers(rows, inputs, outputs, input_gradient):
    values = torch.ones(rows, inputs, requires_grad=input_gradient)
    operation = linear(rows, inputs, outputs, input_gradient=input_gradient)
    assert both_flops([operation]) == counted(nn.Linear(inputs, outputs), values)


@st.composite
def convolutions(draw):
    groups = draw(st.integers(1, 3))
    kernel = draw(st.integers(1, 3))
    return {
        "batch": draw(SMALL),
        "inputs": groups * draw(st.integers(1, 3)),
        "outputs": groups * draw(st.integers(1, 3)),
        "dimensions": draw(st.integers(1, 2)),
        "length": draw(st.integers(2 * kernel, 9)),
        "kernel": kernel,
        "stride": draw(st.integers(1, 3)),
        "padding": draw(st.integers(0, 2)),
        "dilation": draw(st.integers(1, 2)),
        "groups": groups,
    }


@given(convolutions(), st.booleans())
def test_convolutions_of_one_and_two_dimensions(sizes, input_gradient):
    batch, inputs, outputs, dimensions, length, kernel = (sizes.pop(name) for name in list(sizes)[:6])
    layer = (nn.Conv1d, nn.Conv2d)[dimensions - 1](inputs, outputs, kernel, **sizes)
    values = torch.ones(batch, inputs, *[length] * dimensions, requires_grad=input_gradient)
    operation = convolution(
        batch,
        inputs,
        outputs,
        (length,) * dimensions,
        (kernel,) * dimensions,
        input_gradient=input_gradient,
        **sizes,
    )
    assert both_flops([operation]) == counted(layer, values)


def test_grouped_convolutions_count_as_the_convolutions_of_each_group():
    """torch's own formula counts their backward pass too high."""
    grouped, values = nn.Conv1d(6, 9, 3, groups=3), torch.ones(2, 6, 8, requires_grad=True)
    single = counted(nn.Conv1d(2, 3, 3), torch.ones(2, 2, 8, requires_grad=True))
    assert counted(grouped, values) == tuple(3 * one for one in single)


class Aggregation(nn.Module):
    """Weighted sums over neighbours."""

    def __init__(self, adjacency):
        super().__init__()
        self.register_buffer("adjacency", sparse_tensor(adjacency), persistent=False)

    def forward(self, values):
        return torch.sparse.mm(self.adjacency, values)


@given(st.integers(2, 6), st.integers(2, 6), SMALL, st.floats(0.1, 1), st.integers(0, 99))
def test_sparse_aggregation_counts_two_flops_per_edge_and_channel(nodes, sources, channels, share, seed):
    adjacency = sp.csr_array(sp.random(nodes, sources, share, random_state=seed, format="csr"))
    operation = graph_aggregation(adjacency.nnz, nodes, channels, sources=sources)
    values = torch.ones(sources, channels, requires_grad=True)
    assert both_flops([operation]) == counted(Aggregation(adjacency), values)
    assert operation.flops == 2 * adjacency.nnz * channels


@settings(max_examples=40)
@given(
    st.sampled_from(["lstm", "gru"]),
    SMALL,
    SMALL,
    SMALL,
    SMALL,
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
)
def test_recurrent_layers(cell, batch, hours, inputs, units, layers, input_gradient, dropout):
    """One operator of oneDNN computes a whole LSTM layer: it is counted as its products."""
    made = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
    module = made(inputs, units, layers, batch_first=True, dropout=0.5 if dropout and layers > 1 else 0.0)

    class States(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = module

        def forward(self, steps):
            return self.layers(steps)[0]

    steps = torch.ones(batch, hours, inputs, requires_grad=input_gradient)
    operations = recurrence(
        cell, batch, hours, inputs, units, layers, dropout=dropout, input_gradient=input_gradient
    )
    assert both_flops(operations) == counted(States(), steps)
    assert recurrence_parameters(cell, inputs, units, layers) == sum(
        one.numel() for one in module.parameters()
    )


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(8, 24)

    def forward(self, values):
        query, key, value = self.qkv(values).unflatten(-1, (3, 2, -1)).permute(2, 0, 3, 1, 4)
        return nn.functional.scaled_dot_product_attention(query, key, value)


def test_fused_attention_counts_its_scores_and_its_output():
    found = torch_flops(Attending(), torch.ones(3, 5, 8))
    assert found == {"aten.addmm": 6 * 15 * 8**2, "aten.bmm": 2 * 2 * 3 * 5**2 * 8, TOTAL: 6 * 15 * 64 + 2400}


MODULES = {
    "lstm": (lambda: nn.LSTM(3, 4, 2, batch_first=True), (2, 5, 3)),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d(6), nn.Flatten(), nn.Linear(54, 2)
        ),
        (2, 4, 5, 5),
    ),
    "transposed": (lambda: nn.ConvTranspose1d(4, 6, 3, groups=2, stride=2), (2, 4, 8)),
    "encoder": (lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (2, 5, 8)),
    "attention": (Attending, (3, 5, 8)),
}


@pytest.mark.parametrize("name", MODULES)
def test_operations_of_any_module_have_the_flops_that_torch_counts(name):
    make, shape = MODULES[name]
    torch.manual_seed(0)
    module, values = make(), torch.randn(*shape)
    operations = operations_of_module(module, values)
    assert both_ways(operations) == counted(module, values)
    assert min(counted(module, values)) > 0
    alone = operations_of_module(module, values, training=False)
    assert both_ways(alone) == (torch_flops(module, values)[TOTAL], 0)
    assert all(one.flops > 0 and one.bytes_moved > 0 for one in operations)


def test_operations_of_a_module_name_their_kinds_and_the_update():
    torch.manual_seed(0)
    module = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    found = operations_of_module(module, torch.randn(2, 5, 8))
    kinds = {one.kind for one in found}
    assert kinds == {
        *(
            Kind.LINEAR,
            Kind.SCORES,
            Kind.ATTENTION_OUTPUT,
            Kind.SOFTMAX,
            Kind.NORMALISATION,
            Kind.ELEMENTWISE,
        ),
        *(Kind.CLIPPING, Kind.OPTIMISER),
    }
    update = [one for one in found if one.direction == Direction.UPDATE]
    weights = list(module.parameters())
    assert [one.tensors for one in update] == [len(weights)] * 2
    assert update[1].flops == 14 * sum(weight.numel() for weight in weights)
    # Two norms, each called once in each direction.
    norms = [one for one in found if one.kind == Kind.NORMALISATION]
    assert [(one.direction, one.calls) for one in norms] == [(Direction.FORWARD, 2), (Direction.BACKWARD, 2)]


def test_views_are_no_operations():
    class Views(nn.Module):
        def forward(self, values):
            return values.reshape(4, 6).T[:, 1:].unsqueeze(0)

    assert operations_of_module(Views(), torch.ones(2, 12), training=False) == ()


def test_counting_leaves_the_module_and_the_random_numbers_as_they_were():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    values, state = torch.randn(6, 3), torch.random.get_rng_state()
    operations_of_module(module, values)
    torch_flops(module, values, backward=True)
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(weight.grad is None for weight in module.parameters())
    assert torch.backends.mkldnn.is_available() == torch._C._get_mkldnn_enabled()
    assert torch.backends.mha.get_fastpath_enabled()


class Hidden(nn.Module):
    """Calls the CPU's fused attention by name, so that it cannot be taken apart."""

    def forward(self, values):
        return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(values, values, values)[0]


def test_hidden_products_are_refused():
    for count in (torch_flops, lambda *given: operations_of_module(*given, training=False)):
        with pytest.raises(Fault, match="flash_attention_for_cpu are unknown, because it hides its products"):
            count(Hidden(), torch.ones(1, 2, 3, 4))


def test_a_module_without_trained_weights_has_no_step():
    with pytest.raises(Fault, match="no trained weights"):
        operations_of_module(nn.ReLU(), torch.ones(2))
    with pytest.raises(Fault, match="no backward pass"):
        torch_flops(nn.ReLU(), torch.ones(2), backward=True)
    assert torch_flops(nn.ReLU(), torch.ones(2)) == {TOTAL: 0}
