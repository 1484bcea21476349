"""The simulated sensor agrees with its known true energy."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.energy.sensors.simulated import Counter, Phases, SimulatedClock, SimulatedSensor

PULSES = Phases((0, 100), (3, 250), (4.05, 0), (7, 60))


def joules(sensor):
    return sensor.read()["gpu0"].kwh * JOULES_PER_KWH


def started(power_w, clock, *arguments, **options):
    sensor = SimulatedSensor(power_w, clock, *arguments, **options)
    sensor.start()
    return sensor


@given(st.lists(st.floats(0.01, 3), min_size=1, max_size=20), st.floats(0, 0.5), st.integers(0, 99))
def test_a_noiseless_sensor_is_within_one_step_and_its_jitter_of_the_truth(spans, jitter_share, seed):
    clock = SimulatedClock(0.0)
    sensor = started(PULSES, clock, Counter(jitter_share=jitter_share), seed=seed)
    most_j = 250 * 0.1 * (1 + jitter_share) + 1e-6
    for span in spans:
        clock.sleep(span)
        # Part of a step was not counted yet at the start; the first step includes it.
        assert -most_j <= sensor.true_j(0, clock()) - joules(sensor) <= most_j


def test_phases_have_exact_energies():
    assert PULSES.joules(2.0, 8.0) == pytest.approx(100 + 1.05 * 250 + 60)
    assert PULSES.joules(-5.0, 0.0) == 0
    assert [PULSES(at_s) for at_s in (-1, 0, 2.99, 3, 5, 100)] == [0, 100, 100, 250, 0, 60]


def test_a_power_function_is_integrated():
    sensor = started(lambda at_s: 10 * at_s, SimulatedClock())
    assert sensor.true_j(2.0, 4.0) == pytest.approx(60.0)
    assert sensor.true_kwh(2.0, 4.0) == pytest.approx(60.0 / JOULES_PER_KWH)


def test_times_of_phases_must_rise():
    with pytest.raises(ValueError, match="must rise"):
        Phases((0, 1), (0, 2))


def test_the_counter_moves_only_at_its_steps():
    clock = SimulatedClock()
    sensor = started(Phases((0, 100)), clock)
    clock.sleep(0.09)
    assert joules(sensor) == 0
    clock.sleep(0.02)
    assert joules(sensor) == pytest.approx(10)


def test_jitter_varies_the_phase_and_the_length_of_counter_steps():
    def steps_s(seed):
        clock = SimulatedClock()
        sensor = started(Phases((0, 100)), clock, Counter(jitter_share=0.2), seed=seed)
        found, last_j = [], joules(sensor)
        while len(found) < 5:
            clock.sleep(0.001)
            if joules(sensor) > last_j:
                found.append(clock())
                last_j = joules(sensor)
        return found

    assert len({round(steps_s(seed)[0], 3) for seed in range(10)}) > 5
    lengths_s = {round(later - earlier, 3) for earlier, later in pairwise(steps_s(0))}
    assert len(lengths_s) > 1
    assert all(0.08 <= length_s <= 0.12 for length_s in lengths_s)


@given(st.integers(1, 60))
def test_one_counter_wrap_between_readings_does_not_change_the_energy(readings):
    clock = SimulatedClock()
    sensor = started(lambda at_s: 100.0, clock, Counter(range_j=120.0))
    for _ in range(readings):
        clock.sleep(1.0)
        sensor.read()
    assert joules(sensor) == pytest.approx(100.0 * readings)


def test_energy_is_missing_in_a_dropout_and_complete_after_it():
    clock = SimulatedClock()
    sensor = started(lambda at_s: 100.0, clock, Counter(dropouts_s=[(2.0, 4.0)]))
    clock.sleep(3.0)
    assert sensor.read()["gpu0"].kwh is None
    clock.sleep(2.0)
    assert joules(sensor) == pytest.approx(500.0)


def test_noise_is_seeded_and_unbiased_and_has_the_stated_width():
    def total(seed):
        clock = SimulatedClock()
        sensor = started(Phases((0, 100)), clock, Counter(noise_share=0.2), seed=seed)
        clock.sleep(40.0)
        return joules(sensor)

    totals = [total(seed) for seed in range(200)]
    assert total(1) == totals[1]
    mean = sum(totals) / 200
    spread = (sum((each - mean) ** 2 for each in totals) / 199) ** 0.5
    # 400 steps of 10 J with 20 %: 2 J x sqrt(400) = 40 J around 4000 J.
    assert mean == pytest.approx(4000, abs=4 * 40 / 200**0.5)
    assert spread == pytest.approx(40, rel=0.25)


def test_energy_is_missing_before_the_start_and_after_the_stop():
    sensor = SimulatedSensor(Phases((0, 100)), SimulatedClock())
    assert sensor.read()["gpu0"].kwh is None
    sensor.start()
    assert sensor.read()["gpu0"].kwh == 0
    sensor.stop()
    sensor.stop()
    assert sensor.read()["gpu0"].kwh is None
