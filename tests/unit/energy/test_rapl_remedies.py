"""The advice for unreadable RAPL cures it: the right file, a mount in containers, the truth about virtual machines."""

import os
import platform

import pytest

from fake_powercap import zone
from made_root import use_root, write
from other_user import reachable_folder, without_privileges
from wattshed.energy.sensors.processor.rapl import RaplSensor

INTEL = "processor\t: 0\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: fpu vme{more}\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A physical machine outside of containers."""
    for name in ("KUBERNETES_SERVICE_HOST", "container"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    write(tmp_path, "root/proc/version", "Linux version 6.8.0 (gcc 13)")
    write(tmp_path, "root/proc/cpuinfo", INTEL.format(more=""))
    return use_root(monkeypatch, tmp_path / "root")


def absence(folder):
    sensor = RaplSensor(folder)
    sensor.start()
    return sensor.absences["cpu"]


def test_a_physical_machine_without_zones_loads_the_module(root, tmp_path):
    found = absence(tmp_path / "none")
    assert "no such zone" in found.reason
    assert "sudo modprobe intel_rapl_msr" in found.remedy


@pytest.mark.parametrize(
    ("vendor", "name"), [("QEMU", "KVM"), ("VMware, Inc.", "VMware"), ("Amazon EC2", "Amazon EC2")]
)
def test_a_virtual_machine_is_told_that_hypervisors_hide_rapl(root, tmp_path, vendor, name):
    write(root, "proc/cpuinfo", INTEL.format(more=" hypervisor"))
    write(root, "sys/class/dmi/id/sys_vendor", vendor + "\n")
    found = absence(tmp_path / "none")
    assert f"this is a virtual machine ({name}), and hypervisors hide RAPL" in found.reason
    assert found.remedy.startswith("measure on the host")


def test_wsl_is_told_what_hides_its_counters(root, tmp_path):
    write(root, "proc/version", "Linux version 5.15.153.1-microsoft-standard-WSL2")
    write(root, "proc/cpuinfo", INTEL.format(more=" hypervisor"))
    found = absence(tmp_path / "none")
    assert "this is WSL" in found.reason
    assert "modprobe" not in found.remedy


def test_another_kind_of_processor_is_not_told_to_load_a_module(root, tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    found = absence(tmp_path / "none")
    assert "aarch64 have no RAPL" in found.reason
    assert "modprobe" not in found.remedy


def test_macos_is_told_that_it_has_no_powercap(root, tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert "Darwin has no powercap" in absence(tmp_path / "none").reason


@pytest.mark.parametrize(
    ("engine", "cure"),
    [
        (".dockerenv", "-v /sys/devices/virtual/powercap:/powercap:ro -e WATTSHED_POWERCAP=/powercap"),
        ("run/.containerenv", "--security-opt unmask=/sys/devices/virtual/powercap"),
        (None, "-v /sys/devices/virtual/powercap"),
    ],
)
def test_links_that_lead_nowhere_in_a_container_are_cured_by_a_mount(root, tmp_path, engine, cure):
    if engine:
        write(root, engine, "")
    links = tmp_path / "powercap"
    links.mkdir()
    (links / "intel-rapl:0").symlink_to("../../devices/virtual/powercap/intel-rapl/intel-rapl:0")
    found = absence(links)
    assert "leads nowhere" in found.reason
    assert cure in found.remedy
    assert "modprobe" not in found.remedy


def test_links_that_lead_nowhere_in_a_pod_name_the_host_path(root, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    (tmp_path / "powercap").mkdir()
    (tmp_path / "powercap/intel-rapl:0").symlink_to("nowhere")
    assert "hostPath" in absence(tmp_path / "powercap").remedy


def test_following_the_mounts_advice_reads_the_counters(root, tmp_path, monkeypatch):
    """The mounted tree of devices holds zones inside one another, other than the class of devices."""
    energy = zone(tmp_path / "powercap/intel-rapl", "intel-rapl:0", "package-0", 1000)
    memory = zone(tmp_path / "powercap/intel-rapl/intel-rapl:0", "intel-rapl:0:0", "dram", 1000)
    zone(tmp_path / "powercap/intel-rapl/intel-rapl:0", "intel-rapl:0:1", "core", 1000)
    sensor = RaplSensor(tmp_path / "powercap")
    sensor.start()
    energy.write_text("3601000")
    memory.write_text("361000")
    parts = sensor.read()
    assert (parts["cpu"].kwh, parts["ram"].kwh) == (pytest.approx(1e-6), pytest.approx(1e-7))


NAMES = ("energy_uj", "max_energy_range_uj", "name")


@pytest.mark.parametrize("closed", [("energy_uj",), ("max_energy_range_uj",), NAMES[:2], ("name",), NAMES])
def test_following_the_advice_for_unreadable_files_makes_them_readable(root, closed):
    with reachable_folder() as folder:
        files = [zone(folder, f"intel-rapl:{number}", f"package-{number}") for number in (0, 1)]
        for file in files:
            for name in closed:
                (file.parent / name).chmod(0o000)
        with without_privileges():
            found = absence(folder)
        for _ in range(3):
            if found is None:
                break
            assert any(name in found.reason for name in closed)
            told = found.remedy.split("`")[1]
            assert told.startswith("sudo chmod a+r ")
            assert os.system(told.removeprefix("sudo ")) == 0
            with without_privileges():
                sensor = RaplSensor(folder)
                sensor.start()
                found = sensor.absences.get("cpu")
        assert found is None
        files[0].write_text("3600000")
        assert sensor.read()["cpu"].kwh == pytest.approx(1e-6)


def test_a_closed_folder_is_named_itself(root):
    with reachable_folder() as folder:
        energy = zone(folder, "intel-rapl:0", "package-0")
        energy.parent.chmod(0o000)
        with without_privileges():
            found = absence(folder)
        energy.parent.chmod(0o755)
    assert f"sudo chmod a+rx {folder}/intel-rapl:0" in found.remedy


def test_in_a_container_the_files_are_opened_on_the_host(root, monkeypatch):
    monkeypatch.setenv("container", "docker")
    with reachable_folder() as folder, without_privileges():
        zone(folder, "intel-rapl:0", "package-0").chmod(0o000)
        assert absence(folder).remedy.startswith("on the host, run `sudo chmod")


@pytest.mark.parametrize(("name", "text"), [("energy_uj", "-1"), ("max_energy_range_uj", "0")])
def test_a_file_with_an_impossible_count_is_missing(root, tmp_path, name, text):
    energy = zone(tmp_path, "intel-rapl:0", "package-0")
    (energy.parent / name).write_text(text)
    assert name in absence(tmp_path).reason
