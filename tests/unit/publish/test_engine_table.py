"""The engine's benchmark in the report."""

import json

import pytest

from wattshed.foundation.faults import Fault
from wattshed.publish.tables.engine import read_engine_table

ROW = {
    "what": "training step",
    "opponent": "the study's step",
    "measured": "6.1x",
    "floor": "10 ms",
    "must": ">= 10x",
    "met": "**no**",
}


def test_rows_and_notes_are_shown_as_in_the_benchmark_file(tmp_path):
    path = tmp_path / "engine.json"
    path.write_text(json.dumps({"rows": [ROW], "notes": ["Machine: a small one."]}))
    table = read_engine_table(path)
    assert [cell.text for cell in table.rows[0]] == [*list(ROW.values())[:-1], "no"]
    assert table.all_notes == ["Machine: a small one."]


@pytest.mark.parametrize("content", ["", "[]", '{"rows": [{}], "notes": []}', '{"rows": [{"what": 1}]}'])
def test_a_benchmark_file_of_another_form_is_refused(tmp_path, content):
    path = tmp_path / "engine.json"
    path.write_text(content)
    with pytest.raises(Fault, match=r"engine.json cannot be read .* run it again or delete the file"):
        read_engine_table(path)


def test_the_committed_benchmark_can_be_shown(root):
    table = read_engine_table(root / "docs/engine_benchmarks.json")
    assert len(table.rows) >= 10
    assert any("Commit: " in note for note in table.notes)
