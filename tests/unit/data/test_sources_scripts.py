"""The scripts write complete output, or leave no file and report the reason in one sentence."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.panel import Panel
from wattshed.foundation.faults import FAULT_EXIT_CODE


@pytest.fixture
def run(root):
    def script(name: str, *words: object) -> subprocess.CompletedProcess:
        command = [sys.executable, root / "workflow" / "scripts" / "data" / f"{name}.py", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=root)

    return script


def test_panel_and_quality_are_written(run, root, tmp_path):
    source = json.dumps({"kind": "synthetic", "nodes": 5, "hours": 2000, "missing_share": 0.2})
    panel, quality = tmp_path / "data" / "panel.safetensors", tmp_path / "data" / "quality.parquet"
    assert run("build_panel", "--source", source, "--root", root, "--output", panel).returncode == 0
    splits = tmp_path / "data" / "splits.json"
    words = ("--splits", SplitsBlock().model_dump_json(), "--windows", WindowsBlock().model_dump_json())
    assert run("split_calendar", "--panel", panel, *words, "--output", splits).returncode == 0
    words = ("--panel", panel, "--splits", splits, "--near-zero-limit", "0.3")
    assert run("check_quality", *words, "--output", quality).returncode == 0
    report = pd.read_parquet(quality)
    np.testing.assert_allclose(report["coverage_share"], Panel.read(panel).observed.mean(axis=0))
    assert report["suspect_reason"].isna().all()


def test_a_failing_load_leaves_no_output(run, tmp_path):
    (tmp_path / "panel.csv").write_text("time,a\n2021-01-01 00:00,1\n2021-01-01 01:00,one\n")
    source = json.dumps({"kind": "table", "path": "panel.csv", "form": "wide"})
    output = tmp_path / "out" / "panel.safetensors"
    answer = run("build_panel", "--source", source, "--root", tmp_path, "--output", output)
    assert answer.returncode == FAULT_EXIT_CODE
    assert answer.stderr.startswith("error: ")
    assert answer.stderr.count("\n") == 1
    assert "row 3, column 'a': 'one' is not a number" in answer.stderr
    assert not output.parent.exists()


def test_a_failing_load_keeps_the_finished_panel(run, tmp_path):
    output = tmp_path / "panel.safetensors"
    output.write_bytes(b"finished before")
    source = json.dumps({"kind": "goiener", "folder": "nowhere"})
    answer = run("build_panel", "--source", source, "--root", tmp_path, "--output", output)
    assert answer.returncode == FAULT_EXIT_CODE
    assert "imp-pre.tzst does not exist" in answer.stderr
    assert output.read_bytes() == b"finished before"


def test_rebuilding_from_another_wheel_is_refused(run, tmp_path):
    (tmp_path / "citylearn.whl").write_bytes(b"not the wheel")
    output = tmp_path / "homes.parquet"
    answer = run("rebuild_homes", "--wheel", tmp_path / "citylearn.whl", "--output", output)
    assert answer.returncode == FAULT_EXIT_CODE
    assert "has sha256" in answer.stderr
    assert not output.exists()
