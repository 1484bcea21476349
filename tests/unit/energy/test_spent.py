"""The spent energy in ledgers of finished, running, killed, resumed and damaged jobs."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wattshed.energy.budget.spent import spent_in, spent_of
from wattshed.energy.ledger.attempts import attempt_energy, job_energy
from wattshed.energy.ledger.reading import parse_ledger, read_ledger
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault


def component(kwh, source="known"):
    return {"kwh": kwh, "status": "missing" if kwh is None else "measured", "source": source}


def window(start_s, end_s, kwh):
    return {
        "event": "window",
        "start_s": start_s,
        "end_s": end_s,
        "duration_s": end_s - start_s,
        "energy": {"cpu": component(kwh)},
    }


def tick(at_s, **energy):
    return {"event": "tick", "at_s": at_s, "energy": energy}


def end(**energy):
    known = {name: component(kwh) for name, kwh in energy.items()}
    return {"event": "end", "duration_s": 10.0, "energy": known}


START = {"event": "start", "schema": 2}


def write(path, *events):
    ledger = Ledger(path, resumes=False)
    for event in events:
        ledger.append(event["event"], **{name: value for name, value in event.items() if name != "event"})
    ledger.abandon()
    return ledger.part


def test_a_finished_job_spent_the_energy_of_its_end_event(tmp_path):
    part = write(
        tmp_path / "a.jsonl", START, window(0, 1, 0.1), tick(1, cpu=0.1), end(cpu=0.2, ram=0.05, gpu=None)
    )
    assert spent_of(part) == pytest.approx(0.25)


def test_a_killed_job_spent_its_last_tick_and_the_outermost_later_windows(tmp_path):
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


def test_the_energy_counted_before_a_sensor_failed_counts_as_spent(tmp_path):
    part = write(tmp_path / "a.jsonl", START, tick(5, cpu=0.5, ram=0.1), tick(10, cpu=None, ram=0.2))
    assert spent_of(part) == pytest.approx(0.7)


def test_attempts_of_a_resumed_job_add_up(tmp_path):
    part = write(tmp_path / "a.jsonl", START, tick(5, cpu=0.5), START, end(cpu=0.25))
    assert spent_of(part) == pytest.approx(0.75)


def test_a_job_killed_before_its_first_reading_spent_no_known_energy(tmp_path):
    assert spent_of(write(tmp_path / "a.jsonl", START)) == 0


def test_the_common_time_of_overlapping_windows_counts_once(tmp_path):
    part = write(tmp_path / "a.jsonl", START, window(0, 10, 1.0), window(5, 15, 1.0))
    assert spent_of(part) == pytest.approx(1.5)
    assert job_energy(read_ledger(part))[0]["cpu"]["kwh"] == pytest.approx(1.5)


def test_a_job_that_has_not_written_its_first_line_has_spent_nothing(tmp_path):
    part = tmp_path / "a.jsonl.part"
    for content in (b"", b'{"event": "sta'):
        part.write_bytes(content)
        assert spent_of(part) == 0


def test_a_missing_field_is_reported_in_one_sentence(tmp_path):
    with pytest.raises(Fault, match=r"a\.jsonl\.part lacks a field that every ledger has \(KeyError"):
        spent_of(write(tmp_path / "a.jsonl", START, {"event": "end", "duration_s": 1.0}))


kwh_values = st.one_of(st.none(), st.integers(0, 8).map(lambda eighths: eighths / 8))
known_kwh = st.integers(0, 8).map(lambda eighths: eighths / 8)
windows = st.builds(
    lambda start_s, length_s, kwh: window(start_s, start_s + length_s, kwh),
    st.integers(0, 20),
    st.integers(1, 8),
    kwh_values,
)
ticks = st.builds(
    lambda at_s, cpu, gpu: tick(at_s, cpu=cpu, gpu0=gpu), st.integers(0, 20), kwh_values, kwh_values
)
attempts = st.tuples(
    st.lists(st.one_of(windows, ticks), max_size=8),
    st.one_of(st.none(), st.builds(lambda cpu, gpu: end(cpu=cpu, gpu0=gpu), known_kwh, known_kwh)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(attempts, min_size=1, max_size=3), st.integers(0, 10_000), st.booleans())
def test_budget_and_accounts_agree_on_the_energy_of_a_ledger_cut_anywhere(
    tmp_path_factory, made, cut, resumed
):
    """A kill at any byte, with or without a further attempt: both must use the same rule."""
    path = tmp_path_factory.mktemp("cut") / "a.jsonl.part"
    lines = [
        json.dumps(event) for events, last in made for event in (START, *events, *([last] if last else []))
    ]
    whole = "\n".join(lines).encode() + b"\n"
    content = whole[: cut % (len(whole) + 1)]
    if resumed:
        more = b"" if not content or content.endswith(b"\n") else b"\n"
        content += more + json.dumps(START).encode() + b"\n" + json.dumps(end(cpu=0.5)).encode() + b"\n"
    path.write_bytes(content)
    ledger = parse_ledger(content, path)
    each = [attempt_energy(attempt) for attempt in ledger.attempts]
    known = sum(part["kwh"] for energy in each for part in energy.values() if part["kwh"] is not None)
    assert spent_of(path) == pytest.approx(known)
    if not ledger.attempts:
        return
    total, _ = job_energy(read_ledger(path))
    if all(part["kwh"] is not None for energy in each for part in energy.values()):
        assert spent_of(path) == pytest.approx(sum(part["kwh"] for part in total.values()))
    else:
        assert spent_of(path) >= sum(part["kwh"] or 0.0 for part in total.values()) - 1e-12


def test_lines_torn_by_a_kill_are_skipped(tmp_path):
    part = write(tmp_path / "a.jsonl", START, tick(5, cpu=0.5))
    with part.open("ab") as file:
        file.write(b'{"event": "tick", "at_s": 10, "en\xc3')
    assert spent_of(part) == 0.5
    with part.open("ab") as file:
        file.write(b"\n" + json.dumps(START).encode() + b"\n" + json.dumps(end(cpu=0.25)).encode() + b"\n")
    assert spent_of(part) == 0.75


@pytest.mark.parametrize("after", [end(cpu=1.0), None])
def test_a_damaged_line_elsewhere_is_reported_with_its_number(tmp_path, after):
    path = tmp_path / "a.jsonl"
    damaged = "not an event" if after is None else json.dumps(after)
    path.write_text(json.dumps(START) + "\nnot an event\n" + damaged + "\n")
    with pytest.raises(Fault, match=r"a\.jsonl, line 2 is not a JSON event"):
        spent_of(path)


def test_an_unknown_energy_is_refused_and_never_counted_as_zero(tmp_path):
    with pytest.raises(Fault, match="does not know the energy of cpu"):
        spent_of(write(tmp_path / "a.jsonl", START, end(cpu=None, ram=0.1)))
    with pytest.raises(Fault, match="does not know the energy of any component"):
        spent_of(write(tmp_path / "b.jsonl", START, end(gpu=None)))


def test_another_schema_is_refused(tmp_path):
    with pytest.raises(Fault, match="ledger schema 1"):
        spent_of(write(tmp_path / "a.jsonl", {"event": "start", "schema": 1}))


def test_the_energy_of_a_study_includes_killed_and_abandoned_jobs(tmp_path):
    assert spent_in(tmp_path / "not there yet") == 0
    write(tmp_path / "training/a.jsonl", START, tick(5, cpu=0.5))
    write(tmp_path / "training/a.jsonl", START, tick(5, cpu=0.25))  # sets the first one aside
    finished = Ledger(tmp_path / "inference/b.jsonl", resumes=False)
    finished.append("start", schema=2)
    finished.append("end", duration_s=1.0, energy={"cpu": component(0.125)})
    finished.finish()
    (tmp_path / "inference/notes.txt").write_text("no ledger")
    assert (tmp_path / "training/a.abandoned-1.jsonl").exists()
    assert spent_in(tmp_path) == pytest.approx(0.875)


def test_a_budget_counts_the_jobs_own_energy_and_not_the_machines(tmp_path):
    own = {"cpu": {"kwh": 0.25, "status": "estimated", "source": "own processor seconds"}}
    finished = {**end(cpu=1.0, gpu0=0.5), "own": own}
    path = write(tmp_path / "a.jsonl", {"event": "start", "schema": 3}, finished)
    assert spent_of(path) == 0.25
