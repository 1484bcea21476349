import json
import subprocess
import sys
from pathlib import Path

from wattshed.foundation.writing import write_parquet

SCRIPT = Path(__file__).resolve().parents[3] / "workflow" / "scripts" / "clocks" / "choose_clock.py"


def run(sweep, output, share="0.05"):
    words = ["--sweep", sweep, "--max-slowdown-share", share, "--seed", "0", "--output", output]
    return subprocess.run([sys.executable, SCRIPT, *map(str, words)], capture_output=True, text=True)


def test_sweep_to_choice(tmp_path, simulate):
    write_parquet(tmp_path / "sweep.parquet", simulate())
    done = run(tmp_path / "sweep.parquet", tmp_path / "choice.json")
    assert done.returncode == 0, done.stderr
    choice = json.loads((tmp_path / "choice.json").read_text(), parse_constant=lambda name: 1 / 0)
    assert (choice["status"], choice["label"]) == ("use", "simulated")
    assert choice["saving_low"] < choice["saving_share"] < choice["saving_high"]


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
