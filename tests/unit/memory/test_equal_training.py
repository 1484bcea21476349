"""A training with a memory plan ends with the weights of the plain one: to the bit, or to rounding."""

import pytest
import torch

from planned_steps import (
    MODELS,
    forecaster_of,
    learner_of,
    recipe_of,
    same,
    spec_of,
    state_of,
    stepped,
    take,
)
from wattshed.forecast.computing import backend_of, trained_by
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.training.guards.stopping import Standing
from wattshed.training.resume import ResumeFile
from wattshed.training.training import Training
from wattshed.training.updates import Pace, Part, UpdateContext, UpdateHooks, train_further

FILE = {"kind": "activation_offload", "target": "file", "minimum_mb": 0.0}
HOST = {"kind": "activation_offload", "minimum_mb": 0.0}
RELEASE, OFFLOAD = {"kind": "gradient_release"}, {"kind": "gradient_offload"}
AT_ONCE = {"kind": "checkpointing", "chunk_h": 0}
PRODUCTS = {**AT_ONCE, "keep": "products"}
KINDS = [(form, plugins.load("family", form).samplings[0]) for form in MODELS]
KINDS += [("stgnn", "sequences"), ("lstm", "sequences")]


def memory(*mechanisms):
    return {"mechanisms": list(mechanisms)}


def after(form, sampling, task, graph, *mechanisms, model=None, engine="torch", **keys):
    recipe = recipe_of(sampling, memory(*mechanisms) if mechanisms else None, **keys)
    return stepped(spec_of(form, recipe, **(model or {})), task, graph, engine=engine)


def mechanisms_of(form):
    exact = [[RELEASE], [OFFLOAD], [FILE], [HOST]]
    if "recomputed_parts" in plugins.load("family", form).offers(spec_of(form, recipe_of("pairs")).model):
        exact += [[AT_ONCE], [PRODUCTS], [AT_ONCE, FILE, RELEASE]]
    return exact


@pytest.mark.parametrize(("form", "sampling"), KINDS)
def test_release_offload_and_recomputation_give_the_plain_weights_to_the_bit(
    form, sampling, gappy_task, graph
):
    wanted, losses, _ = after(form, sampling, gappy_task, graph)
    assert losses[0] != losses[-1]
    for mechanisms in mechanisms_of(form):
        found, others, _ = after(form, sampling, gappy_task, graph, *mechanisms)
        assert same(found, wanted), mechanisms
        assert others == losses, mechanisms


@pytest.mark.parametrize(
    "keys", [{"clip_norm": 0.05}, {"accumulate": 2, "steps_per_epoch": 6}, {"layer_rates": {"output": 0.3}}]
)
def test_offloaded_gradients_are_clipped_and_added_up_as_plain_ones(gappy_task, graph, keys):
    wanted, losses, _ = after("stgnn", "pairs", gappy_task, graph, **keys)
    found, others, _ = after("stgnn", "pairs", gappy_task, graph, OFFLOAD, **keys)
    assert same(found, wanted)
    assert others == losses


def test_release_keeps_the_factor_of_each_layer(gappy_task, graph):
    keys = {"layer_rates": {"output": 0.3, "gru": 0.0}}
    wanted, _, _ = after("stgnn", "pairs", gappy_task, graph, **keys)
    assert same(after("stgnn", "pairs", gappy_task, graph, RELEASE, **keys)[0], wanted)


def test_a_fused_kernel_trains_with_released_gradients(gappy_task, graph):
    wanted, _, _ = after("stgnn", "pairs", gappy_task, graph, engine="auto")
    assert same(after("stgnn", "pairs", gappy_task, graph, RELEASE, engine="auto")[0], wanted)


@pytest.mark.parametrize(
    ("form", "sampling", "dropout"),
    [
        ("transformer", "pairs", {"dropout": 0.3}),
        ("stgnn_reference", "windows", {"dropout": 0.3}),
        ("gru", "pairs", {"graph_dropout": 0.3, "state_dropout": 0.3, "recurrent_layers": 2}),
    ],
)
def test_dropout_is_the_same_in_the_second_forward_pass(form, sampling, dropout, gappy_task, graph):
    wanted, _, _ = after(form, sampling, gappy_task, graph, model=dropout)
    assert same(after(form, sampling, gappy_task, graph, AT_ONCE, model=dropout)[0], wanted)
    assert not same(
        after(
            form,
            sampling,
            gappy_task,
            graph,
            model={
                **dropout,
                **dict.fromkeys(dropout, 0.0),
                **{key: value for key, value in dropout.items() if isinstance(value, int)},
            },
        )[0],
        wanted,
    )


@pytest.mark.parametrize(
    ("form", "sampling"),
    [("stgnn", "sequences"), ("lstm", "sequences"), ("gru", "pairs"), ("stgnn_reference", "windows")],
)
def test_chunks_of_hours_give_the_plain_weights_to_rounding(form, sampling, gappy_task, graph):
    wanted, losses, _ = after(form, sampling, gappy_task, graph)
    found, others, _ = after(form, sampling, gappy_task, graph, {"kind": "checkpointing", "chunk_h": 5})
    assert others == pytest.approx(losses, rel=1e-4)
    for name, one in wanted.items():
        torch.testing.assert_close(found[name], one, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("form", "sampling", "parts"),
    [
        ("stgnn", "pairs", 4),
        ("stgnn", "sequences", 3),
        ("stgnn_reference", "windows", 6),
        ("transformer", "pairs", 2),
    ],
)
def test_parts_of_a_batch_give_its_weights_to_rounding(form, sampling, parts, gappy_task, graph):
    wanted, losses, _ = after(form, sampling, gappy_task, graph, learning_rate=1e-3)
    found, others, _ = after(
        form, sampling, gappy_task, graph, {"kind": "accumulation", "parts": parts}, learning_rate=1e-3
    )
    assert others == pytest.approx(losses, rel=1e-4)
    for name, one in wanted.items():
        torch.testing.assert_close(found[name], one, rtol=1e-3, atol=1e-4)


