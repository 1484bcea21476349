"""What a measured job spent stays in the study's account, whatever becomes of the job and its ledger."""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml

from checkouts import edited, planned_jobs
from small_workflow import environment, light_study, snakemake, wait_until, words
from toy_plugins import TEN_WATTS, add_toys
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.runs.runs import runs_frame
from wattshed.energy.budget.spent import spent_in

pytestmark = pytest.mark.workflow

RESULTS = Path("results/light")
LEDGER = RESULTS / "ledger/training/baselines.jsonl"
RUNS = RESULTS / "runs.parquet"
# A baseline of the study's own. When its job exits, it leaves a copy of the ledger beside the study, which the test
# compares with the accounts. It waits while the file `wait` exists, and with the file `fail` the job fails at its end.
WITNESS = """
import atexit
import os
import shutil
import time
from pathlib import Path

from wattshed.forecast.baselines.naive import PERSISTENCE
from wattshed.forecast.baselines.protocol import BaselineFactory

LEDGER = Path("results/light/ledger/training/baselines.jsonl")


def leave():
    if LEDGER.exists():
        Path("seen").mkdir(exist_ok=True)
        shutil.copy(LEDGER, f"seen/{os.getpid()}.jsonl")
    if Path("fail").exists():
        os._exit(1)


def make(task, graph):
    atexit.register(leave)
    while Path("wait").exists():
        time.sleep(0.05)
    return PERSISTENCE.make(task, graph)


BASELINE = BaselineFactory(make)
"""


@pytest.fixture(scope="module")
def checkout(copy_of_the_repository, tmp_path_factory):
    """A checkout with a sensor of known power, which a line in its table added."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("spent") / "checkout")
    add_toys(folder, TEN_WATTS)
    return folder


@pytest.fixture(scope="module")
def made(checkout, tmp_path_factory):
    """A study of one short training and one baseline, run up to its accounts."""
    folder = tmp_path_factory.mktemp("made") / "study"
    folder.mkdir()
    config = light_study(checkout)
    for key in ("chains", "ladder"):
        del config[key]
    config["adaptation"] = config["compression"] = {"models": []}
    config["models"] = {"stgnn": config["models"]["stgnn"]}
    config["recipes"]["frugal"] |= {"epochs": 1, "steps_per_epoch": 5}
    config["plugins"] = ["witness.py"]
    config["baselines"] = ["witness"]
    (folder / "witness.py").write_text(WITNESS)
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    Study(folder, checkout).run()
    return folder


@pytest.fixture
def study(made, checkout, tmp_path):
    """A copy of that study, in which hard links stay what they are."""
    folder = tmp_path / "study"
    subprocess.run(["cp", "-a", str(made), str(folder)], check=True)
    return Study(folder, checkout)


class Study:
    def __init__(self, folder, checkout):
        self.folder, self.checkout = folder, checkout

    def arguments(self, *more, config="study.yaml", target=RUNS):
        options = ["--snakefile", f"{self.checkout}/Snakefile", "--configfile", config]
        return [*options, *more, "--", *([str(target)] if target else [])]

    def run(self, *more, check=True, **which):
        return snakemake(self.folder, *self.arguments(*more, **which), check=check)

    def start(self, *more):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        arguments = words(*self.arguments(*more))
        return subprocess.Popen(arguments, cwd=self.folder, env=environment(self.folder), **quiet)

    def accounts(self):
        return pd.read_parquet(self.folder / RUNS)

    def current(self):
        """Paths of the ledgers of the study's current results."""
        return sorted((self.folder / RESULTS / "ledger").rglob("*.jsonl"))


def record_id(path):
    with Path(path).open() as file:
        return json.loads(file.readline())["record_id"]


def assert_counted(study, *gone):
    """The accounts and the budget count the current ledgers and those that are gone, each once.

    gone: copies of ledgers that no longer belong to a result.
    """
    runs = study.accounts()
    current = [path for path in study.current() if ".abandoned-" not in path.name]
    superseded = runs[runs["stage"] == "superseded"]
    assert sorted(superseded["record_id"]) == sorted(map(record_id, gone))
    assert sorted(runs["record_id"]) == sorted(map(record_id, [*current, *gone]))
    expected_kwh = runs_frame([*current, *gone])["energy_kwh"].sum()
    assert runs["energy_kwh"].sum() == pytest.approx(expected_kwh, rel=1e-9)
    # Copies are the same jobs: nothing is counted twice, by whatever name.
    copies = study.folder / "copies"
    for path in [*current, *gone]:
        copies.mkdir(exist_ok=True)
        shutil.copy(path, copies / f"{record_id(path)}.jsonl")
    assert spent_in(study.folder / RESULTS) == pytest.approx(spent_in(copies), rel=1e-9)
    found = collect(study.folder / RESULTS)
    assert sorted(found.runs["record_id"]) == sorted(runs["record_id"])
    assert found.runs["energy_kwh"].sum() == pytest.approx(expected_kwh, rel=1e-9)
    # Means, ladders and frontiers are made from windows: those of superseded jobs are not among them.
    windows = pd.read_parquet(study.folder / RESULTS / "windows.parquet")
    assert len(windows) == len(found.windows) == sum(path.read_text().count('"window"') for path in current)


