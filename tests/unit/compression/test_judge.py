import pandas as pd
import pytest

from wattshed.compression.judge import judge_variants, verdict
from wattshed.foundation.faults import Fault


def row(**changes):
    base = {
        "rmse": 1.0,
        "mae": 0.5,
        "later_rmse": 1.2,
        "later_mae": 0.6,
        "energy_j_per_1000_forecasts": 2.0,
        "latency_s_per_window": 0.01,
        "engine": "torch",
    }
    return {**base, **changes}


def compared(lineage, kind, seed=1, **changes):
    parent, _, step = lineage.rpartition("+")
    about = {
        "model": lineage.split("+")[0],
        "lineage": lineage,
        "parent": parent or None,
        "step": step,
        "kind": kind,
    }
    return {**about, "seed": seed, **row(), "unavailable": None, **changes}


@pytest.mark.parametrize(
    ("changes", "says", "reason"),
    [
        ({"energy_j_per_1000_forecasts": 1.0}, "worth it here", "50% less energy"),
        ({"energy_j_per_1000_forecasts": 2.6}, "not worth it here", "30% more energy"),
        ({"energy_j_per_1000_forecasts": 1.95}, "not worth it here", "at least 5% less is required"),
        (
            {"energy_j_per_1000_forecasts": 1.0, "mae": 0.53},
            "not worth it here",
            "MAE rises by 6.0% on the test part, more than the budget of 5%",
        ),
        ({"energy_j_per_1000_forecasts": 1.0, "rmse": 0.9}, "worth it here", "50% less"),
        (
            {"energy_j_per_1000_forecasts": 1.0, "rmse": None, "mae": None},
            "not worth it here",
            "error is unknown",
        ),
    ],
)
def test_the_verdict_needs_both_budget_and_saving(changes, says, reason):
    found = verdict(row(**changes), row(), 0.05)
    assert found["verdict"] == says
    assert reason in found["reason"]


@pytest.mark.parametrize("unknown", ["parent", "variant"])
def test_without_energy_the_verdict_rests_on_time(unknown):
    none = {"energy_j_per_1000_forecasts": None}
    parent = row(**(none if unknown == "parent" else {}))
    faster = row(latency_s_per_window=0.005, **(none if unknown == "variant" else {}))
    assert verdict(faster, parent, 0.05)["reason"] == "50% less time per forecast"


def test_later_months_count_where_the_parent_has_learned_from_them():
    worse_later = row(later_rmse=1.5, energy_j_per_1000_forecasts=1.0)
    assert verdict(worse_later, row(), 0.05)["verdict"] == "worth it here"
    found = verdict(worse_later, row(), 0.05, learned_later=True)
    assert found["verdict"] == "not worth it here"
    assert found["reason"].startswith("RMSE rises by 25.0% on later months")


def test_every_variant_is_held_against_its_own_parent_and_seed():
    rows = pd.DataFrame(
        [
            compared("stgnn", "base", rmse=1.0),
            compared("stgnn", "base", seed=2, rmse=2.0),
            compared("stgnn+replay", "strategy", rmse=0.5),
            compared("stgnn+half", "method", rmse=1.1),
            compared("stgnn+half", "method", seed=2, rmse=2.1),
            compared("stgnn+replay+half", "method", rmse=0.6),
            compared("stgnn+half+naive", "strategy", rmse=0.9),
        ]
    )
    frame = judge_variants(rows, 0.05)
    assert frame[["parent", "lineage", "variant", "seed"]].to_numpy().tolist() == [
        ["stgnn", "stgnn", "stgnn", 1],
        ["stgnn", "stgnn", "stgnn", 2],
        ["stgnn", "stgnn+half", "half", 1],
        ["stgnn", "stgnn+half", "half", 2],
        ["stgnn+replay", "stgnn+replay", "stgnn+replay", 1],
        ["stgnn+replay", "stgnn+replay+half", "half", 1],
    ]
    assert frame["rmse_change_share"].tolist() == pytest.approx([0, 0, 0.1, 0.05, 0, 0.2])
    assert frame["verdict"].tolist() == [
        "baseline",
        "baseline",
        "not worth it here",
        "not worth it here",
        "baseline",
        "not worth it here",
    ]


def test_no_name_of_a_variant_is_special():
    """A variant named like a model, or ``full``, is judged like any other."""
    rows = pd.DataFrame(
        [
            compared("stgnn", "base"),
            compared("stgnn+full", "method", rmse=1.1),
            compared("stgnn+stgnn", "method", rmse=1.2),
        ]
    )
    frame = judge_variants(rows, 0.05).set_index("lineage")
    assert frame["rmse_change_share"].tolist() == pytest.approx([0, 0.1, 0.2])
    assert frame.loc["stgnn+full", "verdict"] == "not worth it here"


def test_what_could_not_be_made_is_reported_with_its_reason():
    nothing = dict.fromkeys(row())
    rows = pd.DataFrame(
        [
            compared("stgnn", "base"),
            compared("stgnn+int8", "method", **{**nothing, "unavailable": "no quantised engine"}),
            compared("stgnn+int8+toy", "method", **{**nothing, "unavailable": "its parent is missing"}),
        ]
    )
    frame = judge_variants(rows, 0.05)
    assert frame["verdict"].tolist() == ["baseline", *["not available here"] * 3]
    assert frame["reason"].tolist()[1] == "no quantised engine"
    assert frame["rmse_change_share"].isna().tolist() == [False, True, True, True]


def test_a_variant_without_its_parent_is_refused():
    rows = pd.DataFrame([compared("stgnn+replay+half", "method", seed=3)])
    with pytest.raises(Fault, match=r"not stgnn\+replay itself for the seed 3"):
        judge_variants(rows, 0.05)


def test_without_variants_there_is_nothing_to_judge():
    frame = judge_variants(pd.DataFrame([compared("stgnn", "base")]), 0.05)
    assert len(frame) == 0
    assert {"variant", "verdict", "reason", "within_budget"} <= set(frame.columns)


def test_a_saving_across_back_ends_names_both():
    found = verdict(row(energy_j_per_1000_forecasts=6.0), row(engine="fused_cpu"), 0.05)
    assert found["verdict"] == "not worth it here"
    assert "200% more energy per forecast (computed by torch, the other by fused_cpu)" in found["reason"]
