"""What was spent on results that no longer exist counts once in the totals, and in nothing else."""

import shutil

import numpy as np
import pytest

from ledger_files import end, sensors, start, tick, window
from wattshed.accounts.comparison.comparable import training_costs
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.guard.from_frames import record_of
from wattshed.accounts.guard.verdicts import guard
from wattshed.accounts.runs import collect as collecting
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.runs.runs import runs_and_windows, runs_frame, windows_frame
from wattshed.accounts.runs.stages import stages_frame
from wattshed.accounts.runs.superseded import superseded_rows
from wattshed.commands.printing.accounts_output import totals_frame
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.energy.carbon.carbon import Location
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault
from wattshed.publish.figures.split import split_figure
from wattshed.publish.tables.energy import energy_table


@pytest.fixture
def study(tmp_path):
    return tmp_path / "results/light"


def job(study, name, record_id, *, kwh=1e-4, minute=0, stage="training", killed=False):
    """A ledger of one epoch with its record; the record has the same file."""
    ledger = Ledger(study / f"ledger/{stage}/{name}.jsonl", resumes=False)
    start(ledger, name, stage, {"model": name, "seed": 1, "epoch": 1}, minute=minute, record_id=record_id)
    record = study / f"spent/{stage}/{name}.{record_id}.jsonl.spent"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.hardlink_to(ledger.part)
    sensors(ledger, minute=minute)
    window(ledger, "epoch", kwh / 2, end_s=10.0)
    if killed:
        tick(ledger, 10.0, kwh / 2)
        ledger.abandon()
        return ledger.part
    end(ledger, kwh, minute=minute)
    return ledger.path


@pytest.fixture
def rerun(study):
    """A study in which gru was measured, failed, was killed and was measured again; and one other job."""
    job(study, "gru", "1", kwh=1e-3).unlink()
    job(study, "gru", "2", kwh=2e-3, minute=2).unlink()
    job(study, "gru", "3", kwh=8e-3, minute=4, killed=True)
    # The next attempt sets the killed one aside.
    return [job(study, "gru", "4", kwh=1.6e-2, minute=6), job(study, "ridge", "5", kwh=3.2e-2, minute=8)]


def accounts_of(study, ledgers):
    return runs_and_windows(ledgers, superseded_rows(ledgers, [study / "ledger", study / "spent"]))


def test_jobs_whose_results_no_longer_exist_count_once_in_the_total(study, rerun):
    assert (study / "ledger/training/gru.abandoned-1.jsonl").exists()
    runs, windows = accounts_of(study, rerun)
    stages = stages_frame(runs).set_index("stage")
    assert stages["jobs"].to_dict() == {"training": 2, "superseded": 3, "total": 5}
    assert stages.loc["training", "energy_kwh"] == pytest.approx(4.8e-2)
    assert stages.loc["superseded", "energy_kwh"] == pytest.approx(1e-3 + 2e-3 + 4e-3)
    assert stages.loc["total", "energy_kwh"] == pytest.approx(5.5e-2)
    gone = runs[runs["stage"] == "superseded"].set_index("record_id")
    assert gone["outcome"].to_dict() == {"1": "finished", "2": "finished", "3": "killed"}
    assert set(gone["of_stage"]) == {"training"}
    assert windows["job"].tolist() == ["gru", "ridge"]


def test_a_study_without_such_jobs_has_the_same_accounts_as_before(study):
    paths = [job(study, "gru", "1"), job(study, "ridge", "2", minute=2)]
    assert superseded_rows(paths, [study / "ledger", study / "spent", study / "absent"]) == []


def test_means_of_models_and_the_guard_leave_superseded_jobs_out(study, rerun, tmp_path):
    runs, windows = accounts_of(study, rerun)
    costs = training_costs(windows, runs).set_index("model")["energy_kwh"]
    assert costs.to_dict() == pytest.approx({"gru": 8e-3, "ridge": 1.6e-2})
    found = collect(study)
    record = record_of(found.runs, found.windows)
    assert set(record.models) == {"gru", "ridge"}
    assert record.models == record_of(runs_frame(rerun), windows_frame(rerun)).models
    baseline = tmp_path / "baseline.json"
    guard(study, baseline, update=True)
    assert baseline.read_text().count('"epochs"') == 2


@pytest.mark.parametrize("copied", [False, True])
def test_the_accounts_of_the_whole_folder_count_links_and_copies_once(study, rerun, tmp_path, copied):
    expected = accounts_of(study, rerun)[0]
    place = study
    if copied:
        # shutil.copytree copies each name of a file by itself.
        place = tmp_path / "copy"
        shutil.copytree(study, place)
    found = collect(place)
    assert sorted(found.runs["record_id"]) == ["1", "2", "3", "4", "5"]
    assert found.runs["attributed_kwh"].sum() == pytest.approx(expected["attributed_kwh"].sum())
    assert (found.runs["stage"] == "superseded").sum() == 3
    runs = add_emissions(found.runs, CarbonBlock(), Location("ESP", None))
    totals = totals_frame(runs).set_index(["stage", "model"])
    assert totals.loc[("training", "ridge"), "mean_kwh"] == pytest.approx(3.2e-2)
    assert totals["energy_kwh"].sum() == pytest.approx(5.5e-2)
    assert not any("spent" in sentence for sentence in found.problems)


