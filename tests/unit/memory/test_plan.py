"""What a plan takes, what it leaves out and why, and what it refuses."""

import json

import pytest
import torch

from mechanism_cases import plain, settings_of
from model_blocks import model_block
from planned_steps import CPU, WINDOWS, forecaster_of, recipe_of, same, spec_of
from wattshed.forecast.network import MemoryParts
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.memory.levels import HIGH, LEVELS, LOW, MEDIUM, ORDER
from wattshed.memory.mechanisms.protocol import Place
from wattshed.memory.plan import PLAIN, MemoryPlan, plan_of, with_level
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.job import program_of
from wattshed.training.spec import Step, make_forecaster

GPU = Place("cuda", "torch", computes_bf16=True)
OLD_GPU = Place("cuda", "torch", computes_bf16=False)


def planned(form, recipe, place=None, level=None, **keys):
    return plan_of(recipe, spec_of(form, recipe, **keys).model, WINDOWS, place, level)


def test_no_block_and_level_none_are_the_plain_step():
    assert planned("gru", recipe_of("pairs")) is PLAIN
    assert planned("gru", recipe_of("pairs", "none")).names == ()
    assert PLAIN.parts == 1
    assert PLAIN.precision is None


def test_each_level_takes_all_of_the_one_before():
    assert ORDER == ("none", "low", "medium", "high")
    assert LOW.items() <= MEDIUM.items() <= HIGH.items()
    for kinds in LEVELS.values():
        for kind, keys in kinds.items():
            mechanism = plugins.load("mechanism", kind)
            # A checkpoint is read on another machine, where a level may leave something out.
            assert not mechanism.changes_weights
            mechanism.Settings.model_validate({"kind": kind, **keys})


@pytest.mark.parametrize(
    ("level", "names"),
    [
        ("low", ("fused_attention",)),
        ("medium", ("fused_attention", "checkpointing")),
        ("high", ("fused_attention", "checkpointing", "activation_offload", "bf16", "gradient_release")),
    ],
)
def test_a_transformer_on_a_gpu_gets_what_its_level_says(level, names):
    assert planned("transformer", recipe_of("pairs", level), GPU).names == names
    assert planned("transformer", recipe_of("pairs", "auto"), GPU, level).names == names


def test_what_a_level_leaves_out_has_a_reason():
    left = dict(planned("transformer", recipe_of("pairs", "high", clip_norm=1.0), OLD_GPU).left_out)
    assert left["gradient_release"].startswith(
        "the recipe's clip_norm is 1, a limit on the norm of all gradients"
    )
    assert left["bf16"] == "the GPU has no instructions for bf16, which would be slower"
    assert left["aggregation"] == "the form transformer has no graph attention"
    on_cpu = planned("transformer", recipe_of("pairs", "high"))
    assert "gradient_release" in on_cpu.names
    assert "the device is cpu, whose memory is the host's" in dict(on_cpu.left_out)["activation_offload"]


def test_gradients_wait_in_host_memory_where_they_cannot_be_released():
    for keys in ({"clip_norm": 1.0}, {"accumulate": 2}):
        names = planned("gru", recipe_of("sequences", "high", **keys), GPU).names
        assert "gradient_offload" in names
        assert "gradient_release" not in names


def test_levels_leave_a_training_to_its_fused_kernel():
    place = Place("cuda", "auto", computes_bf16=True)
    plan = planned("stgnn", recipe_of("pairs", "high"), place)
    assert plan.names == ("gradient_release",)
    assert "keeps no activations" in dict(plan.left_out)["checkpointing"]
    assert "keeps no activations" in dict(plan.left_out)["bf16"]
    for form, sampling, keys in (
        ("stgnn", "sequences", {}),
        ("lstm", "pairs", {}),
        ("gru", "pairs", {"recurrent_layers": 2}),
    ):
        assert "checkpointing" in planned(form, recipe_of(sampling, "high"), place, **keys).names


def test_auto_without_a_choice_takes_what_costs_no_time():
    recipe = recipe_of("pairs", "auto")
    assert planned("transformer", recipe).names == ("fused_attention",)
    assert planned("transformer", with_level(recipe, "medium")).names == ("fused_attention", "checkpointing")


def test_a_named_mechanism_takes_the_place_of_the_levels():
    recipe = recipe_of(
        "pairs", {"level": "medium", "mechanisms": [{"kind": "checkpointing", "groups": ["attention"]}]}
    )
    plan = planned("transformer", recipe)
    assert plan.mechanisms[1].groups == ["attention"]
    assert plan.named == {"checkpointing"}


