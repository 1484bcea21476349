"""``with metered(...)`` as a user writes it: what is recorded, and that recording never ends the work."""

import json
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from door_programs import events, ledgers, only_ledger, run, start, windows
from wattshed import metered
from wattshed.energy.host import PLACE
from wattshed.foundation.faults import Fault
from wattshed.foundation.recovery.processes import boot_id


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # What was printed in another test was printed there.
    monkeypatch.setattr("wattshed.door.warning._given", set())


def work():
    return sum(i * i for i in range(1_500_000))


def test_a_block_writes_one_ledger_with_its_labels_windows_and_energy(tmp_path, capsys):
    with metered("train", model="gru", seed=1, country="ESP") as job:
        assert job.energy_j is None
        for epoch in range(2):
            with job.window("epoch", epoch=epoch) as window:
                window.values["train_loss"] = 0.5 * work() / work()
    start, *_, end = found = only_ledger(tmp_path)
    assert start["labels"] == {"block": "train", "model": "gru", "seed": 1}
    assert [(one["name"], one["labels"]) for one in windows(found)] == [
        ("epoch", {"epoch": 0}),
        ("epoch", {"epoch": 1}),
    ]
    assert [one["values"] for one in windows(found)] == [{"train_loss": 0.5}] * 2
    for joules, which in ((job.energy_j, "own"), (job.machine_j, "energy")):
        known = [part["kwh"] for part in end[which].values() if part["kwh"] is not None]
        assert joules == pytest.approx(3.6e6 * sum(known))
    assert job.energy_j < job.machine_j
    assert job.own_cpu_s == pytest.approx(end["use"]["own_cpu_s"], abs=1e-6)
    assert job.status in ("measured", "estimated")
    assert job.duration_s == end["duration_s"] >= sum(one["duration_s"] for one in windows(found))
    assert job.co2e_kg == pytest.approx(job.energy_j / 3.6e6 * start["location"]["intensity_kg_per_kwh"])
    assert (job.outcome, job.missing, job.metered_by, job.running) == ("finished", None, None, False)
    assert job.ledger == tmp_path / "ledgers" / next(iter(ledgers(tmp_path)))
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert f"ledgers/{job.ledger.name}" in said.err


def test_an_unknown_place_has_no_mass_and_a_wrong_one_is_named_once(capsys, monkeypatch):
    monkeypatch.delenv(PLACE, raising=False)
    with metered("a", quiet=True) as job:
        pass
    assert job.co2e_kg is None
    for _ in range(2):
        with metered("b", country="DE", quiet=True) as job:
            pass
    assert job.energy_j is not None
    assert job.co2e_kg is None
    assert capsys.readouterr().err.count("'DE' is not a country") == 1
    with pytest.raises(Fault, match="'DE' is not a country"), metered("c", country="DE", strict=True):
        pass


def test_the_same_block_twice_gives_two_ledgers(tmp_path):
    block = metered("cell", quiet=True)
    jobs = []
    for _ in range(2):
        with block as job:
            pass
        jobs.append(job)
    assert jobs[0].ledger != jobs[1].ledger
    assert len(ledgers(tmp_path)) == 2


def test_a_named_ledger_is_never_replaced(tmp_path):
    for _ in range(3):
        with metered("train", ledger="runs/gru.jsonl", quiet=True) as job:
            pass
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "gru-2.jsonl",
        "gru-3.jsonl",
        "gru.jsonl",
    ]
    assert job.ledger == tmp_path / "runs/gru-3.jsonl"
    (tmp_path / "runs/killed.jsonl.part").write_text("what a kill left")
    with metered("train", ledger="runs/killed.jsonl", quiet=True) as job:
        pass
    assert job.ledger.name == "killed-2.jsonl"
    assert (tmp_path / "runs/killed.jsonl.part").read_text() == "what a kill left"


def test_a_handle_is_started_and_stopped_once(tmp_path, capsys):
    job = metered("x", quiet=True).start()
    assert job.running
    assert "running" in repr(job)
    with job.window("part"):
        pass
    assert job.stop() is job.stop(ValueError("later"))
    assert job.outcome == "finished"
    assert [one["name"] for one in windows(only_ledger(tmp_path))] == ["part"]
    assert str(job.ledger) in job._repr_html_()
    assert json.loads(json.dumps(job.to_json()))["energy_j"] == job.energy_j
    # Too late, but no reason to end the program.
    with job.window("after"):
        pass
    assert capsys.readouterr().err == ""


