"""A ledger has one writer: other processes, forks and later jobs neither write it nor replace it."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from wattshed.energy.host import Host
from wattshed.energy.ledger.reading import read_ledger
from wattshed.energy.ledger.writing import Ledger
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.faults import Fault

JOB = textwrap.dedent("""
    import os, sys, time
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.metered_job import metered_job
    from wattshed.foundation.faults import run_script
    metering = MeteringBlock(idle_s=0.0, tick_every_s=0.05, cpu_estimator="tdp", cpu_power_w=50.0)
    def job(path):
        return metered_job(path, stage="training", job="gru-1", labels={}, metering=metering)
    def main(argv):
        body()
""")


def start(body, *words, **options):
    """A process that runs ``body``, whose functions ``job(path)`` and ``sys.argv`` are given."""
    program = JOB + textwrap.dedent(body) + "\nraise SystemExit(run_script(main))\n"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([sys.executable, "-c", program, *map(str, words)], text=True, **pipes)


HOLDS = """
    def body():
        with job(sys.argv[1]):
            print("writes", flush=True)
            sys.stdin.readline()
"""


def events_of(path):
    return [json.loads(line)["event"] for line in path.read_text().splitlines()]


@pytest.fixture
def host(tmp_path):
    return Host(None, None, tmp_path / "idle", None)


def test_another_rank_is_refused_while_the_first_one_writes(tmp_path):
    path = tmp_path / "gru-1.jsonl"
    first = start(HOLDS, path)
    assert first.stdout.readline() == "writes\n"
    others = [start(HOLDS, path) for _ in range(2)]
    for other in others:
        out, err = other.communicate("")
        assert (other.returncode, out) == (2, "")
        assert f"gru-1.jsonl in {tmp_path} is being written by process {first.pid}" in err
        assert err.count("\n") == 1
    assert first.communicate("\n")[1] == ""
    assert first.returncode == 0
    assert events_of(path)[-1] == "end"
    assert [file.name for file in tmp_path.iterdir()] == ["gru-1.jsonl"]


def test_a_job_in_the_same_process_is_refused_while_the_first_one_writes(tmp_path, metering, host):
    path = tmp_path / "a.jsonl"
    job = {"stage": "s", "job": "a", "labels": {}, "metering": metering, "host": host}
    with metered_job(path, **job):
        with pytest.raises(Fault, match="written by another job of this process"), metered_job(path, **job):
            pass
        assert path.with_name("a.jsonl.part").exists()
    assert events_of(path)[-1] == "end"


def test_a_killed_writer_leaves_no_lock(tmp_path):
    path = tmp_path / "gru-1.jsonl"
    first = start(HOLDS, path)
    assert first.stdout.readline() == "writes\n"
    first.kill()
    first.communicate()
    second = Ledger(path, resumes=True)
    second.append("start", job="b")
    second.finish()
    assert events_of(path)[0] == "start"
    assert events_of(path)[-1] == "start"


def test_a_fork_neither_writes_nor_ends_the_ledger_of_its_parent(tmp_path):
    path = tmp_path / "gru-1.jsonl"
    body = """
        def body():
            with job(sys.argv[1]) as meter:
                with meter.window("before"):
                    pass
                child = os.fork()
                if child == 0:
                    for number in range(20):
                        with meter.window("child"):
                            pass
                else:
                    _, status = os.waitpid(child, 0)
                    print(status, flush=True)
                    with meter.window("after"):
                        time.sleep(0.2)
    """
    process = start(body, path)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "0\n", "")
    (attempt,) = read_ledger(path).attempts
    assert [window["name"] for window in attempt.windows] == ["before", "after"]
    assert attempt.ticks, "the parent's ticks go on"
    assert attempt.end["outcome"] == "finished"


def test_a_fork_that_fails_in_the_block_leaves_the_ledger_alone(tmp_path):
    path = tmp_path / "gru-1.jsonl"
    body = """
        def body():
            with job(sys.argv[1]):
                child = os.fork()
                if child == 0:
                    raise RuntimeError("in the child")
                os.waitpid(child, 0)
    """
    process = start(body, path)
    _, err = process.communicate()
    assert process.returncode == 0
    assert err.count("RuntimeError: in the child") == 1
    assert events_of(path)[-1] == "end"


def test_a_fork_that_outlives_a_killed_job_does_not_hold_its_lock(tmp_path):
    path = tmp_path / "gru-1.jsonl"
    body = """
        def body():
            with job(sys.argv[1]):
                # The child says its own number: by then it has let go of what it inherited.
                if os.fork() == 0:
                    print(os.getpid(), flush=True)
                time.sleep(60)
    """
    process = start(body, path, stderr=subprocess.DEVNULL)
    child = int(process.stdout.readline())
    try:
        process.kill()
        process.wait()
        os.kill(child, 0)
        Ledger(path, resumes=True).finish()
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate()
    assert events_of(path)[0] == "start"


def test_a_finished_ledger_is_kept_and_later_ones_are_numbered(tmp_path, metering, host, capsys):
    path = tmp_path / "gru-1.jsonl"
    job = {"stage": "s", "job": "a", "labels": {}, "metering": metering, "host": host}
    for _ in range(3):
        with metered_job(path, **job):
            pass
    assert sorted(file.name for file in tmp_path.glob("*.jsonl*")) == [
        "gru-1.2.jsonl",
        "gru-1.3.jsonl",
        "gru-1.jsonl",
    ]
    assert (
        f"{path} is finished and is kept: this job's ledger is {tmp_path}/gru-1.2.jsonl."
        in capsys.readouterr().err
    )


def test_a_ledger_that_was_finished_meanwhile_is_not_replaced(tmp_path):
    ledger = Ledger(tmp_path / "a.jsonl", resumes=False)
    ledger.append("start", job="mine")
    (tmp_path / "a.jsonl").write_text("another's\n")
    ledger.finish()
    assert (tmp_path / "a.jsonl").read_text() == "another's\n"
    assert ledger.path == tmp_path / "a.2.jsonl"
    assert events_of(ledger.path) == ["start"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_part_that_is_not_a_regular_file_is_refused_and_does_not_hang(tmp_path, make):
    make(tmp_path / "a.jsonl.part")
    with pytest.raises(
        Fault, match=r"a\.jsonl\.part (is not a regular file|cannot be written \(Is a directory\))"
    ):
        Ledger(tmp_path / "a.jsonl", resumes=False)


def test_what_fails_before_the_work_begins_leaves_neither_ledger_nor_folder(tmp_path, metering, host):
    class Broken:
        resolution_s = 0.1

        def start(self):
            raise Fault("the wattmeter is not connected: connect it.")

        def read(self):
            raise AssertionError("it was not started")

        def stop(self):
            pass

    path = tmp_path / "new/deep/a.jsonl"
    with (
        pytest.raises(Fault, match="not connected"),
        metered_job(path, stage="s", job="a", labels={}, metering=metering, host=host, sensors=[Broken()]),
    ):
        pass
    assert not (tmp_path / "new").exists()


def test_an_attempt_that_never_began_leaves_the_earlier_one_as_it_was(tmp_path):
    first = Ledger(tmp_path / "a.jsonl", resumes=False)
    first.append("start", job="a")
    first.abandon()
    before = first.part.read_bytes()
    second = Ledger(tmp_path / "a.jsonl", resumes=True)
    second.append("start", job="a")
    second.give_up()
    assert first.part.read_bytes() == before


@pytest.fixture
def no_locks(monkeypatch):
    """A file system without locks: no such one can be mounted in a test."""

    def refuse(handle, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


def test_without_locks_of_the_system_a_live_writer_is_still_known(tmp_path, no_locks):
    first = Ledger(tmp_path / "a.jsonl", resumes=False)
    with pytest.raises(Fault, match="written by another job of this process"):
        Ledger(tmp_path / "a.jsonl", resumes=False)
    first.finish()
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize("started", ["0", None])
def test_without_locks_of_the_system_a_dead_writer_is_ignored(tmp_path, no_locks, started):
    first = Ledger(tmp_path / "a.jsonl", resumes=False)
    (named,) = tmp_path.glob(".*.writer")
    writer = json.loads(named.read_text())
    first.finish()
    gone = subprocess.Popen(["true"])
    gone.wait()
    named.write_text(json.dumps({**writer, "pid": gone.pid, "started": started or writer["started"]}))
    Ledger(tmp_path / "b.jsonl", resumes=False).finish()
    named.rename(tmp_path / ".c.jsonl.part.writer")
    Ledger(tmp_path / "c.jsonl", resumes=False).finish()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl", "c.jsonl"]


def test_without_locks_of_the_system_a_writer_on_another_machine_counts_as_alive(tmp_path, no_locks):
    writer = {"host": "elsewhere", "boot": "another", "pid": 1, "started": "1"}
    (tmp_path / ".a.jsonl.part.writer").write_text(json.dumps(writer))
    with pytest.raises(
        Fault, match=r"written by another process: .* delete .*\.a\.jsonl\.part\.writer if it has ended"
    ):
        Ledger(tmp_path / "a.jsonl", resumes=False)


def test_a_writers_file_that_a_kill_left_empty_is_ignored_after_a_minute(tmp_path, no_locks):
    named = tmp_path / ".a.jsonl.part.writer"
    named.touch()
    with pytest.raises(Fault, match="written by another process"):
        Ledger(tmp_path / "a.jsonl", resumes=False)
    old_s = time.time() - 120
    os.utime(named, (old_s, old_s))
    Ledger(tmp_path / "a.jsonl", resumes=False).finish()
    assert not named.exists()
