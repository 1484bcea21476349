"""What each change of a ladder does to energy and errors, and the verdict on it."""

import numpy as np
import pandas as pd
import pytest

from made_days import make_days
from made_ladder import make_windows
from wattshed.accounts.ladder.checks import training_checks, whole_runs
from wattshed.accounts.ladder.techniques import Technique, energy_ratios, techniques_frame
from wattshed.foundation.vocabulary import Worth

BASE = [[(0.90, 1.0), (0.80, 1.0)], [(0.90, 2.0), (0.80, 2.0)], [(0.90, 4.0), (0.80, 4.0)]]
# Half of the base's energy in every seed, and at its error after the first look of two.
HALF = [[(0.90, kwh / 4), (0.79, kwh / 4)] for kwh in (2.0, 4.0, 8.0)]

# About half, in a way that differs from seed to seed: seeds that are all alike would be one run.
NEAR = [[(0.79, kwh * factor)] for kwh, factor in zip((2.0, 4.0, 8.0), (0.5, 0.6, 0.55), strict=True)]


def row_of(runs, keys=("batch",), days=None, **errors):
    models = {"base": BASE, "one": runs}
    if days is None:
        sizes = {"base": (0.5, 3), "one": (0.5, len(runs)), **errors}
        days = make_days(day_noise=0.001, seed_noise=0.0001, **sizes)
    frame = techniques_frame(
        training_checks(make_windows(models), list(models)),
        days,
        [Technique("base", "one", keys)],
        dict.fromkeys(models, "a change"),
    )
    (row,) = frame.to_dict("records")
    return row


def test_energy_is_paired_over_seeds():
    """Seeds differ by a factor of four, their ratios not at all."""
    row = row_of(HALF)
    for end in ("", "_low", "_high"):
        assert row[f"training_share{end}"] == pytest.approx(-0.5)
    assert row["base_kwh"] == pytest.approx(4.0)
    assert row["training_kwh"] == pytest.approx(2.0)
    assert (row["seeds"], row["keys"], row["key"], row["base"]) == (3, 1, "batch", "base")


def test_energy_to_the_bases_error_is_the_ladders_ratio_turned_round():
    row = row_of(HALF)
    assert row["to_error_share"] == pytest.approx(-0.5)
    assert row["to_error_share_low"] < -0.5 < row["to_error_share_high"]
    # There at its first look: its energy is a bound, and so is the change.
    quick = [[(0.79, kwh)] for kwh in (0.2, 0.4, 0.8)]
    assert row_of(quick)["to_error_is"] == "at most"
    assert row_of(quick)["to_error_share"] == pytest.approx(-0.9)
    slow = [[(0.95, kwh), (0.81, kwh)] for kwh in (0.2, 0.4, 0.8)]
    assert np.isnan(row_of(slow)["to_error_share"])
    assert row_of(slow)["training_share"] == pytest.approx(-0.8)


@pytest.mark.parametrize(
    ("runs", "error", "verdict"),
    [
        (NEAR, 0.501, Worth.WORTH_IT),
        (NEAR, 0.6, Worth.NOT_WORTH_IT),
        (BASE, 0.45, Worth.NOT_WORTH_IT),
        ([[(0.8, 1.0)], [(0.8, 5.0)], [(0.8, 4.0)]], 0.5, Worth.UNDECIDED),
    ],
)
def test_the_verdict_is_that_of_the_one_rule(runs, error, verdict):
    row = row_of(runs, one=(error, 3))
    assert row["verdict"] == verdict
    assert row["rmse_share"] == pytest.approx(error / 0.5 - 1, abs=0.003)
    assert row["rmse_share_low"] < row["rmse_share"] < row["rmse_share_high"]
    assert row["mae_share"] == pytest.approx(row["rmse_share"], abs=0.003)


def test_an_unknown_energy_is_not_left_out():
    dark = [HALF[0], [(0.79, None)], HALF[2]]
    row = row_of(dark)
    assert np.isnan(row["training_share"])
    assert row["verdict"] == Worth.UNDECIDED
    assert row["rmse_share"] == pytest.approx(0, abs=0.003)


def test_one_seed_decides_nothing():
    row = row_of(HALF[:1])
    assert row["seeds"] == 1
    assert row["training_share"] == pytest.approx(-0.5)
    assert np.isnan([row["training_share_low"], row["training_share_high"]]).all()
    assert row["verdict"] == Worth.UNDECIDED


def test_a_recorded_base_without_errors_by_day_has_energies_alone():
    days = make_days(one=(0.5, 3))
    row = row_of(HALF, days=days)
    assert np.isnan([row["rmse_share"], row["mae_share"]]).all()
    assert row["training_share"] == pytest.approx(-0.5)
    assert row["verdict"] == Worth.UNDECIDED


def test_a_ladder_without_changes_has_no_rows_and_all_columns():
    days = make_days(base=(0.5, 3))
    frame = techniques_frame(training_checks(make_windows({"base": BASE}), ["base"]), days, [], {})
    assert frame.empty
    assert {"base", "to_error_share", "verdict", "mae_share_high", "keys"} <= set(frame)


def test_the_verdicts_of_one_base_are_corrected_for_each_other():
    """Alone it is worth it; among many steps that change the same step it is not shown any more."""
    assert row_of(NEAR)["verdict"] == Worth.WORTH_IT
    models = {"base": BASE, **{f"step_{number}": NEAR for number in range(20)}}
    checks = training_checks(make_windows(models), list(models))
    days = make_days(day_noise=0.001, seed_noise=0.0001, **dict.fromkeys(models, (0.5, 3)))
    several = [Technique("base", name, ("key",)) for name in models if name != "base"]
    frame = techniques_frame(checks, days, several, dict.fromkeys(models, "-"))
    assert set(frame["verdict"]) == {Worth.UNDECIDED}
    apart = [one._replace(base="step_0") if one.model != "step_0" else one for one in several]
    assert techniques_frame(checks, days, apart, dict.fromkeys(models, "-"))["verdict"][0] == Worth.WORTH_IT


def test_a_fit_that_was_measured_several_times_counts_once_a_seed():
    runs = whole_runs(training_checks(make_windows({"base": BASE, "one": HALF}), ["base", "one"]))
    again = runs[(runs["model"] == "one") & (runs["seed"] == 2)].assign(trial=2)
    again["training_kwh"] *= 4
    ratios = energy_ratios(pd.concat([runs, again], ignore_index=True), "base", "one")
    assert ratios == pytest.approx([0.5, 1.0, 0.5])
