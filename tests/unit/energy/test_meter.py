"""The meter on sensors of known power."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from known_power import HandClock, KnownPower
from wattshed.energy.idle import IdlePower, measure_idle_power
from wattshed.energy.ledger.writing import Ledger
from wattshed.energy.meter import Meter
from wattshed.energy.reading import JOULES_PER_KWH


def events_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def sensor(clock):
    return KnownPower(clock, {"cpu": 100.0, "gpu0": 300.0})


@pytest.fixture
def meter(tmp_path, sensor, clock):
    return Meter(Ledger(tmp_path / "job.jsonl", resumes=False), [sensor], 1.0, clock=clock)


def test_a_window_records_the_energy_of_its_duration(meter, clock, tmp_path):
    with meter.window("epoch", epoch=1) as window:
        clock.sleep(2.0)
        window.values["train_loss"] = 0.5
    assert window.duration_s == 2.0
    assert window.energy.joules == pytest.approx(800.0)
    (written,) = events_of(tmp_path / "job.jsonl.part")
    assert written["labels"] == {"epoch": 1}
    assert written["values"] == {"train_loss": 0.5}
    assert written["energy"]["cpu"]["kwh"] == pytest.approx(200 / JOULES_PER_KWH)


def test_short_work_is_repeated_until_the_window_is_long_enough(meter, clock, tmp_path):
    window = meter.repeat("fit", lambda: clock.sleep(0.004), model="ridge")
    assert window.repeats == 250
    assert window.duration_s == pytest.approx(0.004)
    assert window.energy.joules == pytest.approx(1.6)
    assert events_of(tmp_path / "job.jsonl.part")[-1]["repeats"] == 250


def test_repeats_last_three_resolutions_of_the_coarsest_sensor(clock, tmp_path):
    coarse = KnownPower(clock, {"cpu": 1.0}, resolution_s=2.0)
    meter = Meter(Ledger(tmp_path / "job.jsonl", resumes=False), [coarse], 0.01, clock=clock)
    window = meter.repeat("fit", lambda: clock.sleep(0.5))
    assert window.repeats * window.duration_s >= 3 * coarse.resolution_s


def test_the_energy_of_a_window_shorter_than_the_resolution_is_missing(meter, clock, tmp_path):
    with meter.window("epoch") as window:
        clock.sleep(0.05)
    assert window.energy.status == "missing"
    assert window.energy.kwh is None
    (written,) = events_of(tmp_path / "job.jsonl.part")
    assert "shorter than the sensor's resolution of 0.1 s" in written["energy"]["gpu0"]["source"]


def test_a_missing_sensor_does_not_make_short_windows_unmeasurable(clock, tmp_path):
    absent = KnownPower(clock, {"gpu": 1.0}, resolution_s=60.0)
    absent.lost = True
    sensors = [absent, KnownPower(clock, {"cpu": 1.0})]
    meter = Meter(Ledger(tmp_path / "job.jsonl", resumes=False), sensors, 0.01, clock=clock)
    with meter.window("epoch") as window:
        clock.sleep(1.0)
    assert window.energy.joules == pytest.approx(1.0)
    assert window.energy.components["gpu"].status == "missing"


def test_a_sensor_lost_during_a_window_makes_its_energy_missing(meter, sensor, clock):
    with meter.window("epoch") as window:
        clock.sleep(1.0)
        sensor.lost = True
    assert window.energy.kwh is None


@given(st.lists(st.tuples(st.floats(0.2, 5), st.floats(0, 3)), min_size=1, max_size=20))
def test_windows_and_gaps_sum_to_the_job(tmp_path_factory, spans):
    clock = HandClock()
    path = tmp_path_factory.mktemp("sum") / "job.jsonl"
    meter = Meter(Ledger(path, resumes=False), [KnownPower(clock, {"cpu": 40.0})], 1.0, clock=clock)
    gap_j = 0.0
    for length, gap in spans:
        with meter.window("epoch"):
            clock.sleep(length)
        clock.sleep(gap)
        gap_j += 40 * gap
    totals = meter.since_start()
    written = events_of(path.with_name("job.jsonl.part"))
    inside = sum(event["energy"]["cpu"]["kwh"] for event in written) * JOULES_PER_KWH
    assert inside + gap_j == pytest.approx(totals.energy.joules)
    assert sum(event["duration_s"] for event in written) + gap_j / 40 == pytest.approx(totals.duration_s)


def test_windows_can_nest_and_overlap(meter, clock):
    job = meter.begin("job")
    load = meter.begin("load")
    clock.sleep(1.0)
    epoch = meter.begin("epoch")
    clock.sleep(1.0)
    meter.end(load)
    clock.sleep(1.0)
    meter.end(epoch)
    meter.end(job)
    assert [w.energy.joules for w in (load, epoch, job)] == pytest.approx([800.0, 800.0, 1200.0])


def test_a_window_cannot_be_ended_twice(meter, clock):
    window = meter.begin("epoch")
    clock.sleep(1.0)
    meter.end(window)
    with pytest.raises(ValueError, match="epoch is not open"):
        meter.end(window)


def test_a_failed_window_is_not_recorded(meter, clock, tmp_path):
    def fail():
        clock.sleep(1.0)
        raise RuntimeError

    with pytest.raises(RuntimeError), meter.window("epoch"):
        fail()
    assert (tmp_path / "job.jsonl.part").read_text() == ""


def test_the_meter_waits_for_the_accelerator_at_both_ends_of_a_window(tmp_path, clock):
    """Work that was only queued when the window ended belongs to it; work from before does not."""
    queued = [0.5]

    def synchronise():
        clock.sleep(sum(queued))
        queued.clear()

    sensor = KnownPower(clock, {"gpu0": 100.0})
    ledger = Ledger(tmp_path / "job.jsonl", resumes=False)
    meter = Meter(ledger, [sensor], 1.0, synchronise, clock=clock)
    with meter.window("epoch") as window:
        queued.append(2.0)
    assert window.duration_s == pytest.approx(2.0)
    assert window.energy.joules == pytest.approx(200.0)


def test_trials_exclude_the_warm_up_and_have_an_interval(meter, clock, tmp_path):
    seconds = iter([9.0, *(1.0 + 0.01 * (trial % 3) for trial in range(12))])
    found = meter.measure("forecast", lambda: clock.sleep(next(seconds)), trials=12, model="ridge")
    assert found.energy_j.n == 12
    geometric = (1.00 * 1.01 * 1.02) ** (1 / 3)
    assert found.energy_j.mean == pytest.approx(400 * geometric)
    assert found.energy_j.low < found.energy_j.mean < found.energy_j.high
    assert found.duration_s.mean == pytest.approx(geometric)
    written = events_of(tmp_path / "job.jsonl.part")
    assert [event["labels"]["trial"] for event in written] == list(range(1, 13))


def test_trials_are_separated_by_some_counter_steps(clock, tmp_path):
    sensor = KnownPower(clock, {"gpu0": 100.0}, resolution_s=0.1)
    ledger = Ledger(tmp_path / "job.jsonl", resumes=False)
    meter = Meter(ledger, [sensor], 1.0, clock=clock, sleep=clock.sleep)
    meter.measure("forecast", lambda: clock.sleep(1.0), trials=4)
    written = events_of(tmp_path / "job.jsonl.part")
    for before, after in pairwise(written):
        assert 0.2 <= after["start_s"] - before["end_s"] <= 0.3


def test_net_energy_is_gross_energy_minus_idle_energy(tmp_path, clock):
    sensor = KnownPower(clock, {"cpu": 20.0, "gpu0": 60.0})
    idle = measure_idle_power([sensor], 3.0, clock=clock, sleep=clock.sleep, busy=lambda: 0.0)
    sensor.power_w = {"cpu": 100.0, "gpu0": 300.0}
    # The power changes here; the window begins after the change.
    meter = Meter(Ledger(tmp_path / "job.jsonl", resumes=False), [sensor], 1.0, idle=idle, clock=clock)
    with meter.window("epoch") as window:
        clock.sleep(2.0)
    assert window.energy.joules == pytest.approx(800.0)
    assert window.net.joules == pytest.approx(640.0)
    assert window.net.status == "measured"


def test_idle_power_of_another_sensor_is_not_subtracted(clock, tmp_path):
    idle = IdlePower({"cpu": 20.0}, {"cpu": "measured"}, {"cpu": "rapl"}, "2026-01-01T00:00:00+00:00", 3, 0)
    meter = Meter(
        Ledger(tmp_path / "job.jsonl", resumes=False),
        [KnownPower(clock, {"cpu": 100.0})],
        1.0,
        idle=idle,
        clock=clock,
    )
    with meter.window("epoch") as window:
        clock.sleep(2.0)
    assert window.net.kwh is None
    assert window.net.components["cpu"].source == "no idle power from known"


def test_net_energy_is_missing_without_idle_power(meter, clock):
    with meter.window("epoch") as window:
        clock.sleep(2.0)
    assert window.net.kwh is None


def test_ticks_hold_the_energy_so_far(meter, clock, tmp_path):
    clock.sleep(5.0)
    meter.tick()
    (tick,) = events_of(tmp_path / "job.jsonl.part")
    assert tick["at_s"] == 5.0
    assert tick["energy"]["gpu0"] == pytest.approx(1500 / JOULES_PER_KWH)


def test_samples_reach_every_open_window_as_mean_and_range(meter, clock, tmp_path):
    outer = meter.begin("job")
    meter.take({"gpu0_sm_clock_mhz": 1980.0, "gpu0_throttle_bits": 1.0})
    inner = meter.begin("epoch")
    meter.take({"gpu0_sm_clock_mhz": 1200.0, "gpu0_throttle_bits": 4.0})
    clock.sleep(1.0)
    meter.end(inner)
    meter.end(outer)
    written = {event["name"]: event["sampled"] for event in events_of(tmp_path / "job.jsonl.part")}
    assert written["epoch"]["gpu0_sm_clock_mhz"] == {"mean": 1200, "min": 1200, "max": 1200, "n": 1}
    assert written["job"]["gpu0_sm_clock_mhz"] == {"mean": 1590, "min": 1200, "max": 1980, "n": 2}
    assert written["job"]["gpu0_throttle_bits"] == {"bits": 5, "n": 2}
