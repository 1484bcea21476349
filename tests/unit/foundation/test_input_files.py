"""Input files that a study names: missing, unreadable or of another type."""

import os

import pytest

from wattshed.foundation.faults import Fault
from wattshed.foundation.input_files import check_input


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent.csv", "does not exist"),
        ("folder", "is not a regular file"),
        ("pipe", "is not a regular file"),
        ("nul\0", "cannot be found"),
        (f"{'a' * 300}.csv", "cannot be found"),
        ("table.csv/below", "cannot be found"),
    ],
)
def test_an_input_that_is_not_a_readable_file_is_refused(tmp_path, name, reason):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "table.csv").touch()
    check_input(tmp_path / "table.csv", "study.yaml")
    with pytest.raises(Fault, match=rf"study\.yaml: the input file .* {reason}.*: expected a file") as caught:
        check_input(tmp_path / name, "study.yaml")
    assert "\n" not in str(caught.value)
