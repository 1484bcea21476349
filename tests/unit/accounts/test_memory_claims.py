"""Claims of GNN-STAN's source: judged by the memory levels of a study, beside what its own code does."""

import pandas as pd
import pytest

from claimed_results import compared, results, with_days
from made_memory import make_steps
from wattshed.accounts.claims.judging import claims_frame
from wattshed.accounts.claims.memory_levels import NONE_MEASURED

LEVEL_CLAIMS = (
    "ago",
    "htaas",
    "hab",
    "level_low",
    "level_medium",
    "level_high",
    "vram",
    "overhead",
    "inference",
    "plain_vram",
    "small_vram",
)


def judged(config, **frames):
    found = claims_frame(["gnn_stan"], results(config, **frames))
    return {claim: rows.to_dict("records") for claim, rows in found.groupby("claim", sort=False)}


def test_without_the_block_nothing_is_measured_and_the_code_still_cannot_run(config):
    found = judged(config)
    (row,) = found["optimised_model"]
    assert (row["verdict"], row["mean"]) == ("does not hold", 0.0)
    assert "cannot be of the source's code" in row["of"]
    assert "TypeError" in row["of"]
    for claim in LEVEL_CLAIMS:
        assert [(one["verdict"], one["reason"]) for one in found[claim]] == [
            ("not measured here", NONE_MEASURED)
        ]
    for claim in ("hot_cold", "hot_cold_error", "gating", "accuracy"):
        assert [one["verdict"] for one in found[claim]] == ["not measured here"]


def test_levels_are_judged_by_their_cells(config):
    found = judged(config, memory_steps=make_steps(lengths=(172, 352), unmeasured=None))
    (medium,) = found["level_medium"]
    # Every cell is 41 % of the plain step: counted bytes without spread.
    assert (medium["mean"], medium["verdict"], medium["n"]) == (pytest.approx(-59), "holds", 2)
    assert medium["of"] == "gnn_stan, medium, range of 2 cells of length and batch"
    verdicts = {row["of"].split(", ")[1]: row["verdict"] for row in found["vram"]}
    assert verdicts == {"low": "does not hold", "medium": "holds", "high": "holds"}
    assert {row["verdict"] for row in found["overhead"]} <= {"holds", "does not hold", "undecided"}
    medium_time = next(row for row in found["overhead"] if ", medium," in row["of"])
    assert medium_time["mean"] == pytest.approx(28, abs=5)
    assert medium_time["where"] == "table memory_speed"


def test_a_mechanism_is_judged_where_it_was_measured_alone_beside_what_the_source_does(config):
    found = judged(config, memory_steps=make_steps(lengths=(172,)))
    code, own = found["ago"]
    assert (code["mean"], code["verdict"]) == (0.0, "does not hold")
    assert "leaves it on the device" in code["of"]
    assert (own["mean"], own["verdict"]) == (pytest.approx(-2), "does not hold")
    assert own["of"] == "gnn_stan, gradient_release alone, 1 cell of length and batch"
    assert [row["verdict"] for row in found["htaas"]] == ["does not hold", "holds"]
    slow = found["hab"]
    assert [row["mean"] for row in slow[:2]] == [pytest.approx(7.7 / 5.9), pytest.approx(63 / 61)]
    # One cell of time decides nothing.
    assert slow[2]["verdict"] == "undecided"


def test_the_plain_models_bytes_are_held_against_the_published_ones(config):
    steps = make_steps(lengths=(172,))
    code, own = judged(config, memory_steps=steps)["plain_vram"]
    assert (code["mean"], code["verdict"]) == (pytest.approx(36.5), "does not hold")
    (row,) = steps[steps["level"] == "none"].to_dict("records")
    assert own["mean"] == pytest.approx(row["measured_peak_bytes"] / row["batch"] / 1e6)


@pytest.mark.parametrize(("share", "verdict"), [(1.0, "holds"), (0.995, "holds"), (0.62, "does not hold")])
def test_the_level_that_shall_save_nothing_is_held_against_what_it_saves(config, share, verdict):
    steps = make_steps(lengths=(172, 352), unmeasured=None)
    steps.loc[steps["level"] == "low", "measured_peak_share"] = share
    (row,) = judged(config, memory_steps=steps)["level_low"]
    assert (row["verdict"], row["mean"]) == (verdict, pytest.approx(100 * (share - 1)))


@pytest.mark.parametrize(("mb", "verdict"), [(210, "holds"), (1168, "does not hold")])
def test_the_bytes_of_the_other_page_are_judged_for_each_example(config, mb, verdict):
    steps = make_steps(lengths=(172, 352), batches=(32,), unmeasured=None)
    steps.loc[steps["level"] == "none", "measured_peak_bytes"] = mb * 1e6
    code, own = judged(config, memory_steps=steps)["small_vram"]
    assert (code["mean"], code["verdict"]) == (pytest.approx(36.5), "does not hold")
    assert (own["mean"], own["verdict"]) == (pytest.approx(mb / 32), verdict)


