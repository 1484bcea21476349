"""Every registered sensor, on fake hardware, and a sensor of a study's own keep the contract of sensors."""

import json
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from fake_amd import FakeAmd, FakeCard
from fake_gpus import FakeGpu, FakeNvml
from fake_powercap import running, zone
from made_root import AMD, H100, MI210, NVIDIA, on_bus, use_root
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.host import Host
from wattshed.energy.metered_job import metered_job
from wattshed.energy.reading import COMPONENTS
from wattshed.energy.sensors.checked import kind_of
from wattshed.energy.sensors.registry import MODULES
from wattshed.energy.sensors.selection import open_sensors, providers, survey
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status

BLOCKS = {"codecarbon": MeteringBlock(cpu_estimator="codecarbon")}
TOY = """
from wattshed.energy.reading import Component
from wattshed.energy.sensors.provider import Provider
from wattshed.foundation.vocabulary import Status


class Toy:
    resolution_s = 0.001
    reads = 0

    def start(self): ...

    def read(self):
        self.reads += 1
        return {"cpu": Component(1e-6 * self.reads, Status.MEASURED, "toy wattmeter")}

    def stop(self): ...


class ToyProvider(Provider):
    components = frozenset({"cpu"})
    preference = 5

    def open(self, metering, components):
        return Toy()


SENSOR = ToyProvider()
"""


class Zeusd:
    """The client of a daemon that reads one processor, of 1 W between two questions."""

    auth_error = None
    can_read_cpu = True

    def __init__(self, config=None):
        self.energy_uj = 1_000_000

    def get_cpu_energy(self):
        self.energy_uj += 1_000
        return {0: SimpleNamespace(cpu_energy_uj=self.energy_uj, dram_energy_uj=self.energy_uj)}


