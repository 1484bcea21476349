"""Recorded sweeps of clocks are judged in the DAG, one choice for each of their cells."""

import json

import pandas as pd
import pytest
import yaml

from small_workflow import light_study, snakemake
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock

pytestmark = pytest.mark.workflow


def test_a_recording_of_two_workloads_has_two_choices(root, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    block = ClocksBlock(points=8, repeats=4)
    sweeps = [
        run_sweep(SimulatedClocks(block.simulated, seed), lambda: None, block, name)
        for seed, name in enumerate(("serve", "learn"))
    ]
    pd.concat(sweeps).to_csv(folder / "lab.csv", index=False)
    study = light_study(root)
    study["clocks"] = {"recordings": {"lab": {"path": "lab.csv"}}}
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    target = "results/light/clocks/recorded.lab.choice.json"
    words = ("-s", str(root / "Snakefile"), "--configfile", "study.yaml")
    snakemake(folder, *words, "--", target)
    choices = json.loads((folder / target).read_text())["choices"]
    assert [choice["workload"] for choice in choices] == ["serve", "learn"]
    assert all(choice["label"] == "simulated" for choice in choices)
