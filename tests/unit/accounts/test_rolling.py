"""Rolling origins in the accounts: frames, the decision, and that no other frame mixes them up."""

import numpy as np
import pandas as pd
import pytest

from ledger_files import end, start, window
from made_rolling import CELLS, make_rolled, write_rolling_ledger
from wattshed.accounts.guard.from_frames import record_of
from wattshed.accounts.rolling.judged import judged_frame
from wattshed.accounts.rolling.origins import origins_frame
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.runs.runs import runs_and_windows, windows_frame
from wattshed.accounts.runs.stages import stages_frame
from wattshed.accounts.runs.trainings import trainings
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault

MODELS = {"stgnn": 0.70, "ridge": 0.71, "naive": 0.95}
SEEDS = {"stgnn": [1, 2, 3], "ridge": [0], "naive": [0]}
KWH = {"stgnn": 1e-4, "ridge": 1e-6, "naive": 1e-9}


@pytest.fixture
def ledgers(tmp_path):
    return [
        write_rolling_ledger(
            tmp_path / f"rolling/{model}.jsonl", model, KWH[model], SEEDS[model], minute=10 + place
        )
        for place, model in enumerate(MODELS)
    ]


@pytest.fixture
def days():
    return make_rolled(MODELS, SEEDS)


def test_one_row_per_model_seed_and_origin_with_errors_by_hand_and_its_own_energy(days, ledgers):
    frame = origins_frame(days, windows_frame(ledgers))
    assert list(frame["model"].unique()) == list(MODELS)
    assert frame.groupby("model").size().to_dict() == {"stgnn": 12, "ridge": 4, "naive": 4}
    row = frame[(frame["model"] == "stgnn") & (frame["seed"] == 2) & (frame["origin"] == 3)].iloc[0]
    own = days[(days["model"] == "stgnn") & (days["seed"] == 2) & (days["origin"] == 3)]
    test = own[own["part"] == "test"]
    assert row["rmse"] == pytest.approx(np.sqrt(test["squared"].sum() / (16 * CELLS)))
    assert row["mae"] == pytest.approx(test["absolute"].sum() / (16 * CELLS))
    validation = own.loc[own["part"] == "validation", "squared"]
    assert row["validation_rmse"] == pytest.approx(np.sqrt(validation.sum() / (8 * CELLS)))
    assert (row["first_day"], row["last_day"]) == (test["day"].min(), test["day"].max())
    assert row["cells"] == 16 * CELLS
    assert frame.groupby("model")["training_kwh"].unique().map(list).to_dict() == {
        model: [pytest.approx(kwh)] for model, kwh in KWH.items()
    }
    assert set(frame["energy_status"]) == {"estimated"}


def test_an_origin_without_a_known_energy_has_none_and_is_no_zero(days, ledgers):
    windows = windows_frame(ledgers)
    lost = (windows["model"] == "ridge") & windows["labels"].str.contains('"origin": 2')
    assert lost.sum() == 1
    windows.loc[lost, "energy_kwh"] = np.nan
    frame = origins_frame(days, windows)
    known = frame[frame["model"] == "ridge"].set_index("origin")["training_kwh"].notna()
    assert known.to_dict() == {1: True, 2: False, 3: True, 4: True}
    judged = judged_frame(days, frame).set_index("model")
    assert np.isnan(judged.loc["ridge", "training_kwh_mean"])
    assert judged.loc["stgnn", "training_kwh_mean"] == pytest.approx(1e-4)


def test_a_model_without_anything_to_fit_costs_nothing_and_can_be_chosen(days, ledgers):
    windows = windows_frame(ledgers)
    windows.loc[windows["model"] == "naive", "repeats"] = 10_000_000
    origins = origins_frame(days, windows)
    naive = origins[origins["model"] == "naive"]
    assert set(naive["energy_status"]) == {"no fit"}
    assert naive["training_kwh"].isna().all()
    assert judged_frame(days, origins).set_index("model").loc["naive", "energy_status"] == "no fit"


