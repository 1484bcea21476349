"""``with metered(...)`` as a user writes it: what is recorded, and that recording never ends the work."""

import json
import pickle
import threading
import time

import pytest

from door_programs import events, ledgers, only_ledger, windows, work
from wattshed import metered
from wattshed.energy.host import PLACE
from wattshed.foundation.faults import Fault
from wattshed.foundation.recovery.processes import boot_id


def test_a_block_writes_one_ledger_with_its_labels_windows_and_energy(tmp_path, capsys):
    with metered("train", model="gru", seed=1, country="ESP") as job:
        assert job.energy_j is None
        for epoch in range(2):
            with job.window("epoch", epoch=epoch) as window:
                window.values["train_loss"] = 0.5 * work() / work()
    start, *_, end = found = only_ledger(tmp_path)
    assert start["labels"] == {"block": "train", "model": "gru", "seed": 1}
    assert [(one["name"], one["labels"]) for one in windows(found)] == [
        ("epoch", {"epoch": 0}),
        ("epoch", {"epoch": 1}),
    ]
    assert [one["values"] for one in windows(found)] == [{"train_loss": 0.5}] * 2
    for joules, which in ((job.energy_j, "own"), (job.machine_j, "energy")):
        known = [part["kwh"] for part in end[which].values() if part["kwh"] is not None]
        assert joules == pytest.approx(3.6e6 * sum(known))
    assert job.energy_j < job.machine_j
    assert job.own_cpu_s == pytest.approx(end["use"]["own_cpu_s"], abs=1e-6)
    assert job.status in ("measured", "estimated")
    assert job.duration_s == end["duration_s"] >= sum(one["duration_s"] for one in windows(found))
    assert job.co2e_kg == pytest.approx(job.energy_j / 3.6e6 * start["location"]["intensity_kg_per_kwh"])
    assert (job.outcome, job.missing, job.metered_by, job.running) == ("finished", None, None, False)
    assert job.ledger == tmp_path / "ledgers" / next(iter(ledgers(tmp_path)))
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert f"ledgers/{job.ledger.name}" in said.err


def test_an_unknown_place_has_no_mass_and_a_wrong_one_is_named_once(capsys, monkeypatch):
    monkeypatch.delenv(PLACE, raising=False)
    with metered("a", quiet=True) as job:
        pass
    assert job.co2e_kg is None
    for _ in range(2):
        with metered("b", country="DE", quiet=True) as job:
            pass
    assert job.energy_j is not None
    assert job.co2e_kg is None
    assert capsys.readouterr().err.count("'DE' is not a country") == 1
    with pytest.raises(Fault, match="'DE' is not a country"), metered("c", country="DE", strict=True):
        pass


def test_the_same_block_twice_gives_two_ledgers(tmp_path):
    block = metered("cell", quiet=True)
    jobs = []
    for _ in range(2):
        with block as job:
            pass
        jobs.append(job)
    assert jobs[0].ledger != jobs[1].ledger
    assert len(ledgers(tmp_path)) == 2


def test_a_named_ledger_is_never_replaced(tmp_path):
    for _ in range(3):
        with metered("train", ledger="runs/gru.jsonl", quiet=True) as job:
            pass
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "gru.2.jsonl",
        "gru.3.jsonl",
        "gru.jsonl",
    ]
    assert job.ledger == tmp_path / "runs/gru.3.jsonl"
    (tmp_path / "runs/killed.jsonl.part").write_text("what a kill left")
    with metered("train", ledger="runs/killed.jsonl", quiet=True) as job:
        pass
    assert job.ledger.name == "killed.2.jsonl"
    assert (tmp_path / "runs/killed.jsonl.part").read_text() == "what a kill left"


def test_a_handle_is_started_and_stopped_once(tmp_path, capsys):
    job = metered("x", quiet=True).start()
    assert job.running
    assert "running" in repr(job)
    with job.window("part"):
        pass
    assert job.stop() is job.stop(ValueError("later"))
    assert job.outcome == "finished"
    assert [one["name"] for one in windows(only_ledger(tmp_path))] == ["part"]
    assert str(job.ledger) in job._repr_html_()
    assert json.loads(json.dumps(job.to_json()))["energy_j"] == job.energy_j
    # Too late, but no reason to end the program.
    with job.window("after"):
        pass
    assert capsys.readouterr().err == ""


