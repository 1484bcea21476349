import numpy as np
import pandas as pd
import pytest

from made_ladder import PAIRS, STEP_S, make_climb, make_scores, make_windows
from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.steps import ladder_frame
from wattshed.foundation.faults import Fault

STUDY = [
    [(0.90, 1.0), (0.81, 1.0), (0.85, 1.0)],
    [(0.80, 2.0), (0.82, 2.0), (0.80, 2.0)],
    [(0.90, 1.0), (0.85, 1.0), (0.79, 2.0)],
]


def ladder_of(runs, fits=(), tuned=None, **errors):
    models = [*runs, *dict(fits)]
    known = {**{name: [0.9, 0.9, 0.9] for name in runs}, **{name: [0.8] for name in dict(fits)}, **errors}
    checks = training_checks(make_windows(runs, fits), models)
    opponents = {"reference": "study"} | ({"tuned": tuned} if tuned else {})
    captions = dict.fromkeys(models, "a change")
    return ladder_frame(checks, make_scores(**known), captions, opponents).set_index("model")


def test_energies_and_times_have_geometric_means_and_target_errors_arithmetic_ones():
    row = ladder_of({"study": STUDY}).loc["study"]
    assert row["best_rmse_mean"] == pytest.approx(0.80)
    assert row["training_kwh_mean"] == pytest.approx(np.exp(np.log([3.0, 6.0, 4.0]).mean()))
    assert 0 < row["training_kwh_low"] < row["training_kwh_mean"] < row["training_kwh_high"]
    assert row["training_s_mean"] == pytest.approx(3 * STEP_S)
    assert row["checks_mean"] == 3
    assert (row["role"], bool(row["named"])) == ("reference", True)


def test_an_unknown_energy_stays_unknown_and_is_never_left_out_of_a_sum():
    runs = [[(0.9, None), (0.7, 0.5)], [(0.7, 0.5), (0.6, None)], [(0.7, 0.5), (0.6, 0.5)]]
    row = ladder_of({"study": STUDY, "dark": runs}).loc["dark"]
    assert row["training_kwh_n"] == 1
    assert row["energy_status"] == "estimated"
    dark = ladder_of({"study": STUDY, "dark": [[(0.7, None)]] * 3}).loc["dark"]
    assert (dark["energy_status"], dark["training_kwh_n"]) == ("missing", 0)


def test_looks_count_in_the_whole_training_and_not_in_the_energy_to_an_error():
    windows = make_windows({"study": STUDY})
    windows["value_looking_s"] = np.where(windows["seed"] == 1, STEP_S / 4, np.nan)
    checks = training_checks(windows, ["study"])
    row = ladder_frame(checks, make_scores(study=[0.9] * 3), {"study": "-"}, {"reference": "study"}).iloc[0]
    assert row["looking_share_mean"] == pytest.approx(1 / 4)
    assert row["looking_share_n"] == 1
    # The whole training holds them, an energy to an error does not.
    assert row["training_kwh_mean"] == pytest.approx(np.exp(np.log([3.0, 6.0, 4.0]).mean()))
    ends = checks.groupby("seed").last()["cumulative_kwh"]
    assert ends.tolist() == pytest.approx([3.0 * 3 / 4, 6.0, 4.0])


def test_tuning_is_counted_beside_the_training_of_its_step_only():
    checks = training_checks(make_windows({"study": STUDY, "quick": STUDY}), ["study", "quick"])
    scores = make_scores(study=[0.9] * 3, quick=[0.9] * 3)
    captions = dict.fromkeys(("study", "quick"), "-")
    frame = ladder_frame(checks, scores, captions, {"reference": "study"}, tuning_kwh={"quick": 0.25})
    assert np.isnan(frame["tuning_kwh"].iloc[0])
    assert frame["tuning_kwh"].iloc[1] == 0.25
    assert frame["training_kwh_mean"].nunique() == 1


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


def test_repeated_fits_beside_other_programs_are_one_seed_that_was_not_alone():
    windows = make_windows({"study": STUDY}, {"ridge": (0.25, 4)})
    fit = windows[windows["model"] == "ridge"].assign(own_cpu_s=1.0, others_cpu_s=9.0)
    trials = [fit.assign(trial=trial) for trial in range(1, 4)]
    study = windows[windows["model"] == "study"].assign(own_cpu_s=1.0, others_cpu_s=0.0)
    checks = training_checks(pd.concat([study, *trials], ignore_index=True), ["study", "ridge"])
    captions = {"study": "-", "ridge": "-"}
    scores = make_scores(study=[0.9] * 3, ridge=[0.8])
    frame = ladder_frame(checks, scores, captions, {"reference": "study"}).set_index("model")
    assert frame["not_alone"].to_dict() == {"study": 0, "ridge": 1}
    assert frame["seeds"].to_dict() == {"study": 3, "ridge": 1}
    assert frame.loc["ridge", "training_kwh_n"] == 3
