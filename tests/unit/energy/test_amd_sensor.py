"""AMD's GPUs through AMD SMI, with a fake library that has the real one's answers."""

import os
import subprocess
import sys

import pytest

from fake_amd import DRIVER_NOT_LOADED, NO_PERM, NOT_SUPPORTED, FakeAmd, FakeCard
from fake_gpus import FakeGpu, FakeNvml
from known_power import HandClock
from made_root import AMD, DISPLAY, H100, MI210, NVIDIA, RYZEN, on_bus, use_root, write
from wattshed.config.energy.metering import MeteringBlock
from wattshed.devices.amd_gpus import describe_amd_gpus, open_amdsmi
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.energy.sensors.checked import CheckedSensor
from wattshed.energy.sensors.gpu.amdsmi import AmdSmiSensor
from wattshed.energy.sensors.selection import open_sensors, survey

BUSES = ("0000:c1:00.0", "0000:c6:00.0", "0000:c9:00.0", "0000:cc:00.0")


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    for name in ("KUBERNETES_SERVICE_HOST", "container", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return use_root(monkeypatch, tmp_path / "root")


class Machine:
    """Cards of the given counters' power [W] on a hand clock."""

    def __init__(self, *cards, environment=None, **faults):
        self.clock = HandClock()
        self.library = FakeAmd(*cards, clock=self.clock, **faults)
        self.sensor = AmdSmiSensor(self.library, environment or {}, self.clock, self.clock.sleep)
        self.sensor.start()

    def joules(self, after_s):
        before = self.sensor.read()
        self.clock.sleep(after_s)
        after = self.sensor.read()
        self.sensor.stop()
        return {
            name: None if part.kwh is None else (part.kwh - before[name].kwh) * JOULES_PER_KWH
            for name, part in after.items()
        }

    def parts(self):
        parts = self.sensor.read()
        self.sensor.stop()
        return parts


def card(counter_w=90.0, **options):
    return FakeCard(counter_w=counter_w, **options)


def test_each_card_is_read_from_its_own_counter_times_its_step():
    machine = Machine(card(90.0, bus_id=BUSES[0]), card(270.0, bus_id=BUSES[1]))
    parts = machine.sensor.read()
    assert {name: part.status for name, part in parts.items()} == {
        "gpu_amd0": "measured",
        "gpu_amd1": "measured",
    }
    assert parts["gpu_amd0"].source == "amdsmi energy counter"
    found = machine.joules(10.0)
    assert found["gpu_amd0"] == pytest.approx(900.0, rel=1e-4)
    assert found["gpu_amd1"] == pytest.approx(2700.0, rel=1e-4)


def test_the_older_name_of_the_counters_key_is_read_too():
    old = card()
    old.key = "power"
    assert Machine(old).joules(10.0)["gpu_amd0"] == pytest.approx(900.0, rel=1e-4)


@pytest.mark.parametrize(
    ("counter_w", "why"), [(0.0, "did not move"), (2.0, "says 2 W"), (5000.0, "says"), (-50.0, "says")]
)
def test_a_counter_that_does_not_fit_the_cards_power_is_not_used(counter_w, why):
    machine = Machine(card(counter_w))
    part = machine.sensor.read()["gpu_amd0"]
    assert (part.status, part.source) == ("estimated", "amdsmi power sampled every 0.1 s")
    assert machine.sensor.resolution_s == 1.0
    assert machine.joules(1.0)["gpu_amd0"] == pytest.approx(90.0)


def test_without_a_power_to_compare_with_a_possible_counter_is_used_and_an_impossible_one_is_missing():
    silent = {"average_socket_power": "N/A", "current_socket_power": "N/A"}
    good, bad = card(90.0), card(1e7, bus_id=BUSES[1])
    good.power = bad.power = silent
    parts = Machine(good, bad).parts()
    assert parts["gpu_amd0"].status == "measured"
    assert parts["gpu_amd1"].kwh is None
    assert "the energy counter says 1e+07 W" in parts["gpu_amd1"].source


@pytest.mark.parametrize(
    "power",
    [
        {"average_socket_power": 90, "current_socket_power": "N/A"},
        {"average_socket_power": "N/A", "current_socket_power": 90},
        {"average_socket_power": "N/A", "current_socket_power": "N/A", "socket_power": 90},
        {"average_socket_power": 0, "current_socket_power": 90},
        {"average_socket_power": 65535, "current_socket_power": 90},
    ],
)
def test_the_power_is_the_first_that_is_a_number(power):
    without = card(amdsmi_get_energy_count=NOT_SUPPORTED)
    without.power = power
    assert Machine(without).joules(1.0)["gpu_amd0"] == pytest.approx(90.0)


@pytest.mark.parametrize("value", ["N/A", None, -1, 0, 2**64 - 1, float("nan")])
def test_a_counter_without_a_count_falls_back_to_the_power(value):
    library = FakeAmd(card())
    library.amdsmi_get_energy_count = lambda handle: {
        "energy_accumulator": value,
        "counter_resolution": 15.3,
        "timestamp": 1,
    }
    clock = HandClock()
    sensor = AmdSmiSensor(library, {}, clock, clock.sleep)
    sensor.start()
    assert sensor.read()["gpu_amd0"].status == "estimated"
    sensor.stop()


def test_a_card_that_tells_nothing_is_missing_with_the_reasons():
    mute = card(amdsmi_get_energy_count=NOT_SUPPORTED, amdsmi_get_power_info=NO_PERM)
    part = Machine(mute).parts()["gpu_amd0"]
    assert part.source.startswith(
        "amdsmi: neither energy counter nor power (no energy counter; amdsmi: Error code"
    )
    assert "\n" not in part.source


def two_dies(number):
    first = card(180.0, name="AMD Instinct MI250X", bus_id=BUSES[2 * number])
    first.power = {"average_socket_power": 180, "current_socket_power": "N/A"}
    second = card(0.0, name="AMD Instinct MI250X", bus_id=BUSES[2 * number + 1])
    second.count, second.power = 0, {"average_socket_power": 0, "current_socket_power": "N/A"}
    return first, second


def test_a_card_of_two_dies_is_one_component_with_the_energy_of_both():
    machine = Machine(*two_dies(0), *two_dies(1))
    assert machine.sensor.read()["gpu_amd0"].source == "amdsmi energy counter of the whole card"
    assert machine.joules(10.0) == {
        "gpu_amd0": pytest.approx(1800.0, rel=1e-4),
        "gpu_amd2": pytest.approx(1800.0, rel=1e-4),
    }


def test_a_job_on_the_second_die_is_metered_with_its_whole_card():
    machine = Machine(*two_dies(0), *two_dies(1), environment={"ROCR_VISIBLE_DEVICES": "3"})
    assert set(machine.parts()) == {"gpu_amd2"}


def test_a_second_die_without_its_first_is_missing():
    assert Machine(two_dies(0)[1]).parts()["gpu_amd0"].kwh is None


def test_partitions_of_one_card_are_metered_once():
    first, second = card(90.0, bus_id="0000:c1:00.0"), card(0.0, bus_id="0000:c1:00.1")
    second.count, second.power = 0, {"average_socket_power": "N/A"}
    assert set(Machine(first, second).parts()) == {"gpu_amd0"}


@pytest.mark.parametrize(
    ("environment", "numbers"),
    [
        ({}, {0, 1, 2}),
        ({"HIP_VISIBLE_DEVICES": "1"}, {1}),
        ({"CUDA_VISIBLE_DEVICES": "2"}, {2}),
        ({"HIP_VISIBLE_DEVICES": "0", "CUDA_VISIBLE_DEVICES": "2"}, {0}),
        ({"ROCR_VISIBLE_DEVICES": "1,2", "HIP_VISIBLE_DEVICES": "1"}, {2}),
        ({"ROCR_VISIBLE_DEVICES": "0,9,1"}, {0}),
        ({"ROCR_VISIBLE_DEVICES": "GPU-c6ff740f"}, {1}),
        ({"HIP_VISIBLE_DEVICES": ""}, {0, 1, 2}),
    ],
)
def test_the_variables_of_rocm_choose_the_cards(environment, numbers):
    cards = [card(bus_id=bus) for bus in BUSES[:3]]
    assert set(Machine(*cards, environment=environment).parts()) == {f"gpu_amd{n}" for n in numbers}


def test_hips_own_order_counts_where_the_library_tells_it():
    cards = [card(bus_id=bus, hip_id=hip) for bus, hip in zip(BUSES, (2, 0, 1), strict=False)]
    assert set(Machine(*cards, environment={"HIP_VISIBLE_DEVICES": "0"}).parts()) == {"gpu_amd1"}


@pytest.mark.parametrize("environment", [{"ROCR_VISIBLE_DEVICES": ""}, {"HIP_VISIBLE_DEVICES": "7"}])
def test_hidden_cards_are_none_of_this_job(environment):
    parts = Machine(card(), environment=environment).parts()
    assert "hides every GPU" in parts["gpu_amd"].source


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (DRIVER_NOT_LOADED, "sudo modprobe amdgpu"),
        (NO_PERM, "usermod -a -G render,video"),
        (27, "amd-smi-lib"),
    ],
)
def test_cards_that_cannot_be_opened_are_missing_under_their_numbers_with_the_cure(root, error, cure):
    on_bus(root, BUSES[0], AMD, MI210)
    machine = Machine(amdsmi_init=error)
    assert machine.sensor.absences["gpu_amd0"].remedy.count(cure) == 1
    assert set(machine.parts()) == {"gpu_amd0"}