def test_the_share_of_hot_neurons_is_what_the_code_says(config):
    (row,) = judged(config)["hot_share"]
    assert (row["mean"], row["verdict"]) == (20.0, "does not hold")


def test_spread_over_cells_leaves_a_saving_undecided(config):
    steps = make_steps(lengths=(172, 352, 512), unmeasured=None)
    medium = steps["level"] == "medium"
    steps.loc[medium, "measured_peak_share"] = [0.3, 0.6, 0.9]
    (row,) = judged(config, memory_steps=steps)["level_medium"]
    assert (row["verdict"], row["n"], row["mean"]) == ("undecided", 3, pytest.approx(-40))
    assert (row["low"], row["high"]) == (pytest.approx(-70), pytest.approx(-10))
    # Bytes are counted: two cells that both meet the claim decide it, however far they lie apart.
    steps.loc[medium, "measured_peak_share"] = [0.45, 0.52, 0.6]
    (row,) = judged(config, memory_steps=steps)["level_medium"]
    assert (row["verdict"], row["low"], row["high"]) == ("holds", pytest.approx(-55), pytest.approx(-40))


def test_a_level_with_nothing_to_do_judges_nothing(config):
    steps = make_steps(lengths=(172,))
    steps.loc[steps["level"] == "low", ["mechanisms", "measured_peak_share"]] = ["", 1.0]
    (row,) = judged(config, memory_steps=steps)["level_low"]
    assert (row["verdict"], row["reason"]) == (
        "not measured here",
        "the level low finds nothing to do in the networks of this study",
    )


def test_what_was_predicted_alone_or_not_asked_for_says_so(config):
    predicted = make_steps(lengths=(1000,))
    found = judged(config, memory_steps=predicted)
    assert found["level_high"][0]["reason"] == "the level high was predicted here and not measured"
    without = make_steps(alone=False)
    assert judged(config, memory_steps=without)["ago"][0]["reason"] == (
        "this study does not measure the mechanism gradient_release or gradient_offload alone"
    )


def test_cold_units_are_judged_by_the_compressed_checkpoints_beside_what_the_source_does(config):
    # The variant prune_half takes half the time of its base model, at 2 % more error.
    variants = {"prune_half": {"method": "hot_cold"}, "int8": {"method": "int8"}}
    changed = {**config, "compression": {**config["compression"], "variants": variants}}
    found = judged(changed, **with_days(compared()))
    code, own = found["hot_cold"]
    assert (code["verdict"], own["verdict"]) == ("does not hold", "holds")
    assert own["of"].startswith("stgnn+prune_half")
    assert own["mean"] == pytest.approx(-50, abs=0.5)
    (error,) = found["hot_cold_error"]
    assert error["of"].startswith("stgnn+prune_half")
    assert error["mean"] == pytest.approx(2, abs=0.1)
    others = {**changed, "compression": {**config["compression"], "variants": {"int8": {"method": "int8"}}}}
    assert judged(others, **with_days(compared()))["hot_cold"][0]["verdict"] == "not measured here"


def test_a_gates_saving_is_that_of_its_last_epochs(config):
    rows = [
        {"model": "gated", "seed": seed, "epoch": epoch, "value_executed_share": share}
        for seed in (1, 2, 3)
        for epoch, share in ((1, 1.0), (2, 0.7 + 0.01 * seed))
    ]
    code, own = judged(config, windows=pd.DataFrame(rows))["gating"]
    assert code["mean"] == 0
    assert (own["mean"], own["n"], own["verdict"]) == (pytest.approx(-28), 3, "holds")


def test_the_accuracy_is_held_against_the_commonest_class(config):
    models = {**config, "models": {"stan": {"form": "gnn_stan", "recipe": "frugal"}}}
    classes = pd.DataFrame(
        [
            {"model": name, "seed": seed, "accuracy": value + 0.01 * seed}
            for name, value, seeds in (("stan", 0.6, (1, 2, 3)), ("majority", 0.1, (0,)))
            for seed in seeds
        ]
    )
    code, own = judged(models, classes=classes)["accuracy"]
    assert (code["mean"], code["verdict"]) == (pytest.approx(-10.51), "does not hold")
    assert (own["mean"], own["verdict"]) == (pytest.approx(52), "holds")
    alone = classes[classes["model"] == "stan"]
    assert (
        judged(models, classes=alone)["accuracy"][0]["reason"]
        == "this study does not fit the baseline majority"
    )
