"""The guard on folders of ledgers."""

import pytest

from guarded_records import MACHINE
from wattshed.accounts.guard.verdicts import guard
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault


def write_training(folder, kwh_per_epoch):
    energies = {"cpu": {"kwh": kwh_per_epoch, "status": "estimated", "source": "a model"}}
    ledger = Ledger(folder / "training/stgnn-1.jsonl", resumes=False)
    ledger.append(
        "start",
        schema=2,
        job="train_stgnn-1",
        stage="training",
        labels={"model": "stgnn", "seed": 1},
        started_utc="2026-01-05T08:00:00.000+00:00",
        machine=MACHINE,
        versions={"wattshed": "0.1.0"},
        commit={"commit": "0123abcd", "dirty": False},
        environment_sha256="0",
        config_sha256=None,
        batch_job={"slurm_job_id": None, "cgroup": None},
        location={
            "country_iso": None,
            "region": None,
            "intensity_kg_per_kwh": None,
            "intensity_source": "location unknown",
        },
    )
    ledger.append(
        "sensors",
        sensors=[{"component": "cpu", "status": "estimated", "source": "a model", "resolution_s": 0.1}],
        idle=None,
        idle_missing="metering.idle_s is 0",
        began_utc="2026-01-05T08:00:01.000+00:00",
    )
    for epoch in range(1, 9):
        ledger.append(
            "window",
            name="epoch",
            labels={"epoch": epoch},
            repeats=1,
            start_s=float(epoch),
            end_s=epoch + 1.0,
            duration_s=1.0,
            energy=energies,
            values={"parameters": 1000},
        )
    ledger.append(
        "end",
        ended_utc="2026-01-05T08:00:11.000+00:00",
        duration_s=10.0,
        energy={"cpu": {**energies["cpu"], "kwh": 10 * kwh_per_epoch}},
        clock_jump_s=0.0,
        outcome="finished",
        reason=None,
        exit_code=None,
    )
    ledger.finish()


def test_a_folder_of_ledgers_is_guarded_without_its_abandoned_and_running_jobs(tmp_path):
    write_training(tmp_path / "before", 1e-5)
    write_training(tmp_path / "now", 1.3e-5)
    running = Ledger(tmp_path / "now/training/gru-1.jsonl", resumes=False)
    running.append("start", schema=2)
    running.abandon()
    (tmp_path / "now/training/stgnn-1.abandoned-1.jsonl").write_text("set aside")
    guard(tmp_path / "before", tmp_path / "baseline.json", update=True)
    report = guard(tmp_path / "now", tmp_path / "baseline.json")
    assert report.verdicts[0].change_percent == pytest.approx(30.0)
    assert report.verdicts[0].n == 7
    assert report.exit_code == 1


def test_a_folder_without_ledgers_is_refused(tmp_path):
    with pytest.raises(Fault, match="is not a folder"):
        guard(tmp_path / "nowhere", tmp_path / "baseline.json")
    with pytest.raises(Fault, match="holds no finished ledger"):
        guard(tmp_path, tmp_path / "baseline.json")
