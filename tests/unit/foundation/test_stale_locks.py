"""Locks of killed Snakemake processes are removed; locks of running ones stay."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import wattshed
from wattshed.foundation.recovery.processes import start_of
from wattshed.foundation.recovery.stale_locks import RunRecord, record_locks, record_run, remove_stale_locks


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / ".snakemake"
    (place / "locks").mkdir(parents=True)
    return place


@pytest.fixture
def own(folder):
    """The record of this living process."""
    path = record_run(folder)
    return RunRecord(**json.loads(path.read_text()))


def lock(folder, name="0.output.lock"):
    (folder / "locks" / name).write_text("results/report.html\n")
    return folder / "locks" / name


def write(folder, record, name="another"):
    place = folder / "wattshed_runs"
    place.mkdir(exist_ok=True)
    (place / f"{name}.json").write_text(json.dumps(asdict(record)))


def dead(record, **changes):
    return replace(record, started="long ago", **changes)


def test_the_lock_and_the_record_of_a_dead_process_are_removed(folder, own):
    path = lock(folder)
    write(folder, dead(own, locks=["0.output.lock"]))
    assert remove_stale_locks(folder) == ["0.output.lock"]
    assert not path.exists()
    assert not (folder / "wattshed_runs/another.json").exists()


def test_the_lock_of_a_living_process_stays_if_a_dead_one_had_the_same_name(folder, own):
    path = lock(folder)
    write(folder, dead(own, locks=["0.output.lock"]), "dead")
    write(folder, replace(own, locks=["0.output.lock"]), "living")
    assert remove_stale_locks(folder) == []
    assert path.exists()


def test_a_lock_newer_than_an_incomplete_record_of_a_dead_process_is_removed(folder, own):
    for record in (folder / "wattshed_runs").iterdir():
        record.unlink()
    path = lock(folder)
    write(folder, dead(own))
    assert remove_stale_locks(folder) == ["0.output.lock"]
    assert not path.exists()


def test_a_lock_that_may_belong_to_a_living_process_stays(folder, own):
    path = lock(folder)
    write(folder, dead(own))
    assert remove_stale_locks(folder) == [], "this process is alive and has not named its locks yet"
    assert path.exists()


def test_a_lock_older_than_every_record_stays(folder, own):
    path = lock(folder)
    os.utime(path, (1, 1))
    write(folder, dead(own))
    assert remove_stale_locks(folder) == []
    assert path.exists()


@pytest.mark.parametrize("change", [{"host": "another host"}, {"host": "another host", "boot": "another"}])
def test_a_process_on_another_host_counts_as_alive(folder, own, change):
    write(folder, dead(own, locks=["0.output.lock"], **change))
    path = lock(folder)
    assert remove_stale_locks(folder) == []
    assert path.exists()


def test_processes_from_before_a_reboot_count_as_dead(folder, own):
    write(folder, replace(own, boot="before", locks=["0.output.lock"]))
    lock(folder)
    assert remove_stale_locks(folder) == ["0.output.lock"]


def test_an_incomplete_record_is_ignored(folder):
    (folder / "wattshed_runs").mkdir()
    (folder / "wattshed_runs/x.json").write_text('{"host": ')
    lock(folder)
    assert remove_stale_locks(folder) == []


def test_a_record_lists_only_locks_made_after_it(folder):
    old = lock(folder, "0.input.lock")
    os.utime(old, (1, 1))
    path = record_run(folder)
    lock(folder, "1.input.lock")
    record_locks(path)
    assert json.loads(path.read_text())["locks"] == ["1.input.lock"]


@pytest.mark.parametrize("killed", [False, True])
def test_only_a_killed_process_leaves_its_record(folder, killed):
    code = (
        "import os, signal\nfrom pathlib import Path\nfrom wattshed.foundation.recovery.stale_locks import record_run\n"
        f"record_run(Path({folder.name!r}))\nos.chdir('/')\n"
        + ("os.kill(os.getpid(), signal.SIGKILL)" if killed else "")
    )
    library = str(Path(wattshed.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": library}
    subprocess.run([sys.executable, "-c", code], cwd=folder.parent, env=environment)
    assert len(list((folder / "wattshed_runs").glob("*.json"))) == killed
    lock(folder)
    assert remove_stale_locks(folder) == ["0.output.lock"] * killed


def test_a_zombie_process_counts_as_ended(folder):
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert start_of(child.pid) is None
    finally:
        child.wait()