def seen_by(study, known=()):
    """Copies that the witness left of ledgers, without those in ``known``."""
    copies = sorted((study.folder / "seen").glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    return [path for path in copies if record_id(path) not in set(map(record_id, known))]


def test_an_added_sensor_meters_every_job_and_an_edit_of_it_measures_them_again(study):
    for ledger in study.current():
        events = [json.loads(line) for line in ledger.read_text().splitlines()]
        sources = {
            part["source"] for event in events if event["event"] == "sensors" for part in event["sensors"]
        }
        assert "ten watts" in sources
    with edited(study.checkout / "workflow/lib/wattshed" / TEN_WATTS, lambda text: f"{text}# edited\n"):
        answer = study.run("--dry-run")
    jobs = planned_jobs(answer.stdout + answer.stderr)
    assert jobs == {"train_model": 1, "fit_baselines": 1, "forecast_test": 1, "aggregate_ledgers": 1}


def test_a_forced_rerun_keeps_what_the_first_measurement_spent(study):
    (first,) = seen_by(study)
    study.run("--forcerun", "fit_baselines")
    assert record_id(study.folder / LEDGER) != record_id(first)
    assert_counted(study, first)
    again = study.run()
    assert "Nothing to be done" in again.stdout + again.stderr
    spent_kwh = spent_in(study.folder / RESULTS)
    study.run("--delete-all-output", target=None)
    assert not study.current()
    assert spent_in(study.folder / RESULTS) == pytest.approx(spent_kwh)


def test_a_job_that_fails_after_its_ledger_was_finished_and_one_that_is_killed_stay_in_the_account(study):
    (first,) = seen_by(study)
    # The windows of another baseline are known when the witness waits.
    config = yaml.safe_load((study.folder / "study.yaml").read_text())
    config["baselines"] = ["persistence", "witness"]
    (study.folder / "study.yaml").write_text(yaml.safe_dump(config))
    (study.folder / "fail").touch()
    answer = study.run("--forcerun", "fit_baselines", check=False)
    assert answer.returncode != 0
    assert "Removing output files of failed job" in answer.stdout + answer.stderr
    assert not (study.folder / LEDGER).exists()
    (failed,) = seen_by(study, [first])
    (study.folder / "fail").unlink()
    (study.folder / "wait").touch()
    process = study.start()
    part = study.folder / f"{LEDGER}.part"
    wait_until(
        lambda: part.exists() and '"forecast"' in part.read_text(), "the first windows of the job", process
    )
    killed = study.folder / "killed.jsonl"
    process.kill()
    subprocess.run(["kill", "-9", holder_of(study)], check=True)
    process.wait()
    shutil.copy(part, killed)
    (study.folder / "wait").unlink()
    study.run()
    assert_counted(study, first, failed, killed)
    outcomes = study.accounts().set_index("record_id")["outcome"]
    assert [outcomes[record_id(path)] for path in (first, failed, killed)] == [
        "finished",
        "finished",
        "killed",
    ]


def holder_of(study):
    """The process of the running measured job, from the lock that it holds."""
    texts = [lock.read_text() for lock in (study.folder / RESULTS / ".finished").glob("*.lock")]
    (running,) = [text for text in texts if text and Path(f"/proc/{text}").exists()]
    return running


def test_the_finished_work_of_an_orphan_is_counted_once_after_unlocking(study):
    (first,) = seen_by(study)
    (study.folder / "wait").touch()
    process = study.start("--forcerun", "fit_baselines")
    wait_until((study.folder / f"{LEDGER}.part").exists, "the ledger of the measured job", process)
    process.kill()
    process.wait()
    (study.folder / "wait").unlink()
    wait_until(lambda: len(seen_by(study)) == 2, "the end of the orphan")
    (orphan,) = seen_by(study, [first])
    study.run("--unlock", target=None)
    study.run()
    assert record_id(study.folder / LEDGER) == record_id(orphan)
    assert_counted(study, first)


def test_a_job_of_another_configuration_of_the_study_stays_in_its_account(study):
    (first,) = seen_by(study)
    config = yaml.safe_load((study.folder / "study.yaml").read_text())
    config["models"]["other"] = config["models"]["stgnn"]
    (study.folder / "other.yaml").write_text(yaml.safe_dump(config))
    ledger = RESULTS / "ledger/training/other.jsonl"
    study.run(config="other.yaml", target=ledger)
    gone = study.folder / "other.jsonl"
    (study.folder / ledger).rename(gone)
    study.run()
    assert record_id(study.folder / LEDGER) == record_id(first)
    assert_counted(study, gone)
    again = study.run()
    assert "Nothing to be done" in again.stdout + again.stderr
