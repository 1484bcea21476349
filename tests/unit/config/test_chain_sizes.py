"""Sizes along a chain: what masks, ranks and steps leave is counted when the configuration is read."""

import re

import pytest

from chained_studies import with_chains, with_students
from wattshed.config.lineages import lineages_of
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        (
            {"method": "mask", "keep_share": 0.002},
            "keep_share 0.002 keeps none of the {output} weights of the output matrix; expected settings that keep",
        ),
        (
            {"method": "mask", "keep_share": 0.0005},
            "keep_share 0.0005 keeps none of the 768 recurrent weights",
        ),
        (
            {"method": "mask", "keep_share": 0.001, "scope": "global"},
            "keep_share 0.001 keeps 2 of {all} weights in 3 matrices; expected settings that keep at least one",
        ),
        ({"method": "mask", "keep_share": 0.9999}, "keep_share 0.9999 removes none of the {all} weights"),
        (
            {"method": "mask", "keep_share": 0.9999, "scope": "global"},
            "keep_share 0.9999 removes none of the {all} weights; expected settings that remove at least one",
        ),
        (
            {"method": "sparse_training", "density": 0.002},
            "density 0.002 keeps none of the {output} weights of the output matrix",
        ),
        (
            {"method": "sparse_training", "density": 0.9999},
            "density 0.9999 removes none of the {all} weights",
        ),
        (
            {"method": "lottery_ticket", "share_per_round": 0.0001},
            "share_per_round 0.0001 in round 1 removes none of the {all} weights",
        ),
        (
            {"method": "lottery_ticket", "share_per_round": 0.9, "rounds": 3, "scope": "layer"},
            "share_per_round 0.9 in round 3 keeps none of the 1 weights of the output matrix",
        ),
        (
            {"method": "sparse_training", "density": 0.5, "update_every": 100_000},
            "update_every 100000 leaves no change of the masks in the first {last} of {steps} steps: expected",
        ),
        (
            {"method": "distil", "student": {"form": "gru", "hidden": 64}},
            "the student has 25,478 weights and its teacher 1,782; expected a smaller student",
        ),
        (
            {"method": "distil", "student": {"form": "stgnn", "hidden": 15, "channels": 500}},
            "the student has 24,861 weights and its teacher 1,782; expected a smaller student",
        ),
    ],
)
def test_sizes_and_steps_that_cannot_be_made_are_refused_when_the_configuration_is_read(
    config, block, sentence
):
    changed = with_students(config, ["mine"])
    assert changed["data"]["windows"]["horizon_h"] == 6
    recipe = changed["recipes"][changed["models"]["stgnn"]["recipe"]]
    recipe |= {"steps_per_epoch": 33, "epochs": 7, "accumulate": 2}
    changed["compression"]["variants"]["mine"] = block
    told = sentence.format(output=96, all=1632, steps=7 * 17, last=89)
    with pytest.raises(Fault, match=re.escape(told)) as caught:
        load_study(changed)
    assert "\n" not in str(caught.value)


def test_steps_that_depend_on_the_data_are_left_to_the_job(config):
    changed = with_students(config, ["mine"])
    changed["data"]["source"] = {"kind": "goiener"}
    changed["recipes"][changed["models"]["stgnn"]["recipe"]]["steps_per_epoch"] = None
    changed["compression"]["variants"]["mine"] = {
        "method": "sparse_training", "density": 0.5, "update_every": 100_000,
    }  # fmt: skip
    assert "stgnn+mine" in lineages_of(load_study(changed))


def test_masks_on_what_pruning_left_are_counted_there(config):
    changed = with_students(config, ["prune_half", "mine"])
    changed["compression"]["variants"]["mine"] = {"method": "mask", "keep_share": 0.01}
    with pytest.raises(Fault, match=r"keep_share 0\.01 keeps none of the 48 weights of the output matrix"):
        load_study(changed)
    changed["chains"][0]["steps"] = ["mine", "prune_half"]
    assert "stgnn+mine+prune_half" in lineages_of(load_study(changed))


@pytest.mark.parametrize(
    ("channels", "pruning", "taken", "refused", "most"),
    [
        (16, {"keep_share": 0.5}, 9, 10, r"9\.6, for the matrix \[24, 16\] of 8 units that read 16 channels"),
        (32, {"keep_share": 0.125, "what": "channels"}, 11, 14, "12, three quarters of the 16 units"),
    ],
)
def test_the_rank_after_pruning_is_held_against_the_matrices_that_are_left(
    config, channels, pruning, taken, refused, most
):
    changed = with_chains(config, ["pruned", "thin"], model="wide")
    changed["models"]["wide"] = {**changed["models"]["stgnn"], "hidden": 16, "channels": channels}
    changed["compression"]["models"].append("wide")
    variants = changed["compression"]["variants"]
    variants["pruned"] = {"method": "prune", **pruning}
    variants["thin"] = {"method": "low_rank", "rank": taken, "models": ["wide"]}
    assert "wide+pruned+thin" in lineages_of(load_study(changed))
    variants["thin"]["rank"] = refused
    sentence = f"'thin' cannot be made of 'wide.pruned': rank is {refused}; expected less than {most}"
    with pytest.raises(Fault, match=sentence):
        load_study(changed)
