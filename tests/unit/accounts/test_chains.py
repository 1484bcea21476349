"""What the steps of a chain cost and change, and when they pay for themselves."""

import math

import numpy as np
import pandas as pd
import pytest

from compared_days import compared_days
from wattshed.accounts.comparison.chains import Chain, chains_frame, making_energy, payback
from wattshed.foundation.faults import Fault

JOULES_PER_KWH = 3.6e6
SEEDS = (1, 2, 3)


def compared(lineage, *, rmse, later_rmse, j_per_1000, kind, step=None, parent=None, uses_parent=None):
    return pd.DataFrame(
        {
            "model": lineage.split("+")[0],
            "lineage": lineage,
            "parent": parent,
            "step": step,
            "kind": kind,
            "seed": SEEDS,
            "uses_parent": kind != "base" if uses_parent is None else uses_parent,
            "rmse": rmse,
            "later_rmse": later_rmse,
            "energy_j_per_1000_forecasts": j_per_1000,
            "energy_status": "estimated",
            "engine": "torch",
            "unavailable": pd.Series([None] * 3, dtype="string"),
        }
    )


def window(name, joules, seed, repeats=1, **labels):
    return {"window": name, "energy_kwh": joules / JOULES_PER_KWH, "seed": seed, "repeats": repeats, **labels}


BASE = compared(
    "net", rmse=[1.0, 1.1, 0.9], later_rmse=[2.0, 2.2, 1.8], j_per_1000=[8.0, 8.2, 7.8], kind="base"
)
REPLAY = compared(
    "net+replay", rmse=[1.0, 1.1, 0.9], later_rmse=[1.8, 1.98, 1.62], j_per_1000=[8.0, 8.2, 7.8],
    kind="strategy", step="replay", parent="net",
)  # fmt: skip
HALF = compared(
    "net+replay+half", rmse=[1.1, 1.21, 0.99], later_rmse=[1.9, 2.09, 1.71], j_per_1000=[4.0, 4.2, 3.8],
    kind="method", step="half", parent="net+replay",
)  # fmt: skip
WINDOWS = pd.DataFrame(
    [
        *(
            window("epoch", joules, seed, model="net", lineage=None)
            for seed in SEEDS
            for joules in (100.0, 50.0)
        ),
        *(window("fit", 30.0, seed, repeats=3, model="net", lineage=None) for seed in SEEDS),
        *(
            window("update", 20.0, seed, model="net", lineage="net+replay")
            for seed in SEEDS
            for _ in range(2)
        ),
        *(window("make", 1.0, seed, model="net", lineage="net+replay+half") for seed in SEEDS),
        *(window("fine_tune", 7.0, seed, model="net", lineage="net+replay+half") for seed in SEEDS),
        window("forecast", 5.0, 1, model="net", lineage="net"),
    ]
)
CHAIN = Chain("first", ("net", "net+replay", "net+replay+half"))


def made_frame(chains, compared, windows):
    """Errors are the same on every day."""
    return chains_frame(chains, compared, compared_days(compared), windows)


def test_each_step_costs_its_own_energy_and_the_chain_their_sum():
    frame = made_frame([CHAIN], pd.concat([BASE, REPLAY, HALF]), WINDOWS)
    assert frame["own_j_mean"].tolist() == pytest.approx([160.0, 40.0, 8.0])
    assert frame["total_j_mean"].tolist() == pytest.approx([160.0, 200.0, 208.0])
    assert frame["lineage"].tolist() == list(CHAIN.lineages)
    assert frame["n"].tolist() == [3, 3, 3]


def test_steps_before_one_that_is_trained_from_initial_weights_are_no_part_of_its_sum():
    fresh = HALF.assign(uses_parent=False)
    after = compared(
        "net+replay+half+int8", rmse=[1.1] * 3, later_rmse=[1.9] * 3, j_per_1000=[2.0] * 3, kind="method", step="int8",
        parent="net+replay+half",
    )  # fmt: skip
    chain = Chain("first", (*CHAIN.lineages, "net+replay+half+int8"))
    packed = [window("make", 2.0, seed, model="net", lineage="net+replay+half+int8") for seed in SEEDS]
    windows = pd.concat([WINDOWS, pd.DataFrame(packed)], ignore_index=True)
    frame = made_frame([chain], pd.concat([BASE, REPLAY, fresh, after]), windows)
    assert frame["own_j_mean"].tolist() == pytest.approx([160.0, 40.0, 8.0, 2.0])
    assert frame["total_j_mean"].tolist() == pytest.approx([160.0, 200.0, 8.0, 10.0])
    # 8 J for a network that saves 4 J in 1,000 forecasts; the updates before it were not needed.
    assert frame["chain_payback_forecasts_mean"].iloc[2] == pytest.approx(2000.0)
    assert frame["payback_forecasts_mean"].iloc[2] == pytest.approx(2000.0)


