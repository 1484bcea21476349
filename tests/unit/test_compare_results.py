"""The script that checks whether a code change has changed any number."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file


@pytest.fixture(scope="module")
def script(root):
    spec = importlib.util.spec_from_file_location("compare_results", root / "benchmarks/compare_results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_results(
    folder, *, checkpoints="checkpoints", residual="residual_stgnn", value=1.0, score=0.5, metadata="a"
):
    tensor = {"weight": np.array([value, 2.0, np.nan], np.float32)}
    for name in ("stgnn", residual):
        for path in (
            folder / checkpoints / f"{name}-1.safetensors",
            folder / f"forecasts/{name}.safetensors",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(tensor, path, {"made_by": metadata})
    rows = {"model": ["stgnn", residual], "seed": [1, 1], "rmse": [score, np.nan], "mae": [0.25, 0.5]}
    (folder / "accuracy").mkdir()
    pd.DataFrame(rows).to_parquet(folder / "accuracy/scores.parquet")
    return folder


@pytest.fixture
def old(tmp_path):
    return write_results(tmp_path / "old", checkpoints="models", residual="product")


def test_the_old_and_the_new_layout_are_equal_if_their_numbers_are(script, old, tmp_path, capsys):
    new = write_results(tmp_path / "new", metadata="another commit")
    assert script.main([str(old), str(new)]) == 0
    assert capsys.readouterr().out == "equal to the byte\n"


def test_checkpoints_and_rows_of_a_chain_are_not_a_difference(script, old, tmp_path):
    new = write_results(tmp_path / "new")
    save_file({"weight": np.zeros(3)}, new / "checkpoints/stgnn+replay-1.safetensors")
    scores = pd.read_parquet(new / "accuracy/scores.parquet").assign(lineage="x")
    more = pd.concat([scores, scores.assign(model="stgnn+replay")])
    more.to_parquet(new / "accuracy/scores.parquet")
    assert script.main([str(old), str(new)]) == 0


def test_the_last_bit_of_a_weight_is_a_difference(script, old, tmp_path, capsys):
    new = write_results(tmp_path / "new", value=float(np.nextafter(np.float32(1), np.float32(2))))
    assert script.main([str(old), str(new)]) == 1
    out = capsys.readouterr().out
    assert "checkpoints of residual_stgnn-1: weight differs by up to 1.19e-07" in out
    assert "forecasts of stgnn: weight differs" in out
    assert "4 differences" in out


def test_a_changed_score_is_reported(script, old, tmp_path, capsys):
    new = write_results(tmp_path / "new", score=0.5000000001)
    assert script.main([str(old), str(new)]) == 1
    assert "scores of stgnn 1: rmse differs" in capsys.readouterr().out


def test_a_missing_file_and_a_missing_row_are_differences(script, old, tmp_path, capsys):
    new = write_results(tmp_path / "new")
    (new / "checkpoints/stgnn-1.safetensors").unlink()
    scores = pd.read_parquet(new / "accuracy/scores.parquet")
    scores[scores.model != "stgnn"].to_parquet(new / "accuracy/scores.parquet")
    assert script.main([str(old), str(new)]) == 1
    out = capsys.readouterr().out
    assert "checkpoints of stgnn-1: missing" in out
    assert "scores of stgnn 1: missing" in out


def test_another_shape_or_name_is_a_difference(script, old, tmp_path):
    new = write_results(tmp_path / "new")
    save_file({"weight": np.zeros((3, 1), np.float32)}, new / "forecasts/stgnn.safetensors")
    save_file({"other": np.zeros(3, np.float32)}, new / "checkpoints/stgnn-1.safetensors")
    said = script.differences(old, new)
    assert any("weight is F32 [3] and F32 [3, 1]" in sentence for sentence in said)
    assert any("['other', 'weight'] are only in one of them" in sentence for sentence in said)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "accuracy/scores.parquet").write_bytes(b"PAR1"),
        lambda folder: (folder / "accuracy/scores.parquet").unlink(),
        lambda folder: (folder / "forecasts/stgnn.safetensors").write_bytes(b'\x05\0\0\0\0\0\0\0{"a"'),
        lambda folder: [path.unlink() for path in folder.glob("forecasts/*")],
    ],
)
def test_a_folder_that_cannot_be_read_is_reported_in_one_sentence(script, old, tmp_path, capsys, damage):
    new = write_results(tmp_path / "new")
    damage(new)
    assert script.main([str(old), str(new)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
