import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compared_days import compared_days
from wattshed.compression.judge import judge_variants
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Worth
from wattshed.statistics.decisions import day_blocks, ratio_spread
from wattshed.statistics.worth import Candidate, saving_interval, worth_of


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


def judge(rows, budget, spread=0.0):
    return judge_variants(rows, compared_days(rows, spread), budget)


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


# Three seeds that differ by a little.
JITTER = (0.998, 1.0, 1.002)


def judged(budget=0.05, strategy=False, parent=None, jitter=JITTER, **changes):
    """Verdict and reason of one variant over seeds; ``changes`` are its numbers, with a small spread over seeds."""
    base = "stgnn+replay" if strategy else "stgnn"
    rows = []
    for seed, factor in enumerate(jitter, start=1):
        own = {name: None if value is None else value * factor if isinstance(value, float) else value
               for name, value in changes.items()}  # fmt: skip
        rows.append(compared(base, "strategy" if strategy else "base", seed=seed, **(parent or {})))
        rows.append(compared(f"{base}+half", "method", seed=seed, **own))
    frame = judge(pd.DataFrame(rows), budget)
    found = frame[frame["variant"] == "half"]
    assert found["verdict"].nunique() == found["reason"].nunique() == 1
    return found.iloc[0]


@pytest.mark.parametrize(
    ("changes", "says", "reason"),
    [
        ({"energy_j_per_1000_forecasts": 1.0}, "worth it here", r"50% \[50%, 50%\] less energy"),
        ({"energy_j_per_1000_forecasts": 2.6}, "not worth it here", r"30% \[.*\] more energy"),
        ({"energy_j_per_1000_forecasts": 1.95}, "not worth it here", "at least 5% less is required"),
        (
            {"energy_j_per_1000_forecasts": 1.0, "mae": 0.53},
            "not worth it here",
            r"MAE rises by 6.0% \[5.5%, 6.5%\] on the test part, more than the budget of 5%",
        ),
        ({"energy_j_per_1000_forecasts": 1.0, "rmse": 0.9}, "worth it here", "50%"),
        (
            {"energy_j_per_1000_forecasts": 1.0, "rmse": None, "mae": None},
            "undecided",
            "error is unknown",
        ),
    ],
)
def test_the_verdict_needs_both_budget_and_saving_to_be_shown(changes, says, reason):
    found = judged(**changes)
    assert found["verdict"] == says
    assert re.search(reason, found["reason"])


def test_a_rise_whose_interval_includes_the_budget_is_undecided():
    """The referee's case: a mean of +5.1 %, 95 % interval [3.1, 7.0], for a budget of 5 %."""
    spread = math.log(1.07 / 1.051) / 4.303 * math.sqrt(3)
    jitter = [math.exp(step * spread) for step in (-1, 0, 1)]
    found = judged(rmse=1.051, energy_j_per_1000_forecasts=1.0, mae=0.4, jitter=jitter)
    assert found["verdict"] == "undecided"
    assert found["reason"].startswith("RMSE rises by 5.1% [3.2%, 7.0%] on the test part, which may be within")


def test_one_seed_shows_nothing():
    found = judged(energy_j_per_1000_forecasts=1.0, jitter=(1.0,))
    assert found["verdict"] == "undecided"
    assert found["reason"].endswith("one seed shows no spread")


def spread_of(errors, spread=0.0, seed=0, days=16):
    """Logarithm of a new error over an old one: ratios by seed, and days that vary in their own way."""
    random = np.random.default_rng(seed)
    daily = np.exp(spread * random.standard_normal((2, 1, days)))
    old = np.ones((len(errors), days)) * daily[0]
    new = np.square(np.asarray(errors))[:, None] * daily[1] * old.sum() / (old * daily[1]).sum()
    return ratio_spread(new * daily[0], old, day_blocks(np.arange(days)))


