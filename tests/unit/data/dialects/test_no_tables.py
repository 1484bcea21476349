"""Files that are not tables, or that cannot be opened, are named for what they are."""

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path

import pytest

from user_tables import written
from wattshed.data.dialects.containers import container_of
from wattshed.data.sources.table_paths import expand
from wattshed.foundation.faults import Fault

CSV = b"time,a\n2021-01-01 00:00,1\n"


def tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("a.csv")
        entry.size = len(CSV)
        archive.addfile(entry, io.BytesIO(CSV))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv.bz2", bz2.compress(CSV), "is packed as .bz2"),
        ("a.csv.xz", lzma.compress(CSV), "is packed as .xz"),
        ("a.csv.zst", b"\x28\xb5\x2f\xfd" + b"x" * 40, "is packed with Zstandard"),
        ("a.tar", tar(), "is a tar archive"),
        ("a.tar.gz", gzip.compress(tar()), "is a tar archive"),
        ("a.csv.gz", gzip.compress(gzip.compress(CSV)), "holds another packed file"),
        ("a.csv", b"%PDF-1.4 \xe2\xe3", "is a PDF"),
        ("a.csv", b'\xef\xbb\xbf[ {"time": 1}]', "is a JSON document"),
        ("a.csv", b"\n<!doctype html><p>404", "is a web page"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid x\n", "git lfs pull"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "or one with a password"),
    ],
    ids=["bz2", "xz", "zst", "tar", "tar.gz", "gz in gz", "pdf", "json", "html", "lfs", "encrypted xlsx"],
)
def test_what_is_no_table_is_named(name, content, says, tmp_path):
    with pytest.raises(Fault, match=says):
        container_of(written(tmp_path, content, name))


def test_a_header_that_begins_with_a_bracket_is_text(tmp_path):
    assert container_of(written(tmp_path, b"[time],a\n2021-01-01 00:00,1\n", "a.csv")).content == "text"


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    path = written(tmp_path, CSV, "a.csv")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(Fault, match=r"a\.csv cannot be opened \(Permission denied\)"):
        container_of(path)


@pytest.mark.parametrize("name", ["a" * 5000, "a" * 5000 + "*"])
def test_a_name_that_is_too_long_is_one_short_sentence(name, tmp_path):
    with pytest.raises(Fault, match="File name too long") as refusal:
        container_of(tmp_path / expand(name, tmp_path)[0])
    assert len(str(refusal.value)) < 400
