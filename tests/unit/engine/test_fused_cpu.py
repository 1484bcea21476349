"""The fused kernel against float64, on random shapes; and that it never depends on how it is cut up.

The lift's width and the hidden size are drawn as one of a few pairs, because each of them is compiled.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernel_cases import made_case
from recurrent_oracle import oracle_forecast, oracle_loss
from wattshed.engine.cpu.compiled import CannotCompile, find_compiler
from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.cpu.fused_stream import FusedStream
from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, RecurrentWeights, Windows

try:
    find_compiler()
except CannotCompile as reason:
    pytest.skip(f"no kernel without a compiler: {reason}", allow_module_level=True)

FORWARD_TOLERANCE, GRADIENT_TOLERANCE = 1e-6, 1e-5


def doubled(weights: RecurrentWeights, additions: Additions) -> tuple[RecurrentWeights, Additions]:
    def leaf(tensor: torch.Tensor | None) -> torch.Tensor | None:
        return None if tensor is None else tensor.double().requires_grad_()

    return RecurrentWeights(*map(leaf, weights)), Additions(leaf(additions.base), leaf(additions.calendar))


def largest_share(got: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((got.double() - wanted.double()).norm() / wanted.double().norm().clamp(min=1e-30))


DROPOUTS = st.sampled_from(
    [NO_DROPOUT, Dropout(0.3, 0.3, 0.3, 77), Dropout(0.5, 0, 0.1, 5), Dropout(0, 0.4, 0, 2**31)]
)


# A case for each order of the two sizes, also where hypothesis draws none.
NARROW, WIDE, EQUAL = {"sizes": (16, 5)}, {"sizes": (9, 24)}, {"sizes": (7, 7)}
# Hidden size and the lift's width. Odd sizes leave rests in every block of the products; 8 and 16 leave none.
# Each size comes as both; the pairs are those that other tests of this file compile, and as few further ones as can be.
# A single unit is left to the stream: the terms of its gradients cancel.
PAIRS = st.sampled_from(
    [(16, 5), (9, 24), (7, 7), (16, 16), (8, 16), (7, 3), (5, 16), (16, 64), (3, 9), (24, 1), (64, 7)]
)
FIXED = {
    "seed": 11,
    "look_back_steps": 9,
    "horizon": 5,
    "samples": 40,
    "slots": 5,
    "base": True,
    "loss": "huber",
}


@settings(max_examples=25, deadline=None)
@example(**FIXED, **NARROW, dropout=Dropout(0.3, 0.3, 0.3, 77))
@example(**FIXED, **WIDE, dropout=Dropout(0.3, 0.3, 0.3, 77))
@example(**FIXED, **EQUAL, dropout=Dropout(0.3, 0.3, 0.3, 77))
@given(
    seed=st.integers(0, 2**20),
    sizes=PAIRS,
    look_back_steps=st.integers(1, 40),
    horizon=st.integers(1, 26),
    samples=st.integers(1, 300),
    slots=st.sampled_from([0, 5]),
    base=st.booleans(),
    dropout=DROPOUTS,
    loss=st.sampled_from(["huber", "squared"]),
)
def test_forecasts_and_gradients_are_those_of_float64(
    seed: int,
    sizes: tuple[int, int],
    look_back_steps: int,
    horizon: int,
    samples: int,
    slots: int,
    base: bool,
    dropout: Dropout,
    loss: str,
) -> None:
    hidden, lift = sizes
    weights, windows, additions, target, observed = made_case(
        seed, hidden, look_back_steps, horizon, samples, slots=slots, lift=lift, base=base
    )
    exact_weights, exact_additions = doubled(weights, additions)
    exact, _ = oracle_forecast(exact_weights, windows, exact_additions, dropout)
    kernel = FusedCpu(hidden, lift)

    forecast = kernel.forecast(weights, windows, additions, dropout)
    assert float((forecast - exact).abs().max()) <= FORWARD_TOLERANCE * max(1.0, float(exact.abs().max()))

    value = oracle_loss(exact, target, observed, loss)
    value.backward()
    for tensor in (*weights, additions.base, additions.calendar):
        if tensor is not None:
            tensor.requires_grad_()
    fused = kernel.loss(weights, windows, additions, target, observed, loss, dropout)
    fused.backward()
    assert float(fused) == pytest.approx(float(value), rel=2e-6, abs=1e-7)
    named = dict(zip(RecurrentWeights._fields, zip(weights, exact_weights, strict=True), strict=True))
    if base:
        named |= {"base": (additions.base, exact_additions.base)}
    if slots:
        named |= {"calendar": (additions.calendar, exact_additions.calendar)}
    scale = max(float(wanted.grad.norm()) for _, wanted in named.values())
    for name, (got, wanted) in named.items():
        # Relative to the tensor, or to the whole gradient where a tensor's own is next to nothing.
        error = float((got.grad.double() - wanted.grad).norm())
        assert error <= GRADIENT_TOLERANCE * max(float(wanted.grad.norm()), 1e-3 * scale), name


def test_the_number_of_threads_does_not_change_a_byte() -> None:
    weights, windows, additions, target, observed = made_case(3, 16, 24, 6, 2000, nodes=50)
    kernel = FusedCpu(16)
    before = torch.get_num_threads()
    seen = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            loss, gradients = kernel.learn(weights, windows, additions, target, observed, "huber", NO_DROPOUT)
            seen.append([loss.numpy().tobytes(), *(g.numpy().tobytes() for g in gradients if g is not None)])
    finally:
        torch.set_num_threads(before)
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("base", [True, False])
@pytest.mark.parametrize("slots", [0, 5])
@pytest.mark.parametrize(("hidden", "lift"), [(16, 16), (16, 5), (8, 16), (7, 3), (9, 24), (1, 64)])
def test_consecutive_windows_with_shared_gates_are_the_same_forecasts(
    hidden: int, lift: int, slots: int, base: bool
) -> None:
    weights, windows, additions, _, _ = made_case(
        4, hidden, 24, 6, 21, nodes=21, slots=slots, lift=lift, base=base
    )
    node = torch.arange(21)
    kernel = FusedCpu(hidden, lift)
    shared = kernel.forecast_consecutive(
        weights,
        Windows(windows.own, windows.aggregate, node, torch.full((21,), 3), 24, windows.slot),
        additions,
        10,
    )
    for window in range(10):
        at = Windows(windows.own, windows.aggregate, node, torch.full((21,), 3 + window), 24, windows.slot)
        single = kernel.forecast(weights, at, additions)
        assert float((shared[window] - single).abs().max()) < 1e-6
    exact_weights, exact_additions = doubled(weights, additions)
    exact = oracle_forecast(exact_weights, at, exact_additions)[0].detach()
    assert float((shared[9] - exact).abs().max()) <= FORWARD_TOLERANCE * max(1.0, float(exact.abs().max()))


@settings(max_examples=15, deadline=None)
@example(seed=1, **NARROW, hours=9, horizon=5, nodes=20, slots=5, base=True)
@example(seed=1, **WIDE, hours=9, horizon=5, nodes=20, slots=5, base=True)
@given(
    seed=st.integers(0, 2**20),
    sizes=PAIRS | st.just((1, 9)),
    hours=st.integers(1, 30),
    horizon=st.integers(1, 26),
    nodes=st.integers(1, 50),
    slots=st.sampled_from([0, 5]),
    base=st.booleans(),
)
def test_a_stream_forecasts_what_the_window_so_far_does(
    seed: int, sizes: tuple[int, int], hours: int, horizon: int, nodes: int, slots: int, base: bool
) -> None:
    hidden, lift = sizes
    weights, windows, additions, _, _ = made_case(
        seed, hidden, hours, horizon, nodes, nodes=nodes, slots=slots, lift=lift, base=base
    )
    node, start = torch.arange(nodes), torch.full((nodes,), 2)
    whole = Windows(windows.own, windows.aggregate, node, start, hours, windows.slot)
    exact_weights, exact_additions = doubled(weights, additions)
    exact, exact_state = oracle_forecast(exact_weights, whole, exact_additions, NO_DROPOUT)
    stream = FusedStream(FusedCpu(hidden, lift), weights, additions.base, torch.zeros(nodes, hidden))
    for hour in range(2, 2 + hours):
        season = None if additions.calendar is None else additions.calendar[windows.slot[hour]]
        forecast = stream.step(windows.own[:, hour], windows.aggregate[:, hour], season)
    assert float((forecast - exact).abs().max()) <= FORWARD_TOLERANCE * max(1.0, float(exact.abs().max()))
    assert float((stream.state - exact_state).abs().max()) <= FORWARD_TOLERANCE


def test_a_stream_goes_on_from_a_state() -> None:
    weights, windows, additions, _, _ = made_case(5, 16, 30, 6, 21, nodes=21)
    kernel = FusedCpu(16)
    whole = FusedStream(kernel, weights, additions.base, torch.zeros(21, 16))
    for hour in range(30):
        at_once = whole.step(windows.own[:, hour], windows.aggregate[:, hour])
        if hour == 11:
            rest = FusedStream(kernel, weights, additions.base, whole.state)
        elif hour > 11:
            carried = rest.step(windows.own[:, hour], windows.aggregate[:, hour])
    assert torch.equal(carried, at_once)


def test_what_is_no_number_stays_none() -> None:
    weights, windows, additions, target, observed = made_case(8, 16, 24, 6, 40, nodes=40)
    kernel = FusedCpu(16)
    windows.own[windows.node[3], windows.start[3] + 5] = torch.nan
    forecast = kernel.forecast(weights, windows, additions)
    exact, _ = oracle_forecast(weights, windows, additions, NO_DROPOUT)
    assert torch.equal(forecast.isnan(), exact.isnan())
    assert forecast.isnan().any()
    assert not forecast.isnan().all()
    observed[3] = True
    loss, _ = kernel.learn(weights, windows, additions, target, observed, "squared", NO_DROPOUT)
    assert loss.isnan()


def test_arrays_of_another_shape_are_refused_before_c_reads_them() -> None:
    weights, windows, additions, target, observed = made_case(9, 16, 24, 6, 21, nodes=21, slots=5)
    kernel = FusedCpu(16)
    with pytest.raises(ValueError, match=r"own has shape \(16,\); expected \(8,\)"):
        FusedCpu(8).forecast(weights, windows, additions)
    with pytest.raises(ValueError, match=r"own has shape \(16,\); expected \(5,\)"):
        FusedCpu(16, 5).forecast(weights, windows, additions)
    with pytest.raises(ValueError, match=r"input_gates has shape \(48, 16\); expected \(15, 16\)"):
        FusedCpu(5, 16).forecast(weights, windows, additions)
    with pytest.raises(ValueError, match=r"base has shape \(20, 16\); expected \(21, 16\)"):
        kernel.forecast(weights, windows, Additions(additions.base[:20], additions.calendar))
    with pytest.raises(ValueError, match="target has shape"):
        kernel.learn(weights, windows, additions, target[:20], observed, "huber", NO_DROPOUT)
    with pytest.raises(IndexError, match="slots 0 to 4 leave a calendar of 3 rows"):
        kernel.forecast(weights, windows, Additions(additions.base, additions.calendar[:3]))
    same = replace(windows, node=torch.arange(21), start=torch.full((21,), 30))
    with pytest.raises(IndexError, match="leave the series"):
        kernel.forecast_consecutive(weights, same, additions, 12)
    with pytest.raises(ValueError, match="expected one start"):
        kernel.forecast_consecutive(weights, windows, additions, 2)
    stream = FusedStream(kernel, weights, additions.base, torch.zeros(21, 16))
    with pytest.raises(ValueError, match="season has shape"):
        stream.step(windows.own[:, 0], windows.aggregate[:, 0], additions.calendar)


def test_additions_as_wide_as_the_state_are_refused_where_the_lift_is_narrower() -> None:
    weights, windows, additions, _, _ = made_case(9, 16, 24, 6, 21, nodes=21, slots=5, lift=5)
    kernel = FusedCpu(16, 5)
    wide_base, wide_calendar = torch.zeros(21, 16), torch.zeros(5, 16)
    with pytest.raises(ValueError, match=r"base has shape \(21, 16\); expected \(21, 5\)"):
        kernel.forecast(weights, windows, Additions(wide_base, additions.calendar))
    with pytest.raises(ValueError, match=r"calendar has shape \(5, 16\); expected \(5, 5\)"):
        kernel.forecast(weights, windows, Additions(additions.base, wide_calendar))
    with pytest.raises(ValueError, match=r"base has shape \(21, 16\); expected \(21, 5\)"):
        FusedStream(kernel, weights, wide_base, torch.zeros(21, 16))
    with pytest.raises(ValueError, match=r"state has shape \(21, 5\); expected \(21, 16\)"):
        FusedStream(kernel, weights, additions.base, torch.zeros(21, 5))
    stream = FusedStream(kernel, weights, additions.base, torch.zeros(21, 16))
    with pytest.raises(ValueError, match=r"season has shape \(16,\); expected \(5,\)"):
        stream.step(windows.own[:, 0], windows.aggregate[:, 0], wide_calendar[0])


def test_channels_and_units_that_are_not_read_can_be_removed() -> None:
    weights, windows, additions, _, _ = made_case(12, 16, 24, 6, 50, nodes=50, slots=5)
    channels, units = torch.arange(1, 16, 2), torch.arange(10)
    weights.input_gates[:, ::2] = 0
    weights.state_gates[:, 10:] = 0
    weights.output[:, 10:] = 0
    rows = torch.cat([units, units + 16, units + 32])
    smaller = RecurrentWeights(
        *(weights.own[channels], weights.aggregate[channels], weights.input_gates[rows][:, channels]),
        *(weights.state_gates[rows][:, units], weights.input_bias[rows], weights.state_bias[rows]),
        *(weights.output[:, units], weights.output_bias),
    )
    left = Additions(additions.base[:, channels], additions.calendar[:, channels])
    torch.testing.assert_close(
        FusedCpu(10, 8).forecast(smaller, windows, left),
        FusedCpu(16).forecast(weights, windows, additions),
        rtol=0,
        atol=FORWARD_TOLERANCE,
    )


def test_a_season_is_not_kept_for_the_next_hour() -> None:
    weights, windows, additions, _, _ = made_case(10, 16, 24, 6, 21, nodes=21, slots=5)
    streams = [FusedStream(FusedCpu(16), weights, additions.base, torch.zeros(21, 16)) for _ in range(2)]
    first, second = windows.own[:, 0], windows.own[:, 1]
    streams[0].step(first, first, additions.calendar[0])
    streams[1].step(first, first, additions.calendar[0])
    torch.testing.assert_close(
        streams[0].step(second, second), streams[1].step(second, second, torch.zeros(16))
    )


def test_nothing_observed_is_no_loss_and_no_gradient() -> None:
    weights, windows, additions, target, observed = made_case(6, 8, 5, 3, 30)
    loss, gradients = FusedCpu(8).learn(
        weights, windows, additions, target, torch.zeros_like(observed), "squared", NO_DROPOUT
    )
    assert float(loss) == 0
    assert all(float(gradient.abs().max()) == 0 for gradient in gradients if gradient is not None)


@pytest.mark.parametrize(
    ("node", "start"), [([0, 7], [0, 0]), ([-1, 0], [0, 0]), ([0, 0], [0, 41]), ([0, 0], [-1, 0])]
)
def test_a_window_outside_the_series_is_refused(node: list[int], start: list[int]) -> None:
    weights, windows, additions, _, _ = made_case(7, 8, 24, 6, 2)
    outside = Windows(windows.own, windows.aggregate, torch.tensor(node), torch.tensor(start), 24)
    with pytest.raises(IndexError, match="leave the series of 7 nodes and 64 steps"):
        FusedCpu(8).forecast(weights, outside, additions)


def test_other_precisions_and_sizes_are_refused() -> None:
    weights, windows, additions, _, _ = made_case(8, 8, 24, 6, 2)
    with pytest.raises(TypeError, match=r"w_own is torch\.float64"):
        FusedCpu(8).forecast(RecurrentWeights(*(w.double() for w in weights)), windows, additions)
    for sizes, words in [
        ((65,), "hidden is 65"),
        ((0,), "hidden is 0"),
        ((8, 65), "lift is 65"),
        ((8, 0), "lift is 0"),
    ]:
        with pytest.raises(ValueError, match=f"{words}; the kernel takes 1 to 64"):
            FusedCpu(*sizes)


def test_masks_keep_their_share() -> None:
    from wattshed.engine.masks import keep_factors

    factors = keep_factors((200, 24, 16), 0.3, 9, 1, torch.device("cpu"))
    share = float((factors > 0).float().mean())
    assert share == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / factors.numel()))
    assert float(factors.mean()) == pytest.approx(1.0, abs=0.01)
    other = keep_factors((200, 24, 16), 0.3, 10, 1, torch.device("cpu"))
    assert float(((factors > 0) == (other > 0)).float().mean()) == pytest.approx(0.58, abs=0.01)
