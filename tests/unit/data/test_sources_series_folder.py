"""A folder of series: formats, headers, labels, owners, and every error that a user's files can have."""

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from made_scans import cutting_of, made_values
from wattshed.config.data.sources import Source
from wattshed.data.sources.series_files import read_matrix
from wattshed.data.sources.series_folder import files
from wattshed.data.sources.source import load_panel
from wattshed.foundation.faults import Fault

REGIONS = list("abcdef")


def settings(**keys):
    block = {"kind": "series_folder", "folder": "series", "training_stride": 8, **keys}
    return TypeAdapter(Source).validate_json(json.dumps(block))


def frame_of(seed, samples=120):
    return pd.DataFrame(made_values(samples, seed=seed), columns=REGIONS)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "series").mkdir()
    for name in ("one", "two", "three"):
        frame_of(len(name)).to_csv(tmp_path / "series" / f"{name}.csv", index=False)
    return tmp_path


def load(folder, length=12, **keys):
    return load_panel(settings(**keys), folder, cutting=cutting_of(length))


def test_by_default_the_task_is_whose_series_a_window_is(folder):
    panel = load(folder)
    assert panel.node_names == ["one", "three", "two"]
    assert panel.windows.regions == tuple(REGIONS)
    assert panel.windows.owner_names == ("one", "three", "two")
    assert np.isnan(panel.windows.sample_s).all()
    assert load(folder, sample_s=2.0).windows.sample_s == (2.0, 2.0, 2.0)
    assert panel.digest == load(folder).digest


def test_all_formats_with_and_without_names_give_the_same_series(tmp_path):
    values, found = made_values(120), []
    for suffix in ("csv", "tsv", "parquet", "npy"):
        place = tmp_path / suffix / "series"
        place.mkdir(parents=True)
        for name, own in (("a", values), ("b", values * 2)):
            path, frame = place / f"{name}.{suffix}", pd.DataFrame(own)
            if suffix == "npy":
                np.save(path, own)
            elif suffix == "parquet":
                frame.rename(columns=lambda column: f"region_{column + 1}").to_parquet(path)
            else:
                frame.to_csv(path, index=False, header=False, sep="\t" if suffix == "tsv" else ",")
        found.append(load(tmp_path / suffix))
    assert found[0].windows.regions == tuple(f"region_{number}" for number in range(1, 7))
    np.testing.assert_array_equal(found[0].windows.series[:120], values)
    assert len({panel.digest for panel in found}) == 1


def test_rows_may_be_the_regions_with_their_names_first(folder):
    straight = load(folder)
    for path in (folder / "series").iterdir():
        turned = pd.read_csv(path).T
        turned.to_csv(path, header=False)
    assert load(folder, rows="regions").digest == straight.digest


def test_other_files_and_the_table_of_labels_are_no_series(folder, monkeypatch):
    before = load(folder).digest
    (folder / "series" / "notes.txt").write_text("text")
    (folder / "series" / "deeper").mkdir()
    assert load(folder).digest == before
    monkeypatch.chdir(folder)
    assert files(settings()) == {"series": [f"series/{name}.csv" for name in ("one", "three", "two")]}
    (folder / "series" / "labels.csv").write_text("file,label\n")
    found = files(settings(labels="series/labels.csv"))
    assert found["labels"] == "series/labels.csv"
    assert "series/labels.csv" not in found["series"]
    assert files(settings(folder="absent")) == {"series": "absent"}


def labelled_folder(tmp_path, rows, owners=False):
    (tmp_path / "series").mkdir()
    for place, (name, _, *_) in enumerate(rows):
        frame_of(place, 40).to_csv(tmp_path / "series" / name, index=False)
    columns = ["file", "label", "owner"] if owners else ["file", "label"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "labels.csv", index=False)
    return tmp_path


