"""Everything below a folder, each file once; a damaged one is told and not the end of the account."""

import pandas as pd
import pytest

from codecarbon_files import row, write
from ledger_files import end, sensors, start, tick, window
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.runs.runs import runs_frame, windows_frame
from wattshed.energy.ledger.writing import Ledger


def job(folder, name, *, minute=0, host="test-host", duration_s=30.0, kwh=1e-4):
    ledger = Ledger(folder / f"{name}.jsonl", resumes=False)
    start(ledger, name, "training", {"model": "gru", "seed": 1}, minute=minute, host=host)
    sensors(ledger, minute=minute)
    window(ledger, "epoch", kwh / 2, end_s=10.0)
    end(ledger, kwh, minute=minute, duration_s=duration_s)
    return ledger.path


def test_ledgers_and_csvs_at_any_depth_are_one_account(tmp_path):
    job(tmp_path / "deep/down", "a")
    write(tmp_path / "DLinear/DE/summer/x_emissions.csv", row("r1"))
    killed = Ledger(tmp_path / "k.jsonl", resumes=False)
    start(killed, "k", "training", {}, minute=5)
    killed.abandon()
    found = collect(tmp_path)
    assert sorted(found.runs["origin"]) == ["codecarbon csv", "ledger", "ledger"]
    assert found.runs.set_index("job").loc["k", "flags"] == "truncated"
    assert len(found.windows) == 1


def test_it_gives_the_same_frames_as_the_study_reads(tmp_path):
    paths = [job(tmp_path, name, minute=minute) for minute, name in enumerate("abc")]
    found = collect(tmp_path)
    pd.testing.assert_frame_equal(found.runs, runs_frame(paths))
    pd.testing.assert_frame_equal(found.windows, windows_frame(paths))


def test_damage_is_told_and_the_rest_counts(tmp_path):
    job(tmp_path, "a")
    (tmp_path / "b.jsonl").write_text('{"event": "party"}\n')
    (tmp_path / "c.jsonl").write_text('{"event": "start", "schema": 2, "job": "c"}\n')
    found = collect(tmp_path)
    assert found.runs["job"].tolist() == ["a"]
    assert len(found.problems) == 2
    assert all(str(tmp_path) in sentence for sentence in found.problems)


def test_eight_jobs_at_once_sum_to_the_machine(tmp_path):
    """A machine of 300 W read by eight jobs, each over its own span; ticks carry the curve."""
    spans = [(3 * n % 20, 20 + 5 * n) for n in range(8)]
    for number, (begin, finish) in enumerate(spans):
        ledger = Ledger(tmp_path / f"job-{number}.jsonl", resumes=False)
        start(ledger, f"job-{number}", "training", {})
        sensors(ledger)
        for at_s in range(5, finish - begin, 5):
            tick(ledger, float(at_s), 300 * at_s / 3.6e6)
        end(ledger, 300 * (finish - begin) / 3.6e6, duration_s=float(finish - begin))
        text = ledger.path.read_text().replace("T08:00:00.000", f"T08:00:{begin:02d}.000")
        ledger.path.write_text(text)
    runs = collect(tmp_path).runs
    union_s = max(finish for _, finish in spans) - min(begin for begin, _ in spans)
    assert len(runs) == 8
    assert runs["attributed_kwh"].sum() * 3.6e6 == pytest.approx(300 * union_s, rel=1e-6)
    assert runs["energy_kwh"].sum() > 2 * runs["attributed_kwh"].sum()


def test_a_pool_of_processes_gives_the_same_account(tmp_path, monkeypatch):
    for number in range(12):
        job(tmp_path, f"j{number:02d}", minute=number)
    alone = collect(tmp_path)
    monkeypatch.setattr("wattshed.accounts.runs.collect.PARALLEL_FROM", 1)
    monkeypatch.setattr("wattshed.accounts.runs.collect.CHUNK", 5)
    pd.testing.assert_frame_equal(collect(tmp_path).runs, alone.runs)
