"""``wattshed doctor`` as a user meets it."""

import json
import os
import pty
import subprocess
import sys

import pynvml
import pytest

from fake_clock_driver import Driver
from wattshed.commands.doctor import _gpu_settings, _gpus
from wattshed.devices.present_gpus import AMD, NVIDIA, PresentGpu
from wattshed.energy.sensors.provider import SensorReport
from wattshed.foundation.vocabulary import Status


def doctor(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "wattshed.commands", "doctor", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("value", ["", "abc", "4(x2)"])
def test_odd_variables_of_a_batch_system_are_no_traceback(value):
    names = ("SLURM_CPUS_ON_NODE", "SLURM_JOB_CPUS_PER_NODE", "SLURM_MEM_PER_NODE")
    done = doctor(SLURM_JOB_ID="7", **dict.fromkeys(names, value))
    assert done.returncode == 0
    assert done.stderr == ""
    assert "slurm job 7" in done.stdout


def test_the_allocation_is_told_beside_the_whole_machine():
    found = json.loads(doctor("--json", SLURM_CPUS_ON_NODE="1", SLURM_MEM_PER_NODE="1024").stdout)
    assert (found["allocation"]["cores"], found["allocation"]["memory_gib"]) == (1, 1.0)
    assert (
        "1 of " in next(part for part in found["surroundings"] if part["subject"] == "allocation")["detail"]
    )


def test_everything_fits_into_80_columns():
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb", "SLURM_JOB_ID": "7"}
    child = subprocess.Popen(
        [sys.executable, "-m", "wattshed.commands", "doctor"], stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # Linux' way to say that the other end is closed
            break
        if not more:
            break
        shown += more
    os.close(ours)
    assert child.wait() == 0
    lines = shown.decode().splitlines()
    assert max(map(len, lines)) <= 80
    # Long enough lines are left for sentences, and every column has its heading in one piece.
    assert any("what was found, and what to do" in line for line in lines)
    assert any(line.split()[:2] == ["cpu,", "ram"] for line in lines), (
        "a provider's equal answers share a row"
    )


def test_the_output_is_readable_where_only_ascii_can_be_written():
    done = doctor(PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == 0
    assert "To do: " in done.stdout


def report(component, status=Status.MISSING):
    resolution_s = None if status == Status.MISSING else 0.1
    return SensorReport(component, "nvml", status, "x", None, resolution_s)


TWO = [PresentGpu(NVIDIA, "0000:01:00.0"), PresentGpu(AMD, "0000:02:00.0")]


@pytest.mark.parametrize(
    ("present", "reports", "fine", "detail"),
    [
        ([], [report("gpu")], True, "none on this machine"),
        (TWO, [report("gpu")], True, "2 on the bus, none for this job"),
        (TWO, [report("gpu0", Status.MEASURED), report("gpu_amd0", Status.ESTIMATED)], True, "2 read"),
        (
            TWO,
            [report("gpu0", Status.MEASURED), report("gpu_amd0")],
            False,
            "1 read; gpu_amd0 cannot be read",
        ),
        (TWO[:1], [report("gpu0"), report("cpu", Status.MEASURED)], False, "0 read; gpu0 cannot be read"),
    ],
)
def test_gpus_that_are_there_are_told_beside_those_that_are_read(present, reports, fine, detail):
    found = _gpus(present, reports)
    assert found.fine is fine
    assert detail in found.detail


def test_what_somebody_left_on_a_gpu_is_told_with_the_command_that_undoes_it(monkeypatch, tmp_path):
    driver = Driver()
    monkeypatch.setitem(sys.modules, "pynvml", driver.module)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (finding,) = _gpu_settings()
    assert finding.fine
    driver.locked, driver.limit_w = 900, 250
    limit, lock = _gpu_settings()
    assert (limit.fine, lock.fine) == (False, False)
    assert "power limit is 250 W" in limit.detail
    assert "-pl 400" in limit.remedy
    assert "held at 900 MHz" in lock.detail
    assert "-rgc" in lock.remedy
    assert driver.turned == []
    assert not any("Set" in call or "Reset" in call for call in driver.calls)


def test_without_an_nvidia_driver_clocks_are_not_mentioned(monkeypatch):
    driver = Driver(nvmlInit=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
    monkeypatch.setitem(sys.modules, "pynvml", driver.module)
    assert _gpu_settings() == []
