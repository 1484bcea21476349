"""Writing the ledger: kills, resumed jobs, threads and bad folders."""

import json
import threading

import pytest

from other_user import reachable_folder, without_privileges
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault


def events_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_event_is_on_disk_when_append_returns(tmp_path):
    ledger = Ledger(tmp_path / "job.jsonl", resumes=False)
    ledger.append("start", job="j")
    assert events_of(tmp_path / "job.jsonl.part") == [{"event": "start", "job": "j"}]
    ledger.finish()
    assert events_of(tmp_path / "job.jsonl") == [{"event": "start", "job": "j"}]
    assert not (tmp_path / "job.jsonl.part").exists()


def test_nan_infinity_and_objects_are_written_as_null_and_text(tmp_path):
    ledger = Ledger(tmp_path / "job.jsonl", resumes=False)
    ledger.append(
        "window", values={"loss": float("nan")}, labels={"net": object, 3: float("inf")}, name="caf\udce9"
    )
    (event,) = events_of(tmp_path / "job.jsonl.part")
    assert event == {
        "event": "window",
        "values": {"loss": None},
        "labels": {"net": "<class 'object'>", "3": None},
        "name": "caf\\xe9",
    }


def test_a_resumed_job_keeps_the_energy_of_the_killed_attempt(tmp_path):
    first = Ledger(tmp_path / "job.jsonl", resumes=False)
    first.append("start", job="j")
    first.append("window", name="epoch")
    first.abandon()
    with (tmp_path / "job.jsonl.part").open("a") as torn:
        torn.write('{"event": "win')
    second = Ledger(tmp_path / "job.jsonl", resumes=True)
    second.append("start", job="j")
    second.finish()
    lines = (tmp_path / "job.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in (lines[0], lines[1], lines[3])]
    assert events == ["start", "window", "start"]


def test_an_attempt_that_is_not_resumed_is_set_aside_and_not_lost(tmp_path):
    first = Ledger(tmp_path / "job.jsonl", resumes=False)
    first.append("start", job="old")
    first.abandon()
    second = Ledger(tmp_path / "job.jsonl", resumes=False)
    second.append("start", job="new")
    second.finish()
    assert [event["job"] for event in events_of(tmp_path / "job.jsonl")] == ["new"]
    assert [event["job"] for event in events_of(tmp_path / "job.abandoned-1.jsonl")] == ["old"]


def test_events_of_several_threads_do_not_mix(tmp_path):
    ledger = Ledger(tmp_path / "job.jsonl", resumes=False)
    threads = [
        threading.Thread(target=lambda: [ledger.append("tick", text="x" * 3000) for _ in range(30)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(events_of(tmp_path / "job.jsonl.part")) == 120


def test_a_file_in_place_of_a_folder_is_reported_in_one_sentence(tmp_path):
    (tmp_path / "ledger").write_text("")
    with pytest.raises(Fault, match=r"cannot be written .* expected a folder"):
        Ledger(tmp_path / "ledger/job.jsonl", resumes=False)


def test_a_read_only_folder_is_reported_in_one_sentence():
    with reachable_folder() as folder, without_privileges():
        folder.chmod(0o500)
        with pytest.raises(Fault, match="Permission denied"):
            Ledger(folder / "job.jsonl", resumes=False)
