"""Ledgers that a disk, an editor or another program spoilt: a sentence with path and line, never a wrong number."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_files import end, sensors, start, tick, window
from wattshed.accounts.runs.runs import ledger_rows, runs_frame
from wattshed.energy.ledger.reading import read_ledger
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "gru-1.jsonl", resumes=False)
    start(ledger, "gru-1", "training", {"model": "gru", "seed": 1, "note": "Größe"})
    sensors(ledger, idle_w={"cpu": 1.0, "ram": 2.0})
    for number in range(3):
        window(ledger, "epoch", 1e-5, start_s=2.0 * number, end_s=2.0 * number + 1)
        tick(ledger, 2.0 * number + 1.5, 1e-5 * (number + 1))
    end(ledger, 4e-5)
    return ledger.path


def spoilt(path, content):
    place = path.with_name("spoilt.jsonl")
    place.write_bytes(content)
    return place


def changed(path, line, **fields):
    events = [json.loads(text) for text in path.read_text().splitlines()]
    events[line] |= fields
    return spoilt(path, "\n".join(map(json.dumps, events)).encode())


def test_letters_beyond_ascii_come_back_and_half_a_letter_is_a_torn_end(path):
    lines = path.read_text().replace("\\u00f6", "ö").encode().splitlines(keepends=True)
    place = spoilt(path, b"".join(lines))
    assert read_ledger(place).attempts[0].start["labels"]["note"] == "Größe"
    torn = b"".join(lines[:3]) + '{"event": "window", "name": "Grö'.encode()[:-1]
    ledger = read_ledger(spoilt(path, torn))
    assert ledger.truncated
    assert len(ledger.attempts[0].windows) == 1


def test_bytes_that_are_no_text_within_a_label_are_damage(path):
    """Read with replacement letters, another label would come out."""
    with pytest.raises(Fault, match=r"spoilt\.jsonl, line 3"):
        read_ledger(spoilt(path, path.read_bytes().replace(b'"epoch"', b'"epo\xffh"', 1)))


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_the_writer_refuses_the_reader_refuses(path, word):
    with pytest.raises(Fault, match="line 3 is not a JSON event"):
        read_ledger(spoilt(path, path.read_bytes().replace(b'"repeats": 1', b'"repeats": ' + word, 1)))


def test_two_broken_lines_that_join_to_one_event_are_still_broken(path):
    lines = path.read_bytes().splitlines()
    lines[2] = lines[2].replace(b'"labels": {}, ', b'"labels": {},\n"x": 1, ')
    with pytest.raises(Fault, match="line 3 is not a JSON event"):
        read_ledger(spoilt(path, b"\n".join(lines)))


def test_nesting_without_end_is_damage_and_no_crash(path):
    lines = path.read_bytes().splitlines()
    lines[3] = b"[" * 100_000
    with pytest.raises(Fault, match="line 4"):
        read_ledger(spoilt(path, b"\n".join(lines)))


def test_a_torn_line_after_the_end_is_a_killed_resumption(path):
    ledger = read_ledger(spoilt(path, path.read_bytes() + b'{"event": "sta'))
    assert ledger.truncated
    assert ledger_rows(ledger.path, windows=False)[0]["outcome"] == "killed"


def test_line_ends_of_another_system_are_read(path):
    assert (
        read_ledger(spoilt(path, path.read_bytes().replace(b"\n", b"\r\n"))).attempts
        == read_ledger(path).attempts
    )


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_byte_changed_anywhere_gives_rows_or_a_sentence(path, data):
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    place = spoilt(path, bytes(content))
    told = ""
    run, closed = {"path": str(place)}, []
    try:
        run, closed = ledger_rows(place, windows=True)
    except Fault as fault:
        told = str(fault)
    assert run["path"] == str(place)
    assert len(closed) <= 3
    assert not told or str(place) in told


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (0, {"machine": None}),
        (0, {"labels": []}),
        (1, {"idle": {"age_s": 1.0}}),
        (2, {"energy": {"cpu": 1.0}}),
        (8, {"energy": {"cpu": {"kwh": "much", "status": "measured", "source": "s"}}}),
        (8, {"duration_s": None}),
    ],
)
def test_a_field_that_is_not_what_the_schema_says_names_the_file(path, line, fields):
    with pytest.raises(Fault, match=r"spoilt\.jsonl"):
        ledger_rows(changed(path, line, **fields), windows=True)


def test_a_seed_that_is_no_number_stays_a_label(path):
    found = runs_frame([changed(path, 0, labels={"seed": "first", "epoch": "7"})]).iloc[0]
    assert found["seed"] is not found["seed"] or str(found["seed"]) == "<NA>"
    assert found["epoch"] == 7
    assert json.loads(found["labels"])["seed"] == "first"


def test_a_folder_in_a_ledgers_place_is_a_fault(tmp_path):
    with pytest.raises(Fault, match="cannot be read"):
        read_ledger(tmp_path)
