"""A sweep that was interrupted goes on with the points kept; budget, sessions and progress."""

import json

import pandas as pd
import pytest

from running_clocks import CLOCKS_MHZ, RunningClocks
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.runs import CLOCK
from wattshed.clocks.sweeping import stopping
from wattshed.clocks.sweeping.budget import Budget
from wattshed.clocks.sweeping.identity import identity_of
from wattshed.clocks.sweeping.journal import Journal, read_journal
from wattshed.clocks.sweeping.progress import Progress, best_so_far
from wattshed.clocks.sweeping.sweep import COUNTER_PERIODS, run_sweep, window_s
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.faults import Fault

BLOCK = ClocksBlock(points=4, repeats=3, warm_up_repeats=1, min_point_s=0.1, search={"kind": "full"})
REFINED = ClocksBlock(points=4, repeats=3, min_point_s=0.1, search={"step_windows": 3})


class Killed(BaseException):
    """In place of SIGKILL: nothing after it is written."""


def killed_at(backend, row):
    """The same back end, which ends at its n-th window."""
    measure, done = backend.measure, []

    def until(workload, min_s):
        done.append(1)
        if len(done) == row:
            raise Killed
        return measure(workload, min_s)

    backend.measure = until
    return backend


def simulated():
    return SimulatedClocks(BLOCK.simulated, 3)


def swept(backend, path, block=BLOCK, **options):
    with Journal(path, identity_of(backend, block, {"name": "x"})) as journal:
        return run_sweep(backend, lambda: None, block, "x", journal=journal, **options)


@pytest.mark.parametrize(("block", "row"), [(BLOCK, 1), (BLOCK, 2), (BLOCK, 17), (REFINED, 16)])
def test_a_resumed_simulation_equals_the_uninterrupted_one(tmp_path, block, row):
    whole = run_sweep(simulated(), lambda: None, block, "x")
    with pytest.raises(Killed):
        swept(killed_at(simulated(), row), tmp_path / "j.jsonl", block)
    assert len(read_journal(tmp_path / "j.jsonl").rows) == row - 1
    pd.testing.assert_frame_equal(swept(simulated(), tmp_path / "j.jsonl", block), whole)


@pytest.mark.parametrize(("factor", "told"), [(1.0, False), (1.2, True), (0.8, True)])
def test_a_reference_that_changed_between_two_starts_is_told(tmp_path, factor, told):
    path = tmp_path / "j.jsonl"
    with pytest.raises(Killed):
        swept(killed_at(RunningClocks(), 6), path)
    said = []
    progress = Progress("x on y", CLOCK, 0.05, say=said.append)
    slower = RunningClocks(
        time_of=lambda setting, window: factor * (0.9 + 150 / setting + 0.001 * (window % 3))
    )
    swept(slower, path, progress=progress)
    lines = [line for line in said if "against the earlier starts" in line]
    assert len(lines) == told
    if told:
        assert f"takes {100 * (factor - 1):+.0f}" in lines[0]


def test_a_finished_sweep_measures_nothing_again(tmp_path):
    first = swept(RunningClocks(), tmp_path / "j.jsonl")
    again = RunningClocks()
    pd.testing.assert_frame_equal(swept(again, tmp_path / "j.jsonl"), first)
    assert again.locks == []
    assert read_journal(tmp_path / "j.jsonl").stop


def test_each_start_warms_up_and_measures_the_maximum_again(tmp_path):
    path = tmp_path / "j.jsonl"
    first = killed_at(RunningClocks(), 6)
    with pytest.raises(Killed):
        swept(first, path)
    assert first.resets == 1
    second = RunningClocks()
    frame = swept(second, path)
    plan = run_sweep(RunningClocks(), lambda: None, BLOCK, "x")["setting"].tolist()
    assert frame["setting"].tolist() == [*plan[:5], 1500, 1500, *plan[5:]]
    assert frame["session"].tolist() == [1] * 5 + [2] * (len(frame) - 5)
    assert frame["warm"].tolist() == [False, *[True] * 4, False, *[True] * (len(frame) - 6)]
    assert frame["order"].tolist() == list(range(1, len(frame) + 1))
    assert not frame.duplicated(["setting", "repeat", "warm"]).any()
    assert second.locks[:2] == [1500, 1500]


def test_the_workload_runs_before_each_window_and_in_it():
    calls = []
    frame = run_sweep(RunningClocks(), lambda: calls.append(1), BLOCK)
    assert len(calls) == 2 * len(frame)


def test_a_simulated_sweep_runs_the_workload_once():
    calls = []
    run_sweep(simulated(), lambda: calls.append(1), BLOCK)
    assert len(calls) == 1


def test_the_budget_ends_the_sweep_and_a_larger_one_goes_on(tmp_path):
    path = tmp_path / "j.jsonl"
    whole = run_sweep(simulated(), lambda: None, BLOCK, "x")
    part = swept(simulated(), path, budget_s=0.75)
    assert len(part) == 7
    assert read_journal(path).stop == "the budget of 0.75 s is spent"
    assert read_journal(path).spent_s == pytest.approx(0.7, rel=0.1)
    pd.testing.assert_frame_equal(swept(simulated(), path, budget_s=100.0), whole)


def test_no_point_begins_that_would_exceed_the_budget():
    ticks = iter([0.0, 4.0, 5.0, 9.0])
    budget = Budget(limit_s=10.0, clock=lambda: next(ticks))
    assert budget.over() is None
    for began_s in (budget.clock(), budget.clock()):
        budget.timed(began_s, 0.0)
    assert (budget.spent_s, budget.mean_point_s) == (5.0 + 5.0, 5.0)
    assert budget.over() == "the budget of 10 s is spent"


