"""CodeCarbon's models as our sensor reads them: the real tracker runs here."""

import time

import pytest

from wattshed.energy.sensors.codecarbon import CodeCarbonSensor


@pytest.fixture(scope="module")
def sensor():
    sensor = CodeCarbonSensor()
    sensor.start()
    yield sensor
    sensor.stop()


def test_the_machine_draws_the_power_of_a_machine(sensor):
    before, start_s = sensor.read(), time.perf_counter()
    time.sleep(0.5)
    after, end_s = sensor.read(), time.perf_counter()
    for name, most_w in (("cpu", 1000), ("ram", 500)):
        power_w = (after[name].kwh - before[name].kwh) * 3.6e6 / (end_s - start_s)
        assert 0.5 < power_w < most_w


def test_nothing_is_lost_between_many_readings(sensor):
    """RAM is a constant power: its energy must follow the time, however often it is read."""
    before, start_s = sensor.read()["ram"].kwh, time.perf_counter()
    for _ in range(200):
        sensor.read()
    time.sleep(0.3)
    after, end_s = sensor.read()["ram"].kwh, time.perf_counter()
    first_w = (after - before) * 3.6e6 / (end_s - start_s)
    time.sleep(0.5)
    last, last_s = sensor.read()["ram"].kwh, time.perf_counter()
    assert first_w == pytest.approx((last - after) * 3.6e6 / (last_s - end_s), rel=0.01)


def test_load_costs_more_than_idle(sensor):
    def cpu_w(work):
        before, start_s = sensor.read()["cpu"].kwh, time.perf_counter()
        while time.perf_counter() < start_s + 0.6:
            work()
        return (sensor.read()["cpu"].kwh - before) * 3.6e6 / (time.perf_counter() - start_s)

    if sensor.read()["cpu"].status == "measured":
        pytest.skip("this machine's CPU is measured by a counter")
    assert cpu_w(lambda: sum(range(2000))) >= cpu_w(lambda: time.sleep(0.05))


def test_what_is_a_guess_says_so(sensor):
    reading = sensor.read()
    assert reading["ram"].status == "estimated"
    assert reading["ram"].source == "codecarbon 5 W per module"
    if "load" in reading["cpu"].source:
        assert reading["cpu"].status == "estimated"


def test_before_the_start_and_after_the_stop_it_is_missing():
    sensor = CodeCarbonSensor(frozenset({"ram"}))
    assert sensor.read()["ram"].status == "missing"
    sensor.stop()
    sensor.start()
    assert set(sensor.read()) == {"ram"}
    sensor.stop()
    sensor.stop()
    assert sensor.read()["ram"].kwh is None
