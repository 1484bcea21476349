"""Ledgers and rows with numbers that no machine has: left out, with a sentence that names file and line."""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codecarbon_files import row, write
from ledger_files import end, sensors, start, tick, window
from wattshed.accounts.reading.plausible import wrong_event
from wattshed.accounts.runs.collect import collect
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault


def ledger(path, job="bad", *, ended=True, minute=0):
    made = Ledger(path, resumes=False)
    start(made, job, "training", {"model": "gru"}, minute=minute)
    sensors(made, idle_w={"cpu": 1.0, "ram": 2.0}, minute=minute)
    window(made, "epoch", 1e-5, end_s=5.0)
    tick(made, 6.0, 1e-5)
    if ended:
        end(made, 2e-5, minute=minute)
        return path
    made.abandon()
    return made.part


def spoilt(path, line, keys, value):
    events = [json.loads(text) for text in path.read_text().splitlines()]
    place = events[line - 1]
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    text = "\n".join(json.dumps(event) for event in events) + "\n"
    path.write_text(text.replace('"HUGE"', "1e999"))
    return path


LINES = {"start": 1, "sensors": 2, "window": 3, "tick": 4, "end": 5}
NUMBERS = [
    ("window", ["duration_s"]),
    ("window", ["end_s"]),
    ("window", ["energy", "cpu", "kwh"]),
    ("end", ["duration_s"]),
    ("end", ["energy", "ram", "kwh"]),
]


@pytest.mark.parametrize("value", [-1.0, 1e308, "HUGE", "long", [], {}])
@pytest.mark.parametrize(("event", "keys"), NUMBERS)
def test_a_number_that_cannot_be_leaves_the_ledger_out_with_its_line(tmp_path, event, keys, value):
    ledger(tmp_path / "good.jsonl", "good", minute=9)
    path = spoilt(ledger(tmp_path / "bad.jsonl"), LINES[event], keys, value)
    found = collect(tmp_path)
    assert found.runs["job"].tolist() == ["good"]
    assert found.windows["job"].tolist() == ["good"]
    (problem,) = found.problems
    assert problem.startswith(f"{path}, line {LINES[event]}: ")
    assert "the ledger is left out" in problem


