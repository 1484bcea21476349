"""Memory plans of recipes are held against their models, their device and the steps after them when a study is read."""

import copy

import pytest

from wattshed.config.lineages import lineages_of
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


def with_memory(config, memory, **recipe):
    changed = copy.deepcopy(config)
    changed["recipes"]["frugal"] |= {"memory": memory, **recipe}
    # Its steps say which keys they change.
    changed["ladder"] = None
    return changed


def named(*mechanisms):
    return {"mechanisms": list(mechanisms)}


@pytest.mark.parametrize("level", ["low", "medium", "high", "auto", {"level": "auto", "limit_mb": 100.0}])
def test_every_level_fits_every_model(config, level):
    assert load_study(with_memory(config, level)).recipes["frugal"].memory is not None


@pytest.mark.parametrize(
    ("memory", "recipe", "sentence"),
    [
        (
            named({"kind": "fused_attention"}),
            {},
            r"models\.\w+: recipes\.frugal\.memory\.mechanisms\.0 \(fused_attention\): the form \w+ has no attention",
        ),
        (
            named({"kind": "bf16"}, {"kind": "gradient_release"}),
            {"clip_norm": 1.0},
            r"recipes\.frugal\.memory\.mechanisms\.1 \(gradient_release\): the recipe's clip_norm is 1",
        ),
        (
            named({"kind": "gradient_release"}),
            {"clip_norm": None, "accumulate": 2},
            "accumulate is 2, .*expected accumulate: 1",
        ),
        (
            named({"kind": "gradient_release"}, {"kind": "accumulation"}),
            {"clip_norm": None},
            "accumulation sums gradients over parts",
        ),
        (
            named({"kind": "gradient_offload"}),
            {},
            r"\(gradient_offload\): the device is cpu, .*expected device: cuda",
        ),
        (
            named({"kind": "activation_offload"}),
            {},
            r"\(activation_offload\): the device is cpu, .*or target: file",
        ),
        (named({"kind": "accumulation", "parts": 100_000}), {}, "parts"),
        (named({"kind": "checkpointin"}), {}, "did you mean 'checkpointing'"),
        (named({"kind": "checkpointing", "groups": ["all"]}), {}, "groups"),
        (named({"kind": "checkpointing"}, {"kind": "checkpointing"}), {}, "names 'checkpointing' twice"),
        ("highest", {}, "memory"),
        ({"level": "auto", "limit_mb": 0}, {}, "limit_mb"),
        ({"level": "low", "limit_mb": 5}, {}, "level is 'low', which looks at no limit"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_one_sentence(config, memory, recipe, sentence):
    with pytest.raises(Fault, match=sentence) as refused:
        load_study(with_memory(config, memory, **recipe), "config.yaml")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("keys", [{"clip_norm": 1.0}, {"clip_norm": None, "accumulate": 2}])
def test_what_refusals_of_gradient_mechanisms_recommend_works(config, keys):
    """On a CPU each of the two once recommended the other, without what that one needs."""
    for kind in ("gradient_offload", "gradient_release"):
        with pytest.raises(Fault) as refused:
            load_study(with_memory(config, named({"kind": kind}), **keys), "config.yaml")
        said = str(refused.value)
        assert "device: cuda" in said
        assert ("clip_norm: null" in said) or ("accumulate: 1" in said)
    assert load_study(
        with_memory(config, named({"kind": "gradient_release"}), clip_norm=None, accumulate=1), "config.yaml"
    )
    on_gpu = with_memory(config, named({"kind": "gradient_offload"}), **keys) | {"device": "cuda"}
    assert load_study(on_gpu, "config.yaml")


def test_activations_may_wait_in_a_file_on_a_cpu(config):
    assert load_study(with_memory(config, named({"kind": "activation_offload", "target": "file"})))


def chained(config, variant, memory, **recipe):
    changed = with_memory(config, memory, **recipe)
    changed["compression"]["variants"]["mine"] = variant
    changed["chains"] = [{"name": "mine", "model": "stgnn", "steps": ["mine"]}]
    return changed


def test_a_step_that_changes_gradients_cannot_follow_their_release(config):
    variant = {"method": "mask", "keep_share": 0.5, "fine_tune_steps": 5}
    release = named({"kind": "gradient_release"})
    with pytest.raises(
        Fault, match=r"'mine' changes all gradients before each update, and memory.mechanisms.0"
    ):
        load_study(chained(config, variant, release, clip_norm=None), "config.yaml")
    assert load_study(chained(config, {**variant, "fine_tune_steps": 0}, release, clip_norm=None))


def test_a_students_recipe_is_held_against_the_student(config):
    student = {"form": "dlinear"}
    own = {**config["recipes"]["frugal"], "memory": named({"kind": "checkpointing"})}
    variant = {"method": "distil", "student": student, "recipe": own}
    with pytest.raises(
        Fault, match=r"memory\.mechanisms\.0 \(checkpointing\): the form dlinear has no parts"
    ):
        load_study(chained(config, variant, None), "config.yaml")


def test_an_edited_mechanism_makes_again_what_used_it(config):
    study = load_study(with_memory(config, named({"kind": "bf16"})))
    assert ("mechanism", "bf16") in lineages_of(study)["stgnn"].plugins(study)
    assert not [
        one
        for one in lineages_of(load_study(config))["stgnn"].plugins(load_study(config))
        if one[0] == "mechanism"
    ]
    study = load_study(with_memory(config, "medium"))
    assert ("mechanism", "checkpointing") in lineages_of(study)["stgnn"].plugins(study)