def test_many_variants_need_a_clearer_saving_than_one():
    ratios, errors = [0.85, 0.88, 0.91], {"rmse": spread_of([1.0, 1.001, 0.999])}
    one = Candidate(ratios, errors)
    assert worth_of([one], 0.05) == [Worth.WORTH_IT]
    assert worth_of([one] * 6, 0.05) == [Worth.UNDECIDED] * 6


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0.3, 3.0), st.floats(0.5, 2.0)), min_size=2, max_size=6),
    st.floats(0.0, 0.2),
    st.sampled_from([0.0, 0.1, 1.0]),
)
def test_verdicts_agree_with_the_shown_intervals(pairs, budget, spread):
    costs, errors = [cost for cost, _ in pairs], [error for _, error in pairs]
    candidate = Candidate(costs, {"rmse": spread_of(errors, spread)})
    found = worth_of([candidate], budget)[0]
    saving, rise = saving_interval(costs), candidate.errors["rmse"].change()
    if found == Worth.WORTH_IT:
        assert saving.low >= -1e-9
        assert rise.high <= budget + 1e-9
    if found == Worth.NOT_WORTH_IT:
        assert rise.low >= budget - 1e-9 or saving.high <= 0.05 + 1e-9


def test_days_that_differ_much_leave_a_rise_undecided():
    """Seeds agree on a rise far below the budget; days do not show it."""
    costs, errors = [0.5, 0.52, 0.48], [1.01, 1.012, 1.008]
    calm, wild = (Candidate(costs, {"rmse": spread_of(errors, spread)}) for spread in (0.01, 0.5))
    assert worth_of([calm], 0.05) == [Worth.WORTH_IT]
    assert worth_of([wild], 0.05) == [Worth.UNDECIDED]


def test_seeds_that_are_all_alike_are_judged_by_their_days():
    """A closed form has one error: other days are the only chance."""
    costs = [0.5, 0.5001, 0.4999]
    for rise, verdict in ((1.03, Worth.WORTH_IT), (1.08, Worth.NOT_WORTH_IT)):
        assert worth_of([Candidate(costs, {"rmse": spread_of([rise] * 3, 0.02)})], 0.05) == [verdict]
    assert worth_of([Candidate(costs, {"rmse": spread_of([1.05] * 3, 0.02)})], 0.05) == [Worth.UNDECIDED]


def test_too_few_days_show_nothing():
    few = spread_of([1.01, 1.012, 1.008], days=4)
    assert worth_of([Candidate([0.5, 0.52, 0.48], {"rmse": few})], 0.05) == [Worth.UNDECIDED]
    assert few.change().low is None


def test_an_unknown_error_shows_nothing():
    assert worth_of([Candidate([0.5, 0.52, 0.48], {})], 0.05) == [Worth.UNDECIDED]


@pytest.mark.parametrize("unknown", ["parent", "variant"])
def test_without_energy_the_verdict_rests_on_time(unknown):
    none = {"energy_j_per_1000_forecasts": None}
    found = judged(
        parent=none if unknown == "parent" else {},
        latency_s_per_window=0.005,
        **(none if unknown == "variant" else {}),
    )
    assert found["saving_of"] == "time"
    assert "less time per forecast" in found["reason"]


def test_later_months_count_where_the_parent_has_learned_from_them():
    worse_later = {"later_rmse": 1.5, "energy_j_per_1000_forecasts": 1.0}
    assert judged(**worse_later)["verdict"] == "worth it here"
    found = judged(strategy=True, **worse_later)
    assert found["verdict"] == "not worth it here"
    assert found["reason"].startswith("RMSE rises by 25.0% [24.4%, 25.6%] on later months")


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
    frame = judge(rows, 0.05)
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
        # No energy is saved: the same in every seed.
        "not worth it here",
        "not worth it here",
        "baseline",
        # One seed shows nothing.
        "undecided",
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
    frame = judge(rows, 0.05).set_index("lineage")
    assert frame["rmse_change_share"].tolist() == pytest.approx([0, 0.1, 0.2])
    assert frame.loc["stgnn+full", "verdict"] == "undecided"


