"""One row per checkpoint: what it took to make it, from the ledgers."""

import numpy as np
import pandas as pd
import pytest

from made_checkpoints import make_checkpoints
from wattshed.accounts.recommend.checkpoints import checkpoints_frame
from wattshed.accounts.recommend.means import checkpoint_means
from wattshed.foundation.faults import Fault

JOULES_PER_KWH = 3.6e6
SEEDS = (1, 2)
LINEAGES = ("net", "net+frozen", "net+replay", "net+replay+half")


def compared(*lineages, **changes):
    frame, _ = make_checkpoints({name: changes.get(name, {}) for name in lineages}, len(SEEDS))
    return frame.drop(columns=["j_per_epoch", "j_per_update", "own_j", "total_j", "making_status"])


def window(name, joules, seed, status="estimated", repeats=1, **labels):
    energy = None if joules is None else joules / JOULES_PER_KWH
    about = {"window": name, "energy_kwh": energy, "seed": seed, "repeats": repeats, "energy_status": status}
    return {**about, "model": "net", "lineage": None, **labels}


def windows_of(seed):
    return [
        window("epoch", 60.0, seed),
        window("epoch", 40.0, seed),
        window("update", 20.0, seed, lineage="net+replay"),
        window("update", 30.0, seed, lineage="net+replay"),
        window("make", 1.0, seed, lineage="net+replay+half"),
        window("fine_tune", 7.0, seed, "measured", lineage="net+replay+half"),
        window("forecast", 1000.0, seed, lineage="net"),
        window("measure", 1000.0, seed, lineage="net+replay"),
    ]


def made(*more, without=(), lineages=LINEAGES, **changes):
    rows = [row for seed in SEEDS for row in windows_of(seed) if row["window"] not in without]
    frame = checkpoints_frame(compared(*lineages, **changes), pd.DataFrame([*rows, *more]))
    return frame.set_index(["lineage", "seed"])


def test_energies_add_up_along_the_chain():
    frame = made()
    first = frame.xs(1, level="seed")
    assert first["own_j"].to_dict() == pytest.approx(
        {"net": 100.0, "net+frozen": 0.0, "net+replay": 50.0, "net+replay+half": 8.0}
    )
    assert first["total_j"].to_dict() == pytest.approx(
        {"net": 100.0, "net+frozen": 100.0, "net+replay": 150.0, "net+replay+half": 158.0}
    )
    assert first["j_per_epoch"].fillna(-1).to_dict() == pytest.approx(
        {"net": 50.0, "net+frozen": -1, "net+replay": -1, "net+replay+half": -1}
    )
    assert first["j_per_update"]["net+replay"] == pytest.approx(25.0)
    assert set(first["making_status"]) == {"estimated"}
    assert len(frame) == len(LINEAGES) * len(SEEDS)


def test_a_checkpoint_is_not_charged_for_ancestors_whose_weights_it_does_not_have():
    lineages = (*LINEAGES, "net+replay+scratch", "net+replay+scratch+int8")
    more = [
        *(window("make", 70.0, seed, lineage="net+replay+scratch") for seed in SEEDS),
        *(window("make", 3.0, seed, lineage="net+replay+scratch+int8") for seed in SEEDS),
        # Nor does their status count.
        window("update", None, 1, "missing", lineage="net+replay"),
    ]
    first = made(*more, lineages=lineages, **{"net+replay+scratch": {"uses_parent": False}}).xs(
        1, level="seed"
    )
    assert np.isnan(first.loc["net+replay+half", "total_j"])
    assert first.loc["net+replay+scratch", "total_j"] == pytest.approx(70.0)
    assert first.loc["net+replay+scratch+int8", "total_j"] == pytest.approx(73.0)
    assert first.loc["net+replay+scratch", "making_status"] == "estimated"
    assert first.loc["net", "total_j"] == pytest.approx(100.0)


def test_one_unknown_window_makes_the_whole_chain_unknown_and_other_seeds_stay_known():
    frame = made(window("update", None, 1, "missing", lineage="net+replay"))
    assert np.isnan(frame.loc[("net+replay", 1), "own_j"])
    assert np.isnan(frame.loc[("net+replay+half", 1), "total_j"])
    assert frame.loc[("net+replay+half", 1), "making_status"] == "missing"
    assert frame.loc[("net", 1), "total_j"] == pytest.approx(100.0)
    assert frame.loc[("net+replay+half", 2), "total_j"] == pytest.approx(158.0)


def test_a_model_without_a_training_in_the_ledgers_has_an_unknown_energy_not_none():
    frame = made(without=("epoch",))
    assert frame.xs(1, level="seed")["total_j"].isna().all()
    assert frame.loc[("net+replay", 1), "own_j"] == pytest.approx(50.0)


def test_a_checkpoint_that_cannot_run_here_has_no_energies():
    frame = made(lineages=("net", "net+int8"), **{"net+int8": {"unavailable": "no engine"}})
    assert frame.loc[("net+int8", 1), ["own_j", "total_j"]].isna().all()


def test_a_checkpoint_without_its_parent_is_refused():
    with pytest.raises(
        Fault, match=r"net\+replay\+half of seed 1 was compared without net\+replay, of which"
    ):
        made(lineages=("net", "net+replay+half"))


def test_means_over_seeds_are_unknown_where_one_seed_is_and_exactly_zero_where_nothing_was_done():
    frame = made(window("update", None, 1, "missing", lineage="net+replay")).reset_index()
    means = checkpoint_means(frame).set_index("lineage")
    assert means.loc["net", "total_j_mean"] == pytest.approx(100.0)
    assert means.loc["net+frozen", "own_j_mean"] == means.loc["net+frozen", "own_j_high"] == 0.0
    assert np.isnan(means.loc["net+replay", "own_j_mean"])
    assert means["latency_s_per_streamed_hour_mean"].isna().all()
    assert (means["n"] == len(SEEDS)).all()
    assert means.index.tolist() == list(LINEAGES)
