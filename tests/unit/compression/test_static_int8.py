"""Static int8: integer arithmetic with ranges from the training part."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from made_makings import making_of, random_network, short_recipe
from wattshed.compression.methods.calibration import Observed, calibrated, unrolled_maps
from wattshed.compression.methods.protocol import NotAvailable
from wattshed.compression.methods.static_int8 import METHOD, StaticInt8Settings
from wattshed.compression.methods.static_int8_layers import STEPS, StaticInt8Linear, refuse_unavailable
from wattshed.compression.methods.unrolled_gru import StackedGRU, UnrolledGRU, by_layer, maps_of
from wattshed.compression.multiply_adds import multiply_adds
from wattshed.forecast.network import Network
from wattshed.foundation.faults import Fault

SETTINGS = StaticInt8Settings(method="static_int8", pairs=512)


@pytest.fixture(autouse=True)
def _available():
    try:
        refuse_unavailable(nn.Linear(2, 2))
    except NotAvailable as reason:
        pytest.skip(f"static int8 is not available here: {reason}")


def forecast(network, making):
    with torch.no_grad():
        if network.takes == "windows":
            return network(making.forecaster.series.window(300))
        nodes = torch.arange(len(making.forecaster.series.own))
        return network(making.forecaster.series.pairs(nodes, torch.full_like(nodes, 300)))


def parts(network, kind):
    return [part for part in network.modules() if isinstance(part, kind)]


@pytest.mark.parametrize(
    "keys",
    [
        {"form": "stgnn"},
        {"form": "gru", "linear_part": True},
        {"form": "stgnn_reference"},
        {"form": "dlinear"},
    ],
)
def test_it_is_close_to_the_float_network_and_the_same_each_time(keys, task, graph):
    making = making_of(task, graph, **keys)
    made = [METHOD.make_from(making, SETTINGS).eval() for _ in range(2)]
    expected = forecast(making.network, making)
    difference = (forecast(made[0], making) - expected).abs().max() / expected.abs().max()
    assert 0 < float(difference) < 0.1
    first = int(task.origins(task.splits.test)[0])
    counts = [multiply_adds(making.of(network), first) for network in (made[0], making.network)]
    assert counts[0] == counts[1] > 0
    assert torch.equal(forecast(made[0], making), forecast(made[1], making))
    assert parts(made[0], StaticInt8Linear)
    assert not parts(made[0], nn.GRU)


def test_stored_weights_give_the_same_forecast_to_the_bit(task, graph):
    making = making_of(task, graph)
    made = METHOD.make_from(making, SETTINGS).eval()
    loaded = METHOD.skeleton(random_network(task, graph, seed=2), SETTINGS).eval()
    expected = forecast(made, making)
    assert not torch.equal(forecast(loaded, making), expected)
    loaded.load_state_dict(made.state_dict())
    assert torch.equal(forecast(loaded, making), expected)
    types = {str(value.dtype) for value in made.state_dict().values()}
    assert types == {"torch.int8", "torch.int32", "torch.float32"}


@given(seed=st.integers(0, 10_000), inputs=st.integers(1, 40), outputs=st.integers(1, 30))
@settings(max_examples=40)
def test_a_layer_computes_with_whole_numbers(seed, inputs, outputs):
    """The same sums of products of integers, computed in float64, and values beyond the range at its ends."""
    random = torch.Generator().manual_seed(seed)
    layer = nn.Linear(inputs, outputs)
    values = 3 * torch.randn(7, inputs, generator=random)
    made = StaticInt8Linear(layer, -1.0, 2.0)
    step, zero = made.input_scale.double(), made.input_zero.double()
    whole = (values.double().clamp(-zero * step, (STEPS - zero) * step) / step).round() + zero
    assert whole.min() >= 0
    assert whole.max() <= STEPS
    products = (whole - zero) @ made.weight.double().T
    expected = products * step * made.scale.double() + layer.bias.detach().double()
    found = made(values).detach().double()
    # A value between two steps may be rounded to either in float32: at most a step of one weight's column.
    one_step = float(step * made.scale.double()) * 128
    assert float((found - expected).abs().max()) <= one_step + 1e-5


def test_whole_steps_are_exact():
    """Inputs that are multiples of the step are not rounded: what is left is float32's rounding of the result."""
    layer = nn.Linear(6, 5)
    made = StaticInt8Linear(layer, -1.0, 2.0)
    step, zero = float(made.input_scale), int(made.input_zero)
    levels = torch.randint(0, STEPS + 1, (50, 6))
    found = made((levels - zero) * step)
    exact = ((levels - zero).double() @ made.weight.double().T) * step * float(made.scale)
    torch.testing.assert_close(found.double(), exact + layer.bias.double(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("value", [1e30, -1e30, float("inf")])
def test_values_beyond_the_range_take_its_ends(value):
    made = StaticInt8Linear(nn.Linear(4, 3), -1.0, 2.0)
    found = made(torch.full((2, 4), value))
    end = (STEPS - int(made.input_zero) if value > 0 else -int(made.input_zero)) * float(made.input_scale)
    assert found.isfinite().all()
    assert torch.equal(found, made(torch.full((2, 4), end)))


def test_ranges_cover_the_training_part_and_a_percentile_leaves_out_the_rarest(task, graph):
    making = making_of(task, graph, form="stgnn")

    def observed(share):
        found = calibrated(making, 512, share)["gru"]
        return found.input_map, found.state_map

    whole, narrow = observed(None), observed(0.9)
    batch = making.calibration(512)
    pairs = batch.inputs[0]
    with torch.no_grad():
        lifted = making.network.lift(pairs.own, pairs.aggregate, making.network.base(pairs))
        states, _ = making.network.gru(lifted)
    assert whole[0].high == float(lifted.max())
    assert whole[0].low == 0.0
    # The state after the last hour enters no map.
    assert whole[1].low == pytest.approx(float(states[:, :-1].min()), abs=1e-5)
    assert whole[1].high == pytest.approx(float(states[:, :-1].max()), abs=1e-5)
    for wide, tight in zip(whole, narrow, strict=True):
        assert wide.low <= tight.low <= 0 <= tight.high <= wide.high
        assert tight.high - tight.low < wide.high - wide.low
    held = ((lifted >= narrow[0].low) & (lifted <= narrow[0].high)).float().mean()
    assert float(held) >= 0.9
    scales = [
        METHOD.make_from(making, SETTINGS.model_copy(update=keys)).state_dict()["gru.input_map.input_scale"]
        for keys in ({}, {"observer": "percentile", "percentile": 90.0})
    ]
    assert scales[1] < scales[0]


def test_more_pairs_see_more_and_never_less(task, graph):
    making = making_of(task, graph, form="gru")
    few, many = (calibrated(making, pairs, None)["gru"].input_map for pairs in (16, 4200))
    assert few.high < many.high


def test_a_stream_is_calibrated_on_sequences_and_carries_its_state_on(task, graph):
    recipe = short_recipe(sampling="sequences", sequence_h=48, burn_in_h=12)
    making = making_of(task, graph, recipe=recipe, form="stgnn")
    made = METHOD.make_from(making, SETTINGS)
    origins = task.origins(task.splits.test)[:5]
    found, expected = (making.forecaster.of(one).forecast(origins) for one in (made, making.network))
    assert abs(found - expected).max() < 0.1 * abs(expected).max()


def test_a_gru_of_several_layers_is_unrolled_layer_by_layer():
    gru = nn.GRU(5, 4, num_layers=3, batch_first=True)
    made = by_layer(gru, lambda layer: UnrolledGRU(*maps_of(layer), layer.hidden_size))
    assert isinstance(made, StackedGRU)
    steps, state = torch.randn(2, 7, 5), torch.randn(3, 2, 4)
    for found, expected in zip(made(steps, state), gru(steps, state), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


class NoLinear(Network):
    """A network whose only map is not linear."""

    def __init__(self):
        super().__init__()
        self.other = nn.Conv1d(1, 1, 3)

    def linear_maps(self):
        return {"other": self.other}


def test_a_network_without_a_linear_layer_is_refused():
    with pytest.raises(Fault, match="NoLinear has no linear layer that int8 can replace"):
        unrolled_maps(NoLinear())


def test_values_that_are_not_finite_are_refused(task, graph):
    network = random_network(task, graph)
    with torch.no_grad():
        network.neighbours.weight[0] = float("nan")
    with pytest.raises(Fault, match="a value in the network is not finite on the training part"):
        METHOD.make_from(making_of(task, graph, network), SETTINGS)


def test_off_the_processor_it_says_why_it_is_not_available():
    with pytest.raises(NotAvailable, match="static int8 runs on the CPU only, and the network is on meta"):
        refuse_unavailable(nn.Linear(2, 2, device="meta"))


def test_an_engine_without_the_operator_is_named(monkeypatch):
    def lacking(self, values):
        raise RuntimeError("not implemented for this packed parameter type")

    monkeypatch.setattr(StaticInt8Linear, "forward", lacking)
    with pytest.raises(NotAvailable, match="has no static int8 with float outputs"):
        refuse_unavailable(nn.Linear(2, 2))


@pytest.mark.parametrize(
    "keys", [{"pairs": 0}, {"observer": "mean"}, {"percentile": 40.0}, {"fine_tune_steps": 3}]
)
def test_wrong_settings_are_refused(keys):
    with pytest.raises(ValueError, match=next(iter(keys))):
        StaticInt8Settings(method="static_int8", **keys)


def test_an_observer_that_saw_nothing_can_be_quantised():
    observer = Observed(nn.Linear(3, 3))
    observer.narrow(0.9)
    assert (observer.low, observer.high) == (0.0, 0.0)
    assert StaticInt8Linear(observer.layer, 0.0, 0.0)(torch.randn(2, 3)).isfinite().all()
