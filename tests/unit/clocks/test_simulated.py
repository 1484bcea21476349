import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.config.clocks.simulated import SimulatedBlock

EXACT = SimulatedBlock(noise_cv=0, counter_quantum_s=0)


def nothing() -> None:
    return None


def test_laws_at_the_maximum_and_half_clock():
    block = SimulatedBlock(
        minimum_mhz=500, maximum_mhz=1000, step_mhz=100, p0_w=100, p1_w=200, exponent=2, compute_share=0.4,
        noise_cv=0, counter_quantum_s=0, call_s=2.0,
    )  # fmt: skip
    gpu = SimulatedClocks(block, seed=0)
    top = gpu.measure(nothing, min_s=1)
    assert (top.time_s, top.energy_j, top.applied) == pytest.approx((2.0, 600.0, 1000))
    gpu.lock(500)
    half = gpu.measure(nothing, min_s=1)
    assert half.time_s == pytest.approx(2.0 * (0.4 * 2 + 0.6))
    assert half.energy_j == pytest.approx((100 + 200 / 4) * 2.8)


@settings(max_examples=20, deadline=None)
@given(quantum_s=st.floats(0.01, 0.5), min_s=st.floats(1, 20), seed=st.integers(0, 100))
def test_counter_is_wrong_by_less_than_one_period_of_the_window(quantum_s, min_s, seed):
    block = SimulatedBlock(noise_cv=0, counter_quantum_s=quantum_s, call_s=0.03)
    reading = SimulatedClocks(block, seed).measure(nothing, min_s)
    power_w = block.p0_w + block.p1_w
    assert abs(reading.energy_j / reading.time_s / power_w - 1) <= quantum_s / min_s * 1.0001


def test_noise_has_the_configured_size_and_no_bias():
    gpu = SimulatedClocks(SimulatedBlock(noise_cv=0.05, counter_quantum_s=0, call_s=1.0), seed=3)
    times = [gpu.measure(nothing, 0.1).time_s for _ in range(4000)]
    mean = sum(times) / len(times)
    sd = (sum((t - mean) ** 2 for t in times) / len(times)) ** 0.5
    assert mean == pytest.approx(1.0, abs=0.004)
    assert sd == pytest.approx(0.05, rel=0.06)


def test_the_same_seed_gives_the_same_readings():
    first, second = (SimulatedClocks(SimulatedBlock(), seed=7) for _ in range(2))
    assert [first.measure(nothing, 1) for _ in range(3)] == [second.measure(nothing, 1) for _ in range(3)]


def test_nothing_depends_on_the_workload_or_on_this_machine():
    def fails() -> None:
        raise AssertionError("a simulated sweep runs nothing")

    assert SimulatedClocks(EXACT, seed=0).measure(fails, min_s=5).time_s == EXACT.call_s


def test_an_illegal_clock_is_refused_and_reset_returns_to_the_maximum():
    gpu = SimulatedClocks(EXACT, seed=0)
    with pytest.raises(ValueError, match="511 MHz"):
        gpu.lock(511)
    gpu.lock(510)
    gpu.reset()
    assert gpu.applied() == 1410