def test_the_window_is_as_long_as_the_counter_needs():
    gpu = RunningClocks()
    assert window_s(gpu, BLOCK) == 0.1
    gpu.counter_period_s = 0.1
    assert window_s(gpu, BLOCK) == pytest.approx(0.1 * COUNTER_PERIODS)


@pytest.mark.parametrize(
    "other",
    [
        {"min_point_s": 1.0},
        {"seed": 1},
        {"simulated": {"p0_w": 91.0}},
    ],
)
def test_what_changes_a_measurement_changes_the_identity(other):
    changed = ClocksBlock(**{**BLOCK.model_dump(), **other})
    gpu = simulated()
    assert identity_of(gpu, changed, {}) != identity_of(gpu, BLOCK, {})
    assert identity_of(gpu, BLOCK, {"checkpoint": "a"}) != identity_of(gpu, BLOCK, {"checkpoint": "b"})


def test_how_many_points_does_not_change_the_identity():
    gpu = simulated()
    more = ClocksBlock(**{**BLOCK.model_dump(), "points": 9, "repeats": 5, "max_slowdown_share": 0.2})
    assert identity_of(gpu, more, {}) == identity_of(gpu, BLOCK, {})


def test_progress_tells_points_the_time_left_and_the_best_so_far():
    said = []
    progress = Progress("x on y", CLOCK, 0.05, say=said.append, clock=lambda: 0.0)
    frame = run_sweep(simulated(), lambda: None, BLOCK, "x", budget_s=60.0, progress=progress)
    # The first point, and the last one of the step: between them no time passes.
    assert len(said) == 2
    assert said[0].startswith("sweep of x on y: point 1; 1410 MHz, ")
    assert f"{len(frame) - 1} points of this step left, about " in said[0]
    assert "60 s of 60 s left" in said[0]
    assert f"point {len(frame)}; " in said[1]
    assert "step done" in said[1]
    assert "best so far " in said[1]


def test_the_best_so_far_keeps_the_limit_and_ignores_the_warm_up():
    def row(setting, time_s, energy_j, warm=True):
        return {"setting": setting, "time_s": time_s, "energy_j": energy_j, "warm": warm}

    rows = [row(1500, 9.0, 99.0, warm=False), row(1500, 1.0, 10.0)]
    assert best_so_far(rows, CLOCK, 0.05) == ""
    rows += [row(600, 2.0, 1.0), row(1200, 1.04, 8.0)]
    assert best_so_far(rows, CLOCK, 0.05) == "best so far 1200 MHz, -20.0 % energy"
    assert best_so_far(rows, CLOCK, 0.01) == "best so far 1500 MHz, the largest"


def test_the_made_gpu_covers_all_its_clocks():
    assert set(run_sweep(RunningClocks(), lambda: None, BLOCK)["setting"]) == set(CLOCKS_MHZ)


def test_a_workload_that_fails_at_one_setting_is_told_with_it():
    gpu = RunningClocks()

    def work():
        if gpu.applied() == 900:
            raise Fault("out of memory.")

    with pytest.raises(Fault, match=r"^out of memory; this was at 900 MHz\.$"):
        run_sweep(gpu, work, BLOCK)


def test_a_journal_that_plans_a_setting_which_the_gpu_lacks_is_one_sentence(tmp_path):
    path = tmp_path / "j.jsonl"
    with pytest.raises(Killed):
        swept(killed_at(RunningClocks(), 3), path)
    path.write_text(path.read_text().replace(" 900,", " 915,"))
    gpu = RunningClocks()
    with pytest.raises(
        Fault, match=r"j\.jsonl plans the setting 915, which test GPU does not have: expected one"
    ):
        swept(gpu, path)
    assert gpu.locks == []


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("setting", None, "a positive setting"),
        ("setting", -5, "a positive setting"),
        ("time_s", "1", "a positive time_s"),
        ("energy_j", float("inf"), "a positive energy_j"),
        ("power_w", True, "a positive power_w"),
        ("gpu", 3, "its gpu"),
        ("warm", 1, "the mark warm"),
    ],
)
def test_a_point_that_is_none_is_not_gone_on_with(tmp_path, column, value, told):
    path = tmp_path / "j.jsonl"
    with pytest.raises(Killed):
        swept(killed_at(RunningClocks(), 3), path)
    lines = path.read_text().splitlines()
    event = json.loads(lines[-1])
    event["values"][column] = value
    path.write_text("\n".join([*lines[:-1], json.dumps(event)]) + "\n")
    with pytest.raises(Fault, match=rf"j\.jsonl holds a point without {told} \(point 2\)"):
        swept(RunningClocks(), path)


def test_the_cost_of_a_long_plan_is_found_once_for_each_setting(monkeypatch):
    asked = []

    def cost(setting, *_):
        asked.append(setting)
        return 1.0, 1.0

    monkeypatch.setattr(stopping, "_expected_cost", cost)
    block = ClocksBlock(points=4, repeats=90, search={"kind": "full", "most_s": 1e6})
    rows = run_sweep(RunningClocks(), lambda: None, BLOCK)
    paid = stopping.affordable([600, 900, 1200, 1500] * 80, rows, CLOCKS_MHZ, block)
    assert len(paid) == 320
    assert sorted(asked) == [600, 900, 1200, 1500]
