import copy
import warnings

import pytest
import torch
from torch import nn

from made_pairs import random_pairs
from wattshed.compression.methods.int8 import METHOD, Int8Settings
from wattshed.compression.methods.int8_layers import (
    Int8GRU,
    Int8Linear,
    quantised,
    quantised_maps,
    refuse_unavailable,
)
from wattshed.compression.methods.low_rank import METHOD as LOW_RANK
from wattshed.compression.methods.low_rank import LowRankSettings
from wattshed.compression.methods.protocol import NotAvailable
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.foundation.faults import Fault

PAIRS = random_pairs()
SETTINGS = Int8Settings(method="int8")


def network():
    torch.manual_seed(0)
    return STGNN(6, 16).eval()


@pytest.fixture(autouse=True)
def _available():
    try:
        refuse_unavailable(network())
    except NotAvailable as reason:
        pytest.skip(f"dynamic int8 is not available here: {reason}")


def test_int8_is_close_to_the_full_network():
    full = network()
    with torch.no_grad():
        expected = full(PAIRS)
        difference = (METHOD.make(full, SETTINGS)(PAIRS) - expected).abs().max() / expected.abs().max()
    assert 0 < float(difference) < 0.1


@pytest.mark.parametrize("seed", range(5))
def test_the_layers_give_the_forecasts_of_torchs_own_to_the_bit(seed):
    torch.manual_seed(seed)
    full = nn.ModuleDict({"gru": nn.GRU(16, 8, batch_first=True), "output": nn.Linear(8, 6)}).eval()
    try:
        from torch.ao.quantization import quantize_dynamic
    except ImportError:
        pytest.skip("this torch no longer has quantize_dynamic")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = quantize_dynamic(copy.deepcopy(full), {"gru", "output"}, dtype=torch.qint8)
    steps = torch.randn(9, 12, 16)
    with torch.no_grad():
        states, last = Int8GRU(full["gru"])(steps)
        expected_states, expected_last = reference["gru"](steps)
        assert torch.equal(states, expected_states)
        assert torch.equal(last, expected_last)
        assert torch.equal(Int8Linear(full["output"])(last[0]), reference["output"](expected_last[0]))


def test_a_stream_carries_its_state_on():
    layer = Int8GRU(nn.GRU(4, 4, batch_first=True))
    steps = torch.randn(3, 6, 4)
    with torch.no_grad():
        _, state = layer(steps[:, :3])
        _, last = layer(steps[:, 3:], state)
        # Activations are quantised call by call, so the two ways differ a little.
        torch.testing.assert_close(last, layer(steps)[1], rtol=0, atol=0.02)


def test_weights_take_a_quarter_of_their_bytes():
    full = network()
    small = METHOD.make(full, SETTINGS).state_dict()
    assert small["gru.input_weight"].nbytes * 4 == full.gru.weight_ih_l0.nbytes
    assert {value.dtype for value in small.values()} == {torch.int8, torch.float32}
    assert METHOD.make(full, SETTINGS).parameter_count() == full.parameter_count()


def test_loaded_weights_replace_packed_ones():
    first, second = quantised(nn.Linear(4, 4)), quantised(nn.Linear(4, 4))
    values = torch.randn(2, 4)
    first(values)
    first.load_state_dict(second.state_dict())
    assert torch.equal(first(values), second(values))


def test_layers_inside_other_layers_are_quantised_too():
    thin = LOW_RANK.make(network(), LowRankSettings(method="low_rank", rank=4))
    layers = [type(layer) for layer in quantised(thin.gru).modules()]
    assert layers.count(Int8Linear) == 4
    assert nn.Linear not in layers


def test_a_gru_of_several_layers_is_quantised_layer_by_layer():
    gru = nn.GRU(6, 4, num_layers=2, batch_first=True)
    layer = quantised(gru)
    assert [type(part) for part in layer.layers] == [Int8GRU, Int8GRU]
    steps = torch.randn(3, 5, 6)
    with torch.no_grad():
        for found, expected in zip(layer(steps), gru(steps), strict=True):
            assert found.shape == expected.shape
            torch.testing.assert_close(found, expected, rtol=0, atol=0.05)


def test_a_network_of_low_rank_is_quantised_further():
    thin = LOW_RANK.make(network(), LowRankSettings(method="low_rank", rank=4)).eval()
    small = METHOD.make(thin, SETTINGS)
    with torch.no_grad():
        assert 0 < float((small(PAIRS) - thin(PAIRS)).abs().max()) < 0.1


def test_a_network_without_a_linear_layer_is_refused():
    with pytest.raises(Fault, match="Odd has no linear layer that int8 can replace"):
        quantised_maps({"other": nn.Conv1d(1, 1, 3)}, "Odd")


def test_off_the_processor_it_says_why_it_is_not_available():
    with pytest.raises(NotAvailable, match="runs on the CPU only, and the network is on meta"):
        METHOD.make(network().to("meta"), SETTINGS)


def test_without_an_engine_it_says_why_it_is_not_available(monkeypatch):
    monkeypatch.setattr(type(torch.backends.quantized), "supported_engines", ["none"])
    with pytest.raises(NotAvailable, match="no quantised engine"):
        METHOD.make(network(), SETTINGS)


def test_int8_weights_cannot_be_trained():
    with pytest.raises(ValueError, match="fine_tune_steps"):
        Int8Settings(method="int8", fine_tune_steps=5)
