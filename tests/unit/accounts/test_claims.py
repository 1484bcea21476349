"""Verdicts of claims: the rule, the measurements behind them, and the contract of every document's plug-in."""

import copy

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from compared_days import compared_days
from made_days import make_days
from model_blocks import untrained
from wattshed.accounts.claims.checkpoints import (
    chain_changes,
    changes,
    forgetting,
    forgetting_saved,
    rises,
    speed_ups,
)
from wattshed.accounts.claims.claim import Bounds, Claim, Source, Topic, Verdict, exactly
from wattshed.accounts.claims.judging import COLUMNS, claims_frame
from wattshed.accounts.claims.registry import MODULES
from wattshed.accounts.claims.results import Results
from wattshed.accounts.claims.techniques import (
    PHASE_1,
    phase_energies,
    phase_errors,
    technique_energies,
    technique_errors,
)
from wattshed.accounts.claims.trainings import (
    determination,
    generalisation,
    parameters,
    training_changes,
)
from wattshed.config.data.data import WindowsBlock
from wattshed.config.study import load_study
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.statistics.intervals import Interval
from wattshed.statistics.ratios import ratio_interval

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def config(root):
    """The default study's resolved configuration."""
    return load_study(yaml.safe_load((root / "config/config.yaml").read_text())).model_dump(mode="json")


