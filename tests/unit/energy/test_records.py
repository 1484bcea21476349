"""The record of a ledger: a second name that stays when the ledger is deleted."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import wattshed
from ledger_files import energy, lines
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.budget.spent import spent_in, spent_of
from wattshed.energy.host import Host
from wattshed.energy.ledger.records import (
    FOLDER,
    LIST,
    is_ledger,
    is_record,
    is_set_aside,
    keep_record,
    record_id_of,
    records_folder,
)
from wattshed.energy.ledger.writing import SCHEMA, Ledger
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.faults import Fault


@pytest.fixture
def study(tmp_path, monkeypatch):
    folder = tmp_path / "results/light"
    folder.mkdir(parents=True)
    monkeypatch.setenv(FOLDER, str(folder / "spent"))
    return folder


def measure(study, name="gru", *, resumes=False, fails=False):
    """A measured job of one short window; returns its ledger."""
    ledger = study / f"ledger/training/{name}.jsonl"
    metering = MeteringBlock(idle_s=0.0)
    host = Host(None, None, study.parent / "idle", None)
    with metered_job(
        ledger, stage="training", job=name, labels={}, metering=metering, resumes=resumes, host=host
    ) as meter:
        with meter.window("epoch"):
            pass
        if fails:
            raise ZeroDivisionError
    return ledger


def records(study):
    return sorted((study / "spent").rglob("*.jsonl.spent"))


def test_a_deleted_ledger_leaves_its_record_whole(study):
    ledger = measure(study)
    content = ledger.read_bytes()
    (record,) = records(study)
    assert record.samefile(ledger)
    assert record.parent.name == "training"
    assert record.name == f"gru.{lines(ledger)[0]['record_id']}.jsonl.spent"
    ledger.unlink()
    assert record.read_bytes() == content
    assert spent_in(study) == spent_of(record) > 0


def test_every_start_has_a_record_of_its_own_and_a_job_that_goes_on_keeps_its_record(study):
    with pytest.raises(ZeroDivisionError):
        measure(study, fails=True)
    ledger = measure(study, resumes=True)
    (record,) = records(study)
    assert [event["event"] for event in lines(record)].count("start") == 2
    assert record_id_of(record) == record_id_of(ledger) == lines(ledger)[0]["record_id"]
    ledger.unlink()
    measure(study)
    assert len(records(study)) == 2


def test_a_failed_job_that_begins_anew_leaves_the_record_of_its_first_attempt(study):
    with pytest.raises(ZeroDivisionError):
        measure(study, fails=True)
    measure(study)
    assert len(records(study)) == 2
    assert len({record_id_of(record) for record in records(study)}) == 2
    # The attempt set aside and its record are one file.
    assert spent_in(study) == pytest.approx(sum(map(spent_of, records(study))))


KILLED = """
import os, signal, sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.host import Host
from wattshed.energy.metered_job import metered_job
study = Path(sys.argv[1])
host = Host(None, None, study / "idle", None)
with metered_job(study / "ledger/training/gru.jsonl", stage="training", job="gru", labels={},
                 metering=MeteringBlock(idle_s=0.0), host=host) as meter:
    with meter.window("epoch"):
        # Longer than the sensors resolve.
        time.sleep(1.2)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_record_of_a_killed_job_stays_even_if_the_folder_of_ledgers_is_deleted(study):
    library = str(Path(wattshed.__file__).parents[1])
    ended = subprocess.run([sys.executable, "-c", KILLED, str(study), library])
    assert ended.returncode == -signal.SIGKILL
    before_kwh = spent_in(study)
    shutil.rmtree(study / "ledger")
    (record,) = records(study)
    assert [event["event"] for event in lines(record)][:2] == ["start", "sensors"]
    assert spent_in(study) == before_kwh > 0


@pytest.fixture
def elsewhere(study, tmp_path):
    """Records on another file system than the ledgers, where hard links between them are impossible."""
    place = Path("/dev/shm") / f"wattshed-{os.getpid()}-{tmp_path.name}"
    place.mkdir()
    if place.stat().st_dev == study.stat().st_dev:
        place.rmdir()
        pytest.skip("there is one file system only")
    (study / "spent").symlink_to(place)
    yield place
    shutil.rmtree(place)