def test_what_all_origins_together_say(days, ledgers):
    origins = origins_frame(days, windows_frame(ledgers))
    frame = judged_frame(days, origins)
    assert list(frame["model"]) == ["stgnn", "ridge", "naive"]
    assert list(frame["origins"]) == [4, 4, 4]
    assert list(frame["best"]) == [True, False, False]
    by_origin = origins.groupby(["model", "origin"])["rmse"].mean().unstack()
    assert frame.loc[0, "rmse_mean"] == pytest.approx(np.exp(np.log(by_origin.loc["stgnn"]).mean()))
    assert frame["won"].sum() == 4
    assert (
        frame.set_index("model")["won"].to_dict()
        == by_origin.idxmin().value_counts().reindex(frame["model"], fill_value=0).to_dict()
    )
    row = frame.set_index("model").loc["naive"]
    assert row["outcome"] == "worse"
    assert row["change_low"] < 0.95 / 0.70 - 1 < row["change_high"]
    assert (frame["rmse_low"] < frame["rmse_mean"]).all()
    assert (frame["rmse_mean"] < frame["rmse_high"]).all()
    assert pd.isna(frame.loc[0, "outcome"])


def test_two_alike_models_are_not_told_apart_though_every_origin_has_a_winner(ledgers):
    days = make_rolled({**MODELS, "ridge": 0.7001}, SEEDS, day_noise=0.2)
    frame = judged_frame(days, origins_frame(days, windows_frame(ledgers))).set_index("model")
    other = "ridge" if frame.loc["stgnn", "best"] else "stgnn"
    assert frame.loc[other, "outcome"] == "not told apart"
    assert frame["won"].sum() == 4


def test_a_day_that_two_origins_share_counts_once_for_each_of_its_windows(ledgers):
    days = make_rolled(MODELS, SEEDS)
    shared = days["day"].where(
        ~((days["origin"] == 2) & (days["day"] == days.loc[days["origin"] == 2, "day"].max())),
        days.loc[(days["origin"] == 3) & (days["part"] == "test"), "day"].min(),
    )
    frame = judged_frame(days.assign(day=shared), origins_frame(days, windows_frame(ledgers)))
    assert len(frame) == 3


def test_a_part_without_observed_cells_is_refused(days, ledgers):
    silent = (days["origin"] == 2) & (days["part"] == "test")
    days.loc[silent, ["squared", "absolute", "cells"]] = 0
    with pytest.raises(Fault, match="origin 2: the windows of the test part have no observed value to score"):
        origins_frame(days, windows_frame(ledgers))


@pytest.fixture
def study(tmp_path, ledgers):
    """The ledgers of the rolling jobs and of the study's own training of the same model."""
    ledger = Ledger(tmp_path / "training/stgnn.jsonl", resumes=False)
    start(ledger, "train_stgnn", "training", {"model": "stgnn"}, minute=5)
    for seed in (1, 2, 3):
        for epoch in (1, 2):
            labels = {"model": "stgnn", "seed": seed, "epoch": epoch}
            window(ledger, "epoch", 3e-4, labels=labels)
    end(ledger, 2e-3, minute=5)
    return tmp_path


def test_totals_count_rolling_jobs_and_no_training_is_mixed_with_them(study):
    runs, windows = runs_and_windows(study.rglob("*.jsonl"))
    found = trainings(windows)
    assert found[["model", "seed"]].to_numpy().tolist() == [["stgnn", 1], ["stgnn", 2], ["stgnn", 3]]
    assert found["training_kwh"].to_list() == pytest.approx([6e-4] * 3)
    stages = stages_frame(runs).set_index("stage")["energy_kwh"]
    spent = 1.1 * 4 * (3 * 1e-4 + 1e-6 + 1e-9)
    assert stages["rolling"] == pytest.approx(spent)
    assert stages["total"] == pytest.approx(spent + 2e-3)


def test_a_folder_with_rolling_jobs_can_be_guarded(study):
    collected = collect(study)
    assert set(collected.windows["stage"]) == {"training"}
    assert set(collected.runs["stage"]) == {"training", "rolling"}
    record = record_of(collected.runs, collected.windows)
    assert len(record.models["stgnn"].epochs) == 3


def test_a_control_is_never_chosen(days, ledgers):
    origins = origins_frame(days, windows_frame(ledgers))
    assert judged_frame(days, origins).set_index("model").loc["stgnn", "best"]
    judged = judged_frame(days, origins, controls=["stgnn"]).set_index("model")
    assert judged.loc["ridge", "best"]
    assert judged["best"].sum() == 1
