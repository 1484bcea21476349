"""``wattshed clocks govern``: over power logs, and over a command on the tests' own driver."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from fake_clock_driver import UUID, Driver
from killable_sweep import HELPERS, LIBRARY
from wattshed.clocks.governing.governor import Decision
from wattshed.clocks.governing.run import Step
from wattshed.commands.main import main
from wattshed.commands.running.governed_command import LinesOf
from wattshed.commands.running.live_governor import disobeyed

HEADER = (
    "timestamp, index, name, power.draw [W], utilization.gpu [%], utilization.memory [%], clocks.sm [MHz]\n"
)
NOTHING_PERMITTED = {
    "nvmlDeviceSetGpuLockedClocks": 4,
    "nvmlDeviceResetGpuLockedClocks": 4,
    "nvmlDeviceSetPowerManagementLimit": 4,
}


def line(at_s, busy, memory):
    stamp = pd.Timestamp("2026-03-01 12:00:00") + pd.Timedelta(milliseconds=round(1000 * at_s))
    time = f"{stamp:%Y/%m/%d %H:%M:%S}.{stamp.microsecond // 1000:03d}"
    return f"{time}, 0, NVIDIA A100, 200 W, {busy} %, {memory} %, 1410 MHz\n"


@pytest.fixture
def log(tmp_path):
    """20 s that wait for memory, then 20 s that compute; a sample each 0.1 s."""
    path = tmp_path / "power.csv"
    lines = [line(tenth / 10, 97, 80 if tenth < 200 else 20) for tenth in range(400)]
    path.write_text(HEADER + "".join(lines))
    return str(path)


def test_a_log_tells_the_clock_of_each_phase_and_claims_no_effect(log, tmp_path, capsys):
    out = tmp_path / "decisions.csv"
    words = ["clocks", "govern", log, "--setting", "memory=1005", "--output", str(out), "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rule"], found["changes"]) == ("utilisation", 2)
    assert 15 < found["held_s"]["1005"] < 21
    assert "no effect is claimed" in found["claim"]
    table = pd.read_csv(out)
    assert len(table) == found["windows"]
    assert table.loc[table["setting"] == 1005, "at_s"].max() < 21


def test_the_table_on_screen_says_the_same(log, capsys):
    assert main(["clocks", "govern", log, "--setting", "memory=1005"]) == 0
    out = capsys.readouterr().out
    assert "2 changes of the clock" in out
    assert "No effect is claimed" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "expected a power LOG, or --backend nvml and a command"),
        (["LOG"], "--setting: expected the clock of at least one phase"),
        (["LOG", "--setting", "memory"], "expected OURS=THEIRS"),
        (["LOG", "--setting", "memory=low"], "expected whole MHz above 0, such as memory=1005"),
        (["LOG", "--setting", "sleepy=900"], "--setting: "),
        (["LOG", "--setting", "memory=900", "--dwell-s", "0.1"], "--dwell-s: dwell_s is 0.1"),
        (["LOG", "--setting", "memory=900", "--window-s", "0.1"], "raise --window-s"),
        (["LOG", "--setting", "memory=900", "--rule", "activity"], "DCGM field 1002"),
        (["LOG", "--setting", "memory=900", "--progress", "done"], "--progress belongs to --backend nvml"),
        (["LOG", "--setting", "memory=900", "--", "true"], "a command belongs to --backend nvml"),
        (["--backend", "nvml", "--setting", "memory=900"], "expected -- and the command"),
        (["absent.csv", "--setting", "memory=900"], "absent.csv does not exist"),
    ],
)
def test_what_cannot_be_is_one_sentence(words, said, log, capsys):
    assert main(["clocks", "govern", *(log if word == "LOG" else word for word in words)]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert said in sentence


@pytest.fixture
def driver(tmp_path):
    folder = tmp_path / "driver"
    folder.mkdir()
    return Driver(folder=folder)


def governed(driver, *words, options=("--setting", "memory=510")):
    """The command in a process whose pynvml is the tests' driver, as the watchdog's is."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (HELPERS / "fake_nvml", HELPERS, LIBRARY))),
        "FAKE_NVML": str(driver.folder),
        "XDG_CACHE_HOME": str(driver.folder / "cache"),
    }
    line = [sys.executable, "-m", "wattshed.commands", "clocks", "govern", "--backend", "nvml", *options]
    return subprocess.run(
        [*line, "--", *words], cwd=driver.folder, env=environment, capture_output=True, text=True, timeout=120
    )


