"""After a kill of Snakemake its locks are removed and the finished work of its job is reused."""

import subprocess

import pytest
import yaml

from hand_made_profile import hand_made_profile
from small_workflow import environment, light_study, snakemake, wait_until, words
from wattshed.law.profile.files import here, write_profile

pytestmark = pytest.mark.workflow

TARGET = "results/light/forecasts/waiting.safetensors"
LEDGER = "results/light/ledger/training/baselines.jsonl"
JOB_LOG = "results/light/logs/training/fit_baselines.log"
# A baseline of the study's own that waits until the test writes a file.
WAITING = """
import time
from pathlib import Path

from wattshed.forecast.baselines.naive import PERSISTENCE
from wattshed.forecast.baselines.protocol import BaselineFactory


def make(task, graph):
    while not Path("go").exists():
        time.sleep(0.05)
    return PERSISTENCE.make(task, graph)


BASELINE = BaselineFactory(make)
"""


@pytest.fixture(scope="module")
def checkout(copy_of_the_repository, tmp_path_factory):
    return copy_of_the_repository(tmp_path_factory.mktemp("faults") / "checkout")


@pytest.fixture
def study(checkout, tmp_path):
    """A working directory with a study whose baseline waits for the file ``go``."""
    config = light_study(checkout)
    config["plugins"] = ["waiting.py"]
    config["baselines"] = ["waiting"]
    (tmp_path / "waiting.py").write_text(WAITING)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


@pytest.fixture
def arguments(checkout):
    return ["--snakefile", f"{checkout}/Snakefile", "--configfile", "study.yaml", "--", TARGET]


def start(study, arguments):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(words(*arguments), cwd=study, env=environment(study), **quiet)


def start_and_kill(study, arguments):
    """Start Snakemake, kill only it after its measured job has a ledger, and leave the job running."""
    process = start(study, arguments)
    wait_until((study / f"{LEDGER}.part").exists, "the ledger of the measured job", process)
    process.kill()
    process.wait()
    assert list((study / ".snakemake/locks").iterdir())


def test_a_restart_after_a_kill_reuses_the_finished_work_of_the_orphaned_job(study, arguments):
    start_and_kill(study, arguments)
    (study / "go").touch()
    kept = study / "results/light/.finished"
    wait_until(lambda: list(kept.glob("*/manifest.json")), "the orphan's finished work")
    measured = (study / LEDGER).read_bytes()
    again = snakemake(study, *arguments)
    assert "Removed the locks that a killed Snakemake left behind." in again.stderr
    assert (study / LEDGER).read_bytes() == measured
    snakemake(study, "--forcerun", "fit_baselines", *arguments)
    assert (study / LEDGER).read_bytes() != measured, "a forced rerun measures"


def test_a_restart_waits_for_a_running_orphaned_job_and_uses_its_work(study, arguments):
    start_and_kill(study, arguments)
    log = study / JOB_LOG
    again = start(study, arguments)
    wait_until(
        lambda: log.exists() and "already running as process" in log.read_text(), "the second start", again
    )
    twin = snakemake(study, *arguments, check=False)
    assert "LockException" in twin.stderr, "a running Snakemake keeps its lock"
    (study / "go").touch()
    assert again.wait() == 0
    assert "An earlier start of this job finished" in log.read_text()
    assert not list((study / "results/light/ledger").rglob("*.part"))
    assert not list((study / "results/light/ledger").rglob("*abandoned*"))


def test_a_duplicate_key_stops_the_run_before_any_job(study, arguments):
    path = study / "study.yaml"
    path.write_text(path.read_text() + "\nseeds: [7]\n")
    answer = snakemake(study, *arguments, check=False)
    assert answer.returncode != 0
    assert "study.yaml: the key seeds occurs twice, in line" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (study / "results").exists()


@pytest.mark.parametrize(
    ("path", "reason"), [("absent.csv", "does not exist"), (".", "is not a regular file")]
)
def test_a_missing_input_ends_before_anything_runs(study, arguments, path, reason):
    config = yaml.safe_load((study / "study.yaml").read_text())
    config["data"]["source"] = {"kind": "table", "path": path, "form": "wide"}
    (study / "study.yaml").write_text(yaml.safe_dump(config))
    answer = snakemake(study, *arguments, check=False)
    assert answer.returncode != 0
    assert (
        f"study.yaml: the input file '{path}' {reason}: expected a file that this user may read"
        in answer.stderr
    )
    assert "Traceback" not in answer.stderr
    assert not (study / "results").exists()


def test_a_training_whose_prediction_breaks_its_budget_does_not_begin(checkout, tmp_path):
    """The prediction is made before, from a profile of this device, and reaches the job of the training."""
    config = light_study(checkout)
    config["energy"]["budget"] = {"run_kwh": 1e-9}
    config["law"] = {"profile": "own.json"}
    write_profile(tmp_path / "own.json", hand_made_profile(device=here("cpu", 1)))
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    targets = ["results/light/law/predictions.json", "results/light/checkpoints/stgnn-1.safetensors"]
    answer = snakemake(
        tmp_path,
        "--snakefile",
        f"{checkout}/Snakefile",
        "--configfile",
        "study.yaml",
        "--",
        *targets,
        check=False,
    )
    assert answer.returncode != 0
    said = answer.stdout + answer.stderr
    assert "predicted for the whole training" in said
    assert "nothing was trained" in said
    assert (tmp_path / targets[0]).exists()
    assert not (tmp_path / targets[1]).exists()
