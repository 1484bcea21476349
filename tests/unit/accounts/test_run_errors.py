import numpy as np
import pandas as pd
import pytest

from made_runs import make_metrics, make_runs
from wattshed.accounts.comparison.comparable import model_runs
from wattshed.accounts.comparison.run_errors import join_metrics
from wattshed.foundation.faults import Fault


def test_runs_join_by_run_id_where_both_know_it():
    runs = make_runs(("gru", "ridge"), repeats=2)
    metrics = make_metrics(runs).sample(frac=1, random_state=0)
    joined = join_metrics(model_runs(runs), metrics.drop(columns="model"), ["mae"])
    expected = metrics.set_index("run_id")["mae"].loc[runs["run_id"]]
    np.testing.assert_allclose(joined["mae"], expected)
    assert joined["has_run"].all()


def test_without_run_ids_model_seed_and_slice_decide():
    runs = make_runs(("gru", "ridge"), repeats=2)
    metrics = make_metrics(runs).drop(columns="run_id").astype({"seed": "float64", "season": "object"})
    joined = join_metrics(model_runs(runs), metrics, ["mae"])
    np.testing.assert_allclose(joined["mae"], metrics["mae"])


def test_a_run_without_seed_takes_its_models_only_row_and_never_one_of_several():
    runs = pd.DataFrame({"model": ["ridge", "gru"], "seed": [pd.NA, pd.NA], "energy_kwh": 1.0})
    runs = runs.assign(energy_status="measured").astype({"seed": "Int64"})
    metrics = pd.DataFrame({"model": ["ridge", "gru", "gru"], "seed": [0, 1, 2], "mae": [1.0, 2.0, 3.0]})
    joined = join_metrics(model_runs(runs), metrics, ["mae"])
    of_runs = joined[joined["has_run"]].set_index("model")["mae"]
    assert of_runs["ridge"] == 1
    assert np.isnan(of_runs["gru"])


def test_metrics_without_a_run_stay_with_an_unknown_energy():
    runs = make_runs(("gru",), countries=("ES",), seasons=("all",), repeats=1)
    metrics = pd.concat([make_metrics(runs), make_metrics(runs).assign(run_id="x", model="naive")])
    joined = join_metrics(model_runs(runs), metrics, ["mae"])
    alone = joined[~joined["has_run"]].iloc[0]
    assert (alone["model"], alone["energy_status"], alone["data_country"]) == ("naive", "missing", "ES")
    assert np.isnan(alone["energy_kwh"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.drop(columns="mae"), "lack the column mae"),
        (lambda m: m.drop(columns=["model", "run_id"]), "neither model nor run_id"),
        (lambda m: m.assign(mae=-1.0), r"mae = -1\.0 in row 1"),
        (lambda m: m.assign(mae=[1.0, np.inf, 1.0]), "mae = inf in row 2"),
        (lambda m: m.assign(run_id="run-0000"), "more than one row for run_id run-0000"),
        (lambda m: pd.concat([m, m]).drop(columns="run_id"), "more than one row for model gru, seed 1"),
        (lambda m: m.assign(run_id=["run-0000", "run-0001", None]).drop(columns="model"), "name no model"),
    ],
)
def test_metrics_that_cannot_be_joined_are_faults(change, message):
    runs = make_runs(("gru",), countries=("ES",), seasons=("all",))
    with pytest.raises(Fault, match=message):
        join_metrics(model_runs(runs), change(make_metrics(runs)), ["mae"])


def test_run_ids_that_no_run_knows_give_way_to_the_models_name():
    runs = make_runs(("gru", "ridge"), repeats=2)
    metrics = make_metrics(runs)
    joined = join_metrics(
        model_runs(runs), metrics.assign(run_id=[f"own-{n}" for n in range(len(runs))]), ["mae"]
    )
    np.testing.assert_allclose(joined["mae"], metrics["mae"])
    assert joined["has_run"].all()


def test_frames_put_together_with_repeated_index_join_all_the_same():
    runs = make_runs(("gru", "ridge"), repeats=1)
    doubled = pd.concat([runs[:8], runs[8:].set_axis(runs.index[:8])])
    joined = join_metrics(model_runs(doubled), make_metrics(runs), ["mae"])
    np.testing.assert_allclose(joined["mae"], make_metrics(runs)["mae"])
