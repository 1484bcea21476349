"""Blocks whose ledger, disk, folder or program is in trouble: the work goes on, and what was spent is kept."""

import signal

import pytest

from door_programs import events, ledgers, only_ledger, run, start, windows, work
from wattshed import metered
from wattshed.foundation.faults import Fault


@pytest.mark.parametrize(
    ("error", "outcome", "reason", "exit_code"),
    [
        (ValueError("no data\nat all."), "failed", "ValueError: no data at all", 1),
        (KeyError(), "failed", "KeyError", 1),
        (KeyboardInterrupt(), "stopped", "interrupted", None),
        (GeneratorExit(), "stopped", "cancelled", None),
        (SystemExit(3), "failed", "exit code 3", 3),
        (SystemExit("no"), "failed", "exit code 1", 1),
        (SystemExit(0), "finished", None, None),
        (SystemExit(None), "finished", None, None),
    ],
)
def test_an_error_goes_on_and_the_ledger_keeps_what_was_spent(tmp_path, error, outcome, reason, exit_code):
    jobs = []

    def fail():
        with metered("x", quiet=True) as job:
            jobs.append(job)
            with job.window("whole"):
                pass
            with job.window("half"):
                work()
                raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    (job,) = jobs
    found = only_ledger(tmp_path)
    assert [one["name"] for one in windows(found)] == ["whole"]
    assert (found[-1]["outcome"], found[-1]["reason"], found[-1]["exit_code"]) == (outcome, reason, exit_code)
    assert job.outcome == outcome
    assert job.energy_j > 0


def test_an_interrupted_program_ends_as_usual_with_a_complete_ledger(tmp_path):
    process = start(
        """
        import time
        from wattshed import metered
        with metered("x"):
            print("ready", flush=True)
            time.sleep(100)
        """,
        tmp_path,
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in err
    assert only_ledger(tmp_path)[-1]["outcome"] == "stopped"


def test_a_changed_working_directory_does_not_move_the_ledger(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    with metered("x", quiet=True) as job:
        monkeypatch.chdir(tmp_path / "elsewhere")
    assert job.ledger.parent == tmp_path / "ledgers"
    assert only_ledger(tmp_path)[-1]["event"] == "end"


@pytest.mark.parametrize("folder", ["/proc/wattshed", "a-file/ledgers"])
def test_a_block_without_a_place_for_its_ledger_still_runs(tmp_path, folder, capsys):
    (tmp_path / "a-file").write_text("not a folder")
    ran = []
    for _ in range(2):
        with metered("x", folder=folder, model="gru") as job, job.window("epoch") as window:
            window.values["loss"] = 1.0
            ran.append(1)
    assert ran == [1, 1]
    assert (job.energy_j, job.status, job.ledger, job.outcome) == (None, "missing", None, "finished")
    assert job.duration_s >= window.duration_s > 0
    assert "cannot be written" in job.missing
    said = capsys.readouterr().err
    assert said.count("the block 'x' is not metered") == 1, "one warning for one problem"
    with pytest.raises(Fault, match="cannot be written"), metered("x", folder=folder, strict=True):
        ran.append(1)
    assert ran == [1, 1]


def test_a_warning_is_not_an_error_where_python_makes_errors_of_warnings(tmp_path):
    program = """
        import warnings
        warnings.simplefilter("error")
        from wattshed import metered
        with metered("x", folder="/proc/wattshed"):
            print("worked")
    """
    out, err = run(program, tmp_path)
    assert out == "worked\n"
    assert "not metered" in err


def test_a_disk_that_fills_up_during_the_work_does_not_end_it(tmp_path):
    """The limit of a file's size stands for the full disk: writing fails in the same place."""
    program = """
        import resource
        from wattshed import metered
        with metered("x") as job:
            size = job.ledger.with_name(job.ledger.name + ".part").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            for epoch in range(3):
                with job.window("epoch", epoch=epoch) as window:
                    print(epoch)
        print(job.outcome, job.energy_j > 0)
    """
    out, err = run(program, tmp_path)
    assert out.splitlines() == ["0", "1", "2", "finished True"]
    assert "Traceback" not in err
    assert "the measured work goes on without a record" in err
    assert "is incomplete" in err
    (ledger,) = tmp_path.glob("ledgers/*")
    assert [event["event"] for event in events(ledger)[:2]] == ["start", "sensors"]


def test_a_folder_that_is_deleted_during_the_work_does_not_end_it(tmp_path):
    program = """
        import shutil
        from wattshed import metered
        with metered("x") as job:
            shutil.rmtree("ledgers")
        print(job.outcome, job.energy_j > 0)
    """
    out, err = run(program, tmp_path)
    assert out == "finished True\n"
    assert "was deleted during the work" in err
    assert "Traceback" not in err


def test_a_program_without_stderr_or_with_a_closed_one_is_metered(tmp_path):
    for closing in ("sys.stderr.close()", "sys.stderr = None", "os.close(2)"):
        program = f"""
            import os, sys
            from wattshed import metered
            with metered("x"), metered("y", folder="/proc/no", ledger="/proc/no/a.jsonl"):
                {closing}
            print("worked")
        """
        out, _ = run(program, tmp_path)
        assert out == "worked\n"
    assert len(ledgers(tmp_path)) == 3


def test_a_block_that_is_never_stopped_is_ended_with_the_program(tmp_path):
    run("from wattshed import metered; metered('x').start()", tmp_path)
    assert only_ledger(tmp_path)[-1]["reason"] == "the program ended before the block"


def test_a_block_that_an_uncaught_error_left_running_has_failed(tmp_path):
    _, err = run(
        "from wattshed import metered; metered('x').start(); raise OSError('gone')", tmp_path, code=1
    )
    end = only_ledger(tmp_path)[-1]
    assert (end["outcome"], end["reason"]) == ("failed", "OSError: gone")
    assert err.count("Traceback") == 1
