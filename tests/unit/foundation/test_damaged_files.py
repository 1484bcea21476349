"""A damaged, altered or foreign file is reported in one sentence; a flipped bit never gives a wrong value."""

import itertools
import json
import runpy

import numpy as np
import pandas as pd
import pytest

from wattshed.foundation.documents import KEYS, read_json, read_yaml
from wattshed.foundation.faults import Fault
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.tensor_file import read_description, read_tensors, write_tensors
from wattshed.foundation.writing import write_json, write_parquet
from wattshed.publish.parts.inputs import Inputs

TENSORS = {
    "weights": np.random.default_rng(0).random((7, 5)).astype(np.float32),
    "observed": np.array([True, False]),
    "nothing": np.zeros((0, 3)),
    "step": np.array(3.0),
}
FRAME = pd.DataFrame(
    {
        "name": ["a", None, "é"],
        "error": [1.5, np.nan, 2.0],
        "count": pd.array([1, None, 3], dtype="Int64"),
        "flag": [True, None, False],
        "curve": [[1.0, 2.0], None, [3.0]],
        "kind": pd.Categorical(["x", "y", "x"]),
        "time": pd.to_datetime(["2020-01-01", None, "2021-01-01"], utc=True),
    }
)


def flipped(whole, bits=(0, 6), every=1):
    for place in range(0, len(whole), every):
        for bit in bits:
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            yield damaged


def test_a_flipped_bit_never_gives_wrong_tensors(tmp_path):
    path = tmp_path / "x.safetensors"
    write_tensors(path, TENSORS, {"unit": "kWh"}, kind="panel")
    good, about = read_tensors(path, kind="panel", keys=("unit",))
    refused = 0
    for damaged in flipped(path.read_bytes()):
        path.write_bytes(damaged)
        try:
            tensors, said = read_tensors(path, kind="panel", keys=("unit",))
        except Fault:
            refused += 1
            continue
        # A flip in the name of the digest adds one key and does not change the content.
        assert {key: said[key] for key in about} == about
        assert tensors.keys() == good.keys()
        for name, array in tensors.items():
            np.testing.assert_array_equal(array, good[name], strict=True)
    assert refused > 100


def test_a_flipped_bit_never_gives_a_wrong_frame(tmp_path):
    path = tmp_path / "x.parquet"
    write_parquet(path, FRAME)
    good = read_frame(path)
    refused = 0
    for damaged in flipped(path.read_bytes(), bits=(3,), every=7):
        path.write_bytes(damaged)
        try:
            # A flip in the file's table of contents can hide all metadata, including pandas' types.
            pd.testing.assert_frame_equal(read_frame(path), good, check_dtype=False, check_categorical=False)
        except Fault:
            refused += 1
    assert refused > 300


def test_a_flipped_bit_never_gives_a_wrong_sealed_document(tmp_path):
    path = tmp_path / "x.json"
    value = {"train": {"start": 0, "stop": 120}, "gain": 0.25, "name": "é"}
    write_json(path, value, sealed=True)
    assert read_json(path) == value
    refused = 0
    for damaged in flipped(path.read_bytes()):
        path.write_bytes(damaged)
        try:
            found = read_json(path, keys=tuple(value))
        except Fault:
            refused += 1
            continue
        # A flip in the name of the digest adds one key and does not change the content.
        assert {key: found.get(key) for key in value} == value
    assert refused > 100


def test_a_tensor_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "panel.safetensors"
    write_tensors(path, TENSORS, {}, kind="panel")
    for read in (read_tensors, read_description):
        with pytest.raises(Fault, match=r"panel\.safetensors is a panel: expected a checkpoint"):
            read(path, kind="checkpoint")
    assert read_description(path, kind="panel") == {"kind": "panel"}


def test_a_missing_key_in_a_description_is_reported(tmp_path):
    path = tmp_path / "x.safetensors"
    write_tensors(path, TENSORS, {"unit": "kWh"}, kind="panel")
    with pytest.raises(Fault, match="lacks 'timezone' in its description: expected a panel"):
        read_tensors(path, kind="panel", keys=("unit", "timezone"))