def test_with_labels_every_owner_is_in_one_part(tmp_path):
    rows = [
        (f"s{person}_{scan}.csv", ("ill", "well")[person % 2], f"p{person}")
        for person in range(12)
        for scan in range(2)
    ]
    panel = load(labelled_folder(tmp_path, rows, owners=True), labels="labels.csv")
    assert panel.node_names == ["ill", "well"]
    assert panel.nodes["series"].tolist() == [12, 12]
    parts = np.searchsorted(panel.cuts, np.arange(len(panel.times)), side="right")
    people = np.array([name.split("_")[0] for name in panel.windows.owner_names])[panel.windows.owners]
    for person in np.unique(people):
        assert len(np.unique(parts[people == person])) == 1
        label = ("ill", "well")[int(person[1:]) % 2]
        assert (panel.values[people == person].argmax(axis=1) == panel.node_names.index(label)).all()
    assert all(len(np.unique(panel.values[parts == part], axis=0)) == 2 for part in range(4))
    other = load(tmp_path, labels="labels.csv", seed=2)
    assert other.digest != panel.digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,kind\ns0.csv,a\n", "no column 'label'"),
        ("file,label\ns0.csv,a\ns0.csv,b\n", "row 3: file 's0.csv' has a second row"),
        ("file,label\ns0.csv,a\nother.csv,b\n", "row 3: file 'other.csv' is not a series in"),
        ("file,label\ns0.csv,a\n", "has no row for 's1.csv'"),
        ("file,label\ns0.csv,a\ns1.csv,\n", "row 3: the label is empty"),
        ("file,label,owner\ns0.csv,a,x\ns1.csv,b,\n", "row 3: the owner is empty"),
        ("file,label\ns0.csv,a\ns1.csv,b\n", "class 'a' has 1 owners of series; expected at least 4"),
        ("file,label,owner\ns0.csv,a,x\ns1.csv,b,x\n", "owner 'x' has series of the classes 'a' and 'b'"),
    ],
)
def test_a_wrong_table_of_labels_is_refused(tmp_path, text, says):
    labelled_folder(tmp_path, [("s0.csv", "a"), ("s1.csv", "b")])
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(Fault, match=says):
        load(tmp_path, labels="labels.csv")


def test_unequal_lengths_are_masked_cut_or_refused(folder):
    frame_of(9, 50).to_csv(folder / "series" / "two.csv", index=False)
    masked = load(folder, length=16)
    assert (masked.windows.lengths < 16).sum() == 3
    assert len(masked.windows.series) == 290
    cut = load(folder, length=16, unequal="cut")
    assert len(cut.windows.series) == 150
    with pytest.raises(Fault, match=r"two.csv has 50 samples and one.csv 120; expected series of one length"):
        load(folder, unequal="refuse")
    frame_of(9).to_csv(folder / "series" / "two.csv", index=False)
    assert load(folder, unequal="refuse").values.shape[1] == 3


def broken(folder, change):
    frame = frame_of(9).astype(object)
    change(frame)
    frame.to_csv(folder / "series" / "two.csv", index=False)
    return folder


def put(row, column, value):
    def change(frame):
        frame.loc[row, column] = value

    return change


def named(name):
    def change(frame):
        frame.columns = [name if column == "c" else column for column in frame.columns]

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put(3, "b", None), "two.csv: sample 4 of region 'b' is missing"),
        (put(3, "b", "inf"), "sample 4 of region 'b' is missing, not finite"),
        (put(3, "b", "text"), "row 4 of the numbers, column 2: 'text' is not a number"),
        (put(3, "b", 1e39), "the largest value is 1e[+]39; expected numbers that fit 32-bit floats"),
        (put(slice(None), "c", 7), "region 'c' has one value in all 120 samples"),
        (named("z"), "region 3 is 'z' and in one.csv 'c'"),
        (named("a"), "region 'a' occurs twice"),
        (named(""), "region 3 has no name in the header"),
        (lambda frame: frame.pop("f"), "two.csv has 5 regions and one.csv 6; expected the same regions"),
    ],
)
def test_a_broken_series_is_refused(folder, change, says):
    with pytest.raises(Fault, match=says):
        load(broken(folder, change))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("two.csv", b"", "two.csv is empty"),
        ("two.csv", b"a,b\n1,2\n3\n", "row 3 has 1 cells and row 1 has 2"),
        ("two.csv", b"\xff\xfe\x00\x81,\n", "cannot be read as CSV"),
        ("two.npy", b"text", "two.npy cannot be read as NPY"),
        ("two.parquet", b"text", "two.parquet cannot be read as PARQUET"),
        ("two.csv", b"a,b,c\n", r"two.csv has the shape \[0, 3\]"),
    ],
)
def test_a_file_that_is_no_table_is_refused(folder, name, content, says):
    (folder / "series" / "two.csv").unlink()
    (folder / "series" / name).write_bytes(content)
    with pytest.raises(Fault, match=says):
        load(folder)