def compared():
    """A base model, two variants of it, and a chain; latencies and energies of half and of twice as much."""
    rows = []
    for lineage, parent, step, kind, factor, engine in (
        ("stgnn", None, None, "base", 1.0, "fused_cpu"),
        ("stgnn+prune_half", "stgnn", "prune_half", "method", 0.5, "torch"),
        ("stgnn+int8", "stgnn", "int8", "method", 2.0, "fused_cpu"),
        ("stgnn+replay", "stgnn", "replay", "strategy", 1.0, "fused_cpu"),
        ("stgnn+prune_half+replay", "stgnn+prune_half", "replay", "strategy", 0.25, "torch"),
        ("stgnn+replay+naive", "stgnn+replay", "naive", "strategy", 1.0, "fused_cpu"),
    ):
        for seed in SEEDS:
            of_seed = 1 + 0.3 * seed
            rows.append(
                {
                    "model": "stgnn", "lineage": lineage, "parent": parent, "step": step, "kind": kind, "seed": seed,
                    "rmse": of_seed * (1.02 if kind == "method" else 1.0),
                    "mae": of_seed * (1.0 + 0.01 * seed if kind == "method" else 1.0),
                    "bytes": 1000 * factor,
                    "latency_s_per_window": of_seed * factor * (1 + 0.001 * seed * (factor != 1)),
                    "energy_j_per_1000_forecasts": of_seed * factor,
                    "engine": engine,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def with_days(frame, spread=0.0):
    return {"compared": frame, "compared_days": compared_days(frame, spread)}


def results(config, choices=(), **frames):
    return Results(frames, config, choices)


def windows(kwh=None, validation=None, epochs=4):
    """Trainings of equal epochs: each model takes kwh an epoch, and reaches its validation error at the last one."""
    rows = []
    for model, energy in (kwh or {"stgnn_reference": 4.0, "stgnn": 1.0}).items():
        for seed in SEEDS:
            for epoch in range(epochs):
                least = (validation or {}).get(model, {"stgnn_reference": 0.9, "stgnn": 0.7}.get(model, 0.8))
                rows.append(
                    {
                        "model": model, "seed": seed, "window": "epoch", "attempt": 1, "start_s": float(epoch),
                        "duration_s": energy * (1 + 0.01 * seed), "repeats": 1,
                        "energy_kwh": energy * (1 + 0.01 * seed), "energy_status": "estimated",
                        "value_validation_rmse": least + 0.1 * (epochs - 1 - epoch), "value_samples": 10.0,
                        "labels": "{}", "job": f"{model}-{seed}", "stage": "training", "epoch": epoch,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def scores(**rmse):
    rows = [
        {
            "model": model,
            "seed": seed,
            "scope": "all",
            "rmse": value * (1 + 0.01 * seed),
            "r2": 1 - value / 2 + seed / 1000,
        }
        for model, value in rmse.items()
        for seed in SEEDS
    ]
    return pd.DataFrame(rows)


def adaptation():
    rows = [
        {"parent": "stgnn", "lineage": f"stgnn+{strategy}", "strategy": strategy, "seed": seed,
         "updates": 0 if strategy == "frozen" else 3, "forgetting_share": share + 0.001 * seed}
        for strategy, share in (("frozen", 0.0), ("naive", 0.03), ("replay", 0.01))
        for seed in SEEDS
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-80, -70, Verdict.HOLDS),
        (-60, -50, Verdict.HOLDS),
        (-60, -49, Verdict.UNDECIDED),
        (-49, -40, Verdict.FAILS),
        (-40, 500, Verdict.FAILS),
        (None, None, Verdict.UNDECIDED),
    ],
)
def test_a_saving_holds_fails_or_is_undecided_by_its_whole_interval(low, high, verdict):
    assert Bounds(high=-50).verdict(Interval(-55, low, high, 3)) == verdict


def test_a_range_is_missed_on_either_side():
    bounds = Bounds(950, 1000)
    assert bounds.verdict(exactly(1766)) == bounds.verdict(exactly(900)) == Verdict.FAILS
    assert bounds.verdict(exactly(950)) == bounds.verdict(exactly(1000)) == Verdict.HOLDS
    assert bounds.verdict(Interval(975, 900, 1100, 5)) == Verdict.UNDECIDED


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(-10, 10), st.floats(0, 5))
def test_only_an_interval_that_touches_both_sides_is_undecided(bound, width, low, length):
    bounds, high = Bounds(bound, bound + width), low + length
    verdict = bounds.verdict(Interval((low + high) / 2, low, high, 3))
    points = np.linspace(low, high, 41)
    inside = (bound <= points) & (points <= bound + width)
    assert (verdict == Verdict.HOLDS) <= inside.all()
    assert (verdict == Verdict.FAILS) <= (~inside).all()
    assert inside.all() or not inside.any() or verdict == Verdict.UNDECIDED


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


def test_training_is_compared_at_the_controls_least_error(config):
    """The control spends 4 epochs of 4; the model passes its error at its second epoch of 1."""
    (found,) = training_changes(results(config, compared=compared(), windows=windows()), "kwh")
    expected = ratio_interval([2 * (1 + 0.01 * s) for s in SEEDS], [16 * (1 + 0.01 * s) for s in SEEDS])
    assert found.measured.mean == pytest.approx(100 * (expected.mean - 1)) == pytest.approx(-87.5)
    assert (found.measured.low, found.measured.high) == (
        pytest.approx(100 * (expected.low - 1)), pytest.approx(100 * (expected.high - 1)),
    )  # fmt: skip
    assert (
        "training stgnn (the recipe of this study) to the least validation error of stgnn_reference"
        in found.of
    )


def test_a_model_that_does_not_reach_the_controls_error_saves_nothing(config):
    frame = windows(validation={"stgnn": 0.95})
    said = training_changes(results(config, compared=compared(), windows=frame), "kwh")
    assert said == "no model that goes through a chain reaches the least validation error of stgnn_reference"


def test_the_tuned_opponent_is_the_control_where_there_is_one(config):
    tuned = {**config, "ladder": {"reference": "a", "tuned": "b", "steps": []}}
    assert results(tuned).control == "b"
    assert results(config).control == "stgnn_reference"
    assert results({**config, "ladder": None}).control == "stgnn_reference"
    assert results({"models": {"x": {"form": "gru"}}}).control is None


def test_one_key_of_the_recipe_is_told_from_all_others(config):
    recipe = config["recipes"]["frugal"]
    block = config["models"]["stgnn"]
    models = {
        "full": block,
        "half": {**block, "recipe": "half"},
        "other": {**block, "recipe": "half", "hidden": 3},
    }
    own = {**config, "models": models, "recipes": {"frugal": recipe, "half": {**recipe, "precision": "bf16"}}}
    energies = windows({"full": 2.0, "half": 1.0, "other": 9.0})
    days = make_days(day_noise=0.001, seed_noise=0, full=(0.5, 3), half=(0.51, 3), other=(2, 3))
    frames = {"windows": energies, "days": days}
    (energy,) = technique_energies(results(own, **frames), "precision")
    assert energy.of == "training half against full"
    assert energy.measured.mean == pytest.approx(-50)
    (error,) = technique_errors(results(own, **frames), "precision")
    assert error.measured.mean == pytest.approx(2.0, abs=0.05)
    assert error.measured.low < error.measured.mean < error.measured.high
    assert (
        technique_energies(results(own, **frames), "patience")
        == "no two models of this study differ in patience alone"
    )


def one_key(config, key, value, control, **keys):
    """A study whose model ``technique`` differs from ``control`` in one key of recipe or model, and in ``keys``."""
    recipe = {**config["recipes"]["tuned"], "accumulate": 1}
    block = {**config["models"]["stgnn_reference"], "recipe": "plain", "minimum_edge_weight": 0.0}
    recipes = {"plain": dict(recipe), "changed": {**recipe, **keys}}
    models = {"control": dict(block), "technique": {**block, "recipe": "changed"}}
    for name, number in (("plain", control), ("changed", value)):
        place = recipes[name] if key in recipe else models["control" if name == "plain" else "technique"]
        place[key] = number
    return {**config, "recipes": recipes, "models": models, "ladder": {"reference": "control", "tuned": None}}


@pytest.mark.parametrize(
    ("key", "value", "control"),
    [
        ("batch", 64, 8),
        ("accumulate", 4, 1),
        ("precision", "bf16", "fp32"),
        ("patience", 2, 8),
        ("min_delta", 0.01, 0.0),
        ("patience_warm_up_epochs", 4, 0),
        ("layer_rates", {"gru": 0.5}, {}),
        ("edge_keep_share", 0.5, 1.0),
        ("node_keep_share", 0.5, 1.0),
        ("minimum_edge_weight", 0.5, 0.0),
        ("aggregate", "precomputed", "each_step"),
    ],
)
def test_every_technique_of_the_first_phase_is_told_from_its_control(config, key, value, control):
    own = one_key(config, key, value, control)
    frames = {"windows": windows({"control": 2.0, "technique": 1.5})}
    (found,) = technique_energies(results(own, **frames), key)
    assert found.of == "training technique against control"
    assert found.measured.mean == pytest.approx(-25)
    # One key is a technique, not the phase.
    assert isinstance(phase_energies(results(own, **frames)), str)
    assert set(PHASE_1) >= {key}


def test_the_first_phase_is_measured_where_a_model_uses_several_techniques_on_the_control(config):
    own = one_key(config, "batch", 64, 8, precision="bf16", patience=1)
    days = make_days(day_noise=0.001, seed_noise=0, control=(0.5, 3), technique=(0.6, 3))
    spent = windows({"control": 2.0, "technique": 0.5})
    # Seeds whose ratios are all alike would count as one run.
    spent["energy_kwh"] *= 1 + 0.01 * ((spent["model"] == "technique") & (spent["seed"] == 2))
    frames = {"windows": spent, "days": days}
    (found,) = phase_energies(results(own, **frames))
    assert found.measured.mean == pytest.approx(-75, abs=0.2)
    (error,) = phase_errors(results(own, **frames))
    assert error.measured.mean == pytest.approx(20, abs=0.5)
    rows = claims_frame(["stgnn_study"], results(own, **frames)).set_index("claim")
    assert rows.loc["energy_phase_1", "verdict"] == "holds"
    assert rows.loc["budget_phase_1", "verdict"] == "does not hold"
    assert rows.loc["energy_phase_2", "verdict"] == "not measured here"
    # The parts of early stopping are one technique.
    stopping = one_key(config, "patience", 2, 8, min_delta=0.01, patience_warm_up_epochs=2)
    assert isinstance(phase_energies(results(stopping, **frames)), str)
    # A further key that belongs to no technique makes it another comparison.
    own["recipes"]["changed"]["learning_rate"] = 0.5
    assert isinstance(phase_energies(results(own, **frames)), str)


def test_energies_of_techniques_are_paired_over_seeds_and_unknown_ones_are_not_left_out(config):
    own = one_key(config, "batch", 64, 8)
    frame = windows({"control": 2.0, "technique": 1.0})
    (found,) = technique_energies(results(own, windows=frame), "batch")
    # Seeds differ by 1 %, their ratios not at all.
    assert found.measured.low == pytest.approx(-50)
    assert found.measured.high == pytest.approx(-50)
    dark = frame["energy_kwh"].mask((frame["model"] == "technique") & (frame["seed"] == 2))
    assert isinstance(technique_energies(results(own, windows=frame.assign(energy_kwh=dark)), "batch"), str)


def test_the_error_of_a_technique_is_that_of_the_worse_metric(config):
    own = one_key(config, "batch", 64, 8)
    days = make_days(day_noise=0.001, seed_noise=0, control=(0.5, 3), technique=(0.51, 3))
    days.loc[days["model"] == "technique", "absolute"] *= 1.1
    (found,) = technique_errors(results(own, days=days), "batch")
    assert found.of == "technique against control, MAE"
    assert found.measured.mean == pytest.approx(12.2, abs=0.2)


def test_a_ladder_that_begins_with_the_source_network_names_no_changed_one(config):
    own = one_key(config, "batch", 64, 8)
    assert results(own).reference_models == ["control"]
    assert results({**own, "ladder": None}).reference_models == ["control", "technique"]


def test_the_best_r2_is_shown_beside_that_of_the_source_network(config):
    found = determination(results(config, scores=scores(stgnn_reference=1.0, stgnn=0.6, gru=0.8)))
    assert [one.of for one in found] == ["stgnn_reference", "stgnn (the best of all models)"]
    assert found[1].measured.mean == pytest.approx(0.702)


def test_the_gap_is_of_the_same_seeds_validation_error(config):
    frames = {"scores": scores(stgnn_reference=0.99), "windows": windows()}
    (found,) = generalisation(results(config, **frames))
    assert found.measured.mean == pytest.approx(100 * (0.99 * 1.02 / 0.9 - 1), abs=0.01)


def test_counted_parameters_are_those_of_the_network(config):
    (found,) = parameters(results(config))
    assert found.measured.mean == 1766
    for hidden, horizon in ((16, 6), (32, 6), (5, 3)):
        sizes = {
            **config,
            "models": {"net": {**config["models"]["stgnn_reference"], "hidden": hidden}},
            "data": {"windows": {"horizon_h": horizon}},
        }
        blocks = WindowsBlock(look_back_h=12, horizon_h=horizon)
        network = untrained(blocks, 4, form="stgnn_reference", hidden=hidden)
        assert parameters(results(sizes))[0].measured.mean == network.parameter_count()
        layers = {"channels": 7, "graph_layers": 2, "recurrent_layers": 3}
        sizes["models"]["net"] |= layers
        network = untrained(blocks, 4, form="stgnn_reference", hidden=hidden, **layers)
        assert parameters(results(sizes))[0].measured.mean == network.parameter_count()


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


def test_a_simulated_sweep_measures_nothing(config):
    simulated = {"label": "simulated", "saving_share": 0.95, "saving_low": 0.94, "saving_high": 0.96}
    real = {**simulated, "label": "recorded", "gpu": "g", "workload": "w", "candidate_mhz": 900, "candidate_repeats": 5,
            "saving_share": 0.1, "saving_low": 0.08, "saving_high": 0.12}  # fmt: skip
    (row,) = claims_frame(["clock_study"], results(config, [simulated])).to_dict("records")
    assert (row["verdict"], row["reason"]) == ("not measured here", "the sweep is simulated")
    (row,) = claims_frame(["clock_study"], results(config, [simulated, real])).to_dict("records")
    assert (row["mean"], row["low"], row["high"], row["n"]) == pytest.approx((-10, -12, -8, 5))
    assert row["verdict"] == "does not hold"


@pytest.mark.parametrize("name", MODULES)
def test_a_documents_plug_in_keeps_its_contract(name, config):
    """Every claim is complete, and is judged or says why not, whatever the study has."""
    source = plugins.load("claims", name)
    assert isinstance(source, Source)
    frames = {"scores": scores(stgnn_reference=1.0), "windows": windows(), **with_days(compared())}
    for claim in source.claims:
        assert claim.topic in Topic
        assert claim.says
        assert claim.claimed
        assert claim.place
        assert claim.bounds != Bounds()
        for given_frames in ({}, frames, {**frames, "adaptation": adaptation()}):
            measured = claim.measure(results(config, **given_frames))
            assert isinstance(measured, str | list)
            assert measured, claim.claim
    empty = claims_frame([name], results({**config, "ladder": None}))
    assert list(empty) == list(COLUMNS)
    assert empty["reason"].isna().tolist() == (empty["verdict"] != "not measured here").tolist()


def test_all_headline_numbers_of_the_source_study_are_judged(config):
    frames = {"scores": scores(stgnn_reference=1.0), "windows": windows(), **with_days(compared())}
    found = claims_frame(["stgnn_study"], results(config, **frames))
    claimed = set(found["claimed"])
    assert {
        "-50 %",
        "-62.5 %",
        "-70 %",
        "-60 to -70 %",
        "-75 to -80 %",
        "-50 to -60 %",
        "<= 5 %",
        "> 0.90",
    } <= claimed
    verdicts = found.drop_duplicates("claim").set_index("claim")["verdict"]
    assert verdicts["energy_phase_3"] == verdicts["size"] == "holds"
    assert verdicts["recorded_power"] == verdicts["parameters"] == verdicts["r2"] == "does not hold"
    assert verdicts["carbon_aware_schedule"] == "not measured here"


def test_two_claims_of_one_name_are_refused():
    claim = Claim("a", Topic.ENERGY, "p", "s", "1", "", Bounds(low=1), lambda results: "no")
    with pytest.raises(Fault, match="the claims of 'Paper' name 'a' twice"):
        Source("Paper", (claim, claim))


def test_a_studys_own_document_joins(own_plugin, config):
    own_plugin(
        "my_paper",
        """
from wattshed.accounts.claims.claim import Bounds, Claim, Finding, Source, Topic, exactly

CLAIMS = Source(
    "My paper",
    (Claim("two", Topic.ENERGY, "abstract", "Two is two", "2", "", Bounds(2, 2),
           lambda results: [Finding("arithmetic", exactly(2), "here")]),),
)
""",
    )
    assert plugins.names("claims") == [*MODULES, "my_paper"]
    (row,) = claims_frame(["my_paper"], results(config)).to_dict("records")
    assert (row["document"], row["verdict"], row["mean"]) == ("My paper", "holds", 2.0)
