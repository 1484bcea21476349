import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_ladder import PAIRS, make_windows
from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.energy_to_error import (
    AT_LEAST,
    AT_MOST,
    BEST_NAIVE,
    EXACT,
    NEAR_BEST,
    curves_frame,
    targets_frame,
    targets_of,
)
from wattshed.accounts.ladder.parts import CHANGE, PART, Pair, parts_frame

# The study's recipe is best, on the mean of its seeds, at 0.80: 0.81, 0.80 and 0.79.
STUDY = [
    [(0.90, 1.0), (0.81, 1.0), (0.85, 1.0)],
    [(0.82, 2.0), (0.80, 2.0), (0.80, 2.0)],
    [(0.90, 1.0), (0.85, 1.0), (0.79, 2.0)],
]
BEST_KWH = [2.0, 4.0, 4.0]
QUICK = [[(0.95, 0.01), (0.80, 0.01), (0.70, 0.01)]] * 3


def validated(runs, fits=()):
    """fits: {model: (kWh, validation RMSE)}."""
    windows = make_windows(runs, {name: (kwh, 4) for name, (kwh, _) in dict(fits).items()})
    for name, (_, rmse) in dict(fits).items():
        windows.loc[windows["model"] == name, "value_validation_rmse"] = rmse
    return training_checks(windows, [*runs, *dict(fits)])


def targets_at(runs, fits=(), steps=("study",), naive=(), against="study"):
    checks = validated(runs, fits)
    captions = dict.fromkeys([*runs, *dict(fits)], "-")
    frame = targets_frame(checks, targets_of(checks, steps, naive), captions, against)
    return frame.set_index(["target", "model"])


def geometric(values):
    return np.exp(np.log(values).mean())


def test_the_named_errors_are_the_best_naive_the_steps_own_bests_and_one_percent_above_the_best():
    checks = validated({"study": STUDY, "quick": QUICK}, {"last_week": (1e-9, 0.79), "mean": (1e-9, 0.85)})
    found = targets_of(checks, ["study", "quick", "unknown"], ["last_week", "mean", "other"])
    assert [(target.name, round(target.rmse, 4), target.useful) for target in found] == [
        ("study", 0.8, False),
        (BEST_NAIVE, 0.79, True),
        (NEAR_BEST, 0.707, True),
        ("quick", 0.7, True),
    ]


def test_a_steps_own_best_counts_until_each_seeds_best_and_others_until_they_are_there():
    frame = targets_at({"study": STUDY, "quick": QUICK})
    own, quick = frame.loc[("study", "study")], frame.loc[("study", "quick")]
    assert own["kwh_mean"] == pytest.approx(geometric(BEST_KWH))
    assert own["ratio"] == 1
    assert np.isnan(own["ratio_low"])
    # 0.80 is the target itself: a tie counts as reached.
    assert (quick["reached"], quick["bound"]) == (3, 0)
    assert quick["kwh_mean"] == pytest.approx(0.02)
    assert quick["samples_mean"] == 2 * PAIRS
    assert quick["ratio"] == pytest.approx(geometric(BEST_KWH) / 0.02)
    assert (quick["ratio_low"] < quick["ratio"] < quick["ratio_high"], quick["ratio_is"]) == (True, EXACT)


def test_who_is_there_at_the_first_look_has_a_bound_and_a_closed_form_has_not():
    frame = targets_at({"study": STUDY, "first": [[(0.7, 0.5), (0.6, 0.5)]] * 3}, {"ridge": (0.004, 0.75)})
    first, ridge = frame.loc[("study", "first")], frame.loc[("study", "ridge")]
    assert (first["bound"], first["ratio_is"]) == (3, AT_LEAST)
    assert (ridge["bound"], ridge["ratio_is"]) == (0, EXACT)
    slow_first = targets_at(
        {"study": [[(0.7, 9.0)]] * 3, "late": [[(0.9, 1.0), (0.7, 1.0)]] * 3}, steps=("late",)
    )
    assert slow_first.loc[("late", "late"), "ratio_is"] == AT_MOST
    both = targets_at({"study": [[(0.7, 9.0)]] * 3, "first": [[(0.6, 0.1)]] * 3}, steps=("study",))
    assert np.isnan(both.loc[("study", "first"), "ratio"])


