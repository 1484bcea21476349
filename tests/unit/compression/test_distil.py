"""Distillation: any student learns from any teacher, on outputs, targets and hidden states."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from made_makings import making_of, random_network, short_recipe
from model_blocks import untrained
from small_study import graph_of
from students import PAIRS, STREAM, settings_of, student_of
from wattshed.compression.methods.distil import METHOD
from wattshed.compression.methods.distilling import PROJECTION, DistilHooks, Weights, distil, state_after
from wattshed.compression.methods.teacher_forecasts import TeacherForecasts
from wattshed.config.data.windows import WindowsBlock
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.foundation.faults import Fault
from wattshed.training.batches.making import make_sampler
from wattshed.training.step.gradient import batch_loss


@pytest.mark.parametrize("units", [8, 3])
def test_a_student_of_8_units_has_502_weights(units):
    """g + g + 3 (g h + h^2) + 6 h + h H + H with g = h: gru, the study's network, and stgnn without own history."""
    count = 2 * units + 3 * (2 * units**2) + 6 * units + units * 6 + 6
    windows = WindowsBlock(look_back_h=24, horizon_h=6)
    for keys in ({"form": "gru"}, {"form": "stgnn_reference"}, {"form": "stgnn", "own_history": False}):
        assert untrained(windows, 4, hidden=units, **keys).parameter_count() == count
    assert untrained(windows, 4, hidden=units, form="stgnn").parameter_count() == count + units
    assert units != 8 or count == 502


TEACHERS = {
    "pairs": ({"form": "stgnn"}, {}),
    "linear part": ({"form": "gru", "linear_part": True}, {}),
    "windows": ({"form": "stgnn_reference"}, {"sampling": "windows", "batch": 2}),
    "stream": ({"form": "stgnn"}, STREAM),
}


STUDENTS = {
    "pairs": (PAIRS, {}),
    "windows": (
        {"form": "stgnn_reference", "hidden": 2, "dropout": 0.1},
        {"sampling": "windows", "batch": 2},
    ),
    "stream": (PAIRS, STREAM),
    "linear": ({"form": "dlinear"}, {}),
}


@pytest.mark.parametrize("teacher", TEACHERS)
@pytest.mark.parametrize("student", STUDENTS)
def test_any_student_learns_from_any_teacher(teacher, student, task, graph):
    keys, own = TEACHERS[teacher]
    making = making_of(task, graph, recipe=short_recipe(**own), **keys)
    block, its = STUDENTS[student]
    settings = settings_of(block, recipe=short_recipe(**its))
    making = replace(
        making, spec=replace(making.spec, recipe=METHOD.recipe_after(settings, making.spec.recipe))
    )
    before = {name: value.clone() for name, value in making.network.state_dict().items()}
    made = METHOD.make_from(making, settings)
    assert isinstance(making.of(made), StreamingForecaster) == (student == "stream")
    assert np.isfinite(making.of(made).forecast(task.origins(task.splits.test)[:3])).all()
    assert all(torch.equal(value, before[name]) for name, value in making.network.state_dict().items())
    assert making.notes["steps"] == 12
    assert making.notes["train_loss"] > 0


@pytest.mark.parametrize(
    "weights", [Weights(1.0, 0.0), Weights(0.5, 0.0), Weights(0.0, 1.0), Weights(0.5, 0.5)]
)
def test_its_losses_are_above_zero_and_fall(weights, task, graph):
    recipe = short_recipe(epochs=6, steps_per_epoch=25, batch=128)
    making = making_of(task, graph, recipe=recipe, form="stgnn", hidden=8)
    done = distil(making, student_of(making, **PAIRS), weights)
    assert min(done.train_losses) > 0
    assert done.train_losses[-1] < 0.8 * done.train_losses[0]


def test_without_a_teacher_it_is_the_training_of_the_same_network(task, graph):
    """The control: no weight on the teacher gives the student the weights of its own training by the recipe."""
    making = making_of(task, graph, form="stgnn", hidden=8)
    taught, alone = student_of(making, **PAIRS), student_of(making, **PAIRS)
    distil(making, taught, Weights(0.0, 0.0))
    making.train_again(alone)
    for name, value in alone.state_dict().items():
        assert torch.equal(value, taught.state_dict()[name]), name


def test_a_linear_student_matches_a_linear_teacher_on_outputs_alone(task, graph):
    recipe = short_recipe(
        epochs=30, steps_per_epoch=40, batch=256, learning_rate=0.02, loss="squared", patience=30
    )
    making = making_of(
        task, graph, random_network(task, graph, seed=5, form="dlinear"), recipe=recipe, form="dlinear"
    )
    student = student_of(making, form="dlinear")
    origins = task.origins(task.splits.validation)[:60]

    def distance():
        found, expected = (making.of(one).forecast(origins) for one in (student, making.network))
        return float(np.sqrt(((found - expected) ** 2).mean()) / expected.std())

    apart = distance()
    distil(making, student, Weights(1.0, 0.0))
    assert distance() < 0.1 * apart