@pytest.mark.parametrize(
    ("event", "keys", "value", "says"),
    [
        ("end", ["duration_s"], None, "duration_s is None, expected a number"),
        ("window", ["start_s"], None, "start_s is None"),
        ("window", ["start_s"], 9.0, "end_s 5.0 is before start_s 9.0"),
        ("window", ["repeats"], 0, "repeats is 0, expected a whole number from 1"),
        ("window", ["repeats"], "two", "repeats is 'two'"),
        ("window", ["energy"], None, "energy is None, expected a mapping"),
        ("window", ["energy", "cpu"], 1.0, "expected kwh, status and source"),
        ("window", ["labels"], [], "labels is [], expected a mapping"),
        ("end", ["energy"], [], "energy is []"),
        ("start", ["machine"], "laptop", "machine is 'laptop', expected a mapping"),
        ("start", ["labels"], None, "labels is None"),
        ("start", ["started_utc"], "yesterday", "started_utc is 'yesterday', expected a time"),
        ("sensors", ["began_utc"], "2026-13-45T00:00:00+00:00", "began_utc is '2026-13-45T00:00:00+00:00'"),
        ("sensors", ["idle", "power_w", "cpu"], -4.0, "the idle power of cpu is -4.0"),
        ("end", ["ended_utc"], 12, "ended_utc is 12, expected a time"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, event, keys, value, says):
    ledger(tmp_path / "good.jsonl", "good", minute=9)
    path = spoilt(ledger(tmp_path / "bad.jsonl"), LINES[event], keys, value)
    found = collect(tmp_path)
    assert found.runs["job"].tolist() == ["good"]
    (problem,) = found.problems
    assert problem.startswith(f"{path}, line {LINES[event]}: ")
    assert says in problem


@pytest.mark.parametrize(
    ("keys", "value"), [(["at_s"], -1.0), (["energy", "cpu"], 1e308), (["energy"], None), (["at_s"], "x")]
)
def test_impossible_ticks_of_a_killed_job_are_found_too(tmp_path, keys, value):
    ledger(tmp_path / "good.jsonl", "good", minute=9)
    path = spoilt(ledger(tmp_path / "bad.jsonl", ended=False), LINES["tick"], keys, value)
    found = collect(tmp_path)
    assert found.runs["job"].tolist() == ["good"]
    assert found.problems[0].startswith(f"{path}, line 4: ")


@pytest.mark.parametrize(("keys", "value"), [(["energy"], None), (["at_s"], "x"), (["energy", "cpu"], [])])
def test_ticks_that_only_overlapping_jobs_need_cannot_stop_the_account(tmp_path, keys, value):
    ledger(tmp_path / "good.jsonl", "good")
    path = spoilt(ledger(tmp_path / "bad.jsonl"), LINES["tick"], keys, value)
    found = collect(tmp_path)
    assert found.runs["job"].tolist() == ["good"]
    assert found.windows["job"].tolist() == ["good"]
    assert found.problems[0].startswith(f"{path}, line 4: ")


def test_an_end_before_the_start_is_impossible_unless_the_clock_was_set(tmp_path):
    ledger(tmp_path / "good.jsonl", "good", minute=9)
    early = "2026-01-05T07:00:00.000+00:00"
    spoilt(ledger(tmp_path / "bad.jsonl"), 5, ["ended_utc"], early)
    path = ledger(tmp_path / "set.jsonl", "set", minute=20)
    spoilt(path, 5, ["ended_utc"], early)
    spoilt(path, 5, ["clock_jump_s"], -4830.0)
    found = collect(tmp_path)
    assert found.runs["job"].tolist() == ["good", "set"]
    assert len(found.problems) == 1
    assert "bad.jsonl" in found.problems[0]


def test_unknown_energies_and_energies_below_idle_are_possible(tmp_path):
    path = ledger(tmp_path / "j.jsonl")
    spoilt(path, 5, ["energy", "cpu"], {"kwh": None, "status": "missing", "source": "no sensor"})
    found = collect(tmp_path)
    assert found.problems == []
    assert found.runs["ram_net_kwh"].iloc[0] < 0


def test_only_impossible_ledgers_leave_no_account_and_say_why(tmp_path):
    spoilt(ledger(tmp_path / "bad.jsonl"), 5, ["duration_s"], -1)
    with pytest.raises(Fault, match=r"holds no run.*line 5: duration_s is -1"):
        collect(tmp_path)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"energy_consumed": "1e308"}, "energy_consumed is 1e308, which is impossible"),
        ({"duration": "1e300"}, "duration is 1e300, which is impossible"),
        ({"cpu_energy": "inf"}, "cpu_energy is inf, expected a number that is not negative"),
        ({"ram_energy": "-1e-9"}, "ram_energy is -1e-9"),
        ({"energy_consumed": "null"}, "energy_consumed is 'null', expected a number"),
        ({"duration": "-5"}, "duration is -5"),
        ({"pue": "1e308"}, "pue is 1e308"),
    ],
)
def test_impossible_rows_of_codecarbon_are_left_out_with_their_row(tmp_path, bad, says):
    path = write(tmp_path / "a.csv", row("good"), row("bad", **bad))
    found = collect(tmp_path)
    assert found.runs["run_id"].tolist() == ["good"]
    assert found.problems[0].startswith(f"{path}, row 3: {says}")


def test_names_that_are_not_utf_8_are_read_and_shown_with_their_bytes(tmp_path):
    folder = tmp_path / os.fsdecode(b"fold\xe9")
    folder.mkdir()
    ledger(folder / "good.jsonl", "good").rename(folder / os.fsdecode(b"caf\xe9.jsonl"))
    found = collect(tmp_path)
    assert found.runs["job"].tolist() == ["good"]
    assert found.runs["path"].iloc[0].endswith("fold\\xe9/caf\\xe9.jsonl")
    assert found.problems == []


def test_a_value_that_is_no_number_is_told_with_its_file(tmp_path):
    ledger(tmp_path / "good.jsonl", "good")
    path = spoilt(ledger(tmp_path / "bad.jsonl"), 3, ["values"], {"": ""})
    found = collect(tmp_path)
    assert found.runs["job"].tolist() == ["good"]
    assert found.problems[0].startswith(f"{path}: bad: value_ is ''; expected")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.integers(1, 5), data=st.data(), value=JSON)
def test_no_value_anywhere_in_a_ledger_stops_the_account(tmp_path_factory, line, data, value):
    root = tmp_path_factory.mktemp("any")
    ledger(root / "good.jsonl", "good")
    path = ledger(root / "bad.jsonl")
    events = [json.loads(text) for text in path.read_text().splitlines()]
    keys = [data.draw(st.sampled_from(sorted(events[line - 1])))]
    inner = events[line - 1][keys[0]]
    if isinstance(inner, dict) and inner and data.draw(st.booleans()):
        keys.append(data.draw(st.sampled_from(sorted(inner))))
    spoilt(path, line, keys, value)
    found = collect(root)
    assert "good" in found.runs["job"].tolist()
    assert (found.runs["energy_kwh"].dropna() >= 0).all()
    if len(found.runs) == 1:
        assert str(path) in found.problems[0] or found.ignored


def test_events_as_the_writer_makes_them_are_all_possible(tmp_path):
    path = ledger(tmp_path / "j.jsonl")
    assert [wrong_event(json.loads(text)) for text in path.read_text().splitlines()] == [None] * 5
