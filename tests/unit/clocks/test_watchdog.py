"""The watchdog in real processes, on a driver that writes down each process's calls: the knob is given back however a
sweep ends. How fast is measured by benchmarks/clock_watchdog.py."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pynvml
import pytest

from fake_clock_driver import UUID, Driver
from killable_sweep import HELPERS, LIBRARY, LOOP, SweepProcess
from wattshed.clocks.backends.gpu.note import LockNote, create_note, note_path, read_note
from wattshed.clocks.backends.gpu.watchdog import Watchdog
from wattshed.foundation.faults import Fault
from wattshed.foundation.recovery.machine_claim import holder_of, take

# After the watchdog has been started, a child that does nothing for a long time.
FORKS = """
import os
opened.lock(510)
if os.fork() == 0:
    time.sleep(600)
    os._exit(0)

"""


@pytest.fixture
def sweep(tmp_path):
    """Starts sweeps, one after the other, and ends what a failed test left."""
    started = []

    def sweep(**given):
        started.append(SweepProcess(tmp_path, **given))
        return started[-1]

    yield sweep
    for process in started:
        if process.process.poll() is None:
            process.end()
        process.wait_for_watchdogs()


def test_after_sigkill_of_a_whole_sweep_the_watchdog_resets_the_clock(sweep):
    killed = sweep()
    killed.wait_for_locks()
    sent_s = killed.end(signal.SIGKILL)
    killed.wait_for_watchdogs()
    last = killed.turns()[-1]
    assert (last["call"], last["given"]) == ("nvmlDeviceResetGpuLockedClocks", [UUID])
    assert last["pid"] != killed.process.pid
    assert last["at_s"] > sent_s
    assert killed.driver.locked is None
    assert killed.notes == []


def test_a_kill_of_the_process_group_does_not_reach_the_watchdog_and_the_found_limit_comes_back(sweep):
    killed = sweep(knob="power_limit", program=LOOP)
    killed.wait_for_locks()
    assert killed.driver.limit_w < 400
    killed.end(signal.SIGKILL, group=True)
    killed.wait_for_watchdogs()
    assert killed.driver.limit_w == 400
    assert killed.notes == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_sweep_that_a_signal_ends_resets_itself_and_its_watchdog_ends_too(sweep, number):
    ended = sweep(program=LOOP)
    ended.wait_for_locks()
    ended.end(number, group=True)
    ended.wait_for_watchdogs()
    last = ended.turns()[-1]
    assert (last["call"], last["pid"]) == ("nvmlDeviceResetGpuLockedClocks", ended.process.pid)
    assert (ended.driver.locked, ended.notes) == (None, [])


def test_a_sweep_whose_watchdog_dies_gets_another_before_the_next_lock_which_ignores_signals(sweep):
    killed = sweep(program=LOOP)
    killed.wait_for_locks()
    (first,) = killed.watchdogs
    os.kill(first, signal.SIGKILL)
    killed.wait_until(lambda: len(killed.watchdogs) == 2)
    (second,) = killed.watchdogs - {first}
    killed.wait_for_locks(len(killed.turns()) + 3)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        os.kill(second, number)
    killed.end(signal.SIGKILL)
    killed.wait_for_watchdogs()
    assert killed.turns()[-1]["pid"] == second
    assert killed.driver.locked is None


def test_after_a_kill_of_both_the_next_sweep_finds_the_lock_and_frees_it(sweep, tmp_path):
    killed = sweep(program=LOOP)
    killed.wait_for_locks()
    (watchdog,) = killed.watchdogs
    os.kill(killed.process.pid, signal.SIGSTOP)
    os.kill(watchdog, signal.SIGKILL)
    killed.end(signal.SIGKILL)
    assert len(killed.notes) == 1
    path = os.pathsep.join(map(str, (HELPERS / "fake_nvml", HELPERS, LIBRARY)))
    doctor = subprocess.run(
        [sys.executable, "-m", "wattshed.commands", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": path, "FAKE_NVML": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert f"was left locked by process {killed.process.pid} of" in doctor.stdout
    assert f"nvidia-smi -i {UUID} -rgc" in doctor.stdout
    following = sweep(program=LOOP)
    following.wait_for_locks(len(killed.turns()) + 3)
    assert f"left locked by process {killed.process.pid} of" in (tmp_path / "stderr.txt").read_text()
    following.end(signal.SIGTERM)
    assert killed.driver.locked is None


def test_a_watchdog_tries_until_the_driver_has_recovered(sweep, tmp_path):
    killed = sweep(program=LOOP)
    killed.wait_for_locks()
    faults = tmp_path / "faults.json"
    faults.write_text(f'{{"nvmlDeviceResetGpuLockedClocks": {pynvml.NVML_ERROR_UNKNOWN}}}')
    killed.end(signal.SIGKILL)
    while not any(entry["error"] for entry in killed.driver.logged()):
        time.sleep(0.01)
    assert killed.driver.locked
    faults.unlink()
    killed.wait_for_watchdogs()
    assert killed.driver.locked is None


def test_a_child_that_outlives_the_sweep_does_not_keep_its_watchdog_waiting(sweep):
    """Such as a worker that loads data: it was forked, and holds the sweep's open files."""
    killed = sweep(program=LOOP.replace("with clock_given_back", FORKS + "with clock_given_back"))
    killed.wait_for_locks()
    killed.end(signal.SIGKILL)
    killed.wait_for_watchdogs()
    assert killed.driver.locked is None
    # The child was still there.
    os.killpg(killed.process.pid, signal.SIGKILL)