def locked(driver):
    return [entry["given"][1] for entry in driver.logged() if entry["call"] == "nvmlDeviceSetGpuLockedClocks"]


def test_a_command_is_governed_and_the_clock_given_back(driver):
    # It runs until its clock was lowered, however slow the machine is.
    wait = f"until grep -q 'Locked.*, 510, 510' {driver.folder}/calls.jsonl; do sleep 0.05; done; exit 7"
    output = ("--setting", "memory=510", "--window-s", "0.1", "--output", "decisions.csv")
    done = governed(driver, "sh", "-c", wait, options=output)
    assert done.returncode == 7, done.stderr
    assert locked(driver)[:2] == [1410, 510]
    assert driver.locked is None
    table = pd.read_csv(driver.folder / "decisions.csv")
    assert set(table["gpu_uuid"]) == {UUID}
    assert (table.loc[table["setting"] == 510, "applied"] == 510).all()
    assert 510 in set(table["setting"])


def test_without_the_right_the_command_never_starts(driver):
    (driver.folder / "faults.json").write_text(json.dumps(NOTHING_PERMITTED))
    done = governed(driver, "touch", "begun")
    assert done.returncode == 2
    assert "may not lock clocks" in done.stderr
    assert "root or CAP_SYS_ADMIN" in done.stderr
    assert not (driver.folder / "begun").exists()


def test_a_setting_that_the_gpu_does_not_have_is_refused_with_the_nearest(driver):
    done = governed(driver, "touch", "begun", options=("--setting", "memory=1400"))
    assert done.returncode == 2
    assert "--setting memory=1400: expected one of the 3 clocks" in done.stderr
    assert "the nearest is 1395" in done.stderr
    assert not (driver.folder / "begun").exists()
    assert locked(driver) == []


@pytest.mark.parametrize("call", ["nvmlDeviceGetClockInfo", "nvmlDeviceGetUtilizationRates"])
def test_a_command_goes_on_where_the_governor_fails(driver, call):
    # The fault comes when the governor works, and goes when it has been met.
    script = f"""until [ $(grep -c {call} calls.jsonl) -gt 3 ]; do sleep 0.02; done
        echo '{{"{call}": 999}}' > f; mv f faults.json
        until grep -q '"error": 999' calls.jsonl; do sleep 0.02; done; rm faults.json; exit 5"""
    options = ("--setting", "memory=510", "--window-s", "0.1", "--output", "decisions.csv")
    done = governed(driver, "sh", "-c", script, options=options)
    assert done.returncode == 5, done.stderr
    assert "the command goes on without a governor" in done.stderr
    assert "Traceback" not in done.stderr
    assert driver.locked is None
    assert len(pd.read_csv(driver.folder / "decisions.csv")) > 0


def test_sigterm_ends_the_command_and_keeps_the_decisions(driver):
    # Some windows after the first one; then a command that would never end.
    script = (
        "until [ $(grep -c Rates calls.jsonl) -gt 12 ]; do sleep 0.05; done; kill -TERM $PPID; exec cat pipe"
    )
    os.mkfifo(driver.folder / "pipe")
    options = ("--setting", "memory=510", "--window-s", "0.1", "--output", "decisions.csv")
    done = governed(driver, "sh", "-c", script, options=options)
    assert done.returncode == 143, done.stderr
    assert done.stderr.splitlines()[-1].startswith("stopped: the command was ended")
    assert driver.locked is None
    assert len(pd.read_csv(driver.folder / "decisions.csv")) > 0


@pytest.mark.parametrize(
    ("setting", "applied", "windows", "told"),
    [
        (510, 1410, 5, True),
        (510, 510, 5, False),
        (510, 345, 5, False),
        (1410, 1500, 5, False),
        (510, 1410, 2, False),
    ],
)
def test_a_gpu_that_runs_above_its_clock_is_told(setting, applied, windows, told):
    decision = Decision(0.0, setting, "memory", "memory", "keep")
    said = disobeyed([Step(decision, applied)] * windows, "A100", 1410)
    assert bool(said) == told
    if told:
        assert (
            "it ran at 1410 MHz where 510 MHz was set, and above the lowered clock in 5 of 5 windows" in said
        )


def test_lines_are_counted_as_a_file_grows_and_begins_again(tmp_path):
    path = tmp_path / "done"
    lines = LinesOf(path)
    assert lines() == 0
    path.write_text("one\ntwo\nthr")
    assert lines() == 2
    with path.open("a") as file:
        file.write("ee\n")
    assert lines() == 3
    path.write_text("new\n")
    assert lines() == 4
