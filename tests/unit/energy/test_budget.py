"""Budgets: how they reach a job, and when a run may continue."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.config.energy.budget import BudgetBlock
from wattshed.energy.budget.budget import VARIABLE, Budget, Limit, decide
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault


def spend(path, kwh, finish=True):
    ledger = Ledger(path, resumes=False)
    ledger.append("start", schema=2)
    if finish:
        ledger.append(
            "end", duration_s=1.0, energy={"cpu": {"kwh": kwh, "status": "estimated", "source": "known"}}
        )
        ledger.finish()
    else:
        ledger.append("tick", at_s=5.0, energy={"cpu": kwh})
        ledger.abandon()
    return ledger.part


def test_a_budget_is_unchanged_after_passing_through_the_environment(tmp_path):
    block = BudgetBlock(run_kwh=0.5, study_kg=2.0, when_exceeded="ask", forecast_after_epochs=3)
    budget = Budget(block, intensity_kg_per_kwh=0.25, pue=1.2, study_folder=tmp_path)
    assert Budget.from_environment({VARIABLE: budget.to_json()}) == budget


@pytest.mark.parametrize("environment", [{}, {VARIABLE: ""}, {VARIABLE: Budget(BudgetBlock()).to_json()}])
def test_no_budget_is_read_without_a_limit(environment):
    assert Budget.from_environment(environment) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name"),
        ("[1]", "pop"),
        ('{"run_kwh": -1}', "run_kwh: Input should be greater than 0"),
        ('{"run_kwh": "1"}', "run_kwh"),
        ('{"runs_kwh": 1}', "runs_kwh: Extra inputs"),
        ('{"run_kg": 1, "intensity_kg_per_kwh": -0.1}', "intensity_kg_per_kwh is -0.1; expected"),
        ('{"run_kg": 1, "intensity_kg_per_kwh": NaN}', "intensity_kg_per_kwh is nan"),
        ('{"run_kwh": 1, "pue": 0.5}', "pue is 0.5"),
        ('{"run_kwh": 1, "study_folder": 7}', "int"),
    ],
)
def test_an_invalid_budget_is_refused_in_one_sentence(text, why):
    with pytest.raises(Fault, match=why) as caught:
        Budget.from_environment({VARIABLE: text})
    assert str(caught.value).startswith(VARIABLE)


@pytest.mark.parametrize("limit", ["run_kg", "study_kg"])
def test_a_mass_limit_needs_a_known_location(limit, tmp_path):
    text = json.dumps({limit: 1.0, "intensity_kg_per_kwh": None, "study_folder": str(tmp_path)})
    with pytest.raises(Fault, match="a kg budget without a known place cannot be kept"):
        Budget.from_environment({VARIABLE: text})


def test_a_study_limit_needs_the_study_folder():
    with pytest.raises(Fault, match="no study_folder"):
        Budget(BudgetBlock(study_kwh=1.0))


def test_a_mass_limit_is_converted_with_pue_and_intensity(tmp_path):
    budget = Budget(BudgetBlock(run_kg=0.6, run_kwh=3.0), intensity_kg_per_kwh=0.2, pue=1.5)
    limits = budget.limits(tmp_path / "a.jsonl.part", resumes=False)
    assert [limit.kwh for limit in limits] == pytest.approx([3.0, 2.0])


def test_a_mass_limit_does_not_apply_to_a_grid_without_emissions(tmp_path):
    budget = Budget(BudgetBlock(run_kg=0.6), intensity_kg_per_kwh=0.0)
    assert budget.limits(tmp_path / "a.jsonl.part", resumes=False) == []


def test_the_energy_spent_by_the_study_counts_and_a_resumed_run_counts_once(tmp_path):
    spend(tmp_path / "training/first.jsonl", 0.5)
    part = spend(tmp_path / "training/second.jsonl", 0.25, finish=False)
    budget = Budget(BudgetBlock(study_kwh=1.0), study_folder=tmp_path)
    (resumed,) = budget.limits(part, resumes=True)
    (restarted,) = budget.limits(part, resumes=False)
    assert (resumed.before_kwh, restarted.before_kwh) == pytest.approx((0.5, 0.75))


def test_no_job_starts_if_the_study_budget_is_spent(tmp_path):
    spend(tmp_path / "training/first.jsonl", 0.5)
    part = tmp_path / "training/second.jsonl.part"
    Budget(BudgetBlock(study_kwh=0.51), study_folder=tmp_path).limits(part, resumes=False)
    with pytest.raises(Fault, match=r"the study's budget of 0\.5 kWh is spent: .* nothing more was run"):
        Budget(BudgetBlock(study_kwh=0.5), study_folder=tmp_path).limits(part, resumes=False)
    with pytest.raises(Fault, match=r"budget of 0\.1 kg CO2e is spent"):
        Budget(BudgetBlock(study_kg=0.1), 0.25, study_folder=tmp_path).limits(part, resumes=False)


def test_a_running_job_counts_energy_that_is_not_yet_in_its_ledger(tmp_path):
    part = spend(tmp_path / "training/first.jsonl", 0.25, finish=False)
    budget = Budget(BudgetBlock(study_kwh=0.5), study_folder=tmp_path)
    (limit,) = budget.limits(part, resumes=True, own_kwh=0.4)
    assert limit.before_kwh == pytest.approx(0.0)
    with pytest.raises(Fault, match=r"hold 0\.5 kWh of 0\.5 kWh, so nothing more was run"):
        budget.limits(part, resumes=True, own_kwh=0.5)
    with pytest.raises(Fault, match="nothing more was run"):
        Budget(BudgetBlock(study_kwh=0.25), study_folder=tmp_path).limits(part, resumes=True, own_kwh=0.1)


def test_a_job_outside_the_study_folder_is_refused(tmp_path):
    budget = Budget(BudgetBlock(study_kwh=1.0), study_folder=tmp_path / "study")
    with pytest.raises(Fault, match="lies outside the study's folder"):
        budget.limits(tmp_path / "elsewhere/a.jsonl.part", resumes=False)


def test_a_run_stops_at_the_epoch_that_reaches_the_limit():
    limits = [Limit("run's budget of 3 kWh", 3.0)]
    early = decide([1.0, 0.5], 2.9, 5, limits, 99)
    late = decide([1.0, 0.5], 3.0, 5, limits, 99)
    assert (early.action, late.action, late.exhausted) == ("continue", "stop", True)
    assert "the run's budget of 3 kWh is spent: 3 kWh spent" in late.sentence


def test_a_run_stops_if_the_low_end_of_the_forecast_exceeds_the_limit():
    epochs = [2.0, 1.0, 1.0, 1.0]
    stop = decide(epochs, 5.0, 10, [Limit("run's budget of 14 kWh", 14.0)], 2)
    assert (stop.action, stop.exhausted, stop.forecast_kwh) == ("stop", False, 15.0)
    assert "cannot be kept" in stop.sentence
    assert "early stopping can only reduce it" in stop.sentence
    assert decide(epochs, 5.0, 10, [Limit("run's budget of 15 kWh", 15.0)], 2).action == "continue"
    assert decide(epochs, 5.0, 10, [Limit("run's budget of 14 kWh", 14.0)], 5).action == "continue"


def test_a_run_continues_if_the_forecast_interval_is_wide():
    decision = decide([2.0, 0.5, 1.5], 4.0, 10, [Limit("run's budget of 8 kWh", 8.0)], 2)
    assert decision.forecast_kwh == 14.0
    assert decision.action == "continue"


def test_energy_spent_by_other_jobs_counts_towards_the_study_limit():
    limit = Limit("study's budget of 20 kWh", 20.0, before_kwh=10.0)
    decision = decide([1.0, 1.0, 1.0], 3.0, 10, [limit], 2)
    assert decision.action == "stop"
    assert "10 kWh before" in decision.sentence


def test_a_spent_limit_is_reported_before_one_that_cannot_be_kept():
    limits = [Limit("run's budget of 9 kWh", 9.0), Limit("study's budget of 3 kWh", 3.0)]
    decision = decide([1.0, 1.0, 1.0], 3.0, 10, limits, 2)
    assert decision.exhausted
    assert "study's budget of 3 kWh is spent" in decision.sentence


def test_an_overspent_run_that_has_ended_is_reported_and_not_stopped():
    decision = decide([1.0, 1.0, 1.0], 3.0, 0, [Limit("run's budget of 2 kWh", 2.0)], 2)
    assert (decision.action, decision.exhausted) == ("continue", True)
    assert "is spent" in decision.sentence


@given(
    st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=12),
    st.integers(1, 50),
    st.floats(1e-6, 1e5),
    st.integers(1, 5),
)
def test_a_run_stops_exactly_if_the_limit_is_spent_or_cannot_be_kept(epochs, left, limit_kwh, after):
    spent = sum(epochs)
    decision = decide(epochs, spent, left, [Limit("limit", limit_kwh)], after)
    forecast_breaks = len(epochs) >= after and decision.low_kwh > limit_kwh
    assert (decision.action == "stop") == (spent >= limit_kwh or forecast_breaks)
    assert not math.isnan(decision.forecast_kwh)


def test_a_run_within_budget_is_rarely_stopped_and_a_too_costly_run_early():
    """50 epochs with 5 % noise: a limit 5 % above the true cost, and one 20 % below it."""
    random = np.random.default_rng(3)
    stopped, when = 0, []
    for _ in range(200):
        kwh = 1e-4 * (1 + 0.05 * random.standard_normal(50))
        kwh[0] *= 2
        for share, last in ((1.05, None), (0.8, when)):
            limits = [Limit("limit", share * kwh.sum())]
            ends = [
                n
                for n in range(1, 50)
                if decide(kwh[:n].tolist(), kwh[:n].sum(), 50 - n, limits, 2).action == "stop"
            ]
            if last is None:
                stopped += bool(ends)
            else:
                last.append(ends[0])
    assert stopped / 200 <= 0.02
    assert np.mean(when) <= 10