def test_where_hard_links_are_impossible_the_record_is_a_copy_that_counts_once(study, elsewhere):
    with pytest.raises(ZeroDivisionError):
        measure(study, fails=True)
    ledger = measure(study, resumes=True)
    found = sorted(elsewhere.rglob("*.jsonl.spent"))
    assert found
    assert not any(record.samefile(ledger) for record in found)
    whole = max(found, key=lambda path: path.stat().st_size)
    assert whole.read_bytes() == ledger.read_bytes()
    # rglob does not follow the link: the folder of records is given as the study's own.
    copied = study.parent / "copied"
    shutil.copytree(study, copied)
    assert spent_in(copied) == pytest.approx(spent_of(ledger))
    ledger.unlink()
    (copied / "ledger/training/gru.jsonl").unlink()
    assert spent_in(copied) == pytest.approx(spent_of(whole))


def test_a_ledger_that_is_removed_because_no_work_began_leaves_no_record(study):
    ledger = Ledger(study / "ledger/training/gru.jsonl", resumes=False)
    ledger.append("start", schema=SCHEMA, record_id="1")
    record = keep_record(ledger.part, records_folder(ledger.path, "training"), "1")
    assert records(study) == [record.path]
    ledger.abandon()
    ledger.part.unlink()
    record.close()
    assert not records(study)


def test_a_forked_process_ends_no_record(study):
    ledger = Ledger(study / "ledger/training/gru.jsonl", resumes=False)
    ledger.append("start", schema=SCHEMA, record_id="1")
    record = keep_record(ledger.part, records_folder(ledger.path, "training"), "1")
    listed = study / "spent" / LIST
    before = listed.read_text()
    child = os.fork()
    if child == 0:
        record.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert listed.read_text() == before
    record.close()
    assert listed.read_text() != before
    ledger.abandon()


def test_the_list_of_records_changes_when_a_job_begins_and_when_it_ends_or_fails(study):
    listed = study / "spent" / LIST
    measure(study)
    (record,) = records(study)
    assert listed.read_text().splitlines() == [
        f"training/{record.name} {what}" for what in ("began", "ended")
    ]
    with pytest.raises(ZeroDivisionError):
        measure(study, "other", fails=True)
    assert [line.split()[1] for line in listed.read_text().splitlines()] == ["began", "ended"] * 2


def test_a_ledger_outside_of_the_study_has_no_record(study, tmp_path):
    measure(tmp_path / "somewhere")
    assert not records(study)


def test_without_the_variable_there_is_no_record(study, monkeypatch):
    monkeypatch.delenv(FOLDER)
    measure(study)
    assert not (study / "spent").exists()


def test_a_folder_of_records_that_cannot_be_made_stops_the_job_before_it_begins(study):
    (study / "spent").write_text("a file")
    with pytest.raises(Fault, match="spent/training cannot be made"):
        measure(study)
    assert not (study / "ledger").exists()


def test_the_record_of_a_job_with_a_very_long_name_has_a_name_that_file_systems_allow(study):
    ledger = measure(study, "x" * 200)
    (record,) = records(study)
    assert record.samefile(ledger)


def test_ledgers_records_and_attempts_set_aside_are_told_by_their_names():
    names = ["a.jsonl", "a.jsonl.part", "a.0f.jsonl.spent", "a.abandoned-1.jsonl", "records.txt", "a.csv"]
    assert [is_ledger(name) for name in names] == [True, True, True, True, False, False]
    assert [name for name in names if is_record(name)] == ["a.0f.jsonl.spent"]
    assert [name for name in names if is_set_aside(name)] == ["a.abandoned-1.jsonl"]


@pytest.mark.parametrize("content", ["", "[]", "no JSON", '{"event": "start"}', '{"record_id": 7}'])
def test_a_file_without_an_identity_has_none(tmp_path, content):
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    assert record_id_of(path) is None


def test_copies_of_one_job_count_once_in_the_budget_and_the_longest_of_them_counts(tmp_path):
    first = {"event": "start", "schema": 2, "record_id": "1"}
    further = {**first, "record_id": "2"}
    end = {"event": "end", "duration_s": 1.0, "energy": energy(1e-3)}
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps(event) + "\n" for event in (first, end, further, end))
    )
    (tmp_path / "a.1.jsonl.spent").write_text("".join(json.dumps(event) + "\n" for event in (first, end)))
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(event) + "\n" for event in (further, end)))
    assert spent_in(tmp_path) == pytest.approx(3e-3)
