"""What claims measure of checkpoints: changes, speed-ups, rises of errors, and forgetting."""

import copy

import numpy as np
import pandas as pd
import pytest

from claimed_results import SEEDS, adaptation, compared, results, with_days
from wattshed.accounts.claims.checkpoints import (
    chain_changes,
    changes,
    forgetting,
    forgetting_saved,
    rises,
    speed_ups,
)
from wattshed.accounts.claims.claim import Bounds, Verdict
from wattshed.foundation import plugins
from wattshed.statistics.intervals import Interval


def test_changes_are_paired_by_seed_and_name_the_back_ends_that_differ(config):
    """Seeds differ by 30 %, their ratios by a thousandth."""
    found = {one.of: one for one in changes(results(config, compared=compared()), "latency_s_per_window")}
    pruned = found["stgnn+prune_half (torch against fused_cpu)"]
    assert pruned.measured.mean == pytest.approx(100 * (0.5 * 1.002 - 1), abs=0.01)
    assert -50.1 < pruned.measured.low < pruned.measured.mean < pruned.measured.high < -49.6
    assert pruned.measured.n == 3
    assert pruned.where == "table compression"
    assert found["stgnn+int8"].measured.mean > 0
    chain = found["stgnn+prune_half+replay (torch against fused_cpu)"]
    assert chain.where == "table chains"
    assert "stgnn+replay" not in found
    assert "stgnn+replay+naive" not in found


def test_whole_chains_are_those_that_compress_and_adapt(config):
    (chain,) = chain_changes(results(config, compared=compared()), "bytes")
    assert chain.of == "stgnn+prune_half+replay"
    assert chain.measured == Interval(pytest.approx(-75), pytest.approx(-75), pytest.approx(-75), 3)


CONTROLS = {
    "ticket": {"method": "lottery_ticket"},
    "ticket_random": {"method": "lottery_ticket", "control": "random_mask"},
    "ticket_new_start": {"method": "lottery_ticket", "control": "reinitialised"},
    "student": {"method": "distil", "student": {"form": "gru", "hidden": 8}},
    "student_alone": {"method": "distil", "student": {"form": "gru", "hidden": 8}, "output_weight": 0.0},
    "static": {"method": "static_int8"},
}


def test_a_claim_about_a_method_leaves_its_controls_out(config):
    """A random mask is no lottery ticket, and a student without a teacher was not distilled."""
    own = copy.deepcopy(config)
    own["compression"]["variants"] |= CONTROLS
    rows = [
        compared().query("lineage == 'stgnn+prune_half'").assign(step=name, lineage=f"stgnn+{name}")
        for name in CONTROLS
    ]
    frame = pd.concat([compared(), *rows], ignore_index=True)
    found = results(own, **with_days(frame))
    of = {
        methods: {one.of.partition(",")[0] for one in rises(found, *methods)}
        for methods in (("lottery_ticket",), ("distil",), ("int8", "static_int8"))
    }
    assert of == {
        ("lottery_ticket",): {"stgnn+ticket"},
        ("distil",): {"stgnn+student"},
        ("int8", "static_int8"): {"stgnn+int8", "stgnn+static"},
    }
    assert not {"stgnn+ticket_random", "stgnn+student_alone"} & {one.of for one in changes(found, "bytes")}


def test_every_method_that_a_claim_names_is_a_plug_in(config):
    """A claim about a method of another name would never be measured."""
    said = [str(claim.measure(results(config))) for claim in plugins.load("claims", "stgnn_study").claims]
    start = "no variant of this study is made by "
    named = [
        name
        for text in said
        if text.startswith(start)
        for name in text.removeprefix(start).partition(",")[0].split(" or ")
    ]
    assert {"prune", "int8", "low_rank", "distil", "lottery_ticket"} <= set(named)
    assert set(named) <= set(plugins.names("method"))


def test_a_speed_up_is_the_base_models_time_over_the_variants(config):
    (int8,) = speed_ups(results(config, compared=compared()), "int8")
    assert int8.measured.mean == pytest.approx(0.5, rel=0.01)
    assert int8.measured.low < int8.measured.mean < int8.measured.high
    assert Bounds(low=4.0).verdict(int8.measured) == Verdict.FAILS


def test_the_rise_of_error_is_that_of_the_worse_metric(config):
    (pruned,) = rises(results(config, **with_days(compared())), "prune")
    assert pruned.of == "stgnn+prune_half, MAE"
    assert pruned.measured.mean == pytest.approx(2.0, abs=0.01)
    assert "no variant of this study is made by distillation" in rises(results(config), "distillation")


def test_the_rise_of_error_is_tested_over_days_too(config):
    """Seeds differ by a hundredth; days by much more."""
    calm, wild = (
        rises(results(config, **with_days(compared(), spread)), "prune")[0] for spread in (0.0, 0.3)
    )
    assert calm.measured.high - calm.measured.low < 6
    assert wild.measured.high - wild.measured.low > 10
    assert Bounds(high=5.0).verdict(wild.measured) == Verdict.UNDECIDED


def test_one_seed_decides_nothing_about_a_rise(config):
    frame = compared()
    (found,) = rises(results(config, **with_days(frame[frame["seed"] == 1], 0.02)), "prune")
    assert (found.measured.low, found.measured.high) == (None, None)


def test_a_variant_that_cannot_run_here_is_not_measured(config):
    frame = compared()
    frame.loc[frame["lineage"] == "stgnn+int8", ["latency_s_per_window", "rmse", "mae"]] = np.nan
    assert isinstance(speed_ups(results(config, compared=frame), "int8"), str)
    assert isinstance(rises(results(config, **with_days(frame)), "int8"), str)


def test_every_strategy_of_a_kind_is_compared_with_the_control_seed_by_seed(config):
    frame = adaptation()
    smaller = frame[frame["strategy"] == "replay"].assign(strategy="replay_1", forgetting_share=0.02)
    changed = copy.deepcopy(config)
    changed["adaptation"]["strategies"]["replay_1"] = {"kind": "replay", "memory_share": 0.01}
    given = pd.concat([frame, smaller], ignore_index=True)
    found = forgetting_saved(results(changed, adaptation=given), "replay", "naive")
    assert [one.of for one in found] == ["stgnn, replay against naive", "stgnn, replay_1 against naive"]
    assert found[0].measured.mean == pytest.approx(2.0)
    assert found[1].measured.mean == pytest.approx(100 * (0.03 + 0.001 * np.mean(SEEDS) - 0.02))
    elsewhere = given.assign(seed=given["seed"] + 10 * (given["strategy"] == "naive"))
    assert forgetting_saved(results(changed, adaptation=elsewhere), "replay", "naive").startswith(
        "this study does"
    )


def test_forgetting_is_of_strategies_that_update(config):
    found = {one.of: one.measured.mean for one in forgetting(results(config, adaptation=adaptation()))}
    assert found == {"stgnn+naive": pytest.approx(3.2), "stgnn+replay": pytest.approx(1.2)}
    (saved,) = forgetting_saved(results(config, adaptation=adaptation()), "replay", "naive")
    assert saved.measured.mean == pytest.approx(2.0)
    assert forgetting_saved(results(config, adaptation=adaptation()), "ewc", "naive") == (
        "this study does not compare ewc with naive"
    )
