"""The CodeCarbon sensor with the real tracker and models of CodeCarbon, a fake load and a fake clock."""

import json
import os
import subprocess
import sys

import pytest

from made_load import MadeMachine
from wattshed.energy.sensors import codecarbon_setup
from wattshed.energy.sensors.codecarbon import CodeCarbonSensor
from wattshed.foundation.recovery import processes

JOULES_PER_KWH = 3.6e6


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """A folder with CodeCarbon's description of this host, which takes seconds to make."""
    folder = tmp_path_factory.mktemp("idle")
    sensor = CodeCarbonSensor(folder=folder)
    sensor.start()
    sensor.stop()
    return folder


@pytest.fixture
def machine(monkeypatch):
    return MadeMachine(monkeypatch)


@pytest.fixture
def sensor(described, machine):
    sensor = CodeCarbonSensor(folder=described, clock=machine.clock)
    sensor.start()
    if sensor.read()["cpu"].status == "measured":
        pytest.skip("CodeCarbon reads this machine's CPU from a counter: its load model is not used here")
    yield sensor
    sensor.stop()


def power_w(sensor, machine, name, seconds, load, readings=1):
    before = sensor.read()[name].kwh
    for _ in range(readings):
        machine.spend(seconds / readings, load)
        after = sensor.read()[name].kwh
    return (after - before) * JOULES_PER_KWH / seconds


def test_the_power_of_cpu_and_memory_is_plausible(sensor, machine):
    for name, most_w in (("cpu", 1000), ("ram", 500)):
        assert 0.5 < power_w(sensor, machine, name, 2.0, load=0.5) < most_w


def test_frequent_readings_lose_no_energy(sensor, machine):
    """RAM has a constant power, so its energy depends only on the time and not on the number of readings."""
    once_w = power_w(sensor, machine, "ram", 10.0, load=0.5)
    assert power_w(sensor, machine, "ram", 10.0, load=0.5, readings=200) == pytest.approx(once_w)


def test_full_load_draws_ten_times_the_idle_power(sensor, machine):
    idle_w = power_w(sensor, machine, "cpu", 5.0, load=0.0)
    full_w = power_w(sensor, machine, "cpu", 5.0, load=1.0)
    assert full_w == pytest.approx(10 * idle_w)  # CodeCarbon's minimum is a tenth of the thermal design power


def test_an_estimate_is_marked_as_estimated(sensor):
    reading = sensor.read()
    assert reading["ram"].status == reading["cpu"].status == "estimated"
    assert reading["ram"].source == "codecarbon 5 W per module"


def test_energy_is_missing_before_the_start_and_after_the_stop(described):
    sensor = CodeCarbonSensor(frozenset({"ram"}), described)
    assert sensor.read()["ram"].status == "missing"
    sensor.stop()
    sensor.start()
    assert set(sensor.read()) == {"ram"}
    sensor.stop()
    sensor.stop()
    assert sensor.read()["ram"].kwh is None


def test_text_printed_by_the_import_of_codecarbon_is_hidden(tmp_path):
    """AMD's library prints a complaint to standard output if it is installed without its driver."""
    (tmp_path / "amdsmi.py").write_text("print('no driver')\nraise ImportError\n")
    program = (
        "from wattshed.energy.sensors.codecarbon import CodeCarbonSensor\n"
        "sensor = CodeCarbonSensor(); sensor.start(); sensor.stop(); print('ready')"
    )
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "ready\n"


READ = """
import sys
from pathlib import Path
from wattshed.energy.sensors.codecarbon import CodeCarbonSensor
now_s = [0.0]
sensor = CodeCarbonSensor(folder=Path(sys.argv[1]), clock=lambda: now_s[0])
sensor.start()
before = sensor.read()["ram"].kwh
now_s[0] = 10.0
print((sensor.read()["ram"].kwh - before) * 3.6e6 / 10)
"""


