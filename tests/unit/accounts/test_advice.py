import pandas as pd
import pytest

from made_ladder import make_scores
from wattshed.accounts.comparison.advice import advise
from wattshed.foundation.faults import Fault


def energies(**kwh):
    rows = [(model, value, "missing" if value is None else "estimated") for model, value in kwh.items()]
    frame = pd.DataFrame(rows, columns=["model", "training_kwh_mean", "energy_status"])
    return frame.astype({"training_kwh_mean": "float64"})


def test_the_cheapest_of_those_that_cannot_be_told_from_the_best():
    scores = make_scores(gru=[0.70, 0.71, 0.72], ridge=[0.715], naive=[0.95], stgnn=[0.71, 0.72, 0.73])
    found = advise(scores, energies(gru=5.0, ridge=0.1, naive=0.001, stgnn=9.0))
    assert (found.best.model, found.use.model) == ("gru", "ridge")
    # stgnn is 0.01 behind with every seed: seed by seed it is told apart, however their intervals meet.
    assert found.alike == ["ridge"]
    assert found.compared == 4
    assert (found.use.n, found.best.n) == (1, 3)
    assert found.use.rmse == pytest.approx(0.715)


def test_scattered_differences_are_not_told_apart():
    scores = make_scores(gru=[0.70, 0.71, 0.72], stgnn=[0.75, 0.70, 0.70])
    assert advise(scores, energies(gru=5.0, stgnn=1.0)).use.model == "stgnn"
    assert advise(scores, energies(gru=1.0, stgnn=5.0)).use.model == "gru"


def test_two_closed_forms_are_told_apart_by_their_values():
    found = advise(make_scores(ridge=[0.70], naive=[0.7001]), energies(ridge=5.0, naive=1.0))
    assert (found.use.model, found.alike) == ("ridge", [])
    tie = advise(make_scores(ridge=[0.70], other=[0.70]), energies(ridge=5.0, other=1.0))
    assert tie.use.model == "other"


def test_seeds_that_do_not_pair_are_compared_as_independent_draws():
    scores = make_scores(gru=[0.70, 0.71, 0.72], far=[0.90, 0.91, 0.92], near=[0.70, 0.72, 0.73])
    scores.loc[scores["model"] != "gru", "seed"] += 10
    assert advise(scores, energies(gru=5.0, far=1.0, near=2.0)).alike == ["near"]


def test_an_unknown_energy_is_never_the_least():
    scores = make_scores(gru=[0.70, 0.71, 0.72], ridge=[0.71])
    found = advise(scores, energies(gru=5.0, ridge=None))
    assert (found.use.model, found.unknown) == ("gru", ["ridge"])
    dark = advise(scores, energies(gru=None, ridge=None))
    assert (dark.use.model, dark.use.kwh, dark.unknown) == ("gru", None, ["gru", "ridge"])


def test_a_training_with_one_seed_is_told_and_a_closed_form_is_not():
    scores = make_scores(gru=[0.70], ridge=[0.71], stgnn=[0.7, 0.8, 0.9])
    scores.loc[scores["model"] == "gru", "seed"] = 1
    assert advise(scores, energies(gru=5.0, ridge=1.0, stgnn=1.0)).single == ["gru"]


def test_models_without_a_training_are_left_out_and_nothing_at_all_is_a_fault():
    assert advise(make_scores(gru=[0.7], other=[0.1]), energies(gru=1.0)).compared == 1
    with pytest.raises(Fault, match="nothing to advise"):
        advise(make_scores(gru=[0.7]), energies(ridge=1.0))
