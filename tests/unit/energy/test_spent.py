"""What ledgers say was spent: finished, running, killed, resumed and damaged ones."""

import json

import pytest

from wattshed.energy.budget.spent import spent_in, spent_of
from wattshed.energy.ledger.writing import SCHEMA, Ledger
from wattshed.foundation.faults import Fault


def component(kwh, source="known"):
    return {"kwh": kwh, "status": "missing" if kwh is None else "measured", "source": source}


def window(start_s, end_s, kwh):
    return {"event": "window", "start_s": start_s, "end_s": end_s, "energy": {"cpu": component(kwh)}}


def tick(at_s, **energy):
    return {"event": "tick", "at_s": at_s, "energy": energy}


def end(**energy):
    return {"event": "end", "energy": {name: component(kwh) for name, kwh in energy.items()}}


START = {"event": "start", "schema": SCHEMA}


def write(path, *events):
    ledger = Ledger(path, resumes=False)
    for event in events:
        ledger.append(event["event"], **{name: value for name, value in event.items() if name != "event"})
    ledger.abandon()
    return ledger.part


def test_a_finished_job_spent_its_end(tmp_path):
    part = write(
        tmp_path / "a.jsonl", START, window(0, 1, 0.1), tick(1, cpu=0.1), end(cpu=0.2, ram=0.05, gpu=None)
    )
    assert spent_of(part) == pytest.approx(0.25)


def test_a_killed_job_spent_its_last_tick_and_the_outermost_windows_after_it(tmp_path):
    part = write(
        tmp_path / "a.jsonl",
        START,
        window(0, 4, 0.4),
        tick(5, cpu=0.5, gpu=None),
        window(5.5, 6, 0.01),
        window(5.2, 7, 0.2),
        window(4.5, 8, 0.3),
    )
    assert spent_of(part) == pytest.approx(0.7)


def test_a_sensor_that_fails_midway_has_spent_what_it_had_counted(tmp_path):
    part = write(tmp_path / "a.jsonl", START, tick(5, cpu=0.5, ram=0.1), tick(10, cpu=None, ram=0.2))
    assert spent_of(part) == pytest.approx(0.7)


def test_attempts_of_a_resumed_job_add_up(tmp_path):
    part = write(tmp_path / "a.jsonl", START, tick(5, cpu=0.5), START, end(cpu=0.25))
    assert spent_of(part) == pytest.approx(0.75)


def test_a_job_killed_before_its_first_reading_spent_nothing_that_is_known(tmp_path):
    assert spent_of(write(tmp_path / "a.jsonl", START)) == 0


def test_torn_lines_are_taken_where_a_kill_leaves_them(tmp_path):
    part = write(tmp_path / "a.jsonl", START, tick(5, cpu=0.5))
    with part.open("ab") as file:
        file.write(b'{"event": "tick", "at_s": 10, "en\xc3')
    assert spent_of(part) == 0.5
    with part.open("ab") as file:
        file.write(b"\n" + json.dumps(START).encode() + b"\n" + json.dumps(end(cpu=0.25)).encode() + b"\n")
    assert spent_of(part) == 0.75


@pytest.mark.parametrize("after", [end(cpu=1.0), None])
def test_damage_anywhere_else_is_told_with_its_line(tmp_path, after):
    path = tmp_path / "a.jsonl"
    damaged = "not an event" if after is None else json.dumps(after)
    path.write_text(json.dumps(START) + "\nnot an event\n" + damaged + "\n")
    with pytest.raises(Fault, match=r"a\.jsonl, line 2 is not a JSON event"):
        spent_of(path)


def test_an_energy_that_nobody_knows_is_never_nothing(tmp_path):
    with pytest.raises(Fault, match="does not know the energy of cpu"):
        spent_of(write(tmp_path / "a.jsonl", START, end(cpu=None, ram=0.1)))
    with pytest.raises(Fault, match="does not know the energy of any component"):
        spent_of(write(tmp_path / "b.jsonl", START, end(gpu=None)))


def test_another_schema_is_refused(tmp_path):
    with pytest.raises(Fault, match="ledger schema 1"):
        spent_of(write(tmp_path / "a.jsonl", {"event": "start", "schema": 1}))


def test_a_study_is_the_sum_of_all_its_ledgers_also_of_killed_and_abandoned_ones(tmp_path):
    assert spent_in(tmp_path / "not there yet") == 0
    write(tmp_path / "training/a.jsonl", START, tick(5, cpu=0.5))
    write(tmp_path / "training/a.jsonl", START, tick(5, cpu=0.25))  # sets the first one aside
    finished = Ledger(tmp_path / "inference/b.jsonl", resumes=False)
    finished.append("start", schema=SCHEMA)
    finished.append("end", energy={"cpu": component(0.125)})
    finished.finish()
    (tmp_path / "inference/notes.txt").write_text("no ledger")
    assert (tmp_path / "training/a.abandoned-1.jsonl").exists()
    assert spent_in(tmp_path) == pytest.approx(0.875)
