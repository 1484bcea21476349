import json

import numpy as np
import pandas as pd
import pytest

from wattshed.accounts.comparison.strategy_means import saved_per_joule
from wattshed.adaptation.matrix import transfer
from wattshed.adaptation.summary import summarise_adaptation
from wattshed.foundation.faults import Fault


def row(**changes):
    """One error of a matrix."""
    lineage = {"model": "model", "lineage": "model+naive", "parent": "model", "strategy": "naive", "seed": 1}
    error = {"learned": 0, "task": "base", "phase": "held_out", "rmse": 1.0, "mae": 0.7, "cells": 9}
    return {**lineage, **error, **changes}


def test_more_than_nine_months_keep_their_order():
    """Sorted as text, CL_10 comes before CL_2."""
    random = np.random.default_rng(0)
    months = [f"CL_{number}" for number in range(1, 12)]
    errors, untrained = random.uniform(1, 2, (12, 11)), random.uniform(2, 3, 11)
    rows = [
        row(learned=i, task=task, rmse=rmse, mae=0.5 * rmse)
        for i in range(12)
        for task, rmse in [("base", 1.0), *zip(months, errors[i], strict=True)]
    ]
    nobody = {"lineage": None, "parent": None, "strategy": "random"}
    rows += [
        row(task=task, rmse=rmse, mae=0.5 * rmse, **nobody)
        for task, rmse in [("base", 2.0), *zip(months, untrained, strict=True)]
    ]
    rows += [row(learned=i, task=task, phase="prequential") for i, task in enumerate(months)]
    windows = pd.DataFrame(
        {
            "window": ["update"],
            "lineage": ["model+naive"],
            "seed": [1],
            "energy_kwh": [1e-6],
            "energy_status": ["estimated"],
            "duration_s": [2.0],
            "labels": ['{"task": "CL_11"}'],
        }
    )
    (found,) = summarise_adaptation(pd.DataFrame(rows), windows).to_dict("records")
    expected = transfer(errors, untrained)
    assert found["bwt_rmse"] == pytest.approx(expected.bwt)
    assert found["fwt_rmse"] == pytest.approx(expected.fwt)
    assert found["forgetting_share"] == pytest.approx(expected.forgetting_share)
    assert found["forgetting_rmse"] == pytest.approx(expected.forgetting)
    # All MAE are half of the RMSE.
    for metric in ("acc", "bwt", "fwt", "fwt_frozen", "forgetting"):
        assert found[f"{metric}_mae"] == pytest.approx(0.5 * found[f"{metric}_rmse"]), metric
    assert found["forgetting_mae_share"] == pytest.approx(found["forgetting_share"])
    assert (found["base_rmse_after"], found["base_mae_after"]) == (1.0, 0.5)
    assert (found["prequential_rmse"], found["prequential_mae"]) == pytest.approx((1.0, 0.7))
    assert (found["s_per_update"], found["updates_kwh"]) == (2.0, 1e-6)
    assert np.isnan(found["acting_kwh"]), "the update of the last month acts on no month"


@pytest.mark.parametrize(
    ("energies", "acting"),
    [
        ([], None),
        ([1.0], None),
        ([1.0, 4.0], 1.0),
        ([1.0, 2.0, 4.0], 3.0),
        ([1.0, 2.0, None], 3.0),
        ([None, 2.0, 4.0], None),
    ],
)
def test_the_last_update_cannot_act_on_a_prequential_error(energies, acting):
    rows = [
        row(learned=learned, task=task)
        for learned in range(len(energies) + 1)
        for task in ("base", *(f"CL_{number}" for number in range(len(energies))))
    ]
    rows += [row(task=f"CL_{number}", phase="prequential") for number in range(len(energies))]
    found = summarise_adaptation(pd.DataFrame(rows), update_windows(enumerate(energies))).iloc[0]
    assert found["acting_kwh"] == acting if acting is not None else np.isnan(found["acting_kwh"])


def update_windows(energies):
    """One update for each (number of a month, energy)."""
    made = [
        {"energy_kwh": energy, "labels": json.dumps({"task": f"CL_{month}"})} for month, energy in energies
    ]
    common = {"window": "update", "lineage": "model+naive", "seed": 1, "energy_status": "measured"}
    frame = pd.DataFrame(made, columns=["energy_kwh", "labels"]).assign(**common, duration_s=1.0)
    return frame.astype({"energy_kwh": "float64"})