def test_a_second_start_of_a_name_is_mentioned_while_the_first_still_runs(tmp_path, capsys):
    first, second = metered("twice", quiet=True).start(), metered("twice", quiet=True).start()
    first.stop()
    second.stop()
    assert "'twice' is started again while an earlier one still runs" in capsys.readouterr().err
    assert len(ledgers(tmp_path)) == 2


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


def test_a_block_inside_a_block_is_a_window_of_it(tmp_path):
    with metered("study", quiet=True) as outer:
        with metered("train", model="gru", quiet=True) as inner, inner.window("epoch", epoch=0):
            until = time.perf_counter() + 0.2
            while time.perf_counter() < until:
                work()
        with pytest.raises(ValueError, match="bad"), metered("evaluate") as failed:
            raise ValueError("bad")
    found = only_ledger(tmp_path)
    assert [(one["name"], one["labels"]) for one in windows(found)] == [
        ("epoch", {"model": "gru", "epoch": 0}),
        ("train", {"model": "gru"}),
        ("evaluate", {"outcome": "failed", "reason": "ValueError: bad"}),
    ]
    assert inner.ledger == outer.ledger
    assert 0 < inner.energy_j < outer.energy_j
    assert (failed.outcome, outer.outcome) == ("failed", "finished")


def test_blocks_that_end_in_another_order_keep_their_own_ledgers(tmp_path):
    first, second = metered("a", quiet=True).start(), metered("b", quiet=True).start()
    first.stop()
    with metered("c", quiet=True) as inner:
        pass
    second.stop()
    assert first.ledger != second.ledger
    assert inner.ledger == second.ledger
    with metered("d", quiet=True) as later:
        pass
    assert later.ledger not in (first.ledger, second.ledger)


