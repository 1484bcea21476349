"""Text is read in the encoding that its first bytes or the config name; anything else is refused."""

import pytest

from user_tables import fault_of, panel_of, written
from wattshed.data.dialects.encodings import encoding_of
from wattshed.foundation.faults import Fault

TEXT = "time,Müller\n2021-01-01 00:00,1\n2021-01-01 01:00,2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised_with_and_without_a_mark(tmp_path, encoding):
    panel = panel_of(tmp_path, TEXT.encode(encoding))
    assert panel.node_names == ["Müller"]
    assert panel.values[:, 0].tolist() == [1, 2]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp437", "utf-16", "utf-8"])
def test_a_stated_encoding_is_used(tmp_path, encoding):
    assert panel_of(tmp_path, TEXT.encode(encoding), encoding=encoding).node_names == ["Müller"]


def test_bytes_of_windows_are_refused_with_row_and_cure(tmp_path):
    said = fault_of(tmp_path, TEXT.encode("cp1252"))
    assert "row 1 has bytes that are not UTF-8, such as in 'time,Müller'" in said
    assert "`encoding: cp1252`" in said


@pytest.mark.parametrize("rows", [3, 200_000])
def test_they_are_found_beyond_the_first_rows(tmp_path, rows):
    lines = "".join(f"2021-01-01 00:00,a{row % 7},1\n" for row in range(rows))
    content = f"time,node,value\n{lines}".encode() + "2021-01-01 00:00,Müller,1\n".encode("cp1252")
    said = fault_of(tmp_path, content, form="long")
    assert f"row {rows + 2} has bytes that are not UTF-8" in said
    assert "'2021-01-01 00:00,Müller,1'" in said


def test_a_wrong_encoding_is_named(tmp_path):
    assert "cannot be read as utf-16" in fault_of(tmp_path, TEXT.encode()[:-1], encoding="utf-16")
    assert "data.source.encoding" in fault_of(tmp_path, TEXT.encode("cp1252"), encoding="ascii")


def test_what_is_not_text_is_refused():
    with pytest.raises(Fault, match="is not a text"):
        encoding_of(b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"binary", None, "a.csv")
    with pytest.raises(Fault, match=r"data\.source\.encoding: 'utf8000' is not a known encoding"):
        encoding_of(b"time", "utf8000", "a.csv")


def test_a_packed_text_in_another_encoding_is_read(tmp_path):
    import gzip

    written(tmp_path, gzip.compress(TEXT.encode("utf-16")), "panel.csv.gz")
    assert panel_of(tmp_path, gzip.compress(TEXT.encode("utf-16")), "panel.csv.gz").node_names == ["Müller"]
