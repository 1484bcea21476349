"""A ledger on a full or failing disk: the measured work goes on, the reason is told once, the file stays readable."""

import os
import resource
import subprocess
import sys
import textwrap

import pytest

from small_disk import fill, small_disk
from wattshed.energy.host import Host
from wattshed.energy.ledger.reading import read_ledger
from wattshed.energy.ledger.writing import Ledger
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.faults import Fault


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture
def job(tmp_path, metering):
    host = Host(None, None, tmp_path / "idle", None)
    return {"stage": "s", "job": "a", "labels": {}, "metering": metering, "host": host}


def test_a_disk_that_fills_during_the_work_does_not_end_it(disk, job, capsys):
    done = []
    with metered_job(disk / "a.jsonl", **job) as meter:
        with meter.window("first", note="x" * 100):
            pass
        filler = fill(disk)
        for number in range(40):
            with meter.window("epoch", number=number, note="x" * 1000) as window:
                done.append(number)
        assert window.duration_s > 0, "the energy stays in the window"
    assert len(done) == 40
    err = capsys.readouterr().err
    assert err.count("No space left on device") == 2
    assert "the measured work goes on without a record" in err.splitlines()[0]
    assert "a.jsonl is incomplete: " in err.splitlines()[1]
    filler.unlink()
    (attempt,) = read_ledger(disk / "a.jsonl").attempts
    assert attempt.windows[0]["name"] == "first"


def test_windows_are_recorded_again_once_there_is_space(disk, job, capsys):
    with metered_job(disk / "a.jsonl", **job) as meter:
        filler = fill(disk)
        for number in range(40):
            with meter.window("lost", number=number, note="x" * 1000):
                pass
        filler.unlink()
        with meter.window("kept"):
            pass
    ledger = read_ledger(disk / "a.jsonl")
    assert ledger.attempts[0].windows[-1]["name"] == "kept"
    assert ledger.attempts[0].end is not None
    assert "is incomplete" in capsys.readouterr().err


def test_a_disk_that_is_full_before_the_work_is_one_sentence_and_leaves_nothing(disk, job):
    fill(disk)
    ran = []
    with (
        pytest.raises(Fault, match=r"No space left on device\): (free some space|expected a folder)"),
        metered_job(disk / "new/a.jsonl", **job),
    ):
        ran.append(1)
    assert not ran
    assert [file.name for file in disk.iterdir()] == ["filler"]


def test_a_limit_on_the_size_of_files_does_not_end_the_work(tmp_path, capsys):
    ledger = Ledger(tmp_path / "a.jsonl", resumes=False)
    ledger.append("start", job="a")
    ledger.work_begins()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ledger.part.stat().st_size + 10, hard))
    try:
        ledger.append("tick", text="x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    ledger.append("tick", text="y")
    ledger.finish()
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 2
    assert "File too large" in capsys.readouterr().err


def test_a_ledger_whose_folder_vanishes_does_not_end_the_work(tmp_path, job, capsys):
    folder = tmp_path / "gone"
    with metered_job(folder / "a.jsonl", **job) as meter:
        (folder / "a.jsonl.part").unlink()
        folder.rmdir()
        with meter.window("epoch") as window:
            pass
    assert window.duration_s > 0
    assert "a.jsonl.part was deleted during the work: its measurement is lost." in capsys.readouterr().err


@pytest.mark.parametrize("closing", ["2>&-", "2>/dev/full", "2>&1 | true"])
def test_a_job_whose_stderr_is_lost_keeps_its_exit_code_on_a_full_disk(disk, closing):
    program = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {os.path.dirname(__file__) + "/../../helpers"!r})
        from pathlib import Path
        from small_disk import fill
        from wattshed.config.energy.metering import MeteringBlock
        from wattshed.energy.metered_job import metered_job
        metering = MeteringBlock(idle_s=0.0, cpu_estimator="tdp", cpu_power_w=50.0)
        folder = Path(sys.argv[1])
        with metered_job(folder / "a.jsonl", stage="s", job="a", labels={{}}, metering=metering) as meter:
            fill(folder)
            for _ in range(20):
                with meter.window("epoch", note="x" * 1000):
                    pass
        raise SystemExit(7)
    """)
    shell = f'set -o pipefail; "$@" {closing}'
    answer = subprocess.run(["bash", "-c", shell, "bash", sys.executable, "-c", program, str(disk)])
    assert answer.returncode == 7