def test_in_a_container_the_cure_is_access_to_the_devices(root, monkeypatch):
    on_bus(root, BUSES[0], AMD, MI210)
    write(root, ".dockerenv", "")
    assert "--device /dev/kfd" in Machine(amdsmi_init=DRIVER_NOT_LOADED).sensor.absences["gpu_amd0"].remedy


def test_missing_bindings_name_the_extra(root, monkeypatch):
    on_bus(root, BUSES[0], AMD, MI210)
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    assert open_amdsmi()[1].remedy == "pip install 'wattshed[amd]'"


def test_graphics_inside_the_processor_are_left_out(root):
    on_bus(root, BUSES[0], AMD, MI210)
    on_bus(root, BUSES[1], AMD, RYZEN, DISPLAY)
    machine = Machine(card(bus_id=BUSES[0]), card(bus_id=BUSES[1], name="AMD Radeon Graphics"))
    assert set(machine.parts()) == {"gpu_amd0"}


def test_a_counter_that_freezes_in_a_job_is_lost_and_one_that_falls_back_too():
    frozen, back = card(bus_id=BUSES[0]), card(bus_id=BUSES[1])
    clock = HandClock()
    inside = AmdSmiSensor(FakeAmd(frozen, back, clock=clock), {}, clock, clock.sleep)
    sensor = CheckedSensor(inside, "amdsmi", frozenset({"gpu"}), clock, clock.sleep)
    sensor.start()
    clock.sleep(1.0)
    frozen.counter_w, frozen.count = 0, 90_000_000
    sensor.read()
    back.counter_w, back.count = 0, 10
    clock.sleep(5.0)
    parts = sensor.read()
    sensor.stop()
    assert "did not move" in parts["gpu_amd0"].source
    assert "fell back" in parts["gpu_amd1"].source


