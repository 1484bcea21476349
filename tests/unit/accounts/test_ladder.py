import numpy as np
import pandas as pd
import pytest

from made_ladder import PAIRS, STEP_S, make_climb, make_scores, make_windows
from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.steps import BY_TEST, BY_VALIDATION, OWN_BEST, ladder_frame
from wattshed.foundation.faults import Fault

# The study's recipe is best, on the mean of its seeds, at 0.80: 0.81, 0.80 and 0.79.
STUDY = [
    [(0.90, 1.0), (0.81, 1.0), (0.85, 1.0)],
    [(0.80, 2.0), (0.82, 2.0), (0.80, 2.0)],
    [(0.90, 1.0), (0.85, 1.0), (0.79, 2.0)],
]
BEST_KWH = [2.0, 2.0, 4.0]


def ladder_of(runs, fits=(), tuned=None, **errors):
    models = [*runs, *dict(fits)]
    known = {**{name: [0.9, 0.9, 0.9] for name in runs}, **{name: [0.8] for name in dict(fits)}, **errors}
    checks = training_checks(make_windows(runs, fits), models)
    opponents = {"reference": "study"} | ({"tuned": tuned} if tuned else {})
    captions = dict.fromkeys(models, "a change")
    return ladder_frame(checks, make_scores(**known), captions, opponents).set_index("model")


def test_the_reference_pays_until_its_first_best_epoch_and_the_target_is_the_mean_of_its_bests():
    row = ladder_of({"study": STUDY}).loc["study"]
    assert row["best_rmse_mean"] == pytest.approx(0.80)
    assert row["reference_kwh_mean"] == pytest.approx(np.exp(np.log(BEST_KWH).mean()))
    assert row["reference_samples_mean"] == pytest.approx(PAIRS * np.mean([2, 1, 3]))
    assert row["training_kwh_mean"] == pytest.approx(72 ** (1 / 3))
    assert row["training_s_mean"] == pytest.approx(3 * STEP_S)
    assert (row["reference_judged_by"], row["reference_reached"], row["role"]) == (OWN_BEST, 3, "reference")
    assert row["reference_ratio"] == pytest.approx(1)
    assert np.isnan(row["reference_ratio_low"])


def test_a_step_pays_until_it_first_is_at_or_below_the_target():
    quick = [[(0.95, 0.01), (0.80, 0.01), (0.70, 0.01)]] * 3
    row = ladder_of({"study": STUDY, "quick": quick}).loc["quick"]
    # 0.80 is the target itself: a tie counts as reached.
    assert row["reference_judged_by"] == BY_VALIDATION
    assert (row["reference_reached"], row["reference_at_first"]) == (3, 0)
    assert row["reference_kwh_mean"] == pytest.approx(0.02)
    assert row["reference_s_mean"] == pytest.approx(2 * STEP_S)
    assert row["reference_samples_mean"] == 2 * PAIRS
    assert row["reference_ratio"] == pytest.approx(np.exp(np.log(BEST_KWH).mean()) / 0.02)
    assert row["reference_ratio_low"] < row["reference_ratio"] < row["reference_ratio_high"]


def test_a_step_that_never_comes_there_has_no_energy_and_no_ratio():
    row = ladder_of({"study": STUDY, "lame": [[(0.95, 0.01), (0.81, 0.01)]] * 3}).loc["lame"]
    assert (row["reference_reached"], row["reference_kwh_n"]) == (0, 0)
    assert row[["reference_kwh_mean", "reference_s_mean", "reference_ratio"]].isna().all()
    assert row["training_kwh_mean"] == pytest.approx(0.02)


def test_one_lucky_seed_is_counted_and_gives_no_ratio():
    runs = [[(0.79, 0.5)], [(0.85, 0.5)], [(0.85, 0.5)]]
    row = ladder_of({"study": STUDY, "lucky": runs}).loc["lucky"]
    assert (row["reference_reached"], row["seeds"], row["reference_at_first"]) == (1, 3, 1)
    assert row["reference_kwh_mean"] == pytest.approx(0.5)
    assert np.isnan(row["reference_kwh_low"])
    assert np.isnan(row["reference_ratio"])


def test_an_unknown_energy_stays_unknown_and_is_never_left_out_of_a_sum():
    runs = [[(0.9, None), (0.7, 0.5)], [(0.7, 0.5), (0.6, None)], [(0.7, 0.5), (0.6, 0.5)]]
    row = ladder_of({"study": STUDY, "dark": runs}).loc["dark"]
    assert (row["reference_reached"], row["reference_kwh_n"], row["training_kwh_n"]) == (3, 2, 1)
    assert row["reference_kwh_mean"] == pytest.approx(0.5)
    assert row["reference_s_n"] == 3
    assert np.isnan(row["reference_ratio"])
    assert row["energy_status"] == "estimated"
    dark = ladder_of({"study": STUDY, "dark": [[(0.7, None)]] * 3}).loc["dark"]
    assert (dark["energy_status"], dark["training_kwh_n"]) == ("missing", 0)


