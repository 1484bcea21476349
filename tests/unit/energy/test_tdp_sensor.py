"""The plain estimate of CPU and memory."""

from types import SimpleNamespace

import pytest

from known_power import HandClock
from wattshed.energy.constants import Constant
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.energy.sensors.processor.tdp import GIB, TdpSensor

CORE = Constant(32.5, "W per busy logical core", "65 W stated for 2 logical cores")


class Times(tuple):
    """psutil's cpu_times: a tuple with names."""

    def __new__(cls, user, idle):
        made = super().__new__(cls, (user, idle))
        made.idle = idle
        return made


@pytest.fixture
def machine():
    return SimpleNamespace(clock=HandClock(), busy=0.0, idle=0.0)


@pytest.fixture
def sensor(machine):
    sensor = TdpSensor(
        CORE,
        cores=2,
        cpu_times=lambda: Times(machine.busy, machine.idle),
        memory_bytes=16 * GIB,
        clock=machine.clock,
    )
    sensor.start()
    return sensor


def test_cpu_energy_is_power_times_load_times_time(machine, sensor):
    machine.clock.sleep(10.0)
    machine.busy, machine.idle = 5.0, 15.0
    parts = sensor.read()
    assert parts["cpu"].kwh * JOULES_PER_KWH == pytest.approx(65.0 * 0.25 * 10)
    assert parts["ram"].kwh * JOULES_PER_KWH == pytest.approx(0.375 * 16 * 10)
    assert {part.status for part in parts.values()} == {"estimated"}


def test_readings_within_one_kernel_tick_lose_no_energy(machine, sensor):
    for _ in range(100):
        machine.clock.sleep(0.001)
        sensor.read()
    machine.busy, machine.idle = 0.1, 0.1
    assert sensor.read()["cpu"].kwh * JOULES_PER_KWH == pytest.approx(65.0 * 0.5 * 0.1)


def test_memory_energy_depends_on_time_and_not_on_the_number_of_readings(machine, sensor):
    for _ in range(7):
        machine.clock.sleep(0.3)
        ram = sensor.read()["ram"]
    assert ram.kwh * JOULES_PER_KWH == pytest.approx(0.375 * 16 * 2.1)
    assert "0.375 W per GiB" in ram.source


def test_only_the_requested_components_are_reported():
    sensor = TdpSensor(CORE, frozenset({"cpu"}))
    assert sensor.read()["cpu"].kwh is None
    sensor.start()
    assert set(sensor.read()) == {"cpu"}
    assert sensor.read()["cpu"].kwh >= 0
    sensor.stop()
    assert sensor.read()["cpu"].kwh is None