@pytest.mark.parametrize(
    ("cells", "energies", "acting"),
    [
        # The last month has no data and is not learned: the update before it cannot act either.
        ([9, 9, 9, 0], [(0, 1.0), (1, 2.0), (2, 4.0)], 3.0),
        # It is scored, but its learnt part has no observed hour: all updates act.
        ([9, 9, 9, 9], [(0, 1.0), (1, 2.0), (2, 4.0)], 7.0),
        # A month without data in the middle is no end of the stream.
        ([9, 9, 0, 9], [(0, 1.0), (1, 2.0), (3, 4.0)], 3.0),
        ([9, 0, 0, 0], [(0, 1.0)], None),
        ([0, 0, 0, 0], [], None),
        # The order of the windows says nothing.
        ([9, 9, 9, 9], [(3, 8.0), (0, 1.0), (1, 2.0)], 3.0),
        # More than nine months: as text, CL_10 comes before CL_2.
        ([9] * 12, [(2, 1.0), (10, 2.0), (11, 4.0)], 3.0),
        # An update of a month that the matrix lacks.
        ([9, 9], [(0, 1.0), (7, 2.0)], None),
    ],
)
def test_an_update_acts_if_a_later_month_is_scored(cells, energies, acting):
    months = [f"CL_{number}" for number in range(len(cells))]
    rows = [
        row(learned=learned, task=task) for learned in range(len(cells) + 1) for task in ("base", *months)
    ]
    rows += [
        row(task=task, phase="prequential", cells=count) for task, count in zip(months, cells, strict=True)
    ]
    found = summarise_adaptation(pd.DataFrame(rows), update_windows(energies)).iloc[0]
    assert found["acting_kwh"] == acting if acting is not None else np.isnan(found["acting_kwh"])
    assert found["updates"] == len(energies)


def test_error_is_saved_by_the_joules_of_acting_updates_alone():
    """A last update a thousand times as dear changes nothing."""
    common = {"parent": "model", "seed": 1}
    summary = pd.DataFrame(
        [
            {**common, "strategy": "frozen", "updates": 0, "prequential_rmse": 2.0, "acting_kwh": None},
            {**common, "strategy": "naive", "updates": 2, "prequential_rmse": 1.5, "acting_kwh": 1e-6},
            {**common, "strategy": "once", "updates": 1, "prequential_rmse": 1.5, "acting_kwh": None},
        ]
    )
    for last in (1e-6, 1e-3):
        summary["updates_kwh"] = [None, 1e-6 + last, last]
        saved = saved_per_joule(summary)
        assert saved.iloc[1] == pytest.approx(0.5 / 3.6)
        assert saved.isna().tolist() == [True, False, True]


def test_a_matrix_that_was_copied_over_another_is_refused():
    with pytest.raises(Fault, match=r"seed 1 of model\+naive twice: expected each once; one file was copied"):
        summarise_adaptation(
            pd.DataFrame([row(), row()]), pd.DataFrame(columns=["window", "lineage", "seed"])
        )


def test_the_summary_says_what_computed_the_updates():
    rows = [row(learned=learned, task=task) for learned in range(3) for task in ("base", "CL_1", "CL_2")]
    windows = pd.DataFrame(
        {
            "window": "update",
            "lineage": "model+naive",
            "seed": 1,
            "energy_kwh": [1.0, 2.0],
            "energy_status": "measured",
            "duration_s": 1.0,
            "labels": ['{"engine": "torch", "engine_reason": "no kernel"}', '{"task": "CL_2"}'],
        }
    )
    assert summarise_adaptation(pd.DataFrame(rows), windows)["engine"].tolist() == ["torch"]
    windows["labels"] = ['{"engine": "torch"}', '{"engine": "fused_cpu"}']
    assert summarise_adaptation(pd.DataFrame(rows), windows)["engine"].tolist() == ["fused_cpu, torch"]
    windows["window"] = "epoch"
    assert summarise_adaptation(pd.DataFrame(rows), windows)["engine"].isna().all()
