"""A training inside another job gives the weights of a base model's training."""

from dataclasses import replace

import pytest
import torch

from small_study import graph_of, small_panel, task_of
from training_runs import train_into
from wattshed.config.energy.metering import MeteringBlock
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.training.by_recipe import train_by_recipe
from wattshed.training.checkpoint import read_checkpoint
from wattshed.training.spec import ModelSpec, make_forecaster

RECIPE = RecipeBlock(
    sampling="pairs", batch=32, epochs=4, steps_per_epoch=6, learning_rate=5e-3, weight_decay=1e-3,
    schedule="cosine", warm_up_steps=3, scaling="node", validation_windows=20, ema_decay=0.5,
)  # fmt: skip
CPU = torch.device("cpu")


def spec_of(task, **settings):
    model = read_model({"form": "stgnn", "recipe": "r", "hidden": 4, **settings})
    return ModelSpec("small", 3, model, RECIPE, task.windows)


def both(tmp_path, **settings):
    task = task_of(small_panel(hours=600, nodes=3))
    graph, spec = graph_of(task), spec_of(task, **settings)
    train_into(tmp_path, task, graph, MeteringBlock(minimum_window_s=0.01, idle_s=0.0), spec)
    base, _ = read_checkpoint(tmp_path / "model.safetensors", task, graph, CPU)
    forecaster = make_forecaster(spec, task, graph, CPU)
    return base.network, forecaster, task, spec


def test_it_equals_the_training_of_a_base_model(tmp_path):
    base, forecaster, task, spec = both(tmp_path)
    seen = []
    done = train_by_recipe(forecaster, task, spec, after_step=seen.append)
    assert done.steps == 24
    assert done.epochs == len(done.train_losses) == 4
    assert seen == list(range(25))
    for name, value in forecaster.network.state_dict().items():
        assert torch.equal(value, base.state_dict()[name]), name


def test_a_closed_form_is_solved_first(tmp_path):
    base, forecaster, task, spec = both(tmp_path, linear_part=True)
    train_by_recipe(forecaster, task, spec)
    for name, value in forecaster.network.state_dict().items():
        assert torch.equal(value, base.state_dict()[name]), name


def test_a_penalty_counts_in_the_loss(tmp_path):
    class Hooks:
        def penalty(self, batch):
            return torch.tensor(5.0)

        def project(self, gradients):
            pass

    _, forecaster, task, spec = both(tmp_path)
    assert min(train_by_recipe(forecaster, task, spec, Hooks()).train_losses) > 5


def test_a_technique_may_weigh_or_replace_the_batchs_own_loss(tmp_path):
    class Hooks:
        def __init__(self, weight):
            self.loss_weight = weight

        def penalty(self, batch):
            return torch.tensor(5.0, requires_grad=True)

        def project(self, gradients):
            pass

    _, forecaster, task, spec = both(tmp_path)
    start = {name: value.clone() for name, value in forecaster.network.state_dict().items()}
    first = {}
    for weight in (1.0, 0.25, 0.0):
        forecaster.network.load_state_dict(start)
        one_step = spec.recipe.model_copy(update={"epochs": 1, "steps_per_epoch": 1})
        done = train_by_recipe(forecaster, task, replace(spec, recipe=one_step), Hooks(weight))
        first[weight] = done.train_losses[0] - 5
    assert first[0.0] == 0
    assert first[0.25] == pytest.approx(first[1.0] / 4, rel=1e-4)
