"""The journal of a sweep: whole lines count, a torn one does not, and another sweep is never continued."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.clocks.sweeping.identity import first_difference
from wattshed.clocks.sweeping.journal import (
    DamagedJournal,
    Journal,
    OtherSweep,
    open_or_restart,
    read_journal,
)
from wattshed.foundation.faults import Fault

IDENTITY = {"gpu": "A", "settings": {"min_point_s": 5.0, "seed": 0}}


def written(path, rows=3):
    with Journal(path, IDENTITY) as journal:
        journal.begin_session()
        journal.plan([1500, 600, 900, 1200])
        for number in range(rows):
            journal.keep({"setting": 1500 - number, "warm": True}, spent_s=2.5)
    return path


def test_points_the_open_step_and_the_time_are_read_back(tmp_path):
    kept = read_journal(written(tmp_path / "deep/er/j.jsonl"))
    assert [row["setting"] for row in kept.rows] == [1500, 1499, 1498]
    assert (kept.left, kept.spent_s, kept.sessions, kept.stop) == ([1200], 7.5, 1, None)
    assert kept.identity == IDENTITY


def test_every_point_is_on_disk_before_the_next_one_begins(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    path = written(tmp_path / "j.jsonl")
    ends = [len(b"\n".join(path.read_bytes().split(b"\n")[:n])) + 1 for n in range(1, 7)]
    assert synced == ends


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 60))
def test_a_line_that_a_kill_cut_off_does_not_count_and_the_next_one_is_whole(tmp_path_factory, cut):
    path = written(tmp_path_factory.mktemp("torn") / "j.jsonl")
    whole = path.read_bytes()
    last = len(whole) - whole[:-1].rfind(b"\n") - 1
    path.write_bytes(whole[: -min(cut, last)])
    with Journal(path, IDENTITY) as journal:
        assert len(journal.kept.rows) == 2
        journal.keep({"setting": 7, "warm": True}, spent_s=1.0)
    assert [row["setting"] for row in read_journal(path).rows] == [1500, 1499, 7]


@pytest.mark.parametrize("content", [b"", b'{"event": "sweep", "sch'])
def test_a_journal_without_a_whole_line_begins_again(tmp_path, content):
    path = tmp_path / "j.jsonl"
    path.write_bytes(content)
    Journal(path, IDENTITY).close()
    assert read_journal(path).identity == IDENTITY


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"not json\n", "line 2 is not an event"),
        (b'{"event": "row"}\n', "line 2 lacks 'values'"),
        (b'{"event": "guess"}\n', "line 2 is not an event"),
        (b"[1]\n", "line 2 is not an event"),
        (b'{"event": "step", "settings": 3}\n', "line 2 is not an event"),
    ],
)
def test_a_damaged_line_is_refused_or_set_aside(tmp_path, capsys, line, what):
    path = tmp_path / "j.jsonl"
    Journal(path, IDENTITY).close()
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(DamagedJournal, match=f"j.jsonl is damaged .{what}"):
        Journal(path, IDENTITY)
    with open_or_restart(path, IDENTITY) as journal:
        assert journal.kept.rows == []
    assert "cannot be continued" in capsys.readouterr().err
    assert (tmp_path / "j.jsonl.other").read_bytes().endswith(line)


def test_a_journal_of_another_version_is_not_read(tmp_path):
    path = tmp_path / "j.jsonl"
    path.write_text(json.dumps({"event": "sweep", "schema": 99, "identity": {}}) + "\n")
    with pytest.raises(DamagedJournal, match="this version"):
        Journal(path, IDENTITY)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({**IDENTITY, "gpu": "B"}, 'gpu was "A" and is now "B"'),
        (
            {"gpu": "A", "settings": {"min_point_s": 1.0, "seed": 0}},
            "settings.min_point_s was 5.0 and is now 1.0",
        ),
        ({"gpu": "A"}, "settings was .* and is now null"),
    ],
)
def test_another_sweep_is_not_continued(tmp_path, capsys, other, words):
    path = written(tmp_path / "j.jsonl")
    with pytest.raises(OtherSweep, match=f"holds 3 points of another sweep .{words}"):
        Journal(path, other)
    with open_or_restart(path, other) as journal:
        assert journal.kept.rows == []
    assert len(read_journal(tmp_path / "j.jsonl.other").rows) == 3
    assert "begins again" in capsys.readouterr().err


def test_only_one_process_writes(tmp_path):
    path = tmp_path / "j.jsonl"
    with Journal(path, IDENTITY):
        code = (
            f"from pathlib import Path; from wattshed.clocks.sweeping.journal import Journal; "
            f"Journal(Path({str(path)!r}), {IDENTITY!r})"
        )
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "is being written by another process" in other.stderr


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Fault, match=r"j\.jsonl cannot be written .*: expected a folder"):
        Journal(tmp_path / "file/j.jsonl", IDENTITY)


def test_a_full_disk_is_one_sentence_that_says_how_to_go_on(tmp_path, monkeypatch):
    with Journal(tmp_path / "j.jsonl", IDENTITY) as journal:

        def full(handle, data):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(Fault, match=r"No space left.*run the same command again"):
            journal.begin_session()


def test_numbers_that_are_not_finite_become_null(tmp_path):
    path = tmp_path / "j.jsonl"
    with Journal(path, {}) as journal:
        journal.keep({"setting": 1, "temperature_c": float("nan")}, spent_s=0.0)
    assert read_journal(path).rows == [{"setting": 1, "temperature_c": None}]


def test_equal_sweeps_do_not_differ():
    assert first_difference(IDENTITY, json.loads(json.dumps(IDENTITY))) == ""


def test_points_that_were_set_aside_before_are_kept(tmp_path):
    path = written(tmp_path / "j.jsonl")
    for gpu in ("B", "C"):
        with open_or_restart(path, {**IDENTITY, "gpu": gpu}):
            pass
    assert read_journal(tmp_path / "j.jsonl.other").identity["gpu"] == "A"
    assert read_journal(tmp_path / "j.jsonl.other2").identity["gpu"] == "B"
    assert read_journal(path).identity["gpu"] == "C"