@pytest.fixture
def equipped(monkeypatch, tmp_path):
    """A machine on which every sensor finds its hardware."""
    files = zone(tmp_path, "intel-rapl:0", "package-0"), zone(tmp_path, "intel-rapl:0:0", "dram")
    monkeypatch.setattr("wattshed.energy.sensors.processor.rapl.POWERCAP", tmp_path)
    root = use_root(monkeypatch, tmp_path / "root")
    on_bus(root, "0000:01:00.0", NVIDIA, H100)
    on_bus(root, "0000:c1:00.0", AMD, MI210)
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(FakeGpu(step_mj=10)))
    # 90 W, as its power says, for the time in which the counter is compared with it.
    card = FakeCard(counter_w=90)
    monkeypatch.setitem(sys.modules, "amdsmi", FakeAmd(card, clock=time.perf_counter))
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZEUSD_SOCK_PATH", "/run/zeusd/zeusd.sock")
    zeusd = SimpleNamespace(ZeusdClient=Zeusd, ZeusdConfig=lambda **where: where)
    monkeypatch.setitem(sys.modules, "zeus.utils.zeusd", zeusd)
    monkeypatch.setitem(sys.modules, "zeus.utils", SimpleNamespace(zeusd=zeusd))
    monkeypatch.setitem(sys.modules, "zeus", SimpleNamespace(utils=SimpleNamespace(zeusd=zeusd)))
    monkeypatch.setenv("WATTSHED_SIMULATED_POWER_W", json.dumps({"cpu": 20, "ram": 3, "gpu": 50}))
    with running(*files):
        yield


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any counter."""
    monkeypatch.setattr("wattshed.energy.sensors.processor.rapl.POWERCAP", tmp_path / "none")
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml())
    use_root(monkeypatch, tmp_path / "root")
    for name in ("CUDA_VISIBLE_DEVICES", "ZEUSD_SOCK_PATH", "ZEUSD_HOST_PORT", "WATTSHED_SIMULATED_POWER_W"):
        monkeypatch.delenv(name, raising=False)


def opened(name):
    provider = plugins.load("sensor", name)
    return provider, provider.open(BLOCKS.get(name, MeteringBlock()), provider.components)


@pytest.mark.parametrize("name", MODULES)
def test_a_sensor_reads_exactly_the_components_that_it_declares(name, equipped):
    provider, sensor = opened(name)
    assert set() < provider.components <= set(COMPONENTS)
    sensor.start()
    parts = sensor.read()
    sensor.stop()
    assert {kind_of(component) for component in parts} == provider.components
    assert all(part.kwh is not None for part in parts.values()), (
        "the fakes provide the hardware of every sensor"
    )
    assert all(part.source for part in parts.values())
    assert sensor.resolution_s > 0


@pytest.mark.parametrize("name", MODULES)
def test_energies_never_decrease_and_restart_from_zero_at_each_start(name, equipped):
    _, sensor = opened(name)
    for _ in range(2):
        sensor.start()
        first, second = sensor.read(), sensor.read()
        sensor.stop()
        assert first.keys() == second.keys() != set()
        for component, part in first.items():
            assert 0 <= part.kwh <= second[component].kwh
            assert part.kwh < 1e-3, "a sensor counts from its start, and is read within seconds of it"


@pytest.mark.parametrize("name", MODULES)
def test_energy_is_missing_with_a_reason_before_the_start_and_after_the_stop(name, equipped):
    _, sensor = opened(name)
    sensor.stop()
    before = sensor.read()
    sensor.start()
    sensor.stop()
    sensor.stop()
    for part in (*before.values(), *sensor.read().values()):
        assert (part.kwh, part.status) == (None, Status.MISSING)
        assert part.source


@pytest.mark.parametrize("name", MODULES)
def test_a_sensor_without_its_hardware_reports_the_reason_or_estimates(name, bare):
    _, sensor = opened(name)
    if sensor is None:
        return  # the study does not ask for it, or it is of no use here
    sensor.start()
    parts = sensor.read()
    sensor.stop()
    assert parts
    assert all(part.source for part in parts.values())
    assert {part.status for part in parts.values()} <= {Status.MISSING, Status.ESTIMATED}


@pytest.mark.parametrize("machine", ["equipped", "bare"])
def test_the_survey_has_a_detail_for_every_sensor_and_a_resolution_if_it_works(machine, request):
    request.getfixturevalue(machine)
    reports = survey(MeteringBlock())
    assert {report.provider for report in reports} >= set(MODULES) - {"simulated"}
    assert all(report.detail for report in reports)
    assert all((report.resolution_s is None) == (report.status == Status.MISSING) for report in reports)


def test_every_sensor_has_its_own_preference():
    preferences = [provider.preference for _, provider in providers()]
    assert len(set(preferences)) == len(preferences)


def test_the_sensor_table_loads_no_heavy_library():
    code = (
        "import sys\nfrom wattshed.energy.sensors.selection import providers\nproviders()\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'pydantic', 'codecarbon', 'psutil', 'torch', 'zeus', 'pynvml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_studys_own_sensor_is_chosen_used_by_the_meter_and_named_in_the_ledger(own_plugin, bare, tmp_path):
    own_plugin("toy", TOY)
    metering = MeteringBlock(cpu_power_w=65.0, idle_s=0, minimum_window_s=0.01)
    ledger = tmp_path / "ledger/toy.jsonl"
    host = Host(None, None, tmp_path / "idle", None)
    with (
        metered_job(ledger, stage="command", job="toy", labels={}, metering=metering, host=host) as meter,
        meter.window("command") as window,
    ):
        time.sleep(0.15)  # longer than the resolution of the memory estimate
    assert window.energy.components["cpu"].source == "toy wattmeter"
    events = [json.loads(line) for line in ledger.read_text().splitlines()]
    sources = {part["component"]: part["source"] for part in events[1]["sensors"]}
    assert sources["cpu"] == "toy wattmeter"
    assert sources["ram"].startswith("flat"), "the next provider reads the other components"
    assert events[-1]["energy"]["cpu"]["kwh"] > 0
    assert any(report.provider == "toy" for report in survey(metering))


def test_a_sensor_of_an_unknown_component_is_refused_before_anything_runs(own_plugin, bare):
    own_plugin("disks", TOY.replace('frozenset({"cpu"})', 'frozenset({"disk"})'))
    with pytest.raises(Fault, match="'disks' reads disk: expected components among cpu, ram, gpu"):
        open_sensors(MeteringBlock())


@pytest.mark.parametrize(
    "text", ["20", "{cpu", '{"cpu": "much"}', '{"disk": 1}', '{"cpu": -1}', '{"cpu": Infinity}']
)
def test_an_invalid_simulated_power_is_reported_in_one_sentence(text, bare, monkeypatch):
    monkeypatch.setenv("WATTSHED_SIMULATED_POWER_W", text)
    with pytest.raises(Fault, match="WATTSHED_SIMULATED_POWER_W cannot be read"):
        open_sensors(MeteringBlock())


def test_simulated_powers_replace_real_sensors_and_are_never_marked_measured(bare, monkeypatch):
    monkeypatch.setenv("WATTSHED_SIMULATED_POWER_W", '{"cpu": 20}')
    first, *others = open_sensors(MeteringBlock(cpu_power_w=65.0))
    first.start()
    part = first.read()["cpu"]
    assert (part.status, part.source) == (Status.ESTIMATED, "simulated power of 20 W")
    assert len(others) == 2, "memory is estimated and NVML says that there is no GPU"
