import numpy as np
import pandas as pd
import pytest

from made_runs import make_epochs, make_runs
from wattshed.accounts.comparison.comparable import (
    all_flags,
    flagged,
    model_runs,
    own_energy,
    scope_name,
    slice_columns,
    status_of,
    summarise_by,
    training_costs,
)
from wattshed.foundation.faults import Fault


def test_runs_of_several_stages_and_foreign_frames_are_faults():
    runs = make_runs(("gru",), countries=("ES",), repeats=1)
    with pytest.raises(Fault, match="inference, training"):
        model_runs(runs.assign(stage=["training", "inference"]))
    with pytest.raises(Fault, match="lack the column energy_status"):
        model_runs(runs.drop(columns="energy_status"))


def test_shares_replace_machine_wide_energies_and_incomparable_ones_are_unknown():
    runs = make_runs(("gru",), countries=("ES",), seasons=("all",), repeats=4)
    runs["attributed_kwh"] = runs["energy_kwh"] / 4
    runs["flags"] = pd.array([pd.NA, "truncated", "overlap,changed grid", "overlap"], dtype="string")
    found = model_runs(runs)
    np.testing.assert_allclose(found["energy_kwh"].iloc[[0, 2, 3]], runs["energy_kwh"].iloc[[0, 2, 3]] / 4)
    assert found["energy_kwh"].isna().tolist() == [False, True, False, False]
    assert found["co2e_kg"].isna().tolist() == [False, True, True, False]
    assert flagged(found, ["overlap"]).tolist() == [False, False, True, True]
    assert all_flags(found["flags"]) == "truncated, overlap, changed grid"
    assert all_flags(found["flags"].iloc[:1]) is None


def test_an_overlap_that_nobody_could_split_leaves_the_energy_unknown():
    runs = pd.DataFrame({"model": "a", "energy_kwh": [1.0, 2.0, 3.0], "energy_status": "measured"})
    runs = runs.assign(attributed_kwh=[np.nan, np.nan, 1.5], overlaps=[None, "b", "b"])
    np.testing.assert_array_equal(own_energy(runs), [1.0, np.nan, 1.5])


def test_slices_count_only_where_stated():
    runs = make_runs(("gru",), countries=("ES",), seasons=())
    assert slice_columns(runs) == ["data_country"]
    assert scope_name(["ES", pd.NA]) == "ES unknown"
    assert scope_name([]) == "all"


def test_means_leave_out_the_unknown_and_count_what_they_took():
    frame = pd.DataFrame(
        {"a": ["x", "x", "x", "y"], "v": [1.0, 3.0, np.nan, np.nan], "w": [1.0, np.inf, 2, 3]}
    )
    found = summarise_by(frame, ["a"], ["v", "w"]).set_index("a")
    assert found.loc["x", ["v_n", "v_mean"]].tolist() == [2, pytest.approx(3**0.5)]
    assert found.loc["x", "w_n"] == 2
    assert found.loc["y", "v_n"] == 0
    assert np.isnan(found.loc["y", "v_mean"])


@pytest.mark.parametrize(
    ("statuses", "energies", "expected"),
    [
        (["measured", "measured"], [1, 1], "measured"),
        (["measured", "estimated"], [1, 1], "estimated"),
        (["measured", "missing"], [1, None], "measured"),
        (["missing"], [None], "missing"),
    ],
)
def test_a_mean_is_as_well_known_as_its_worst_known_part(statuses, energies, expected):
    group = pd.DataFrame({"energy_status": statuses, "energy_kwh": energies, "basis": "recorded"})
    assert status_of(group) == expected
    group.loc[0, "basis"] = "retro-estimate"
    assert status_of(group) == ("missing" if expected == "missing" else "retro-estimated")


def test_a_studys_trainings_sum_their_epochs_and_take_their_jobs_share_and_factor():
    windows = make_epochs(("gru",), seeds=(1, 2), epochs=3)
    windows.loc[windows["seed"].eq(2) & windows["epoch"].eq(2), "energy_kwh"] = np.nan
    fit = windows.iloc[:1].assign(
        job="baselines", model="ridge", seed=pd.NA, window="fit", repeats=10, energy_kwh=1.0
    )
    windows = pd.concat([windows, fit], ignore_index=True)
    runs = pd.DataFrame(
        {
            "stage": "training",
            "job": ["train_gru-1", "train_gru-2", "baselines"],
            "energy_kwh": [2.0, 2.0, 4.0],
            "attributed_kwh": [1.0, 2.0, 4.0],
            "co2e_kg": [0.3, 0.6, np.nan],
            "flags": ["overlap", None, None],
        }
    )
    found = training_costs(windows, runs).set_index("job")
    spent = windows.loc[windows["seed"].eq(1).fillna(False), "energy_kwh"].sum()
    assert found.loc["train_gru-1", "energy_kwh"] == pytest.approx(spent / 2)
    assert found.loc["train_gru-1", "co2e_kg"] == pytest.approx(spent * 0.15)
    assert found.loc["train_gru-1", "flags"] == "overlap"
    assert np.isnan(found.loc["train_gru-2", "energy_kwh"])
    assert found.loc["baselines", "energy_kwh"] == pytest.approx(0.1)
    assert np.isnan(found.loc["baselines", "co2e_kg"])


def test_runs_without_a_gpus_energy_compare_with_one_another_and_not_with_whole_ones():
    runs = make_runs(("gru",), countries=("ES",), seasons=("all",), repeats=3)
    lacking = ["GPU not metered", pd.NA, "GPU not metered, overlap"]
    mixed = model_runs(runs.assign(flags=pd.array(lacking, dtype="string")))
    assert mixed["energy_kwh"].isna().tolist() == mixed["co2e_kg"].isna().tolist() == [True, False, True]
    alike = model_runs(runs.assign(flags=pd.array(["GPU not metered"] * 3, dtype="string")))
    assert alike["energy_kwh"].notna().all()
