"""A measured script reuses finished work, waits for an earlier start, and measures again in a forced rerun."""

import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

import wattshed
from wattshed.foundation.recovery.finished_work import (
    FOLDER,
    FinishedWork,
    drop_accepted,
    run_measured_script,
    values_of,
)

OPTIONS = ("--weights", "--ledger")


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(FOLDER, "finished")
    monkeypatch.setattr(sys, "argv", ["train.py"])
    (tmp_path / "panel").write_text("readings")
    return tmp_path


class Script:
    """A measured script that counts its runs."""

    def __init__(self, fails=False):
        self.runs = 0
        self.fails = fails

    def main(self, argv):
        self.runs += 1
        for path in values_of(argv, OPTIONS):
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{path.name} of run {self.runs}")
        if self.fails:
            raise ZeroDivisionError

    def start(self, *words):
        argv = [
            "--panel",
            "panel",
            "--steps",
            "3",
            *words,
            "--weights",
            "out/a",
            "out/b",
            "--ledger",
            "out/l",
        ]
        return run_measured_script(self.main, OPTIONS, argv)


def contents(study):
    return [(study / "out" / name).read_text() for name in "abl"]


def delete_outputs(study):
    for name in "abl":
        (study / "out" / name).unlink()


def test_deleted_outputs_of_finished_work_are_restored_and_not_measured_again(study):
    script = Script()
    assert script.start() == 0
    made = contents(study)
    delete_outputs(study)
    assert script.start() == 0
    assert script.runs == 1
    assert contents(study) == made


def test_existing_outputs_are_reused_and_no_other_file_is_left(study):
    script = Script()
    script.start()
    script.start()
    assert script.runs == 1
    assert sorted(path.name for path in (study / "out").iterdir()) == ["a", "b", "l"]


@pytest.mark.parametrize("change", ["argument", "input", "code"])
def test_changed_arguments_inputs_or_code_cause_a_new_measurement(study, monkeypatch, change):
    script = Script()
    script.start()
    if change == "input":
        (study / "panel").write_text("other readings")
    if change == "code":
        own = study / "my_model.py"
        own.write_text("FAMILY = 1")
        monkeypatch.setenv("WATTSHED_PLUGINS", f'["{own}"]')
    script.start(*(["--fast"] if change == "argument" else []))
    assert script.runs == 2


def test_a_failed_run_keeps_nothing(study):
    script = Script(fails=True)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            script.start()
    assert script.runs == 2


def test_an_incomplete_copy_is_not_used(study):
    script = Script()
    script.start()
    next((study / "finished").glob("*/1")).unlink()
    script.start()
    assert script.runs == 2


def mark_incomplete(study, name):
    place = study / ".snakemake/incomplete"
    place.mkdir(parents=True, exist_ok=True)
    (place / urlsafe_b64encode(name.encode()).decode()).write_text("{}")


def test_the_copy_is_deleted_after_snakemake_accepts_the_outputs(study):
    script = Script()
    script.start()
    mark_incomplete(study, "out/b")
    drop_accepted(study / "finished", study / ".snakemake")
    script.start()
    assert script.runs == 1, "its Snakemake was killed, so the work is reused"
    next((study / ".snakemake/incomplete").iterdir()).unlink()
    drop_accepted(study / "finished", study / ".snakemake")
    script.start()
    assert script.runs == 2


def test_incomplete_marks_of_long_file_names_are_read(study):
    name = "out/" + "long" * 100
    place = study / ".snakemake/incomplete"
    mark = urlsafe_b64encode(name.encode()).decode()
    (place / f"@{mark[:254]}" / f"@{mark[254:508]}").mkdir(parents=True)
    (place / f"@{mark[:254]}" / f"@{mark[254:508]}" / mark[508:]).write_text("{}")
    path = Path(name)
    # The file system does not allow so long a name; the copy only lists it.
    work = FinishedWork(study / "finished", [path])
    manifest = work.folder / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"fingerprint": "x", "outputs": [name]}))
    drop_accepted(study / "finished", study / ".snakemake")
    assert manifest.exists()


def test_a_script_without_the_folder_variable_always_runs(study, monkeypatch):
    monkeypatch.delenv(FOLDER)
    script = Script()
    script.start()
    script.start()
    assert script.runs == 2
    assert not (study / "finished").exists()


TWIN = """
import sys
from pathlib import Path
from wattshed.foundation.recovery.finished_work import run_measured_script
def main(argv):
    with open("runs", "a") as file:
        file.write("x")
    print("measuring", flush=True)
    sys.stdin.readline()
    Path("out").mkdir(exist_ok=True)
    Path("out/l").write_text("ledger")
raise SystemExit(run_measured_script(main, ("--ledger",)))
"""


@pytest.fixture
def start_twin(study):
    (study / "twin.py").write_text(TWIN)
    library = str(Path(wattshed.__file__).parents[1])

    def start():
        return subprocess.Popen(
            [sys.executable, "twin.py", "--ledger", "out/l"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": library},
        )

    return start


def test_a_second_start_waits_for_the_first_and_uses_its_work(study, start_twin):
    first = start_twin()
    assert first.stdout.readline() == "measuring\n"
    second = start_twin()
    assert f"already running as process {first.pid}; waiting" in second.stderr.readline()
    first.communicate("go\n")
    assert "An earlier start of this job finished" in second.communicate()[1]
    assert (first.returncode, second.returncode) == (0, 0)
    assert (study / "runs").read_text() == "x"


def test_the_lock_of_a_killed_job_is_released(study, start_twin):
    first = start_twin()
    first.stdout.readline()
    first.kill()
    first.communicate()
    again = start_twin()
    assert again.communicate("go\n") == ("measuring\n", "")
    assert again.returncode == 0
    assert (study / "runs").read_text() == "xx"