def test_what_could_not_be_made_is_reported_with_its_reason():
    nothing = dict.fromkeys(row())
    rows = pd.DataFrame(
        [
            compared("stgnn", "base"),
            compared("stgnn+int8", "method", **{**nothing, "unavailable": "no quantised engine"}),
            compared("stgnn+int8+toy", "method", **{**nothing, "unavailable": "its parent is missing"}),
        ]
    )
    frame = judge(rows, 0.05)
    assert frame["verdict"].tolist() == ["baseline", *["not available here"] * 3]
    assert frame["reason"].tolist()[1] == "no quantised engine"
    assert frame["rmse_change_share"].isna().tolist() == [False, True, True, True]


def test_a_variant_without_its_parent_is_refused():
    rows = pd.DataFrame([compared("stgnn+replay+half", "method", seed=3)])
    with pytest.raises(Fault, match=r"not stgnn\+replay itself for the seed 3"):
        judge(rows, 0.05)


def test_without_variants_there_is_nothing_to_judge():
    frame = judge(pd.DataFrame([compared("stgnn", "base")]), 0.05)
    assert len(frame) == 0
    assert {"variant", "verdict", "reason", "within_budget"} <= set(frame.columns)


def test_a_saving_across_back_ends_names_both():
    found = judged(parent={"engine": "fused_cpu"}, energy_j_per_1000_forecasts=6.0)
    assert found["verdict"] == "not worth it here"
    assert "more energy per forecast (computed by torch, the other by fused_cpu)" in found["reason"]


def test_each_variant_has_the_interval_that_its_verdict_rests_on():
    rows = pd.DataFrame(
        [
            compared(lineage, kind, seed=seed, rmse=rmse * factor)
            for seed, factor in enumerate(JITTER, start=1)
            for lineage, kind, rmse in (("stgnn", "base", 1.0), ("stgnn+half", "method", 1.02))
        ]
    )
    calm, wild = (judge(rows, 0.05, spread).iloc[-1] for spread in (0.0, 0.3))
    assert calm["rmse_change_low"] == pytest.approx(0.02, abs=1e-6)
    assert wild["rmse_change_low"] < -0.05
    assert wild["rmse_change_high"] > 0.08
    assert wild["rmse_change_share"] == pytest.approx(0.02)


def many(count, controls):
    """Rows of one checkpoint with ``count`` alike variants over three seeds, the last ones controls; and its days."""
    random = np.random.default_rng(4)
    rows = []
    for seed in (1, 2, 3):
        rows.append({**compared("stgnn", "base", seed=seed), "control": False})
        for number in range(count):
            rmse = 1.02 * math.exp(0.004 * random.standard_normal())
            about = compared(
                f"stgnn+v{number}", "method", seed=seed, rmse=rmse, energy_j_per_1000_forecasts=1.0
            )
            rows.append({**about, "control": number >= count - controls})
    frame = pd.DataFrame(rows)
    return frame, compared_days(frame, 0.01)


def test_variants_that_only_judge_a_method_do_not_count_in_the_correction():
    """Two variants with ten controls are judged as if there were no control at all."""
    rows, days = many(12, controls=10)
    found = judge_variants(rows, days, 0.04)
    assert found.loc[found["verdict"] == "baseline", "corrected_for"].isna().all()
    assert set(found.loc[found["variant"] == "v11", "corrected_for"]) == {10}
    without = ~rows["control"]
    alone = judge_variants(rows[without], days[days["lineage"].isin(rows.loc[without, "lineage"])], 0.04)
    columns = ["variant", "seed", "verdict", "reason", "corrected_for"]
    own = found[found["variant"].isin(["v0", "v1"])]
    assert set(own["corrected_for"]) == {2}
    expected = alone[alone["variant"].isin(["v0", "v1"])][columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(own[columns].reset_index(drop=True), expected)
    every = judge_variants(rows.assign(control=False), days, 0.04)
    assert set(every.loc[every["verdict"] != "baseline", "corrected_for"]) == {12}


def test_the_reason_says_for_how_many_variants_it_is_corrected():
    told = set()
    for count, controls in ((20, 0), (18, 9)):
        for reason in judge_variants(*many(count, controls), 0.04)["reason"]:
            if found := re.search(r"once corrected for (.*?) \(n = 3", reason):
                told.add(found[1])
    assert told == {"20 variants", "9 variants", "9 controls"}