def test_threads_have_blocks_of_their_own(tmp_path):
    block, jobs, barrier = metered("thread", quiet=True), [], threading.Barrier(3)

    def body(number):
        with block as job, job.window("part", number=number):
            barrier.wait()
        jobs.append((number, job))

    threads = [threading.Thread(target=body, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledgers(tmp_path)) == 3
    for number, job in jobs:
        assert [one["labels"] for one in windows(events(job.ledger))] == [{"number": number}]
        assert job.outcome == "finished"


def test_windows_of_one_block_may_be_measured_in_several_threads(tmp_path):
    with metered("pool", quiet=True) as job:

        def body(number):
            for _ in range(20):
                with job.window("task", number=number):
                    pass

        threads = [threading.Thread(target=body, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(windows(only_ledger(tmp_path))) == 80


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
    assert "cannot be renamed" in err
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


def test_labels_of_any_type_are_kept_in_a_form_that_the_accounts_can_read(tmp_path):
    import numpy as np
    import torch

    from wattshed.accounts.runs.runs import runs_and_windows

    given = {
        "seed": np.int64(7),
        "lr": np.float32(0.5),
        "loss": torch.tensor(2.0),
        "nan": float("nan"),
        "path": Path("data/x"),
        "sizes": [1, 2],
        "fast": np.True_,
        "name": "caf\udce9",
        "self": None,
    }
    with (
        metered("x", quiet=True, **given) as job,
        job.window("epoch", epoch=torch.tensor(3), name="n", self=1),
    ):
        pass
    with metered("y", quiet=True, seed="first", epoch=1.5) as other:
        pass
    labels = events(job.ledger)[0]["labels"]
    assert labels == {
        "block": "x",
        "seed": 7,
        "lr": 0.5,
        "loss": 2.0,
        "nan": "nan",
        "path": "data/x",
        "sizes": "[1, 2]",
        "fast": True,
        "name": "caf\\xe9",
        "self": None,
    }
    assert windows(events(job.ledger))[0]["labels"] == {"epoch": 3, "name": "n", "self": 1}
    assert events(other.ledger)[0]["labels"] == {"block": "y", "seed_given": "first", "epoch_given": "1.5"}
    runs, _ = runs_and_windows([job.ledger, other.ledger])
    assert runs["seed"].dropna().tolist() == [7]


@pytest.mark.parametrize("name", ["a/b: c", "", "..", "é" * 300, "x" * 300, "-"])
def test_any_name_gives_a_ledger(tmp_path, name):
    with metered(name, quiet=True) as job:
        pass
    assert job.missing is None
    assert job.ledger.parent == tmp_path / "ledgers"
    assert job.ledger.is_file()


def test_the_default_name_is_that_of_the_script(tmp_path):
    (tmp_path / "fit_gru.py").write_text("from wattshed import metered\nwith metered():\n    pass\n")
    run(f"import runpy; runpy.run_path({str(tmp_path / 'fit_gru.py')!r}, run_name='__main__')", tmp_path)
    assert next(iter(ledgers(tmp_path))).startswith("fit_gru-")


def test_kept_idle_power_is_used_and_none_is_measured(tmp_path, monkeypatch):
    from wattshed.config.energy.metering import MeteringBlock

    monkeypatch.setenv("WATTSHED_IDLE_FOLDER", str(tmp_path / "idle"))
    with metered("a", quiet=True) as job:
        pass
    assert job.net_j is None
    assert not list(tmp_path.glob("idle/*.json")) or all(
        "power_w" not in one.read_text() for one in tmp_path.glob("idle/*")
    )
    sensors = events(job.ledger)[1]["sensors"]
    kept = {part["component"]: part["source"] for part in sensors if part["status"] != "missing"}
    from datetime import UTC, datetime

    (tmp_path / "idle").mkdir(exist_ok=True)
    (tmp_path / "idle" / f"{boot_id()}.json").write_text(
        json.dumps(
            {
                "power_w": dict.fromkeys(kept, 1.0),
                "status": dict.fromkeys(kept, "estimated"),
                "source": kept,
                "measured_utc": datetime.now(UTC).isoformat(timespec="seconds"),
                "duration_s": 5.0,
                "busy_share": 0.0,
            }
        )
    )
    with metered("b", quiet=True, metering=MeteringBlock(idle_s=0.0)) as job:
        work()
    assert job.net_j == pytest.approx(job.machine_j - len(kept) * 1.0 * job.duration_s)


def test_a_copy_of_a_handle_meters_nothing(tmp_path):
    with metered("x", model="gru", quiet=True) as job:
        copy = pickle.loads(pickle.dumps(job))
        with copy.window("part"):
            pass
        copy.stop()
    assert copy.metered_by.startswith("process ")
    assert windows(only_ledger(tmp_path)) == []


def test_nothing_heavy_is_imported_by_the_door(tmp_path):
    program = """
        import sys
        import wattshed
        assert len([name for name in sys.modules if name.startswith("wattshed")]) == 1
        from wattshed import metered
        metered("x", model="gru")
        heavy = {"torch", "pandas", "numpy", "scipy", "pyarrow", "psutil", "pydantic", "codecarbon", "asyncio"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        with metered("x"):
            pass
        assert "torch" not in sys.modules
    """
    run(program, tmp_path)
    assert "metered" in sys.modules["wattshed"].__dict__


def test_what_the_package_does_not_have_is_named():
    import wattshed

    with pytest.raises(AttributeError, match="module 'wattshed' has no attribute 'measured'"):
        wattshed.measured  # noqa: B018


def test_no_measured_job_of_a_study_depends_on_the_door(root):
    """A change of the door must not repeat any measurement."""
    from wattshed.foundation.code_digest import reached_files

    library = root / "workflow/lib"
    for script in sorted((root / "workflow/scripts").glob("*/*.py")):
        reached = {file.relative_to(library / "wattshed").parts[0] for file in reached_files(script, library)}
        assert "door" not in reached, script


def test_the_gpu_is_waited_for_only_where_torch_has_used_it(monkeypatch):
    from types import SimpleNamespace

    from wattshed.door.recorders import synchronise

    calls = []
    for used in (False, True):
        cuda = SimpleNamespace(is_initialized=lambda used=used: used, synchronize=lambda: calls.append(1))
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
        synchronise()
        assert len(calls) == used
    monkeypatch.delitem(sys.modules, "torch")
    synchronise()
    assert "torch" not in sys.modules
