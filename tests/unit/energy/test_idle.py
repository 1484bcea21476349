"""Idle power: measured, kept per host with its age, and refused on a busy machine."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from known_power import HandClock, KnownPower
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.idle import IdlePower, find_idle_power, measure_idle_power
from wattshed.energy.reading import Component, Reading
from wattshed.energy.sensors.simulated import Counter, Phases, SimulatedClock, SimulatedSensor
from wattshed.foundation.recovery.processes import boot_id


@pytest.fixture
def sensor():
    clock = HandClock()
    sensor = KnownPower(clock, {"cpu": 20.0, "ram": 5.0}, resolution_s=0.01)
    sensor.clock_by_hand = clock
    return sensor


@pytest.fixture
def quiet(monkeypatch):
    """A machine that sleeps without waiting and whose load the test sets."""
    busy = {"share": 0.0}

    def measure(sensors, duration_s):
        clock = sensors[0].clock_by_hand
        return measure_idle_power(
            sensors, duration_s, clock=clock, sleep=clock.sleep, busy=lambda: busy["share"]
        )

    monkeypatch.setattr("wattshed.energy.idle.measure_idle_power", measure)
    return busy


METERING = MeteringBlock(idle_s=3.0, idle_max_age_h=1.0)


def test_idle_power_is_measured_once_and_kept_with_its_age(sensor, quiet, tmp_path):
    found, reason = find_idle_power([sensor], tmp_path, METERING)
    assert reason is None
    assert found.power_w == pytest.approx({"cpu": 20.0, "ram": 5.0})
    sensor.power_w = {"cpu": 99.0, "ram": 5.0}
    kept, _ = find_idle_power([sensor], tmp_path, METERING)
    assert kept == found
    assert 0 <= kept.to_json()["age_s"] < 60
    assert (tmp_path / f"{boot_id()}.json").is_file()


def test_an_old_idle_power_is_measured_again(sensor, quiet, tmp_path):
    find_idle_power([sensor], tmp_path, METERING)
    file = next(tmp_path.iterdir())
    kept = json.loads(file.read_text())
    kept["measured_utc"] = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    kept["power_w"]["cpu"] = 1.0
    file.write_text(json.dumps(kept))
    found, _ = find_idle_power([sensor], tmp_path, METERING)
    assert found.power_w["cpu"] == pytest.approx(20.0)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"power_w": {}}', '{"measured_utc": "soon"}'])
def test_idle_power_is_measured_again_if_its_file_is_damaged(sensor, quiet, tmp_path, damage):
    (tmp_path / f"{boot_id()}.json").write_text(damage)
    found, _ = find_idle_power([sensor], tmp_path, METERING)
    assert found.power_w["cpu"] == pytest.approx(20.0)


def test_idle_power_is_measured_again_if_the_components_change(sensor, quiet, tmp_path):
    find_idle_power([sensor], tmp_path, METERING)
    del sensor.power_w["ram"]
    found, _ = find_idle_power([sensor], tmp_path, METERING)
    assert set(found.power_w) == {"cpu"}


def test_a_busy_machine_has_no_idle_power(sensor, quiet, tmp_path):
    quiet["share"] = 0.4
    found, reason = find_idle_power([sensor], tmp_path, METERING)
    assert found is None
    assert reason.startswith("40% of the processor was in use")
    assert not list(tmp_path.iterdir())


def test_idle_power_is_not_measured_if_disabled_or_if_no_sensor_works(sensor, quiet, tmp_path):
    assert find_idle_power([sensor], tmp_path, MeteringBlock(idle_s=0.0)) == (None, "metering.idle_s is 0")
    sensor.lost = True
    assert find_idle_power([sensor], tmp_path, METERING) == (None, "no sensor reads an energy")


def test_idle_power_is_measured_if_its_folder_cannot_be_written(sensor, quiet, tmp_path):
    (tmp_path / "idle").write_text("a file")
    found, reason = find_idle_power([sensor], tmp_path / "idle", METERING)
    assert reason is None
    assert found.power_w["cpu"] == pytest.approx(20.0)


def test_the_idle_measurement_is_long_enough_for_the_coarsest_sensor():
    clock = HandClock()
    coarse = KnownPower(clock, {"gpu0": 50.0}, resolution_s=1.0)
    found = measure_idle_power([coarse], 3.0, clock=clock, sleep=clock.sleep, busy=lambda: 0.0)
    # Ten resolutions, and then until the next counter step.
    assert 10.0 <= found.duration_s <= 12.0
    assert found.power_w["gpu0"] == pytest.approx(50.0)


def test_idle_power_is_measured_between_counter_steps():
    clock = SimulatedClock()
    sensor = SimulatedSensor(Phases((0.0, 40.0)), clock, Counter(step_s=0.5))
    sensor.start()
    clock.sleep(0.31)
    found = measure_idle_power([sensor], 5.0, clock=clock, sleep=clock.sleep, busy=lambda: 0.0)
    # A reading at both ends only could miss a whole step in 5 s, which is 10 %.
    assert found.power_w["gpu0"] == pytest.approx(40.0, rel=0.01)


def test_the_load_of_this_machine_is_between_0_and_1(sensor):
    found = measure_idle_power([KnownPower(HandClock(), {"cpu": 1.0}, resolution_s=0.01)], 0.2)
    assert 0 <= found.busy_share <= 1


def test_net_energy_of_measured_gross_and_estimated_idle_is_estimated():
    idle = IdlePower({"cpu": 10.0}, {"cpu": "estimated"}, {"cpu": "s"}, "2026-01-01T00:00:00+00:00", 3.0, 0.0)
    gross = Reading({"cpu": Component(1.0, "measured", "s")})
    net = idle.net(gross, 3600.0)
    assert net.components["cpu"].status == "estimated"
    assert net.kwh == pytest.approx(1.0 - 0.01)
