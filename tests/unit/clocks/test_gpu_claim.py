"""Notes of locked GPUs: living sweeps are respected, dead ones' locks undone, strangers' settings reported."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace

import pynvml
import pytest

from fake_clock_driver import UUID, Driver, Guarded
from wattshed.clocks.backends.gpu.claim import claim_gpu
from wattshed.clocks.backends.gpu.driver import GpuDriver
from wattshed.clocks.backends.gpu.left_settings import survey_settings
from wattshed.clocks.backends.gpu.note import LockNote, create_note, note_path, read_note
from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.foundation.faults import Fault
from wattshed.foundation.recovery import machine_claim
from wattshed.foundation.recovery.processes import start_of

ME = LockNote.of_this_process("NVIDIA A100-SXM4-40GB", UUID, 400_000)


@pytest.fixture
def dead():
    """The note of a process that was there and has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note = replace(ME, pid=child.pid, started=start_of(child.pid), user="ann", knob="clock")
    child.communicate(b"\n")
    return note


@pytest.fixture
def leave(tmp_path):
    def leave(note):
        create_note(note_path(tmp_path, UUID), note)

    return leave


def test_the_note_is_there_before_the_knob_is_turned_and_gone_after_its_return(open_gpu, tmp_path):
    driver = Driver()
    driver.limit_w = 350
    gpu = open_gpu(driver, "power_limit")
    note = read_note(note_path(tmp_path, UUID))
    assert (note.pid, note.knob, note.found_power_limit_mw) == (os.getpid(), None, 350_000)
    turn, noted = driver.module.nvmlDeviceSetPowerManagementLimit, []

    def turns(handle, milliwatts):
        noted.append(read_note(note_path(tmp_path, UUID)).knob)
        turn(handle, milliwatts)

    driver.module.nvmlDeviceSetPowerManagementLimit = turns
    gpu.lock(200)
    assert noted == ["power_limit"]
    gpu.reset()
    assert list(tmp_path.iterdir()) == []


def test_a_dead_sweeps_clock_is_given_back_and_said(open_gpu, leave, dead, capsys):
    driver = Driver()
    driver.locked = 900
    leave(dead)
    gpu = open_gpu(driver)
    assert driver.locked is None
    assert f"its clock was left locked by process {dead.pid} of ann" in capsys.readouterr().err
    assert len(gpu.notices) == 2


def test_a_dead_sweeps_power_limit_goes_back_to_what_that_sweep_found(open_gpu, leave, dead):
    driver = Driver()
    driver.limit_w = 150
    leave(replace(dead, knob="power_limit", found_power_limit_mw=350_000))
    gpu = open_gpu(driver, "power_limit")
    gpu.lock(200)
    gpu.reset()
    assert driver.limit_w == 350


@pytest.mark.parametrize("changed", [{"knob": None}, {"boot": "another boot", "knob": "power_limit"}])
def test_a_note_that_left_nothing_locked_is_just_removed(open_gpu, leave, dead, changed):
    driver = Driver()
    leave(replace(dead, found_power_limit_mw=123_000, **changed))
    gpu = open_gpu(driver)
    assert driver.limit_w == 400
    assert len(gpu.notices) == 1


def test_a_dead_sweeps_lock_that_cannot_be_undone_names_the_command(open_gpu, leave, dead, tmp_path):
    leave(dead)
    with pytest.raises(Fault, match=rf"cannot be given back .*sudo nvidia-smi -i {UUID} -rgc"):
        open_gpu(Driver(nvmlDeviceResetGpuLockedClocks=pynvml.NVML_ERROR_NO_PERMISSION))
    assert read_note(note_path(tmp_path, UUID)) == dead


def test_a_living_sweep_keeps_the_gpu_and_its_lock(open_gpu, leave, tmp_path):
    driver = Driver()
    driver.locked = 900
    living = replace(ME, knob="clock")
    leave(living)
    with pytest.raises(Fault, match=f"swept by process {os.getpid()} .*expected one sweep per GPU"):
        open_gpu(driver)
    assert driver.locked == 900
    assert read_note(note_path(tmp_path, UUID)) == living


