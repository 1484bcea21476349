"""The workflow runs in any folder and from any folder, and passes any text on unchanged."""

import json
import shutil

import pandas as pd
import pytest
import yaml

from small_workflow import light_study, snakemake
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.data.panel import Panel

pytestmark = pytest.mark.workflow

# A folder with braces is used by a link with a plain name, so that other characters have a name of their own.
NAMES = ['my study\'s {b}, "c"', "price $HOME `x` é 家 %s colon:colon"]
HOSTILE = 'closed {form} "quoted" it\'s 100 % \\n <b>&amp;</b> $HOME {wildcards} é 家\nsecond line'


@pytest.fixture(scope="module")
def checkout(copy_of_the_repository, tmp_path_factory):
    """A checkout in which a module of the library prints its own path when imported."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("folders") / "plain")
    module = folder / "workflow/lib/wattshed/data/quality.py"
    module.write_text(module.read_text() + "\nprint('imported from', __file__)\n")
    return folder


def tree(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_checkout_runs_in_a_folder_of_any_name_with_its_own_library(checkout, tmp_path):
    folder = tmp_path / NAMES[0]
    shutil.copytree(checkout, folder)
    config = light_study(folder)
    config_file = folder / "study.yaml"
    config_file.write_text(yaml.safe_dump(config))
    snakemake(folder, "--configfile", "study.yaml", "--", "results/light/data/quality.parquet")
    assert_own_library(folder, folder)


def assert_own_library(checkout, work):
    """The job of the data's quality ran in ``work`` with the library of ``checkout``."""
    assert len(pd.read_parquet(work / "results/light/data/quality.parquet")) == 2
    log = (work / "results/light/logs/data/check_quality.log").read_text()
    assert f"imported from {checkout}/" in log


def test_results_go_to_the_given_directory_and_a_checkout_of_any_name_is_unchanged(checkout, tmp_path):
    elsewhere, results, folder = tmp_path / "else where", tmp_path / "re{sul}ts: here", tmp_path / NAMES[1]
    elsewhere.mkdir()
    shutil.copytree(checkout, folder)
    (elsewhere / "study.yaml").write_text(yaml.safe_dump(light_study(folder)))
    before = tree(folder)
    words = [
        "--snakefile",
        f"{folder}/Snakefile",
        "--configfile",
        "study.yaml",
        "--directory",
        str(results),
    ]
    targets = ["results/light/forecasts/persistence.safetensors", "results/light/data/quality.parquet"]
    # As in a read-only checkout.
    snakemake(elsewhere, *words, "--", *targets, PYTHONDONTWRITEBYTECODE="1")
    assert (results / targets[0]).is_file()
    assert_own_library(folder, results)
    assert tree(folder) == before
    assert [path.name for path in elsewhere.iterdir()] == ["study.yaml"]


def test_the_default_study_and_its_panel_are_found_from_another_folder(checkout, tmp_path):
    snakemake(tmp_path, "--snakefile", f"{checkout}/Snakefile", "--", "results/homes/data/quality.parquet")
    assert len(pd.read_parquet(tmp_path / "results/homes/data/quality.parquet")) == 17


def test_texts_and_paths_of_a_configuration_reach_the_jobs_unchanged(checkout, tmp_path):
    config = light_study(checkout)
    config["ladder"]["steps"][0]["caption"] = HOSTILE
    table = "my {x}, it's $HOME.csv"
    config["data"]["source"] = {"kind": "table", "path": table, "form": "wide", "unit": HOSTILE}
    hours = pd.date_range("2021-01-01", periods=4000, freq="h")
    readings = pd.DataFrame({"time": hours, HOSTILE: 1.0, "{b}": range(4000)})
    readings.to_csv(tmp_path / table, index=False)
    recording = "lab's {y} $HOME.csv"
    record(tmp_path / recording)
    config["clocks"] = {"recordings": {"lab": {"path": recording}}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    chosen = "results/light/clocks/recorded.lab.choice.json"
    targets = ["results/light/data/quality.parquet", "results/light/config.yaml", chosen]
    words = ["--snakefile", f"{checkout}/Snakefile", "--configfile", "study.yaml"]
    snakemake(tmp_path, *words, "--", *targets)
    panel = Panel.read(tmp_path / "results/light/data/panel.safetensors")
    assert panel.node_names == [HOSTILE, "{b}"]
    assert panel.unit == HOSTILE
    saved = yaml.safe_load((tmp_path / "results/light/config.yaml").read_text())
    assert saved["ladder"]["steps"][0]["caption"] == HOSTILE
    assert json.loads(json.dumps(saved["data"]["source"]))["path"] == table
    # A recorded sweep is judged in the DAG, one choice for each of its cells.
    choices = json.loads((tmp_path / chosen).read_text())["choices"]
    assert [choice["workload"] for choice in choices] == ["serve", "learn"]
    assert all(choice["label"] == "simulated" for choice in choices)


def record(path):
    """A recorded sweep of two workloads."""
    block = ClocksBlock(points=8, repeats=4)
    sweeps = [
        run_sweep(SimulatedClocks(block.simulated, seed), lambda: None, block, name)
        for seed, name in enumerate(("serve", "learn"))
    ]
    pd.concat(sweeps).to_csv(path, index=False)