def test_no_ratio_for_one_lucky_seed_an_unknown_energy_or_a_fit_that_does_nothing():
    runs = {
        "study": STUDY,
        "lame": [[(0.95, 0.01), (0.81, 0.01)]] * 3,
        "lucky": [[(0.9, 0.1), (0.79, 0.5)], [(0.85, 0.5)], [(0.85, 0.5)]],
        "dark": [[(0.9, None), (0.7, 0.5)]] * 3,
    }
    windows = make_windows(runs, {"seasonal": (1e-12, 4)})
    nothing = windows["model"] == "seasonal"
    windows.loc[nothing, "value_validation_rmse"] = 0.75
    windows.loc[nothing, "duration_s"] = 4e-6
    captions = dict.fromkeys([*runs, "seasonal"], "-")
    checks = training_checks(windows, list(captions))
    targets = targets_of(checks, ["study"], [])
    assert "seasonal" not in set(curves_frame(checks, captions, targets)["model"])
    frame = targets_frame(checks, targets, captions, "study")
    frame = frame[frame["target"] == "study"].set_index("model")
    assert frame["reached"].to_dict() == {"study": 3, "lame": 0, "lucky": 1, "dark": 3, "seasonal": 1}
    assert frame.loc[["lame", "lucky", "dark", "seasonal"], "ratio"].isna().all()
    assert set(frame.loc[["lame", "lucky", "dark", "seasonal"], "ratio_is"]) == {EXACT}
    assert np.isnan(frame.loc["lame", "kwh_mean"])


def test_repeated_fits_are_runs_of_one_seed_and_give_a_ratio_an_interval():
    windows = make_windows({"study": STUDY}, {"ridge": (0.004, 4)})
    fit = windows[windows["model"] == "ridge"].assign(value_validation_rmse=0.75)
    trials = [
        fit.assign(trial=trial, energy_kwh=fit["energy_kwh"] * (1 + 0.1 * trial)) for trial in range(1, 6)
    ]
    captions = dict.fromkeys(("study", "ridge"), "-")
    windows = pd.concat([windows[windows["model"] == "study"], *trials], ignore_index=True)
    checks = training_checks(windows, list(captions))
    targets = targets_of(checks, ["study"], [])
    row = (
        targets_frame(checks, targets, captions, "study")
        .set_index(["target", "model"])
        .loc[("study", "ridge")]
    )
    assert (row["seeds"], row["reached"], row["bound"], row["kwh_n"]) == (1, 1, 0, 5)
    ridge_kwh = geometric([0.004 * (1 + 0.1 * trial) for trial in range(1, 6)])
    assert row["ratio"] == pytest.approx(geometric(BEST_KWH) / ridge_kwh)
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
    curve = curves_frame(checks, captions, targets)
    assert set(curve.loc[curve["model"] == "ridge", "kwh_n"]) == {5}
    part = parts_frame(checks, [Pair(PART, "closed form", "study", "ridge")], {}).iloc[0]
    assert part["training_ratio"] == pytest.approx(geometric([3.0, 6.0, 4.0]) / ridge_kwh)


def test_a_curve_goes_from_the_best_naive_to_the_best_and_ends_where_not_every_seed_comes():
    runs = {"study": STUDY, "quick": QUICK, "lucky": [[(0.71, 1.0)], [(0.99, 1.0)], [(0.99, 1.0)]]}
    checks = validated(runs, {"mean": (1e-9, 0.88)})
    captions = dict.fromkeys([*runs, "mean"], "-")
    frame = curves_frame(checks, captions, targets_of(checks, ["study"], ["mean"]))
    assert set(frame["model"]) == {"study", "quick", "mean"}
    assert frame["validation_rmse"].max() == pytest.approx(0.88)
    assert frame["validation_rmse"].min() == pytest.approx(0.70)
    study = frame[frame["model"] == "study"]
    assert study["validation_rmse"].min() >= 0.81
    assert (frame["kwh_low"].dropna() > 0).all()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(0.5, 1.0), st.floats(1e-6, 1.0)), min_size=1, max_size=6),
        min_size=1,
        max_size=4,
    )
)
def test_less_error_never_takes_less_energy(seeds):
    checks = validated({"study": seeds}, {"mean": (1e-9, 1.0)})
    frame = curves_frame(checks, {"study": "-"}, targets_of(checks, ["study"], ["mean"]))
    for run in (frame[frame["model"] == "study"],):
        assert (np.diff(run["validation_rmse"]) <= 1e-12).all()
        assert (np.diff(run["kwh_mean"]) >= -1e-12).all()


def test_parts_compare_whole_trainings_and_energies_to_the_slow_steps_best():
    checks = validated({"study": STUDY, "quick": QUICK})
    pairs = [Pair(PART, "kernel", "study", "quick"), Pair(CHANGE, "batch", "quick", "study")]
    frame = parts_frame(checks, pairs, {"study": 0.9, "quick": 0.8})
    row = frame.iloc[0]
    assert row["training_ratio"] == pytest.approx(geometric([3.0, 6.0, 4.0]) / 0.03)
    assert row["error_rmse"] == pytest.approx(0.80)
    assert row["error_ratio"] == pytest.approx(geometric(BEST_KWH) / 0.02)
    assert (row["slow_rmse"], row["quick_rmse"]) == (0.9, 0.8)
    # The study never comes to the quick one's best.
    assert np.isnan(frame.iloc[1]["error_ratio"])
    assert frame.iloc[1]["training_ratio"] == pytest.approx(1 / row["training_ratio"])
