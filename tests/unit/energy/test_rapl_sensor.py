"""RAPL through powercap, on files like those of the kernel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_powercap import RANGE_UJ, zone
from known_power import HandClock
from other_user import reachable_folder, without_privileges
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.energy.sensors.processor.rapl import RaplSensor


@pytest.fixture
def two_sockets(tmp_path):
    return {
        "package-0": zone(tmp_path, "intel-rapl:0", "package-0", 1000),
        "package-1": zone(tmp_path, "intel-rapl:1", "package-1", 2000),
        "core": zone(tmp_path, "intel-rapl:0:0", "core", 500),
        "dram-0": zone(tmp_path, "intel-rapl:0:1", "dram", 10),
        "dram-1": zone(tmp_path, "intel-rapl:1:1", "dram", 20),
        "psys": zone(tmp_path, "intel-rapl:2", "psys", 9999),
        "mmio": zone(tmp_path, "intel-rapl-mmio:0", "package-0", 1000),
    }


def started(root):
    sensor = RaplSensor(root)
    sensor.start()
    return sensor


def test_packages_and_dram_are_summed_and_nothing_is_counted_twice(tmp_path, two_sockets):
    sensor = started(tmp_path)
    outside = dict.fromkeys(("core", "psys", "mmio"), 9e9)
    for name, add_uj in {"package-0": 3_600_000, "package-1": 7_200_000, **outside}.items():
        file = two_sockets[name]
        file.write_text(str(int(file.read_text()) + int(add_uj)))
    two_sockets["dram-1"].write_text("1800020")
    parts = sensor.read()
    assert parts["cpu"].status == "measured"
    assert parts["cpu"].kwh == pytest.approx(10.8 / JOULES_PER_KWH)
    assert parts["ram"].kwh == pytest.approx(1.8 / JOULES_PER_KWH)


@given(
    st.lists(st.tuples(st.floats(0.05, 60), st.floats(0, 990)), max_size=25),
    st.integers(0, RANGE_UJ - 1),
)
def test_the_energy_of_any_powers_is_exact_across_counter_wraps(tmp_path_factory, spans, first_uj):
    """Spans [s] of powers [W] that a socket can draw; each span has at most 60 kJ of the 65 kJ range."""
    root, clock, range_uj = tmp_path_factory.mktemp("rapl"), HandClock(), 65_532_610_987
    counter_uj = first_uj % range_uj
    energy = zone(root, "intel-rapl:0", "package-0", counter_uj, range_uj)
    sensor = RaplSensor(root, clock)
    sensor.start()
    true_uj = 0
    for span_s, power_w in spans:
        clock.sleep(span_s)
        true_uj += round(span_s * power_w * 1e6)
        energy.write_text(str((counter_uj + true_uj) % range_uj))
        sensor.read()
    assert sensor.read()["cpu"].kwh == pytest.approx(true_uj / 1e6 / JOULES_PER_KWH, rel=1e-12)


def test_a_counter_that_was_set_back_is_missing_and_not_taken_as_a_wrap(tmp_path):
    """As after a suspend. Counted as a wrap, it would add 262 kJ in a second."""
    clock = HandClock()
    energy = zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000_000)
    sensor = RaplSensor(tmp_path, clock)
    sensor.start()
    clock.sleep(1.0)
    energy.write_text("1000")
    assert "set back" in sensor.read()["cpu"].source
    clock.sleep(1.0)
    assert sensor.read()["cpu"].kwh is None


def test_a_counter_that_may_have_wrapped_twice_is_missing(tmp_path):
    clock = HandClock()
    zone(tmp_path, "intel-rapl:0", "package-0")
    sensor = RaplSensor(tmp_path, clock)
    sensor.start()
    clock.sleep(200.0)
    assert sensor.read()["cpu"].kwh == 0
    clock.sleep(300.0)
    assert "overflowed twice" in sensor.read()["cpu"].source


def test_cpu_and_memory_are_missing_without_powercap(tmp_path):
    parts = started(tmp_path / "absent").read()
    assert {part.status for part in parts.values()} == {"missing"}
    assert "no such zone" in parts["cpu"].source


def test_only_memory_is_missing_without_dram_zones(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0")
    parts = started(tmp_path).read()
    assert parts["cpu"].status == "measured"
    assert parts["ram"].kwh is None


def test_memory_is_missing_if_only_some_packages_have_dram(tmp_path, two_sockets):
    (two_sockets["dram-1"].parent / "name").write_text("uncore\n")
    parts = started(tmp_path).read()
    assert "1 of 2 packages" in parts["ram"].source
    assert parts["cpu"].status == "measured"


def test_a_package_without_its_counter_range_is_missing(tmp_path):
    energy = zone(tmp_path, "intel-rapl:0", "package-0")
    (energy.parent / "max_energy_range_uj").unlink()
    assert "max_energy_range_uj cannot be read" in started(tmp_path).read()["cpu"].source


def test_a_counter_readable_only_by_root_is_reported():
    with reachable_folder() as folder, without_privileges():
        zone(folder, "intel-rapl:0", "package-0").chmod(0o000)
        assert "Permission denied" in started(folder).read()["cpu"].source


def unreadable(monkeypatch, path):
    """Root may read every file, so the refusal of the kernel is imitated."""
    read_text = type(path).read_text

    def refuse(self, *arguments, **options):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return read_text(self, *arguments, **options)

    monkeypatch.setattr(type(path), "read_text", refuse)


def test_an_unreadable_counter_is_reported_with_the_remedy(tmp_path, monkeypatch):
    energy = zone(tmp_path, "intel-rapl:0", "package-0")
    unreadable(monkeypatch, energy)
    part = started(tmp_path).read()["cpu"]
    assert part.kwh is None
    assert "Permission denied" in part.source
    assert f"chmod a+r {tmp_path}/intel-rapl" in part.source
    assert "zeusd" in part.source


def test_an_unreadable_memory_counter_does_not_affect_the_cpu(tmp_path, monkeypatch, two_sockets):
    unreadable(monkeypatch, two_sockets["dram-1"])
    parts = started(tmp_path).read()
    assert parts["ram"].kwh is None
    assert parts["cpu"].status == "measured"


def test_a_counter_lost_during_a_run_is_missing_and_not_frozen(tmp_path, monkeypatch):
    energy = zone(tmp_path, "intel-rapl:0", "package-0")
    sensor = started(tmp_path)
    unreadable(monkeypatch, energy)
    assert sensor.read()["cpu"].kwh is None


@pytest.mark.parametrize("text", ["", "many\n"])
def test_a_counter_whose_text_is_not_a_number_is_missing(tmp_path, text):
    zone(tmp_path, "intel-rapl:0", "package-0").write_text(text)
    assert "something that is not a number" in started(tmp_path).read()["cpu"].source


def test_the_sensor_starts_again_from_zero_after_a_stop(tmp_path, two_sockets):
    sensor = started(tmp_path)
    two_sockets["package-0"].write_text("3601000")
    assert sensor.read()["cpu"].kwh > 0
    sensor.stop()
    sensor.stop()
    assert sensor.read()["cpu"].kwh is None
    sensor.start()
    assert sensor.read()["cpu"].kwh == 0