def test_a_second_start_of_a_name_is_mentioned_while_the_first_still_runs(tmp_path, capsys):
    first, second = metered("twice", quiet=True).start(), metered("twice", quiet=True).start()
    first.stop()
    second.stop()
    assert "'twice' is started again while an earlier one still runs" in capsys.readouterr().err
    assert len(ledgers(tmp_path)) == 2


def test_a_block_inside_a_block_is_a_window_of_it(tmp_path):
    with metered("study", quiet=True) as outer:
        with metered("train", model="gru", quiet=True) as inner, inner.window("epoch", epoch=0):
            until = time.perf_counter() + 0.2
            while time.perf_counter() < until:
                work()
        with pytest.raises(ValueError, match="bad"), metered("evaluate") as failed:
            raise ValueError("bad")
    found = only_ledger(tmp_path)
    assert [(one["name"], one["labels"]) for one in windows(found)] == [
        ("epoch", {"model": "gru", "epoch": 0}),
        ("train", {"model": "gru"}),
        ("evaluate", {"outcome": "failed", "reason": "ValueError: bad"}),
    ]
    assert inner.ledger == outer.ledger
    assert 0 < inner.energy_j < outer.energy_j
    assert (failed.outcome, outer.outcome) == ("failed", "finished")


def test_blocks_that_end_in_another_order_keep_their_own_ledgers(tmp_path):
    first, second = metered("a", quiet=True).start(), metered("b", quiet=True).start()
    first.stop()
    with metered("c", quiet=True) as inner:
        pass
    second.stop()
    assert first.ledger != second.ledger
    assert inner.ledger == second.ledger
    with metered("d", quiet=True) as later:
        pass
    assert later.ledger not in (first.ledger, second.ledger)


def test_threads_have_blocks_of_their_own(tmp_path):
    block, jobs, barrier = metered("thread", quiet=True), [], threading.Barrier(3)

    def body(number):
        with block as job, job.window("part", number=number):
            barrier.wait()
        jobs.append((number, job))

    threads = [threading.Thread(target=body, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledgers(tmp_path)) == 3
    for number, job in jobs:
        assert [one["labels"] for one in windows(events(job.ledger))] == [{"number": number}]
        assert job.outcome == "finished"


def test_windows_of_one_block_may_be_measured_in_several_threads(tmp_path):
    with metered("pool", quiet=True) as job:

        def body(number):
            for _ in range(20):
                with job.window("task", number=number):
                    pass

        threads = [threading.Thread(target=body, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(windows(only_ledger(tmp_path))) == 80


def test_kept_idle_power_is_used_and_none_is_measured(tmp_path, monkeypatch):
    from wattshed.config.energy.metering import MeteringBlock

    monkeypatch.setenv("WATTSHED_IDLE_FOLDER", str(tmp_path / "idle"))
    with metered("a", quiet=True) as job:
        pass
    assert job.net_j is None
    assert not list(tmp_path.glob("idle/*.json")) or all(
        "power_w" not in one.read_text() for one in tmp_path.glob("idle/*")
    )
    sensors = events(job.ledger)[1]["sensors"]
    kept = {part["component"]: part["source"] for part in sensors if part["status"] != "missing"}
    from datetime import UTC, datetime

    (tmp_path / "idle").mkdir(exist_ok=True)
    (tmp_path / "idle" / f"{boot_id()}.json").write_text(
        json.dumps(
            {
                "power_w": dict.fromkeys(kept, 1.0),
                "status": dict.fromkeys(kept, "estimated"),
                "source": kept,
                "measured_utc": datetime.now(UTC).isoformat(timespec="seconds"),
                "duration_s": 5.0,
                "busy_share": 0.0,
            }
        )
    )
    with metered("b", quiet=True, metering=MeteringBlock(idle_s=0.0)) as job:
        work()
    assert job.net_j == pytest.approx(job.machine_j - len(kept) * 1.0 * job.duration_s)


def test_a_copy_of_a_handle_meters_nothing(tmp_path):
    with metered("x", model="gru", quiet=True) as job:
        copy = pickle.loads(pickle.dumps(job))
        with copy.window("part"):
            pass
        copy.stop()
    assert copy.metered_by.startswith("process ")
    assert windows(only_ledger(tmp_path)) == []


def test_what_was_started_can_be_stopped_by_the_handle_that_started_it(tmp_path, capsys):
    meter = metered("x", quiet=True)
    assert meter.stop() is None
    assert "'x' is stopped, and nothing of it runs: call start() first." in capsys.readouterr().err
    job = meter.start()
    assert meter.stop() is job
    assert not job.running
    assert meter.stop() is None