def kinds(sensors):
    for sensor in sensors:
        sensor.start()
    found = {name: part.status for sensor in sensors for name, part in sensor.read().items()}
    for sensor in sensors:
        sensor.stop()
    return {name: status for name, status in found.items() if name.startswith("gpu")}


@pytest.fixture
def libraries(monkeypatch):
    """90 W, as the card's power says, in the real time in which the counter is compared with it."""
    import time

    monkeypatch.setitem(sys.modules, "amdsmi", FakeAmd(card(), clock=time.perf_counter))
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(FakeGpu(step_mj=10)))


TDP = MeteringBlock(cpu_power_w=65.0)


def test_gpus_of_both_makers_are_metered_side_by_side(root, libraries):
    on_bus(root, BUSES[0], AMD, MI210)
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    assert kinds(open_sensors(TDP)) == {"gpu_amd0": "measured", "gpu0": "measured"}


def test_where_all_gpus_are_amds_nvidias_sensor_is_not_asked(root, libraries):
    on_bus(root, BUSES[0], AMD, MI210)
    assert kinds(open_sensors(TDP)) == {"gpu_amd0": "measured"}


def test_without_an_amd_gpu_its_library_is_not_loaded(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml())
    assert kinds(open_sensors(TDP)) == {"gpu": "missing"}
    report = next(report for report in survey(TDP) if report.provider == "amdsmi")
    assert (report.detail, report.remedy) == ("amdsmi: no AMD GPU", None)
    assert describe_amd_gpus() == []


def test_the_description_of_the_machine_names_amds_gpus(root, libraries):
    on_bus(root, BUSES[0], AMD, MI210)
    (found,) = describe_amd_gpus()
    assert (found["index"], found["name"]) == ("_amd0", "AMD Instinct MI210")


LOUD = """
print("libamd_smi.so: cannot open shared object file")
import sys
print("Unable to find libamd_smi.so library", file=sys.stderr)
{}["libamd_smi.so"]
"""


def test_the_librarys_complaints_never_reach_the_output(tmp_path):
    """As the real bindings behave on a machine without ROCm: two printed lines, then a KeyError."""
    write(tmp_path, "amdsmi/__init__.py", LOUD)
    code = "from wattshed.devices.amd_gpus import open_amdsmi\nassert 'KeyError' in open_amdsmi()[1].reason"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