def test_errors_are_held_against_the_same_seeds_base_model():
    frame = made_frame([CHAIN], pd.concat([HALF, REPLAY, BASE]), WINDOWS).set_index("lineage")
    half = frame.loc["net+replay+half"]
    assert half["rmse_change_share_mean"] == pytest.approx(0.1)
    # All seeds change alike, however far apart they are: paired, the interval is a point.
    assert half["rmse_change_share_low"] == pytest.approx(0.1)
    assert half["later_rmse_change_share_mean"] == pytest.approx(-0.05)
    assert frame.loc["net", "rmse_change_share_mean"] == 0


def test_a_step_pays_for_itself_by_what_its_forecasts_save_against_its_parent():
    frame = made_frame([CHAIN], pd.concat([BASE, REPLAY, HALF]), WINDOWS).set_index("lineage")
    # 8 J to make, 4 J saved in 1,000 forecasts.
    assert frame.loc["net+replay+half", "payback_forecasts_mean"] == pytest.approx(2000)
    assert frame.loc["net+replay", "payback_forecasts_mean"] == math.inf
    assert np.isnan(frame.loc["net", "payback_forecasts_mean"])


def test_a_chain_pays_only_against_the_model_that_it_began_with():
    """Its last step saves against a dearer step before it, but a forecast costs more than the base model's."""
    dear = REPLAY.assign(energy_j_per_1000_forecasts=[40.0, 41.0, 39.0])
    last = HALF.assign(energy_j_per_1000_forecasts=[20.0, 21.0, 19.0])
    frame = made_frame([CHAIN], pd.concat([BASE, dear, last]), WINDOWS).set_index("lineage")
    assert frame.loc["net+replay+half", "payback_forecasts_mean"] == pytest.approx(400)
    assert frame.loc["net+replay+half", "chain_payback_forecasts_mean"] == math.inf


def test_all_steps_of_a_chain_are_paid_back_together():
    frame = made_frame([CHAIN], pd.concat([BASE, REPLAY, HALF]), WINDOWS).set_index("lineage")
    # 40 J to adapt and 8 J to prune, 4 J saved in 1,000 forecasts; the training of the base model is nobody's saving.
    assert frame.loc["net+replay+half", "chain_payback_forecasts_mean"] == pytest.approx(12_000)


def test_a_swept_chain_is_marked_at_its_last_checkpoint():
    chain = Chain("first", CHAIN.lineages, swept=True)
    assert made_frame([chain], pd.concat([BASE, REPLAY, HALF]), WINDOWS)["swept"].tolist() == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("own", "saved", "mean", "low", "high"),
    [
        ([8.0, 8.0], [-1.0, -2.0], math.inf, math.inf, math.inf),
        ([8.0, 8.0], [0.0, 0.0], math.inf, math.inf, math.inf),
        ([8.0, 8.0], [3.0, -1.0], 8.0, 8 / 3, math.inf),
        ([8.0], [2.0], 4.0, None, None),
        ([0.0, 0.0], [1.0, 2.0], 0.0, 0.0, 0.0),
        ([8.0, np.nan], [1.0, 2.0], None, None, None),
    ],
)
def test_payback_is_never_where_forecasts_save_nothing_and_open_where_only_some_seeds_save(
    own, saved, mean, low, high
):
    found = payback(pd.Series(own), pd.Series(saved))
    assert found.mean == (mean if mean is None else pytest.approx(mean))
    assert found.low == (low if low is None else pytest.approx(low))
    assert found.high == (high if high is None else pytest.approx(high))


def test_an_unknown_energy_makes_the_sums_after_it_unknown():
    windows = WINDOWS.copy()
    windows.loc[(windows["window"] == "update") & (windows["seed"] == 2), "energy_kwh"] = np.nan
    assert np.isnan(making_energy(windows)["net+replay", 2])
    frame = made_frame([CHAIN], pd.concat([BASE, REPLAY, HALF]), windows).set_index("lineage")
    # The mean of the two seeds that are known would not be that of all three.
    assert np.isnan(frame.loc["net+replay", "own_j_mean"])
    assert np.isnan(frame.loc["net+replay+half", "total_j_mean"])
    assert frame.loc["net", "total_j_mean"] == pytest.approx(160.0)


def test_a_strategy_without_updates_costs_nothing():
    frozen = REPLAY.assign(lineage="net+frozen", step="frozen")
    frame = made_frame([Chain("still", ("net", "net+frozen"))], pd.concat([BASE, frozen]), WINDOWS)
    assert frame["own_j_mean"].tolist() == pytest.approx([160.0, 0.0])
    assert frame["total_j_mean"].tolist() == pytest.approx([160.0, 160.0])


def test_a_step_that_cannot_run_here_says_why_and_has_no_numbers():
    absent = HALF.assign(unavailable="no int8 engine", rmse=np.nan, energy_j_per_1000_forecasts=np.nan)
    frame = made_frame([CHAIN], pd.concat([BASE, REPLAY, absent]), WINDOWS)
    assert frame["unavailable"].tolist()[-1] == "no int8 engine"
    assert np.isnan(frame["own_j_mean"].iloc[-1])
    assert np.isnan(frame["rmse_mean"].iloc[-1])


def test_a_lineage_that_was_not_compared_is_named():
    with pytest.raises(Fault, match=r"needs the lineage 'net\+replay'"):
        made_frame([CHAIN], BASE, WINDOWS)