def test_a_copied_ledger_is_counted_once_with_its_windows_and_told(study):
    path = job(study, "gru", "1")
    job(study, "ridge", "2", minute=2)
    shutil.copy(path, study / "ledger/copy.jsonl")
    found = collect(study)
    assert len(found.runs) == len(found.windows) == 2
    assert sorted(found.windows["job"]) == ["gru", "ridge"]
    assert found.problems == [f"{path} is a copy of {study / 'ledger/copy.jsonl'}: it is counted once."]


def test_a_copy_made_before_the_job_went_on_does_not_hide_the_longer_ledger(study):
    path = job(study, "gru", "1", killed=True)
    early = study / "early.jsonl"
    shutil.copy(path, early)
    ledger = Ledger(path.with_suffix(""), resumes=True)
    start(ledger, "gru", "training", {"model": "gru", "seed": 1}, minute=5, record_id="2")
    sensors(ledger, minute=5)
    end(ledger, 1e-3, minute=5)
    assert collect(study).runs["energy_kwh"].tolist() == pytest.approx([5e-5 + 1e-3])
    ledger.path.unlink()
    rows = superseded_rows([], [study])
    assert [row["energy_kwh"] for row in rows] == pytest.approx([5e-5 + 1e-3])


def test_ledgers_of_an_earlier_schema_without_an_identity_all_count(study):
    for minute, name in enumerate("abc"):
        ledger = Ledger(study / f"ledger/{name}.jsonl", resumes=False)
        start(ledger, name, "training", {}, minute=minute)
        sensors(ledger, minute=minute)
        end(ledger, 1e-4, minute=minute)
    assert len(collect(study).runs) == 3
    assert len(superseded_rows([study / "ledger/a.jsonl"], [study / "ledger"])) == 2


def test_a_job_that_was_killed_before_metering_began_has_no_row(study):
    current = job(study, "gru", "1")
    for content in (b"", b'{"event": "sta'):
        (study / "spent/training/x.0.jsonl.spent").write_bytes(content)
        assert superseded_rows([current], [study / "spent"]) == []
    ledger = Ledger(study / "ledger/training/y.jsonl", resumes=False)
    start(ledger, "y", "training", {}, record_id="9")
    ledger.abandon()
    assert superseded_rows([current], [study / "ledger", study / "spent"]) == []


def test_a_damaged_record_is_told_with_its_place(study):
    current = job(study, "gru", "1")
    record = study / "spent/training/x.0.jsonl.spent"
    record.write_text(current.read_text().replace('"1"', '"0"').replace('"window"', '"party"'))
    with pytest.raises(Fault, match=r"x\.0\.jsonl\.spent, line 3 is an unknown event 'party'"):
        superseded_rows([current], [study / "spent"])
    found = collect(study)
    assert len(found.runs) == 1
    assert "x.0.jsonl.spent, line 3" in found.problems[0]


def test_an_orphan_that_ran_beside_its_successor_shares_the_machine_with_it(study):
    """Both metered the whole machine in the same half minute: it is counted once."""
    job(study, "gru", "1", kwh=1e-3).unlink()
    current = job(study, "gru", "2", kwh=1e-3)
    runs, _ = accounts_of(study, [current])
    assert runs["attributed_kwh"].tolist() == pytest.approx([5e-4, 5e-4])


def test_a_pool_of_processes_counts_links_and_copies_once_too(study, rerun, tmp_path, monkeypatch):
    shutil.copytree(study, tmp_path / "copy")
    alone = collect(tmp_path)
    monkeypatch.setattr(collecting, "PARALLEL_FROM", 1)
    monkeypatch.setattr(collecting, "CHUNK", 2)
    together = collect(tmp_path)
    assert together.runs["attributed_kwh"].sum() == alone.runs["attributed_kwh"].sum()
    assert np.array_equal(together.windows["job"], alone.windows["job"])


def test_the_table_of_energy_has_a_row_of_superseded_jobs_and_says_what_they_are(study, rerun):
    runs, _ = accounts_of(study, rerun)
    runs = add_emissions(runs, CarbonBlock(), Location("ESP", None))
    table = energy_table(runs)
    assert [row[0].text for row in table.rows] == ["training", "superseded", "total"]
    assert [row[1].text for row in table.rows] == ["2", "3", "5"]
    assert any(note.startswith("Superseded: 3 jobs whose results no longer exist") for note in table.notes)
    without = energy_table(runs[runs["stage"] != "superseded"])
    assert not any("uperseded" in note for note in without.notes)
    assert [text.get_text() for text in split_figure(runs).axes[0].get_yticklabels()] == [
        "training",
        "superseded",
    ]
