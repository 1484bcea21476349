"""The moving average of weights, against its formula."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from wattshed.forecast.networks.reference import ReferenceSTGNN
from wattshed.training.step.averaging import WeightAverage


def one_weight(value=0.0):
    network = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.constant_(network.weight, value)
    return network


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30),
    st.floats(0.01, 0.9999),
    st.floats(-1e6, 1e6),
)
def test_it_is_the_bias_corrected_mean_of_all_weights_but_the_first(weights, decay, first):
    """Neither zeros nor the random first weights: the study's shadow kept those for 100 steps (A5)."""
    network = one_weight(first)
    average = WeightAverage(network, decay)
    for weight in weights:
        nn.init.constant_(network.weight, weight)
        average.update()
    ages = np.arange(len(weights))[::-1]
    expected = np.average(weights, weights=decay**ages)
    assert average.network.weight.item() == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert network.weight.item() == weights[-1]


def test_without_decay_it_is_the_network_itself():
    network = one_weight(2.0)
    average = WeightAverage(network, 0.0)
    average.update()
    assert average.network is network
    assert (average.updates, network.weight.item()) == (0, 2.0)


def test_a_network_with_its_graph_can_be_averaged_and_shares_it(graph):
    network = ReferenceSTGNN(3, 4, 0.3, graph.adjacency)
    average = WeightAverage(network, 0.5)
    average.update()
    assert average.network.adjacency is network.adjacency
    history = torch.randn(1, 12, 5)
    torch.testing.assert_close(average.network.eval()(history), network.eval()(history))
    with torch.no_grad():
        network.output.bias += 1
    assert not torch.equal(average.network.output.bias, network.output.bias)