def test_two_files_of_one_name_are_refused(folder):
    np.save(folder / "series" / "two.npy", made_values(120))
    frame = frame_of(3).rename(columns=dict(zip(REGIONS, [f"region_{n}" for n in range(1, 7)], strict=True)))
    for name in ("one", "two", "three"):
        frame.to_csv(folder / "series" / f"{name}.csv", index=False)
    with pytest.raises(Fault, match="has two series of the name 'two'"):
        load(folder)


def test_an_empty_or_missing_folder_and_one_series_are_refused(folder):
    with pytest.raises(Fault, match="absent does not exist; expected a folder"):
        load_panel(settings(folder="absent"), folder, cutting=cutting_of(12))
    (folder / "empty").mkdir()
    with pytest.raises(Fault, match="empty holds no series"):
        load_panel(settings(folder="empty"), folder, cutting=cutting_of(12))
    for name in ("two", "three"):
        (folder / "series" / f"{name}.csv").unlink()
    with pytest.raises(Fault, match="all 1 series are of class 'one'; expected at least two classes"):
        load(folder)


def test_regions_can_be_left_out(folder):
    broken(folder, put(slice(None), "c", 7))
    panel = load(folder, leave_out=["c"])
    assert panel.windows.regions == ("a", "b", "d", "e", "f")
    assert panel.windows.series.shape[1] == 5
    with pytest.raises(Fault, match="has no region 'z'; expected one of its 6 names"):
        load(folder, leave_out=["z"])
    with pytest.raises(Fault, match="1 regions that are used; expected at least two"):
        load(folder, leave_out=list("abcde"))


def test_transposed_files_are_hinted_at(tmp_path):
    (tmp_path / "series").mkdir()
    for name, samples in (("one", 120), ("two", 120)):
        np.save(tmp_path / "series" / f"{name}.npy", made_values(samples).T)
    with pytest.raises(
        Fault, match=r"samples in its part .*; if a file's rows are regions, set data.source.rows"
    ):
        load(tmp_path)
    assert load(tmp_path, rows="regions").windows.series.shape == (240, 6)
    np.save(tmp_path / "series" / "two.npy", made_values(90).T)
    with pytest.raises(Fault, match=r"90 regions and one.npy 120; .* or set data.source.rows to regions"):
        load(tmp_path)


def test_settings_that_cannot_be_are_refused():
    for keys in ({"unequal": "stretch"}, {"rows": "people"}, {"sample_s": 0}, {"folder": ""}):
        with pytest.raises(ValidationError):
            settings(**keys)


def test_a_link_to_a_file_that_is_not_there_is_refused_and_not_left_out(folder):
    (folder / "series" / "zero.csv").symlink_to(folder / "not-fetched.csv")
    with pytest.raises(Fault, match=r"zero\.csv cannot be read as CSV"):
        load(folder)


def test_complex_numbers_are_refused(folder):
    np.save(folder / "series" / "spectrum.npy", made_values(120) * 1j)
    with pytest.raises(Fault, match="complex numbers"):
        load(folder)


@pytest.mark.parametrize("first", [0, 1])
def test_a_row_that_counts_the_columns_is_a_header(folder, first):
    plain, counted = folder / "plain.csv", folder / "counted.csv"
    frame = frame_of(3)
    frame.to_csv(plain, index=False, header=False)
    frame.set_axis(range(first, first + len(REGIONS)), axis=1).to_csv(counted, index=False)
    (_, expected), (names, found) = (read_matrix(path, False) for path in (plain, counted))
    np.testing.assert_array_equal(found, expected)
    assert names == tuple(str(first + place) for place in range(len(REGIONS)))


@pytest.mark.parametrize("decimal", [".", ","])
def test_semicolons_are_named(folder, decimal):
    frame_of(3).to_csv(folder / "series" / "one.csv", sep=";", decimal=decimal, index=False)
    with pytest.raises(Fault, match="separated by semicolons"):
        load(folder)