def test_a_process_of_another_container_counts_as_alive(open_gpu, leave, dead):
    leave(replace(dead, namespace="pid:[1]"))
    with pytest.raises(Fault, match=r"or remove .* if that process has ended"):
        open_gpu(Driver())


def test_two_sweeps_in_turn_and_on_two_gpus_do_not_meet(tmp_path):
    other = UUID.replace("4444", "5555")
    driver = Driver(uuids=(UUID, other))
    gpus = [
        NvmlClocks(NvmlBlock(gpu_index=index, settle_s=0), nvml=driver.module, notes=tmp_path, guard=Guarded)
        for index in (0, 1)
    ]
    assert len(list(tmp_path.iterdir())) == 2
    for gpu in gpus:
        gpu.reset()
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_that_lost_its_gpu_to_another_locks_no_more_and_leaves_the_others_note(open_gpu, tmp_path):
    driver = Driver()
    gpu = open_gpu(driver)
    gpu.lock(510)
    path = note_path(tmp_path, UUID)
    path.unlink()
    gpu.lock(510)  # a note that somebody removed is written again
    other = replace(ME, pid=ME.pid + 1, knob="clock")
    path.unlink()
    create_note(path, other)
    with pytest.raises(Fault, match=f"swept by process {other.pid}"):
        gpu.lock(1395)
    gpu.reset()
    assert read_note(path) == other


def test_a_file_system_without_links_keeps_notes_as_well(monkeypatch, tmp_path):
    def refuses(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuses)
    path = note_path(tmp_path, UUID)
    create_note(path, ME)
    assert read_note(path) == ME
    with pytest.raises(FileExistsError):
        create_note(path, ME)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"gpu": "x"}'])
def test_a_damaged_note_is_a_sentence(open_gpu, tmp_path, text):
    note_path(tmp_path, UUID).write_text(text)
    with pytest.raises(Fault, match=r"cannot be read .*remove the file"):
        open_gpu(Driver())


def test_a_folder_that_cannot_be_written_is_a_sentence_and_nothing_is_locked(tmp_path):
    (tmp_path / "file").write_text("")
    driver = Driver()
    with pytest.raises(Fault, match=r"cannot be written .*XDG_CACHE_HOME"):
        NvmlClocks(NvmlBlock(), nvml=driver.module, notes=tmp_path / "file" / "notes", guard=Guarded)
    assert driver.turned == []


def test_a_strangers_settings_are_reported_with_the_command_that_undoes_them(open_gpu, capsys):
    driver = Driver()
    driver.locked, driver.limit_w = 900, 300
    open_gpu(driver)
    said = capsys.readouterr().err
    assert "held at 900 MHz by somebody's lock, and not by heat or power" in said
    assert "`sudo nvidia-smi -i 0 -rgc`" in said
    assert "its power limit is 300 W and not the default of 400 W" in said
    assert "`sudo nvidia-smi -i 0 -pl 400`" in said


def test_a_changed_application_clock_is_found():
    driver = Driver()
    driver.module.nvmlDeviceGetApplicationsClock = lambda handle, kind: 1095
    driver.module.nvmlDeviceGetDefaultApplicationsClock = lambda handle, kind: 1410
    _, (left,) = survey_settings(driver.module)
    assert "application clock is 1095 MHz and not the default of 1410 MHz" in left.found
    assert "-rac" in left.remedy


@pytest.mark.parametrize("reason", ["SwPowerCap", "HwThermalSlowdown", "GpuIdle"])
def test_a_clock_that_is_low_by_itself_is_not_a_lock(reason, tmp_path):
    driver = Driver()
    driver.module.nvmlDeviceGetClockInfo = lambda handle, kind: 345
    driver.reasons = getattr(pynvml, f"nvmlClocksEventReason{reason}")
    assert survey_settings(driver.module, tmp_path) == (1, [])


