import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from wattshed.foundation.writing import write_parquet

SCRIPT = Path(__file__).resolve().parents[3] / "workflow" / "scripts" / "clocks" / "choose_clock.py"


def run(sweep, output, share="0.05"):
    clocks = json.dumps({"max_slowdown_share": float(share), "seed": 0})
    words = ["--sweep", sweep, "--clocks", clocks, "--output", output]
    return subprocess.run([sys.executable, SCRIPT, *map(str, words)], capture_output=True, text=True)


def test_sweep_to_choice(tmp_path, simulate):
    write_parquet(tmp_path / "sweep.parquet", simulate())
    done = run(tmp_path / "sweep.parquet", tmp_path / "choice.json")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "choice.json").read_text(), parse_constant=lambda name: 1 / 0)
    (choice,) = document["choices"]
    assert (choice["status"], choice["label"]) == ("use", "simulated")
    assert choice["saving_low"] < choice["saving_share"] < choice["saving_high"]


def test_each_workload_of_a_sweep_has_a_choice_of_its_own(tmp_path, simulate):
    one, other = simulate().assign(workload="a"), simulate(seed=1, call_s=0.02).assign(workload="b")
    write_parquet(tmp_path / "sweep.parquet", pd.concat([one, other], ignore_index=True))
    assert run(tmp_path / "sweep.parquet", tmp_path / "choice.json").returncode == 0
    choices = json.loads((tmp_path / "choice.json").read_text())["choices"]
    assert [choice["workload"] for choice in choices] == ["a", "b"]
    times_s = [choice["baseline_time_s"] for choice in choices]
    assert times_s == pytest.approx([0.01, 0.02], rel=0.05)


def test_missing_and_torn_sweeps_leave_one_sentence_and_no_output(tmp_path, simulate):
    sweep, output = tmp_path / "sweep.parquet", tmp_path / "choice.json"
    missing = run(sweep, output)
    write_parquet(sweep, simulate())
    sweep.write_bytes(sweep.read_bytes()[:500])
    torn = run(sweep, output)
    for done, words in ((missing, "does not exist"), (torn, "cannot be read as Parquet")):
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
    assert not output.exists()
