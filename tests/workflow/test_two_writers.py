"""Two processes with one ledger: the second one ends with a sentence, and the first one's ledger is whole."""

import json
import subprocess
import sys

import pytest
import yaml

from small_workflow import environment, light_study, snakemake, wait_until
from wattshed.foundation.faults import FAULT_EXIT_CODE

pytestmark = pytest.mark.workflow

# A baseline of the study's own that waits while the file `wait` exists.
WAITING = """
import time
from pathlib import Path

from wattshed.forecast.baselines.naive import PERSISTENCE
from wattshed.forecast.baselines.protocol import BaselineFactory


def make(task, graph):
    while Path("wait").exists():
        time.sleep(0.05)
    return PERSISTENCE.make(task, graph)


BASELINE = BaselineFactory(make)
"""
DATA = "results/light/data"
ARGUMENTS = [
    "--names", "waiting", "--panel", f"{DATA}/panel.safetensors", "--splits", f"{DATA}/splits.json",
    "--graph", f"{DATA}/graph.safetensors", "--windows", '{"look_back_h": 12, "horizon_h": 3}',
    "--metering", '{"idle_s": 0}', "--test-windows", "5", "--forecasts", "twin/waiting.safetensors",
    "--validation", "twin/validation.safetensors", "--ledger", "twin/baselines.jsonl",
]  # fmt: skip


@pytest.fixture
def job(copy_of_the_repository, tmp_path):
    """Starts the script of the baselines by itself, in a folder with the data that it reads."""
    checkout = copy_of_the_repository(tmp_path / "checkout")
    folder = tmp_path / "study"
    folder.mkdir()
    config = light_study(checkout)
    config["plugins"] = ["waiting.py"]
    (folder / "waiting.py").write_text(WAITING)
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    data = [f"{DATA}/{name}" for name in ("panel.safetensors", "splits.json", "graph.safetensors")]
    snakemake(folder, "--snakefile", f"{checkout}/Snakefile", "--configfile", "study.yaml", "--", *data)
    scripts = checkout / "workflow/scripts"
    words = [sys.executable, f"{scripts}/run.py", f"{scripts}/training/fit_baselines.py", *ARGUMENTS]
    own = {**environment(folder), "WATTSHED_PLUGINS": json.dumps([str(folder / "waiting.py")])}

    def start():
        return subprocess.Popen(words, cwd=folder, env=own, stderr=subprocess.PIPE, text=True)

    return folder, start


def test_the_second_of_two_jobs_with_one_ledger_ends_with_a_sentence_and_the_first_one_is_whole(job):
    folder, start = job
    (folder / "wait").touch()
    first = start()
    part = folder / "twin/baselines.jsonl.part"
    wait_until(
        lambda: part.exists() and '"sensors"' in part.read_text(), "the ledger of the first job", first
    )
    second = start()
    # Without a lock the second one would wait for the file to go, as the first one does.
    wait_until(lambda: second.poll() is not None, "the end of the second job")
    said = second.stderr.read()
    (folder / "wait").unlink()
    _, of_first = first.communicate()
    assert first.returncode == 0, of_first
    assert second.returncode == FAULT_EXIT_CODE
    assert said.count("\n") == 1
    assert f"baselines.jsonl in twin is being written by process {first.pid}" in said
    ledger = folder / "twin/baselines.jsonl"
    events = [json.loads(line)["event"] for line in ledger.read_text().splitlines()]
    assert (events.count("start"), events.count("end")) == (1, 1)
    assert sorted(path.name for path in (folder / "twin").iterdir()) == [
        "baselines.jsonl",
        "validation.safetensors",
        "waiting.safetensors",
    ]
