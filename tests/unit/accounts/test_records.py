"""Errors and operations per run, stated as CSV of any dialect or JSON of any usual shape."""

import gzip
import json

import pandas as pd
import pytest

from wattshed.accounts.tables.records import by_model_if_named_so, read_records
from wattshed.foundation.faults import Fault

RECORDS = [{"run_id": "a", "mae": 5.5, "r2": 0.5}, {"run_id": "b", "mae": 4.0, "r2": None}]


def read(tmp_path, text, name="errors.json", column="mae"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_records(path, column)


SHAPES = {
    "list": json.dumps(RECORDS),
    "lines": "\n".join(map(json.dumps, RECORDS)) + "\n",
    "mapping": json.dumps(
        {record["run_id"]: {"mae": record["mae"], "r2": record["r2"]} for record in RECORDS}
    ),
    "mapping with ids inside": json.dumps({str(place): record for place, record in enumerate(RECORDS)}),
    "columns": json.dumps({name: [record[name] for record in RECORDS] for name in RECORDS[0]}),
    "pandas": pd.DataFrame(RECORDS).to_json(),
    "pandas records": pd.DataFrame(RECORDS).to_json(orient="records", indent=2),
    "pandas index": pd.DataFrame(RECORDS).set_index("run_id").to_json(orient="index"),
    "csv": "run_id,mae,r2\na,5.5,0.5\nb,4.0,\n",
    "semicolons": "sep=;\r\nrun_id;mae;r2\r\na;5,5;0,5\r\nb;4,0;\r\n",
    "tabs": "run_id\tmae\tr2\na\t5.5\t0.5\nb\t4.0\t\n",
    "utf-16": "run_id;mae;r2\r\na;5,5;0,5\r\nb;4,0;\r\n".encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(RECORDS).encode(),
    "compressed": gzip.compress(json.dumps(RECORDS).encode()),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["errors.json", "errors.csv", "errors"])
def test_every_usual_shape_gives_the_same_records(tmp_path, shape, name):
    frame = read(tmp_path, SHAPES[shape], name)
    assert frame["run_id"].tolist() == ["a", "b"]
    assert frame["mae"].tolist() == [5.5, 4.0]
    assert frame["r2"].iloc[0] == 0.5
    assert pd.isna(frame["r2"].iloc[1])


def test_one_record_and_a_mapping_to_numbers_are_read(tmp_path):
    assert read(tmp_path, '{"run_id": "a", "mae": 5}')["mae"].tolist() == [5]
    frame = read(tmp_path, '{"a": 5, "b": 4.5}')
    assert (frame["run_id"].tolist(), frame["mae"].tolist()) == (["a", "b"], [5, 4.5])


def test_an_unknown_error_is_null_and_numbers_in_quotes_are_numbers(tmp_path):
    frame = read(
        tmp_path, '[{"model": "m", "mae": null}, {"model": "n", "mae": "5.5"}, {"model": "o", "mae": NaN}]'
    )
    assert frame["mae"].isna().tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("[1, 2]", "holds JSON of another shape"),
        ("[]", "holds JSON of another shape"),
        ("{}", "holds JSON of another shape"),
        ('{"a": "text"}', "holds JSON of another shape"),
        ('{"mae": [1, 2], "run_id": ["a"]}', "holds JSON of another shape"),
        ('{"mae": ', "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('[{"run_id": "a", "mae": [5, 6]}]', "mae is [5, 6], expected one number or text"),
        ('[{"run_id": "a", "mae": {"test": 5}}]', "expected one number or text"),
        ('[{"run_id": "a", "rmse": 5}]', "has no column 'mae', only run_id, rmse: rename the column"),
        (
            '[{"run_id": "a", "mae": 5}, {"run_id": "b", "mae": "five"}]',
            "record 2: mae is 'five', expected a number",
        ),
        ("run_id,mae\na,five\n", "record 1: mae is 'five', expected a number"),
        ("run_id;mae\na;1,234\n", "in '1,234' the mark may separate decimals or thousands"),
        ("run_id,mae\na,5,6,7\nb,5\n", "row 2 has 4 of 2 columns"),
    ],
)
def test_a_wrong_shape_is_one_sentence_with_what_is_expected(tmp_path, text, sentence):
    with pytest.raises(Fault) as raised:
        read(tmp_path, text)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["gone.json", "folder"])
def test_a_file_that_is_not_there_is_one_sentence(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(Fault, match="cannot be read as CSV or JSON"):
        read_records(tmp_path / name, "mae")


def test_a_mapping_from_models_names_models(tmp_path):
    runs = pd.DataFrame({"run_id": ["r1", "r2"], "model": ["gru", "stgnn"]}, dtype="string")
    named = by_model_if_named_so(read(tmp_path, '{"gru": {"mae": 5}}'), runs)
    assert named["model"].tolist() == ["gru"]
    by_id = by_model_if_named_so(read(tmp_path, '{"r1": {"mae": 5}}'), runs)
    assert by_id["run_id"].tolist() == ["r1"]