def test_a_closed_form_is_held_by_its_test_error_with_all_its_energy():
    frame = ladder_of(
        {"study": STUDY}, {"ridge": (0.004, 50), "naive": (0.001, 9)}, ridge=[0.9], naive=[0.91]
    )
    ridge, naive = frame.loc["ridge"], frame.loc["naive"]
    assert (ridge["reference_judged_by"], ridge["reference_reached"]) == (BY_TEST, 1)
    assert ridge["reference_kwh_mean"] == pytest.approx(0.004)
    assert ridge["training_s_mean"] == pytest.approx(STEP_S)
    assert ridge["reference_ratio"] == pytest.approx(np.exp(np.log(BEST_KWH).mean()) / 0.004)
    assert np.isnan(ridge["reference_ratio_low"])
    assert (ridge["samples_n"], naive["reference_reached"]) == (0, 0)


def test_a_closed_form_that_was_validated_is_held_by_its_validation_error():
    windows = make_windows({"study": STUDY}, {"ridge": (0.004, 50)})
    windows.loc[windows["model"] == "ridge", "value_validation_rmse"] = 0.81
    checks = training_checks(windows, ["study", "ridge"])
    scores = make_scores(study=[0.9, 0.9, 0.9], ridge=[0.1])
    frame = ladder_frame(checks, scores, {"study": "-", "ridge": "-"}, {"reference": "study"})
    assert frame["reference_judged_by"].tolist() == [OWN_BEST, BY_VALIDATION]
    assert frame["reference_reached"].tolist() == [3, 0]


def test_the_tuned_opponent_has_its_own_target_or_none():
    runs = {"study": STUDY, "tuned": [[(0.7, 0.5), (0.6, 0.5)]] * 3, "quick": [[(0.6, 0.01)]] * 3}
    frame = ladder_of(runs, tuned="tuned")
    assert frame["tuned_judged_by"].tolist() == [BY_VALIDATION, OWN_BEST, BY_VALIDATION]
    assert frame["tuned_reached"].tolist() == [0, 3, 3]
    assert frame.loc["quick", "tuned_ratio"] == pytest.approx(100)
    without = ladder_of(runs)
    assert (
        without[["tuned_reached", "tuned_judged_by", "tuned_kwh_mean", "tuned_ratio"]].isna().all(axis=None)
    )
    assert without.dtypes.equals(frame.dtypes)


def test_a_closed_form_before_the_epochs_is_paid_for_and_draws_no_samples():
    windows = make_windows({"both": [[(0.7, 0.5), (0.6, 0.5)]]}, {"both": (0.25, 4)})
    windows["seed"] = windows["seed"].fillna(1)
    checks = training_checks(windows, ["both"])
    assert checks["cumulative_kwh"].tolist() == [0.25, 0.75, 1.25]
    assert checks["cumulative_samples"].tolist() == [0, PAIRS, 2 * PAIRS]


def test_epochs_that_a_resumed_training_ran_twice_cost_twice():
    windows = make_windows({"gru": [[(0.7, 0.5), (0.6, 0.5)]]})
    again = windows.iloc[[1]].assign(attempt=2, start_s=0.0)
    checks = training_checks(pd.concat([again, windows], ignore_index=True), ["gru"])
    assert checks["cumulative_kwh"].tolist() == [0.5, 1.0, 1.5]
    assert checks["check"].tolist() == [1, 2, 3]


def test_what_is_not_there_is_a_fault():
    windows = make_windows({"study": STUDY}, {"ridge": (0.004, 50)})
    with pytest.raises(Fault, match="no training of the ladder's step 'gru'"):
        training_checks(windows, ["study", "gru"])
    checks = training_checks(windows, ["study", "ridge"])
    captions = {"study": "-", "ridge": "-"}
    with pytest.raises(Fault, match="no test error of the ladder's step 'ridge'"):
        ladder_frame(checks, make_scores(study=[0.9]), captions, {"reference": "study"})
    with pytest.raises(Fault, match="reference 'ridge' has no validation error"):
        ladder_frame(checks, make_scores(study=[0.9], ridge=[0.8]), captions, {"reference": "ridge"})


def test_steps_stay_in_climbing_order():
    windows, scores, captions = make_climb()
    checks = training_checks(windows, list(captions))
    frame = ladder_frame(checks, scores, captions, {"reference": "study", "tuned": "tuned"})
    assert frame["model"].tolist() == list(captions)
    assert frame["step"].tolist() == list(range(1, len(captions) + 1))
    assert (frame.loc[frame["role"] == "", "reference_ratio"].dropna() > 1).all()