@pytest.mark.parametrize("engine", ["torch", "auto"])
@pytest.mark.parametrize("loss", ["huber", "squared"])
def test_the_loss_is_the_weighted_sum_of_both(engine, loss, gappy_task):
    graph = graph_of(gappy_task)
    making = making_of(gappy_task, graph, recipe=short_recipe(loss=loss), form="stgnn")
    series = replace(making.forecaster.series, engine=engine)
    making.forecaster.series = series
    student = student_of(making, **PAIRS)
    table = TeacherForecasts(making.forecaster, making.part.origins)
    hooks = DistilHooks(making.spec.recipe, student, Weights(0.3, 0.0), table)
    batch = making.calibration(40)
    taught = replace(batch, target=table.of(batch), observed=torch.ones_like(batch.observed))
    expected = 0.7 * batch_loss(student, batch, loss) + 0.3 * batch_loss(student, taught, loss)
    found = hooks.penalty(batch)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    gradients = [torch.autograd.grad(one, list(student.parameters())) for one in (found, expected)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("limit", [1 << 30, 0], ids=["in memory", "in a file"])
@pytest.mark.parametrize("sampling", ["pairs", "windows", "sequences"])
def test_the_table_holds_the_teachers_forecasts_of_every_example(limit, sampling, task, graph, monkeypatch):
    monkeypatch.setattr("wattshed.compression.methods.teacher_forecasts.PAIRS_PER_BLOCK", 300)
    making = making_of(task, graph, form="stgnn")
    table = TeacherForecasts(making.forecaster, making.part.origins, limit)
    recipe = short_recipe(**(STREAM if sampling == "sequences" else {"sampling": sampling}))
    sampler = make_sampler(recipe, task, making.forecaster.series)
    origins = torch.from_numpy(making.part.origins)
    batch = sampler.batch(sampler.draw(4, origins, torch.Generator().manual_seed(3)))
    found = table.of(batch)
    assert found.shape == batch.target.shape
    scaler = making.forecaster.series.scaler
    if sampling == "windows":
        for row, origin in enumerate(batch.origins.tolist()):
            expected = scaler.scale(making.forecaster.forecast(np.array([origin]))[0])
            torch.testing.assert_close(found[row], torch.from_numpy(expected), rtol=1e-5, atol=1e-5)
        some = replace(batch, nodes=torch.tensor([1, 3]), target=batch.target[..., [1, 3]])
        assert torch.equal(table.of(some), found[..., [1, 3]])
        return
    flat = found.reshape(-1, found.shape[-1])
    for row, (node, origin) in enumerate(zip(batch.nodes.tolist(), batch.origins.tolist(), strict=True)):
        expected = scaler.scale(making.forecaster.forecast(np.array([origin]))[0])[:, node]
        torch.testing.assert_close(flat[row], torch.from_numpy(expected), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sampling", ["pairs", "sequences"])
def test_hidden_states_are_those_after_the_last_hour(sampling, task, graph):
    recipe = short_recipe(**(STREAM if sampling == "sequences" else {}))
    making = making_of(task, graph, recipe=recipe, form="stgnn", hidden=5)
    batch = making.calibration(3 if sampling == "pairs" else 100)
    network = making.network
    with torch.no_grad():
        states = state_after(network, batch)
        first = batch.inputs[0]
        expected = network(first) if sampling == "pairs" else network.forward_sequence(first)[:, -1]
        torch.testing.assert_close(network.output(states), expected)


def test_hidden_states_come_nearer_and_their_map_is_thrown_away(task, graph, monkeypatch):
    recipe = short_recipe(epochs=5, steps_per_epoch=20, ema_decay=0.9)
    making = making_of(task, graph, recipe=recipe, form="stgnn", hidden=8)
    student = student_of(making, form="gru", hidden=4)
    seen = []
    loss = DistilHooks._hidden_loss

    def watched(self, batch, teacher):
        found = loss(self, batch, teacher)
        seen.append((float(found.detach()), getattr(student, PROJECTION).weight.detach().clone()))
        return found

    monkeypatch.setattr(DistilHooks, "_hidden_loss", watched)
    names = list(student.state_dict())
    distil(making, student, Weights(0.0, 1.0))
    assert list(student.state_dict()) == names
    assert not hasattr(student, PROJECTION)
    assert np.mean([value for value, _ in seen[-10:]]) < 0.8 * np.mean([value for value, _ in seen[:10]])
    assert not torch.equal(seen[0][1], seen[-1][1])
    assert seen[0][1].shape == (8, 4)


def test_the_map_is_thrown_away_when_the_training_fails(task, graph, monkeypatch):
    making = making_of(task, graph, form="stgnn")
    student = student_of(making, **PAIRS)

    def fails(self, batch):
        raise Fault("stopped")

    monkeypatch.setattr(DistilHooks, "penalty", fails)
    with pytest.raises(Fault, match="stopped"):
        distil(making, student, Weights(0.5, 0.5))
    assert not hasattr(student, PROJECTION)


def test_a_network_without_hidden_state_is_refused(task, graph):
    making = making_of(task, graph, form="stgnn")
    with pytest.raises(Fault, match=r"the student of model.*a DLinear, has no hidden state to match"):
        distil(making, student_of(making, form="dlinear"), Weights(0.5, 0.5))