@pytest.fixture
def guarded(tmp_path, monkeypatch):
    """A watchdog of this process, and the driver that both share."""
    monkeypatch.setenv("FAKE_NVML", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(HELPERS / "fake_nvml"), *sys.path])
    note = LockNote.of_this_process("A100", UUID, 350_000)
    path = note_path(tmp_path / "notes", UUID)
    create_note(path, note)
    return Driver(folder=tmp_path), note, path


def test_a_watchdog_that_cannot_reach_the_driver_lets_nothing_be_locked(guarded, tmp_path):
    _, note, path = guarded
    (tmp_path / "faults.json").write_text(f'{{"nvmlInit": {pynvml.NVML_ERROR_DRIVER_NOT_LOADED}}}')
    with pytest.raises(Fault, match=r"the watchdog.*cannot run \(Driver Not Loaded\); nothing was locked"):
        Watchdog(note, path).watch()


def test_a_watchdog_that_is_dismissed_leaves_the_gpu_alone(guarded):
    driver, note, path = guarded
    watchdog = Watchdog(note, path)
    watchdog.watch()
    watchdog.dismiss()
    assert {entry["call"] for entry in driver.logged()} == {"nvmlInit", "nvmlDeviceGetHandleByUUID"}
    assert watchdog.pid is None
    assert not watchdog.take_over()


def test_a_watchdog_takes_over_a_reset_that_the_sweep_could_not_make(guarded):
    driver, note, path = guarded
    driver.locked = 900
    watchdog = Watchdog(replace(note, knob="clock"), path)
    watchdog.watch()
    assert watchdog.take_over()
    assert driver.locked is None
    assert not path.exists()


def test_a_watchdog_leaves_the_lock_of_a_sweep_that_came_after(guarded):
    driver, note, path = guarded
    driver.locked = 900
    watchdog = Watchdog(replace(note, knob="clock", since_utc="earlier"), path)
    watchdog.watch()
    assert not watchdog.take_over()
    assert driver.locked == 900
    assert read_note(path) == note


def test_a_watchdog_keeps_the_gpu_from_other_sweeps_until_it_has_ended(guarded, tmp_path):
    """Else its reset could undo the lock of a sweep that began after the kill."""
    _, note, path = guarded
    claim = take(UUID, str(tmp_path))
    watchdog = Watchdog(note, path, claim.descriptor)
    watchdog.watch()
    claim.release()
    assert holder_of(UUID, str(tmp_path)).pid == os.getpid()
    watchdog.dismiss()
    assert holder_of(UUID, str(tmp_path)) is None


def test_a_watchdog_that_stands_still_is_killed_when_nothing_is_left_to_do(guarded, tmp_path, monkeypatch):
    _, note, path = guarded
    claim = take(UUID, str(tmp_path))
    watchdog = Watchdog(note, path, claim.descriptor)
    watchdog.watch()
    claim.release()
    os.kill(watchdog.pid, signal.SIGSTOP)
    monkeypatch.setattr("wattshed.clocks.backends.gpu.watchdog.END_WITHIN_S", 0.0)
    watchdog.dismiss()
    assert holder_of(UUID, str(tmp_path)) is None
