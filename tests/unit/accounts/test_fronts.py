import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_runs import make_metrics, make_runs
from wattshed.accounts.comparison.fronts import fronts_frame, surely_dominated
from wattshed.foundation.faults import Fault
from wattshed.statistics.geometric import geometric_interval


def points(models, **columns):
    """One run per model with the given rmse, kwh and kg."""
    runs = pd.DataFrame({"model": models, "energy_kwh": columns["kwh"], "energy_status": "measured"})
    if "kg" in columns:
        runs["co2e_kg"] = columns["kg"]
    return runs, pd.DataFrame({"model": models, "rmse": columns["rmse"]})


def test_energy_and_carbon_have_fronts_of_their_own():
    runs, metrics = points(list("abc"), rmse=[3.0, 2.0, 1.0], kwh=[1.0, 2.0, 1.5], kg=[1.0, 0.5, 3.0])
    found = fronts_frame(runs, metrics).set_index("model")
    assert found["energy_dominated"].tolist() == [False, True, False]
    assert found["carbon_dominated"].tolist() == [True, False, False]
    assert found["scope"].unique().tolist() == ["all"]


def test_dominated_points_stay_and_unplaced_ones_say_why():
    runs, metrics = points(list("abc"), rmse=[1.0, 2.0, np.nan], kwh=[1.0, 2.0, 3.0], kg=[1.0, np.nan, 1.0])
    metrics.loc[3] = ["naive", 5.0]
    found = fronts_frame(runs, metrics).set_index("model")
    assert len(found) == 4
    assert found["energy_reason"].tolist() == [None, None, "rmse unknown", "energy unknown"]
    assert found["carbon_reason"].tolist() == [None, "mass unknown", "rmse unknown", "mass unknown"]
    assert found["energy_dominated"].tolist() == [False, True, pd.NA, pd.NA]
    assert found.loc["naive", "runs"] == 0


def test_masses_of_a_changed_grid_and_energies_of_killed_runs_do_not_enter():
    runs, metrics = points(list("abc"), rmse=[1.0, 2.0, 3.0], kwh=[3.0, 2.0, 1.0], kg=[0.001, 2.0, 1.0])
    runs["flags"] = ["changed grid", None, "truncated"]
    found = fronts_frame(runs, metrics).set_index("model")
    assert found["carbon_reason"].tolist() == ["flagged changed grid", None, "flagged truncated"]
    assert found["energy_reason"].tolist() == [None, None, "flagged truncated"]
    assert found.loc["a", "flags"] == "changed grid"


def test_retro_estimates_are_never_on_a_front_nor_do_they_dominate():
    runs, metrics = points(list("ab"), rmse=[1.0, 2.0], kwh=[1.0, 2.0], kg=[1.0, 2.0])
    runs["origin"] = ["retro-estimate", "ledger"]
    runs["energy_low_kwh"], runs["energy_high_kwh"] = [0.5, np.nan], [2.5, np.nan]
    found = fronts_frame(runs, metrics).set_index("model")
    assert found["energy_dominated"].tolist() == [pd.NA, False]
    assert found.loc["a", "energy_reason"] == "retro-estimated"
    assert found.loc["a", ["energy_kwh_low", "energy_kwh_high"]].tolist() == [0.5, 2.5]
    assert found.loc["a", "energy_status"] == "retro-estimated"


def test_a_model_with_records_and_estimates_has_a_row_for_each():
    runs, metrics = points(list("aa"), rmse=[1.0, 1.0], kwh=[1.0, 9.0])
    runs["origin"] = ["ledger", "retro-estimate"]
    found = fronts_frame(runs, metrics.iloc[:1])
    assert found["basis"].tolist() == ["recorded", "retro-estimate"]
    assert found["energy_kwh_mean"].tolist() == [1.0, 9.0]


def test_two_runs_of_one_metrics_row_are_two_energies_and_one_error():
    runs, metrics = points(["a", "a"], rmse=[1.0, 1.0], kwh=[1.0, 3.0])
    row = fronts_frame(runs, metrics.iloc[:1]).iloc[0]
    assert (row["runs"], row["rmse_n"], row["energy_kwh_n"], row["energy_kwh_mean"]) == (
        2,
        1,
        2,
        pytest.approx(3**0.5),
    )


def test_overall_is_the_mean_over_slices_and_needs_them_all():
    runs = make_runs(("a", "b"), countries=("DE", "ES"), seasons=("summer",), repeats=3)
    metrics = make_metrics(runs)
    gone = runs["model"].eq("b") & runs["data_country"].eq("ES")
    found = fronts_frame(runs[~gone], metrics[~gone])
    assert found["scope"].unique().tolist() == ["DE summer", "ES summer", "overall"]
    whole = found[found["scope"] == "overall"].set_index("model")
    parts = found[(found["scope"] != "overall") & (found["model"] == "a")]
    assert whole.loc["a", "rmse_mean"] == pytest.approx(parts["rmse_mean"].mean())
    half = np.sqrt(((parts["rmse_high"] - parts["rmse_mean"]) ** 2).sum()) / 2
    assert whole.loc["a", "rmse_high"] == pytest.approx(whole.loc["a", "rmse_mean"] + half)
    assert whole.loc["b", "energy_reason"] == "only 1 of 2 slices"
    assert np.isnan(whole.loc["b", "rmse_mean"])
    assert whole.loc["b", "runs"] == 3


def test_intervals_are_those_of_the_runs():
    runs = make_runs(("a",), countries=("ES",), seasons=("all",), repeats=5)
    row = fronts_frame(runs, make_metrics(runs)).iloc[0]
    expected = geometric_interval(runs["energy_kwh"])
    assert (row["energy_kwh_low"], row["energy_kwh_high"]) == pytest.approx((expected.low, expected.high))


def test_only_errors_have_a_front():
    runs = make_runs(("a",), countries=("ES",))
    with pytest.raises(Fault, match="r2 is not an error metric"):
        fronts_frame(runs, make_metrics(runs), "r2")


ends = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted)


@settings(max_examples=200)
@given(st.lists(st.tuples(ends, ends), min_size=1, max_size=12))
def test_surely_dominated_agrees_with_comparing_every_pair(boxes):
    error, cost = (np.array([box[place] for box in boxes], dtype=float) for place in (0, 1))

    def beats(one, other):
        (error_one, cost_one), (error_other, cost_other) = one, other
        pairs = [(error_one[1], error_other[0]), (cost_one[1], cost_other[0])]
        return all(high <= low for high, low in pairs) and any(high < low for high, low in pairs)

    brute = [any(beats(other, own) for other in boxes) for own in boxes]
    assert surely_dominated(error, cost).tolist() == brute


@given(st.lists(st.tuples(ends, ends), min_size=1, max_size=12), st.data())
def test_without_an_interval_nothing_is_sure(boxes, data):
    error, cost = (np.array([box[place] for box in boxes], dtype=float) for place in (0, 1))
    unknown = data.draw(st.integers(0, len(boxes) - 1))
    error[unknown] = np.nan
    found = surely_dominated(error, cost)
    assert not found[unknown]
    rest = np.delete(np.arange(len(boxes)), unknown)
    assert found[rest].tolist() == surely_dominated(error[rest], cost[rest]).tolist()
