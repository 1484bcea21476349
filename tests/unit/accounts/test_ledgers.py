import json

import pytest

from ledger_files import end, start, window
from wattshed.energy.ledger.reading import read_ledger
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger/training/gru-1.jsonl"


def write(path, *, ends=True, windows=2):
    ledger = Ledger(path, resumes=False)
    start(ledger, "gru-1", "training", {"model": "gru", "seed": 1})
    for number in range(1, windows + 1):
        window(ledger, "epoch", 1e-5, labels={"epoch": number}, start_s=number, end_s=number + 0.9)
    if ends:
        end(ledger, 3e-5)
        return path
    ledger.abandon()
    return ledger.part


def test_a_whole_ledger_comes_back_as_written(path):
    ledger = read_ledger(write(path))
    assert not ledger.truncated
    (attempt,) = ledger.attempts
    assert attempt.start["job"] == "gru-1"
    assert [w["labels"]["epoch"] for w in attempt.windows] == [1, 2]
    assert attempt.end["outcome"] == "finished"


def test_every_cut_of_a_ledger_after_its_first_line_is_readable(path):
    """A kill may stop the writer after any byte."""
    whole = write(path).read_bytes()
    first_line = whole.index(b"\n") + 1
    complete = 0
    for cut in range(first_line, len(whole) + 1):
        path.write_bytes(whole[:cut])
        ledger = read_ledger(path)
        complete += not ledger.truncated
        assert len(ledger.attempts[0].windows) <= 2
    assert complete == 2  # the whole file, and the whole file without its last newline


def test_a_killed_and_resumed_job_has_two_attempts_with_the_torn_line_between(path):
    part = write(path, ends=False, windows=1)
    with part.open("a") as file:
        file.write('{"event": "window", "name": "epo')
    ledger = Ledger(path, resumes=True)
    start(ledger, "gru-1", "training", {"model": "gru", "seed": 1}, minute=5)
    window(ledger, "epoch", 1e-5, labels={"epoch": 2})
    end(ledger, 2e-5)
    read = read_ledger(path)
    assert [len(attempt.windows) for attempt in read.attempts] == [1, 1]
    assert [attempt.end is None for attempt in read.attempts] == [True, False]
    assert not read.truncated


def test_an_unreadable_line_in_the_middle_names_file_and_line(path):
    lines = write(path).read_text().splitlines()
    lines[1] = lines[1][:20]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(Fault, match=r"gru-1\.jsonl, line 2 is not a JSON event"):
        read_ledger(path)


def test_binary_noise_in_the_middle_is_a_fault_not_a_crash(path):
    lines = write(path).read_bytes().splitlines()
    lines[2] = b"\xff\xfe\x00garbage"
    path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(Fault, match="line 3"):
        read_ledger(path)


@pytest.mark.parametrize("content", ["", "{", "[]\n", "hello\n"])
def test_a_file_without_a_start_is_a_fault(tmp_path, content):
    path = tmp_path / "empty.jsonl"
    path.write_text(content)
    with pytest.raises(Fault, match=r"empty\.jsonl has no readable start event"):
        read_ledger(path)


def test_a_window_before_any_start_is_a_fault(path):
    lines = write(path).read_text().splitlines()
    path.write_text("\n".join(lines[1:]) + "\n")
    with pytest.raises(Fault, match="line 1 is a window event before any start"):
        read_ledger(path)


def test_a_foreign_schema_is_a_fault(path):
    lines = write(path).read_text().splitlines()
    path.write_text("\n".join([json.dumps(json.loads(lines[0]) | {"schema": 99}), *lines[1:]]))
    with pytest.raises(Fault, match="ledger schema 99; expected 2"):
        read_ledger(path)


def test_an_unknown_event_is_a_fault(path):
    with write(path).open("a") as file:
        file.write('{"event": "party"}\n')
    with pytest.raises(Fault, match="unknown event 'party'"):
        read_ledger(path)


def test_a_missing_ledger_is_a_fault(tmp_path):
    with pytest.raises(Fault, match="does not exist"):
        read_ledger(tmp_path / "none.jsonl")