@pytest.mark.parametrize("read", [read_json, read_yaml])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"a": [1, ', "cannot be read as"),
        (b"", "cannot be read as JSON|holds no keys"),
        (b"{}", "lacks the key 'a'"),
        (b"[1]", "holds no keys"),
        (b"\xff\xfe\x00", "cannot be read as text"),
    ],
)
def test_a_damaged_document_is_reported_in_one_sentence(tmp_path, read, content, sentence):
    path = tmp_path / "choice.json"
    path.write_bytes(content)
    with pytest.raises(Fault, match=sentence) as caught:
        read(path, keys=("a",))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [read_json, read_yaml, read_frame, read_tensors, read_description])
def test_a_missing_file_is_reported_in_one_sentence(tmp_path, read):
    with pytest.raises(Fault, match="does not exist: run the rule that makes it first"):
        read(tmp_path / "x")


def test_a_missing_column_of_a_frame_is_reported(tmp_path):
    write_parquet(tmp_path / "x.parquet", FRAME)
    with pytest.raises(Fault, match="has no column 'rmse': expected name, rmse"):
        read_frame(tmp_path / "x.parquet", columns=("name", "rmse"))


def test_an_unsealed_document_holds_only_the_given_keys(tmp_path):
    write_json(tmp_path / "x.json", {"a": 1})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": 1}


def test_a_result_of_another_kind_is_refused_with_its_missing_column(tmp_path):
    """Every kind of result has a column that the others do not have, or has all columns of the other kind."""
    for kind, columns in COLUMNS.items():
        for other, found in COLUMNS.items():
            if kind == other or set(columns) <= set(found):
                continue
            write_parquet(tmp_path / "x.parquet", pd.DataFrame({name: [1.0] for name in found}))
            with pytest.raises(
                Fault, match=r"x\.parquet has no column '\w+': expected .*; delete it and run"
            ):
                read_frame(tmp_path / "x.parquet", COLUMNS[kind])
    assert all(not set(one) & set(other) for one, other in itertools.permutations(KEYS.values(), 2))


@pytest.mark.parametrize("content", [b"{}", b'{"cuts_utc": {}}', b"[1]", b'{"label": 1'])
def test_an_invalid_clock_choice_is_reported_in_one_sentence(tmp_path, content):
    path = tmp_path / "choice.json"
    path.write_bytes(content)
    with pytest.raises(
        Fault, match=r"choice\.json (lacks the key 'choices'|holds no keys|cannot be read as JSON)"
    ):
        Inputs({"choice": [path]}).json("choice")


@pytest.mark.parametrize("damage", [b"", b"{}", "half", "scores"])
@pytest.mark.parametrize("damaged", ["matrix", "windows"])
def test_the_adaptation_summary_reports_a_damaged_input(tmp_path, root, damage, damaged):
    write_parquet(tmp_path / "matrix.parquet", pd.DataFrame({name: [1.0] for name in COLUMNS["matrices"]}))
    write_parquet(tmp_path / "windows.parquet", pd.DataFrame({name: [1.0] for name in COLUMNS["windows"]}))
    path = tmp_path / f"{damaged}.parquet"
    if damage == "scores":
        write_parquet(path, pd.DataFrame({name: [1.0] for name in COLUMNS["scores"]}))
    else:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if damage == "half" else damage)
    main = runpy.run_path(str(root / "workflow/scripts/adaptation/summarise_adaptation.py"))["main"]
    files = ["--matrices", str(tmp_path / "matrix.parquet"), "--windows", str(tmp_path / "windows.parquet")]
    with pytest.raises(Fault, match=rf"{damaged}\.parquet (has no column|cannot be read as Parquet)"):
        main([*files, "--output", str(tmp_path / "summary.parquet")])
    assert not (tmp_path / "summary.parquet").exists()
