import numpy as np
import pandas as pd
import pytest

from made_runs import make_metrics, make_runs
from wattshed.accounts.comparison.leaders import low_carbon_leaders
from wattshed.foundation.faults import Fault


def frames(models=("a", "b", "c"), repeats=2, **columns):
    runs = make_runs(models, countries=("ES",), seasons=("all",), repeats=repeats)
    mae = {"a": 3.0, "b": 1.0, "c": 2.0}
    metrics = make_metrics(runs).assign(mae=runs["model"].map(mae))
    return runs.assign(**columns), metrics


def test_leaders_err_least_under_the_limit_and_the_rest_is_counted():
    runs, metrics = frames(co2e_kg=[0.01, 0.01, 0.5, 0.5, 0.02, 0.02])
    found = low_carbon_leaders(runs, metrics, limit_kg=0.1)
    assert found.frame["model"].tolist() == ["c", "a"]
    assert found.frame["rank"].tolist() == [1, 2]
    assert found.excluded[["reason", "runs", "models"]].values.tolist() == [["over the limit", 2, "b"]]


def test_single_runs_can_lead_where_their_models_mean_does_not():
    runs, metrics = frames(co2e_kg=[0.01, 0.01, 0.01, 9.0, 0.02, 0.02])
    by_model = low_carbon_leaders(runs, metrics, limit_kg=0.1).frame
    by_run = low_carbon_leaders(runs, metrics, limit_kg=0.1, by="run_id").frame
    assert by_model["model"].tolist() == ["c", "a"]
    assert by_run["run_id"].iloc[0] == "run-0002"
    assert by_run["n"].tolist() == [1] * 5


@pytest.mark.parametrize("flag", ["power above TDP", "changed grid", "truncated", "unknown location"])
def test_runs_with_a_wrong_energy_or_mass_never_lead_silently(flag):
    runs, metrics = frames(co2e_kg=0.01)
    runs["flags"] = runs["flags"].where(runs["model"] != "b", f"constant power, {flag}")
    found = low_carbon_leaders(runs, metrics, limit_kg=0.1, limit_kwh=10.0)
    assert found.frame["model"].tolist() == ["c", "a"]
    assert found.excluded[["reason", "runs"]].values.tolist() == [[f"flagged {flag}", 2]]


def test_other_flags_stay_in_sight_with_their_leader():
    runs, metrics = frames(co2e_kg=0.01)
    runs.loc[2, "flags"] = "constant power"
    found = low_carbon_leaders(runs, metrics, limit_kg=0.1).frame
    assert found.loc[0, ["model", "flags"]].tolist() == ["b", "constant power"]
    runs.loc[2, "flags"] = "power above TDP"
    allowed = low_carbon_leaders(runs, metrics, limit_kg=0.1, barred=()).frame
    assert allowed.loc[0, ["model", "flags"]].tolist() == ["b", "power above TDP"]


def test_unknown_masses_are_judged_by_energy_where_a_limit_for_it_is_given():
    runs, metrics = frames(
        co2e_kg=[0.01, 0.01, np.nan, np.nan, 0.02, 0.02], energy_kwh=0.5, attributed_kwh=0.5
    )
    only_mass = low_carbon_leaders(runs, metrics, limit_kg=0.1)
    assert only_mass.frame["model"].tolist() == ["c", "a"]
    assert only_mass.excluded["reason"].tolist() == ["mass unknown"]
    both = low_carbon_leaders(runs, metrics, limit_kg=0.1, limit_kwh=1.0)
    assert both.frame["model"].tolist() == ["b", "c", "a"]
    assert both.frame["judged_by"].tolist() == ["energy_kwh", "co2e_kg", "co2e_kg"]
    assert low_carbon_leaders(runs, metrics, limit_kg=0.1, limit_kwh=0.4).frame["model"].tolist() == [
        "c",
        "a",
    ]
    energy_only = low_carbon_leaders(runs, metrics, limit_kwh=1.0).frame
    assert energy_only["judged_by"].unique().tolist() == ["energy_kwh"]


def test_retro_estimates_unknown_errors_and_models_without_a_run_are_excluded_with_their_reason():
    runs, metrics = frames(co2e_kg=0.01)
    runs.loc[runs["model"] == "b", "origin"] = "retro-estimate"
    metrics.loc[metrics["model"] == "a", "mae"] = np.nan
    metrics = pd.concat([metrics, metrics.iloc[:1].assign(run_id="x", model="naive", mae=0.5)])
    found = low_carbon_leaders(runs, metrics, limit_kg=0.1)
    assert found.frame["model"].tolist() == ["c"]
    assert dict(zip(found.excluded["reason"], found.excluded["runs"], strict=True)) == {
        "mae unknown": 2,
        "no run recorded": 1,
        "retro-estimated": 2,
    }


def test_a_leader_whose_interval_reaches_over_the_limit_is_doubtful():
    runs, metrics = frames(repeats=3, co2e_kg=[0.05, 0.05, 0.05, 0.01, 0.08, 0.12, 0.2, 0.2, 0.2])
    found = low_carbon_leaders(runs, metrics, limit_kg=0.1).frame.set_index("model")
    assert found["doubtful"].to_dict() == {"b": True, "a": False}


def test_every_slice_has_its_own_ranks_and_top_cuts_them():
    runs = make_runs(("a", "b", "c"), repeats=2)
    found = low_carbon_leaders(runs, make_metrics(runs), limit_kg=1.0, top=2).frame
    assert len(found) == 8 * 2
    for _, part in found.groupby(["data_country", "season"]):
        assert part["rank"].tolist() == [1, 2]
        assert part["mae_mean"].is_monotonic_increasing


def test_nobody_under_the_limit_gives_an_empty_frame_that_says_why():
    runs, metrics = frames(co2e_kg=0.5)
    found = low_carbon_leaders(runs, metrics, limit_kg=0.1)
    assert found.frame.empty
    assert found.excluded["runs"].sum() == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "no limit was given"),
        ({"limit_kg": 0.0}, "limit_kg is 0.0"),
        ({"limit_kwh": float("nan")}, "limit_kwh is nan"),
        ({"limit_kg": 1.0, "by": "seed"}, "leaders by 'seed'"),
        ({"limit_kg": 1.0, "metric": "mape"}, "lack the column mape"),
    ],
)
def test_bad_requests_are_faults(options, message):
    with pytest.raises(Fault, match=message):
        low_carbon_leaders(*frames(), **options)
