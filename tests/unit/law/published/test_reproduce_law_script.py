"""The scripts that write the reproduction table and judge the study's predictions."""

import runpy

import pandas as pd
import pytest

from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_parquet
from wattshed.law.published.reproducing.frame import reproduction_frame
from wattshed.law.published.reproducing.reproduction import reproduction_rows


@pytest.fixture
def script(root):
    def run(name, *words):
        runpy.run_path(str(root / "workflow/scripts" / name))["main"]([str(word) for word in words])

    return run


def test_the_script_writes_the_table_with_the_fit_of_all_points(script, tmp_path):
    file = tmp_path / "law/reproduction.parquet"
    script("law/reproduce_law.py", "--output", file)
    found = read_frame(file, COLUMNS["reproduction"])
    pd.testing.assert_frame_equal(
        found, reproduction_frame(reproduction_rows(honest=True)), check_dtype=False
    )
    assert found["unselected"].notna().sum() == 5


def test_claims_are_judged_by_a_studys_predictions(script, tmp_path):
    empty = {name: pd.DataFrame(columns=list(COLUMNS[name])) for name in ("scores", "days", "windows")}
    for name, frame in empty.items():
        write_parquet(tmp_path / f"{name}.parquet", frame)
    predictions = pd.DataFrame(
        {
            "model": ["gru", "lstm"], "seed": 1, "quantity": "step", "predicted_j": [1.0, 2.0],
            "measured_j": [1.01, 1.98], "affine_j": [1.5, 3.0], "roofline_j": [2.0, 4.0], "why_none": None,
        }
    )  # fmt: skip
    write_parquet(tmp_path / "predictions.parquet", predictions)
    files = [word for name in empty for word in (f"--{name}", tmp_path / f"{name}.parquet")]
    study = '{"models": {}, "recipes": {}, "ladder": null, "data": {"windows": {"horizon_h": 6}}}'
    words = ["--study", study, *files, "--output", tmp_path / "claims.parquet"]
    script("accounts/judge_claims.py", *words, "--compared-predictions", tmp_path / "predictions.parquet")
    found = read_frame(tmp_path / "claims.parquet")
    general = found[found["claim"] == "law_general"]
    assert general["mean"].tolist() == [pytest.approx(100 * (0.01 / 1.01 + 0.02 / 1.98) / 2)]
