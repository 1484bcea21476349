import numpy as np
import pandas as pd
import pytest

from made_days import make_days, make_energies
from wattshed.accounts.comparison.decisions import decide
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Comparison

MODELS = {"gru": (0.700, 3), "ridge": (0.701, 1), "naive": (0.95, 1), "stgnn": (0.76, 3)}


def test_the_cheapest_of_those_that_validation_cannot_tell_from_the_best():
    found = decide(make_days(seed=3, **MODELS), make_energies(gru=5.0, ridge=0.1, naive="no fit", stgnn=9.0))
    assert {found.best, *found.alike} == {"gru", "ridge"}
    assert found.use == "ridge"
    outcomes = found.frame.set_index("model")["outcome"]
    assert outcomes["naive"] == outcomes["stgnn"] == Comparison.WORSE
    other = next(iter(found.alike))
    assert outcomes[other] == Comparison.NOT_TOLD_APART
    assert pd.isna(outcomes[found.best])
    assert (found.days, found.blocks) == (36, 9)


def test_the_choice_is_made_on_validation_and_the_test_part_reports():
    days = make_days(gru=(0.70, 3), ridge=(0.76, 1))
    worse = (days["model"] == "gru") & (days["part"] == "test")
    days.loc[worse, "squared"] *= 1.5
    found = decide(days, make_energies(gru=5.0, ridge=1.0))
    assert (found.best, found.use) == ("gru", "gru")
    assert found.row("ridge")["validation_outcome"] == Comparison.WORSE
    assert found.row("ridge")["outcome"] == Comparison.BETTER
    assert found.row("ridge")["change_high"] < 0


def test_a_model_that_needs_no_fit_costs_nothing():
    alike = {"gru": (0.70, 3), "naive": (0.70, 1)}
    found = decide(make_days(**alike), make_energies(gru=5.0, naive="no fit"))
    assert found.use == "naive"
    assert found.row("naive")["training_kwh"] == 0


def test_unknown_energies_are_never_chosen_for_their_cost():
    days = make_days(gru=(0.70, 3), ridge=(0.70, 1))
    assert decide(days, make_energies(gru=5.0, ridge=None)).use == "gru"
    dark = decide(days, make_energies())
    assert dark.use == dark.best
    assert set(dark.unknown) == {"gru", "ridge"}


def test_both_intervals_hold_the_error_and_the_wider_decides():
    quiet = decide(make_days(**MODELS), make_energies()).row("gru")
    assert quiet["wider"] == "days"
    assert quiet["low"] == quiet["day_low"] < quiet["seed_low"] < quiet["error"] < quiet["seed_high"]
    loud = decide(make_days(seed_noise=0.3, **MODELS), make_energies()).row("gru")
    assert (loud["wider"], loud["high"]) == ("seeds", loud["seed_high"])
    assert loud["low"] > 0
    assert np.isnan(decide(make_days(**MODELS), make_energies()).row("ridge")["seed_low"])


def test_the_error_is_the_root_of_all_squares_over_all_cells():
    days = make_days(ridge=(0.7, 1), gru=(0.8, 2))
    found = decide(days, make_energies())
    own = days[(days["model"] == "ridge") & (days["part"] == "test")]
    assert found.row("ridge")["error"] == pytest.approx(np.sqrt(own["squared"].sum() / own["cells"].sum()))
    by_mae = decide(days, make_energies(), error="mae").row("ridge")
    assert by_mae["error"] == pytest.approx(own["absolute"].sum() / own["cells"].sum())


def test_one_seed_of_a_random_model_is_named():
    days = make_days(gru=(0.7, 3), ridge=(0.8, 1))
    one = days[(days["model"] != "gru") | (days["seed"] == 2)]
    assert decide(one, make_energies()).single == ("gru",)


def test_models_with_other_seeds_are_compared_without_pairing():
    days = make_days(gru=(0.7, 3), stgnn=(0.8, 3))
    days.loc[days["model"] == "stgnn", "seed"] += 10
    assert decide(days, make_energies()).row("stgnn")["outcome"] == Comparison.WORSE


def test_one_block_of_days_tells_nothing_apart():
    found = decide(make_days(days=3, gru=(0.7, 3), naive=(1.4, 1)), make_energies())
    assert found.row("naive")["outcome"] == Comparison.NOT_TOLD_APART
    assert np.isnan(found.row("naive")["change_low"])


def test_missing_parts_are_refused():
    days = make_days(gru=(0.7, 3))
    with pytest.raises(Fault, match="errors of the validation part have no day in common"):
        decide(days[days["part"] == "test"], make_energies())
    with pytest.raises(Fault, match="expected one of rmse, mae"):
        decide(days, make_energies(), error="r2")


def test_a_control_is_compared_and_never_chosen():
    days, energies = (
        make_days(real=(0.71, 3), shuffled=(0.70, 3), naive=(0.95, 1)),
        make_energies(shuffled=1.0),
    )
    assert decide(days, energies).best == "shuffled"
    found = decide(days, energies, controls=["shuffled"])
    assert (found.best, found.use, found.alike) == ("real", "real", ())
    assert "shuffled" in set(found.frame["model"])


def test_a_much_cheaper_model_is_no_substitute_where_its_error_is_more_than_the_margin_higher():
    noisy = make_days(gru=(0.70, 3), near=(0.72, 3), far=(0.76, 3), seed_noise=0.3)
    found = decide(noisy, make_energies(gru=9.0, near=5.0, far=0.1))
    errors = found.frame.set_index("model")["validation_error"]
    limit = 1.05 * errors[found.best]
    assert all(errors[model] <= limit for model in found.alike)
    left_out = set(errors.index) - {found.best, *found.alike}
    assert any(found.row(model)["validation_outcome"] != Comparison.WORSE for model in left_out)


def test_a_perfect_model_has_the_error_zero_and_no_bounds():
    days = make_days(gru=(0.7, 3), perfect=(0.6, 1), naive=(0.95, 1))
    days.loc[days["model"] == "perfect", ["squared", "absolute"]] = 0.0
    found = decide(days, make_energies(gru=1.0))
    rows = found.frame.set_index("model")
    assert found.best == "perfect"
    assert rows.loc["perfect", "error"] == 0
    assert rows.loc[["perfect"], ["low", "high"]].isna().all(axis=None)
    assert rows.loc["gru", ["change_share", "change_low", "change_high"]].isna().all()


def test_a_model_that_is_perfect_in_all_blocks_but_one_is_compared():
    days = make_days(gru=(0.7, 3), nearly=(0.6, 1))
    most = (days["day"] > "2013-03-05") & (days["day"] != "2013-05-01")
    days.loc[(days["model"] == "nearly") & most, "squared"] = 0.0
    row = decide(days, make_energies(gru=1.0)).row("nearly")
    assert 0 < row["error"] < 0.7
    assert np.isnan(row["day_low"])