def ram_power_w(folder, **variables):
    """Of a new process in the folder, which is also its user's home: CodeCarbon looks for its settings in both."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder / "kept")],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


@pytest.fixture(scope="module")
def plain_power_w(tmp_path_factory):
    """Without any settings of CodeCarbon."""
    return ram_power_w(tmp_path_factory.mktemp("without"))


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("[codecarbon]\nforce_ram_power=500\nforce_cpu_power=900\ntracking_mode=process\n", {}),
        ("this is not a configuration", {}),
        ("", {"CODECARBON_FORCE_RAM_POWER": "500"}),
        ("", {"codecarbon_tracking_mode": "nonsense", "CODECARBON_LOG_LEVEL": "nonsense"}),
        ("", {"CODECARBON_GPU_IDS": "x y", "CODECARBON_MEASURE_POWER_SECS": "soon"}),
    ],
)
def test_no_file_and_no_variable_of_codecarbon_changes_an_estimate(tmp_path, plain_power_w, text, variables):
    if text:
        (tmp_path / ".codecarbon.config").write_text(text)
    assert ram_power_w(tmp_path, **variables) == pytest.approx(plain_power_w, rel=1e-6)
    assert 0 < plain_power_w < 500


class TestKeptDescription:
    """The description of this host is made once a day and then kept."""

    @pytest.fixture(autouse=True)
    def new_process(self):
        """CodeCarbon keeps a cache within a process; each of these tests plays a new process."""
        from codecarbon.core.hardware_cache import clear_cache

        clear_cache()
        yield
        clear_cache()

    @staticmethod
    def tracker():
        from codecarbon import OfflineEmissionsTracker

        return OfflineEmissionsTracker(
            country_iso_code="USA", output_methods=[], tracking_mode="machine", log_level="error"
        )

    @staticmethod
    def file(folder):
        (file,) = folder.glob("*.codecarbon.json")
        return file

    def test_energies_are_the_same_with_and_without_a_kept_description(self, tmp_path, machine):
        from codecarbon.core.hardware_cache import clear_cache

        found = []
        for _ in range(2):
            machine.begin_again()
            sensor = CodeCarbonSensor(folder=tmp_path, clock=machine.clock)
            sensor.start()
            energies = []
            for seconds, load in ((1.0, 0.2), (0.5, 1.0), (3.0, 0.0), (0.1, 0.7)):
                machine.spend(seconds, load)
                energies.append(sensor.read())
            sensor.stop()
            found.append(energies)
            assert self.file(tmp_path).is_file()
            clear_cache()
        assert found[0] == found[1]

    def test_a_kept_description_avoids_the_hardware_search(self, described, monkeypatch):
        from codecarbon.core.resource_tracker import ResourceTracker

        def search(*_):
            raise AssertionError("CodeCarbon searched for the hardware again")

        monkeypatch.setattr(ResourceTracker, "_run_full_hardware_setup", search)
        sensor = CodeCarbonSensor(folder=described)
        sensor.start()
        assert sensor.read()["cpu"].kwh is not None
        sensor.stop()

    def test_a_kept_description_is_used_if_nothing_changed(self, described):
        assert codecarbon_setup.prepare(self.tracker(), described)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("CODECARBON_FORCE_CPU_POWER", "50"), ("CODECARBON_FORCE_RAM_POWER", "9"), ("SLURM_JOB_ID", "7")],
    )
    def test_another_setting_makes_the_description_invalid(self, described, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        assert not codecarbon_setup.prepare(self.tracker(), described)

    @pytest.mark.parametrize("name", ["node", "release"])
    def test_another_host_or_kernel_makes_the_description_invalid(
        self, described, tmp_path, monkeypatch, name
    ):
        kept = self.file(described).read_text()
        monkeypatch.setattr(f"platform.{name}", lambda: "another")
        codecarbon_setup._file(tmp_path).write_text(kept)
        assert not codecarbon_setup.prepare(self.tracker(), tmp_path)

    def test_another_boot_makes_the_description_invalid(self, described, tmp_path, monkeypatch):
        (tmp_path / "boot_id").write_text("another\n")
        monkeypatch.setattr(processes, "BOOT_ID", tmp_path / "boot_id")
        assert not codecarbon_setup.prepare(self.tracker(), described)

    @pytest.mark.parametrize(
        "written_utc", ["2020-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00", "today", None]
    )
    def test_a_description_of_another_day_is_ignored(self, described, tmp_path, written_utc):
        self.altered(described, tmp_path, lambda kept: kept.update(written_utc=written_utc))
        assert not codecarbon_setup.prepare(self.tracker(), tmp_path)

    @pytest.mark.parametrize(
        "damage",
        [
            lambda kept: kept.pop("hardware"),
            lambda kept: kept.update(hardware=[]),
            lambda kept: kept.update(hardware="cpu"),
            lambda kept: kept["hardware"].pop(),
            lambda kept: kept["hardware"][1].update(tdp=None),
            lambda kept: kept["hardware"][1].update(tdp=float("nan")),
            lambda kept: kept["hardware"][1].update(tdp=-8),
            lambda kept: kept["hardware"][1].update(mode="intel_rapl"),
            lambda kept: kept["hardware"][0].update(kind="gpu"),
        ],
    )
    def test_a_damaged_description_is_ignored(self, described, tmp_path, damage):
        self.altered(described, tmp_path, damage)
        assert not codecarbon_setup.prepare(self.tracker(), tmp_path)

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '{"key": 1}'])
    def test_a_file_with_other_content_is_ignored(self, described, tmp_path, text):
        file = tmp_path / self.file(described).name
        file.write_text(text)
        assert not codecarbon_setup.prepare(self.tracker(), tmp_path)

    def test_a_folder_that_cannot_be_written_is_ignored(self, described, tmp_path):
        (tmp_path / "file").write_text("no folder")
        tracker = self.tracker()
        assert codecarbon_setup.prepare(tracker, described)
        tracker._ensure_hardware_ready()
        codecarbon_setup.keep(tracker, tmp_path / "file")
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def altered(self, described, folder, change):
        kept = json.loads(self.file(described).read_text())
        change(kept)
        (folder / self.file(described).name).write_text(json.dumps(kept))
