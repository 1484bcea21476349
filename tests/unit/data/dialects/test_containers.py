"""Packed files and files of other kinds are opened by what is in them, or refused by name."""

import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from user_tables import written
from wattshed.data.dialects.containers import container_of
from wattshed.foundation.faults import Fault

CSV = b"time,a\n2021-01-01 00:00,1\n"


def named(value):
    """Packed bytes hold the time of day, which must not be in the name of a test."""
    return "bytes" if isinstance(value, bytes) else None


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "compression"),
    [
        ("a.csv", CSV, None),
        ("a.txt", CSV, None),
        ("a.csv.gz", gzip.compress(CSV), "gzip"),
        ("a.csv", gzip.compress(CSV), "gzip"),  # as browsers save what a server has packed
        ("a.zip", zipped(**{"in/a.csv": CSV}), "zip"),
        ("a.zip", zipped(**{"a.csv": CSV, "__MACOSX/._a.csv": b"x", ".DS_Store": b"x"}), "zip"),
    ],
    ids=named,
)
def test_the_bytes_of_a_table_are_unpacked(tmp_path, name, content, compression):
    container = container_of(written(tmp_path, content, name))
    assert (container.content, container.compression) == ("text", compression)
    with container.open() as stream:
        assert stream.read() == CSV
    with container.open_at_any_place() as stream:
        stream.seek(5)
        assert stream.read(1) == b"a"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.parquet", b"PAR1", "parquet"),
        ("a.pq", b"PAR1", "parquet"),
        ("a.bin", b"PAR1....", "parquet"),
        ("a.parquet.gz", gzip.compress(b"PAR1...."), "parquet"),
        ("a.xlsx", b"PK\x03\x04", "workbook"),
        ("a.zip", zipped(**{"b.parquet": b"PAR1...."}), "parquet"),
        ("a.zip", zipped(**{"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "workbook"),
    ],
    ids=named,
)
def test_the_content_is_known_by_first_bytes_and_name(tmp_path, name, content, kind):
    assert container_of(written(tmp_path, content, name)).content == kind


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (
            "a.zip",
            zipped(**{"a.csv": CSV, "b.csv": CSV}),
            r"holds 2 files \(a.csv, b.csv\); expected exactly one",
        ),
        ("a.zip", zipped(), "holds 0 files; expected exactly one"),
        ("a.zip", zipped(**{"a.csv": CSV})[:40], r"cannot be read as \.zip"),
        ("a.gz", b"time,a", r"cannot be read as \.gz"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"old form \.xls; .* save it as \.xlsx"),
        ("a.csv.zst", b"\x28\xb5\x2f\xfd\x04\x58", r"Zstandard.*: unpack it"),
        ("a.csv.bz2", bz2.compress(CSV), r"packed as \.bz2; .*: unpack it"),
        ("a.csv.xz", lzma.compress(CSV), r"packed as \.xz; .*: unpack it"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\x00\x04", r"\.7z; .*: unpack it"),
        ("a.h5", b"\x89HDF\r\n\x1a\n", r"an HDF5 file; .* export the readings"),
        ("a.csv", b"%PDF-1.7\n", r"a PDF; .* export the readings"),
        ("a.csv", b"<!DOCTYPE html>", r"a web page .* download the file itself"),
        ("a.json", b'[{"time": 1}]', r"a JSON document; .* export the readings"),
        ("a.zip", zipped(**{"a.csv": b"<html>"}), r"a web page"),
    ],
    ids=named,
)
def test_what_cannot_be_opened_is_named(tmp_path, name, content, says):
    with pytest.raises(Fault, match=says):
        container_of(written(tmp_path, content, name))


def test_a_truncated_gz_is_refused_where_it_ends(tmp_path):
    container = container_of(written(tmp_path, gzip.compress(CSV * 999)[:-20], "a.csv.gz"))
    says = r"a\.csv\.gz cannot be read as \.gz \(Compressed file ended"
    with pytest.raises(Fault, match=says), container.open() as file:
        file.read()


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    (tmp_path / "homes").mkdir()
    with pytest.raises(Fault, match=r"absent.csv does not exist; expected a CSV"):
        container_of(tmp_path / "absent.csv")
    with pytest.raises(Fault, match=r"homes/\*\.csv does not exist or no file matches this pattern"):
        container_of(tmp_path / "homes/*.csv")
    with pytest.raises(Fault, match=r"homes is not a file; .* such as homes/\*\.csv"):
        container_of(tmp_path / "homes")