def test_the_mechanism_bf16_is_the_recipes_precision(gappy_task, graph):
    by_recipe, _, _ = after("transformer", "pairs", gappy_task, graph, precision="bf16")
    assert same(after("transformer", "pairs", gappy_task, graph, {"kind": "bf16"})[0], by_recipe)
    assert not same(after("transformer", "pairs", gappy_task, graph)[0], by_recipe)


def test_a_gradient_that_is_not_finite_makes_the_loss_nan(gappy_task, graph):
    for mechanism in (RELEASE, OFFLOAD):
        spec = spec_of("stgnn", recipe_of("pairs", memory(mechanism)))
        forecaster = forecaster_of(spec, gappy_task, graph)
        learner = learner_of(forecaster, spec)
        torch.nn.init.constant_(forecaster.network.output.weight, 1e30)
        forecaster.network.output.bias.register_hook(lambda gradient: gradient * float("inf"))
        assert not torch.isfinite(torch.tensor(take(learner, forecaster, spec, gappy_task, 0, 1))).any()


def test_no_gradient_outlives_its_use(gappy_task, graph):
    for mechanism in (RELEASE, OFFLOAD):
        learner = after("gru", "pairs", gappy_task, graph, mechanism)[2]
        assert all(weight.grad is None for weight in learner.network.parameters())
        assert all(not weight._post_accumulate_grad_hooks for weight in learner.network.parameters())


def test_a_released_training_resumes_to_the_result_of_an_unbroken_one(gappy_task, graph, tmp_path):
    spec = spec_of("gru", recipe_of("pairs", memory(RELEASE)))
    forecaster = forecaster_of(spec, gappy_task, graph)
    learner = learner_of(forecaster, spec)
    take(learner, forecaster, spec, gappy_task, 0, 2)
    saved = ResumeFile(tmp_path / "model.resume", "fingerprint")
    saved.save(
        learner, Training(epoch=1, best_rmse=1.0, standing=Standing(1.0), best_weights=state_of(learner))
    )
    take(learner, forecaster, spec, gappy_task, 2, 2)
    again = forecaster_of(spec, gappy_task, graph)
    resumed = learner_of(again, spec)
    assert saved.load(resumed).epoch == 1
    take(resumed, again, spec, gappy_task, 2, 2)
    assert same(state_of(resumed), state_of(learner))


def further(spec, task, graph, hooks=UpdateHooks):
    forecaster = forecaster_of(spec, task, graph)
    context = UpdateContext(forecaster, task, spec, Pace(3, 12, 1e-2))
    train_further(hooks(context), Part("part", task.origins(task.splits.train), 0))
    return forecaster.network.state_dict()


@pytest.mark.parametrize("mechanisms", [[RELEASE], [OFFLOAD, AT_ONCE], [FILE]])
def test_updates_of_a_checkpoint_use_the_plan_of_its_recipe(gappy_task, graph, mechanisms):
    plain = further(spec_of("gru", recipe_of("pairs")), gappy_task, graph)
    planned = further(spec_of("gru", recipe_of("pairs", memory(*mechanisms))), gappy_task, graph)
    assert same(planned, plain)


class Halved(UpdateHooks):
    def project(self, gradients):
        for gradient in gradients:
            gradient.mul_(0.5)


def test_hooks_that_change_gradients_see_those_that_wait_and_refuse_those_that_are_freed(gappy_task, graph):
    plain = further(spec_of("gru", recipe_of("pairs")), gappy_task, graph, Halved)
    waiting = spec_of("gru", recipe_of("pairs", memory(OFFLOAD)))
    assert same(further(waiting, gappy_task, graph, Halved), plain)
    with pytest.raises(Fault, match=r"Halved changes all gradients .* leave gradient_release out"):
        further(spec_of("gru", recipe_of("pairs", memory(RELEASE))), gappy_task, graph, Halved)
    # Of a level it is left out.
    assert same(further(spec_of("gru", recipe_of("pairs", "high")), gappy_task, graph, Halved), plain)


def test_a_training_whose_graph_a_mechanism_needs_runs_on_torch(gappy_task, graph):
    spec = spec_of("stgnn", recipe_of("pairs", memory(AT_ONCE)))
    forecaster = forecaster_of(spec, gappy_task, graph, "auto")
    chosen = trained_by(forecaster.network, forecaster.series)
    assert chosen.name == "torch"
    assert chosen.why == "the memory plan has checkpointing, for which torch must compute the training"
    released = forecaster_of(spec_of("stgnn", recipe_of("pairs", memory(RELEASE))), gappy_task, graph, "auto")
    assert trained_by(released.network, released.series) == backend_of(released.network, released.series)
    fused = after("stgnn", "pairs", gappy_task, graph, AT_ONCE, engine="auto")[0]
    assert same(fused, after("stgnn", "pairs", gappy_task, graph)[0])