@pytest.mark.parametrize(
    ("form", "mechanism", "keys", "says"),
    [
        (
            "dlinear",
            {"kind": "checkpointing"},
            {},
            r"memory.mechanisms.0 \(checkpointing\): the form dlinear has no parts",
        ),
        (
            "gru",
            {"kind": "gradient_release"},
            {"clip_norm": 1.0},
            "clip_norm is 1, .*expected clip_norm: null",
        ),
        ("gru", {"kind": "gradient_release"}, {"accumulate": 2}, "accumulate is 2, .*expected accumulate: 1"),
        ("gru", {"kind": "gradient_release"}, {"precision": "fp16"}, "fp16, whose loss scaling"),
        ("gru", {"kind": "gradient_offload"}, {"precision": "fp16"}, "fp16, whose loss scaling"),
        ("gru", {"kind": "bf16"}, {"precision": "fp16"}, "another arithmetic than bf16"),
        ("gru", {"kind": "accumulation", "parts": 7}, {}, "parts is 7, but the recipe's batch is 6"),
    ],
)
def test_a_named_mechanism_that_does_not_fit_is_refused_with_one_sentence(form, mechanism, keys, says):
    with pytest.raises(Fault, match=says) as refused:
        planned(form, recipe_of("pairs", {"mechanisms": [mechanism]}, **keys))
    assert "\n" not in str(refused.value)


def test_parts_of_a_batch_are_refused_where_a_network_normalises_over_batches():
    plan = {"mechanisms": [{"kind": "accumulation", "parts": 2}]}
    recipe = recipe_of("examples", plan, loss="cross_entropy")
    with pytest.raises(Fault, match="gnn_stan normalises over the batch"):
        plan_of(recipe, model_block("gnn_stan"), WINDOWS)
    assert plan_of(recipe, model_block("gnn_stan", norm="layer"), WINDOWS).names == ("accumulation",)


@pytest.mark.parametrize(
    ("first", "second"), [("gradient_release", "accumulation"), ("gradient_offload", "gradient_release")]
)
def test_two_mechanisms_that_exclude_each_other_are_refused(first, second):
    for pair in ((first, second), (second, first)):
        with pytest.raises(Fault, match="expected one of the two"):
            planned("gru", recipe_of("pairs", {"mechanisms": [{"kind": kind} for kind in pair]}))


def test_mechanisms_are_applied_in_the_tables_order():
    given = [{"kind": kind} for kind in ("gradient_offload", "checkpointing", "fused_attention")]
    assert planned("transformer", recipe_of("pairs", {"mechanisms": given})).names == (
        "fused_attention",
        "checkpointing",
        "gradient_offload",
    )


def test_groups_that_a_network_lacks_are_refused(gappy_task, graph):
    recipe = recipe_of("pairs", {"mechanisms": [{"kind": "checkpointing", "groups": ["graph"]}]})
    with pytest.raises(Fault, match=r"Transformer's parts 'graph': expected some of attention, feed_forward"):
        forecaster_of(spec_of("transformer", recipe), gappy_task, graph)


CHANGED = {"level": "medium", "mechanisms": [{"kind": "low_rank", "rank": 2}, {"kind": "gradient_release"}]}


@pytest.mark.parametrize(
    "method", [None, {"method": "prune", "keep_share": 0.5}, {"method": "low_rank", "rank": 2}]
)
def test_a_checkpoint_makes_its_mechanisms_again_before_and_after_methods(
    method, gappy_task, graph, tmp_path
):
    spec = spec_of("transformer", recipe_of("pairs", CHANGED))
    if method is not None:
        settings = plugins.load("method", method["method"]).Settings.model_validate_json(json.dumps(method))
        spec = spec.after(Step("small", "method", method["method"], settings.model_dump(mode="json")))
    made = make_forecaster(spec, gappy_task, graph, CPU)
    plain = make_forecaster(spec_of("transformer", recipe_of("pairs")), gappy_task, graph, CPU)
    assert made.network.parameter_count() < plain.network.parameter_count()
    write_checkpoint(tmp_path / "model.safetensors", made.network, spec)
    read, found = read_checkpoint(tmp_path / "model.safetensors", gappy_task, graph, CPU)
    assert found.recipe.memory == spec.recipe.memory
    assert same(read.network.state_dict(), made.network.state_dict())
    assert "blocks.0.each_hour" in dict(read.network.named_modules())
    assert type(read.network.blocks[0].each_hour.forward).__name__ == "Recomputed"
    assert read.network.blocks[0].each_hour.forward._module is read.network.blocks[0].each_hour


def test_the_fingerprint_of_a_training_knows_the_plan(gappy_task, graph):
    class Inputs:
        device, engine = torch.device("cpu"), "torch"

    plain = spec_of("gru", recipe_of("pairs"))
    planned_spec = spec_of("gru", recipe_of("pairs", {"mechanisms": [{"kind": "checkpointing"}]}))
    assert program_of(Inputs, plain) == "torch"
    assert program_of(Inputs, planned_spec) == "torch checkpointing"


@pytest.mark.parametrize(
    ("form", "kind"),
    [("transformer", "fused_attention"), ("transformer", "low_rank"), ("gnn_stan", "aggregation")],
)
def test_a_network_without_the_parts_that_its_family_offers_is_refused(form, kind):
    settings = settings_of(kind, {"rank": 2} if kind == "low_rank" else {})
    network = plain(form)
    network.memory_parts = MemoryParts
    with pytest.raises(Fault, match=f"the memory mechanism {kind} finds no a"):
        MemoryPlan(mechanisms=(settings,)).applied(network, 1)
