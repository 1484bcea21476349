import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import write_parquet

SCRIPT = Path(__file__).resolve().parents[3] / "workflow" / "scripts" / "clocks" / "choose_clock.py"


CLOCKS = json.dumps({"max_slowdown_share": 0.05, "seed": 0})


def words(sweep, output):
    return ["--sweep", str(sweep), "--clocks", CLOCKS, "--output", str(output)]


@pytest.fixture(scope="module")
def main():
    """The script's function; what the process itself does is tested with the sweep that is missing."""
    spec = importlib.util.spec_from_file_location("choose_clock_script", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.main


def test_sweep_to_choice(main, tmp_path, simulate):
    write_parquet(tmp_path / "sweep.parquet", simulate())
    main(words(tmp_path / "sweep.parquet", tmp_path / "choice.json"))
    document = json.loads((tmp_path / "choice.json").read_text(), parse_constant=lambda name: 1 / 0)
    (choice,) = document["choices"]
    assert (choice["status"], choice["label"]) == ("use", "simulated")
    assert choice["saving_low"] < choice["saving_share"] < choice["saving_high"]


def test_each_workload_of_a_sweep_has_a_choice_of_its_own(main, tmp_path, simulate):
    one, other = simulate().assign(workload="a"), simulate(seed=1, call_s=0.02).assign(workload="b")
    write_parquet(tmp_path / "sweep.parquet", pd.concat([one, other], ignore_index=True))
    main(words(tmp_path / "sweep.parquet", tmp_path / "choice.json"))
    choices = json.loads((tmp_path / "choice.json").read_text())["choices"]
    assert [choice["workload"] for choice in choices] == ["a", "b"]
    times_s = [choice["baseline_time_s"] for choice in choices]
    assert times_s == pytest.approx([0.01, 0.02], rel=0.05)


def test_missing_and_torn_sweeps_leave_one_sentence_and_no_output(main, tmp_path, simulate):
    sweep, output = tmp_path / "sweep.parquet", tmp_path / "choice.json"
    done = subprocess.run([sys.executable, SCRIPT, *words(sweep, output)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "does not exist" in done.stderr
    assert done.stderr.count("\n") == 1
    write_parquet(sweep, simulate())
    sweep.write_bytes(sweep.read_bytes()[:500])
    with pytest.raises(Fault, match="cannot be read as Parquet") as torn:
        main(words(sweep, output))
    assert "\n" not in str(torn.value)
    assert not output.exists()