def test_the_survey_tells_dead_and_living_sweeps_and_changes_nothing(leave, dead, tmp_path):
    driver = Driver()
    driver.locked = 900
    leave(replace(dead, failed="GPU is lost"))
    _, (left,) = survey_settings(driver.module, tmp_path)
    assert f"left locked by process {dead.pid} of ann" in left.found
    assert "(GPU is lost)" in left.found
    note_path(tmp_path, UUID).write_text(json.dumps(asdict(ME)))
    _, (left,) = survey_settings(driver.module, tmp_path)
    assert "is swept by" in left.found
    assert driver.locked == 900
    assert driver.turned == []


def test_the_survey_passes_over_gpus_that_do_not_answer(tmp_path):
    assert survey_settings(Driver(nvmlInit=pynvml.NVML_ERROR_DRIVER_NOT_LOADED).module, tmp_path) == (0, [])
    assert survey_settings(Driver(nvmlDeviceGetCount=pynvml.NVML_ERROR_UNKNOWN).module, tmp_path) == (0, [])
    lost = Driver(nvmlDeviceGetName=pynvml.NVML_ERROR_GPU_IS_LOST)
    assert survey_settings(lost.module, tmp_path) == (0, [])


@pytest.mark.parametrize("content", ["null", "[]", "{}", "[" * 100_000, "fifo", "folder"])
def test_a_note_that_is_none_is_refused_and_never_waited_for(tmp_path, content):
    path = tmp_path / "GPU-1.json"
    if content == "fifo":
        os.mkfifo(path)
    elif content == "folder":
        path.mkdir()
    else:
        path.write_text(content)
    with pytest.raises(Fault, match=r"expected the note of a sweep.*-rgc"):
        read_note(path)


@pytest.mark.parametrize(
    "change", [{"pid": "1"}, {"found_power_limit_mw": "x"}, {"found_power_limit_mw": -5}]
)
def test_a_note_with_impossible_numbers_is_refused(tmp_path, change):
    note = asdict(LockNote.of_this_process("A100", "GPU-1", 400_000)) | change
    (tmp_path / "GPU-1.json").write_text(json.dumps(note))
    with pytest.raises(Fault, match="its pid or its power limit"):
        read_note(tmp_path / "GPU-1.json")


def test_another_users_sweep_on_the_same_machine_is_refused_and_shown_by_the_survey(tmp_path, monkeypatch):
    """Its note lies in another cache; the lock of the first one stays, and is not taken for somebody's."""
    monkeypatch.setattr(machine_claim, "MACHINE", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "hers"))
    driver = Driver()
    first = claim_gpu(GpuDriver(NvmlBlock(), driver.module), tmp_path / "his")
    driver.locked = 900
    try:
        with pytest.raises(
            Fault, match=rf"is swept by process {os.getpid()} of .*expected one sweep per GPU"
        ):
            NvmlClocks(NvmlBlock(), nvml=driver.module, guard=Guarded)
        assert driver.locked == 900
        _, (left,) = survey_settings(driver.module)
        assert f"is swept by process {os.getpid()} of" in left.found
        assert left.remedy == "wait for its end"
    finally:
        first.release()
    second = claim_gpu(GpuDriver(NvmlBlock(), driver.module), tmp_path / "hers")
    second.release()


def test_a_claim_that_fails_lets_others_have_the_gpu(open_gpu, tmp_path):
    path = note_path(tmp_path, UUID)
    path.write_text("{")
    with pytest.raises(Fault, match="cannot be read"):
        open_gpu(Driver())
    path.unlink()
    open_gpu(Driver())


def test_a_note_that_cannot_be_written_whole_leaves_no_part(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(Fault, match="No space left"):
        create_note(note_path(tmp_path, UUID), ME)
    assert list(tmp_path.iterdir()) == []
