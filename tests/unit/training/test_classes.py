"""A network of classes through sampler, loss, training, updates, checkpoints and methods."""

import json

import numpy as np
import pytest
import torch

from compressed_checkpoints import QUICK, compress
from made_classes import LENGTH, REGIONS, classes_task, write_toy_family
from made_examples import labelled_batch
from small_study import small_panel, task_of
from wattshed.compression.comparing import compare_checkpoints
from wattshed.compression.methods.making import Making
from wattshed.compression.methods.teacher_forecasts import TeacherForecasts
from wattshed.compression.multiply_adds import multiply_adds
from wattshed.compression.peak_memory import peak_torch_bytes
from wattshed.config.data.graph import GraphBlock
from wattshed.config.models.compression import TuningBlock
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import build_graph
from wattshed.engine.series.residence import Residence
from wattshed.forecast.computing import backend_of
from wattshed.forecast.examples import (
    EXAMPLES_PER_CALL,
    ExampleResidence,
    ExampleSeries,
    StoredExamples,
)
from wattshed.forecast.job_inputs import JobInputs
from wattshed.foundation import plugins
from wattshed.foundation.extending.own_files import use_own_plugins
from wattshed.foundation.faults import Fault
from wattshed.training.batches.making import make_batches
from wattshed.training.by_recipe import train_by_recipe
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.guards.faulty_batch import describe_extremes
from wattshed.training.spec import ModelSpec, Step, make_forecaster
from wattshed.training.step.gradient import batch_loss, observed_loss
from wattshed.training.updates import Pace, Part, UpdateContext, UpdateHooks, train_further

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="examples", loss="cross_entropy", batch=16, epochs=6, learning_rate=1e-2, schedule="cosine",
    scaling="node",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _toy_family(tmp_path):
    use_own_plugins([write_toy_family(tmp_path)])
    yield
    use_own_plugins([])


@pytest.fixture(scope="module")
def task():
    return classes_task()


def made(task, recipe=RECIPE, seed=1):
    spec = ModelSpec("toy", seed, read_model({"form": "toy_classes", "recipe": "r"}), recipe, task.windows)
    graph = build_graph(task.panel, task.splits.train, GraphBlock(), None)
    return make_forecaster(spec, task, graph, CPU), spec, graph


def test_an_epoch_has_each_training_window_and_all_batches_are_equal(task):
    forecaster, spec, _ = made(task)
    batches = make_batches(spec, task, forecaster)
    seen = list(batches.epoch(1))
    train = task.origins(task.splits.train)
    assert len(seen) == batches.steps() == -(-len(train) // 16)
    assert {len(batch.inputs[0]) for batch in seen} == {16}
    assert set(torch.cat([batch.origins for batch in seen]).tolist()) == set(train.tolist())
    again = list(batches.epoch(1))
    assert all(torch.equal(one.origins, other.origins) for one, other in zip(seen, again, strict=True))
    first = seen[0]
    assert first.inputs[0].series.shape == (16, LENGTH, REGIONS)
    assert first.target.shape == first.observed.shape == (16, 1, 3)
    assert torch.equal(first.target[:, 0], torch.from_numpy(task.panel.values)[first.origins])
    assert first.pairs == 48


def test_a_batch_larger_than_the_training_part_has_each_window_once(task):
    forecaster, spec, _ = made(task, RECIPE.model_copy(update={"batch": 500}))
    (only,) = make_batches(spec, task, forecaster).epoch(1)
    assert sorted(only.origins.tolist()) == task.origins(task.splits.train).tolist()


def test_the_loss_is_torchs_own_cross_entropy(task):
    forecaster, spec, _ = made(task)
    batch = next(make_batches(spec, task, forecaster).epoch(1))
    logits = forecaster.network(batch.inputs[0])[:, 0]
    expected = torch.nn.functional.cross_entropy(logits, batch.target[:, 0].argmax(dim=1))
    assert torch.allclose(batch_loss(forecaster.network, batch, "cross_entropy"), expected)


def test_examples_without_an_observed_class_do_not_count():
    logits = torch.randn(3, 1, 4, generator=torch.Generator().manual_seed(0))
    target = torch.eye(4)[[0, 1, 2]].unsqueeze(1)
    observed = torch.ones(3, 1, 4, dtype=torch.bool)
    observed[2] = False
    whole = observed_loss(logits[:2], target[:2], observed[:2], "cross_entropy")
    assert torch.allclose(observed_loss(logits, target, observed, "cross_entropy"), whole)
    nothing = observed_loss(logits, target, torch.zeros_like(observed), "cross_entropy")
    assert float(nothing) == 0


def test_a_training_learns_and_forecasts_are_probabilities_whatever_the_call(task):
    forecaster, spec, _ = made(task)
    done = train_by_recipe(forecaster, task, spec)
    assert done.train_losses[-1] < 0.5 * done.train_losses[0]
    every = np.arange(len(task.panel.values))
    assert len(every) > EXAMPLES_PER_CALL
    whole = forecaster.forecast(every)
    assert whole.shape == (len(every), 1, 3)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole.sum(axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose(forecaster.forecast(every[[5, 2]]), whole[[5, 2]], rtol=1e-5)
    truth, observed = task.truth(every)
    assert np.sqrt(np.mean((whole - truth) ** 2)) < 0.3
    assert observed.all()
    assert forecaster.forecast(every[:0]).shape == (0, 1, 3)


def test_a_checkpoint_forecasts_the_same(task, tmp_path):
    forecaster, spec, graph = made(task)
    path = tmp_path / "toy.safetensors"
    write_checkpoint(path, forecaster.network, spec.on(task, graph))
    again, found = read_checkpoint(path, task, graph, CPU)
    origins = task.origins(task.splits.test)
    np.testing.assert_array_equal(again.forecast(origins), forecaster.forecast(origins))
    assert found.recipe == RECIPE
    assert backend_of(again.network, again.series).name == "torch"


def test_an_update_learns_further(task):
    forecaster, spec, _ = made(task)
    context = UpdateContext(forecaster, task, spec, Pace(steps=15, batch=48, learning_rate=1e-2))
    assert context.examples == 16
    part = Part("train", task.origins(task.splits.train), 0)
    first = train_further(UpdateHooks(context), part)
    assert train_further(UpdateHooks(context), Part("train", part.origins, 1)) < first


@pytest.mark.parametrize(
    ("method", "settings"),
    [("low_rank", {"rank": 2}), ("half_weights", {}), ("int8", {}), ("mask", {"keep_share": 0.5})],
)
def test_methods_make_a_network_of_the_same_classes(task, method, settings):
    plugin = plugins.load("method", method)
    block = plugin.Settings.model_validate_json(json.dumps({"method": method, **settings}))
    forecaster, spec, graph = made(task)
    train_by_recipe(forecaster, task, spec)
    making = Making(
        forecaster, task, graph, spec.after(Step("v", "method", method, {})), TuningBlock(batch=48)
    )
    smaller = making.of(plugin.make_from(making, block))
    forecast = smaller.forecast(task.origins(task.splits.test))
    np.testing.assert_allclose(forecast.sum(axis=-1), 1, rtol=1e-3)


def test_checkpoints_are_compressed_by_a_job_and_compared_in_turns(task, metering, tmp_path):
    forecaster, spec, graph = made(task)
    train_by_recipe(forecaster, task, spec)
    base = tmp_path / "toy-1.safetensors"
    write_checkpoint(base, forecaster.network, spec.on(task, graph))
    given = JobInputs(task, graph, metering, CPU, "auto")
    tuned = '{"method": "low_rank", "rank": 2, "fine_tune_steps": 4}'
    smaller = compress(given, [base], "low_rank_2", tuned)
    rows, days = compare_checkpoints(given, [base, *smaller], QUICK, tmp_path / "toy.jsonl")
    compared = rows.set_index("lineage")
    assert compared.index.tolist() == ["toy", "toy+low_rank_2"]
    assert compared["parameters"].is_monotonic_decreasing
    assert compared["parameters"].is_unique
    assert (compared["engine"] == "torch").all()
    assert (compared["multiply_adds_per_forecast"] > 0).all()
    assert (compared["energy_j_per_1000_forecasts"] > 0).all()
    assert (compared["rmse"] < 0.5).all()
    assert set(days["lineage"]) == set(compared.index)


def test_a_teacher_teaches_probabilities(task):
    forecaster, spec, _ = made(task)
    part = task.origins(task.splits.train)
    batch = next(make_batches(spec, task, forecaster).epoch(1))
    taught = TeacherForecasts(forecaster, part).of(batch)
    expected = forecaster.forecast(batch.origins.numpy())
    np.testing.assert_allclose(taught.numpy(), expected, rtol=1e-5)


def test_multiply_adds_and_peak_are_those_of_all_classes(task):
    forecaster, _, _ = made(task)
    origins = task.origins(task.splits.test)
    assert multiply_adds(forecaster, int(origins[0])) == (REGIONS**2 * 16 + 16 * 3) / 3
    assert peak_torch_bytes(lambda: forecaster.forecast(origins), CPU) > 0


def test_a_faulty_batch_is_named_by_its_window(task):
    forecaster, spec, _ = made(task)
    batch = next(make_batches(spec, task, forecaster).epoch(1))
    batch.inputs[0].series[3, 2, 1] = float("inf")
    origin = int(batch.origins[3])
    _, text = describe_extremes([batch], task)
    name = task.panel.node_names[int(batch.target[3, 0].argmax())]
    assert text.startswith(f"{name} at {task.panel.times[origin]} (up to inf)")


def test_readings_have_no_examples():
    with pytest.raises(Fault, match="the panel holds readings"):
        ExampleSeries.of_classes(task_of(small_panel(hours=600, nodes=3)), CPU)


def test_examples_are_gathered_from_series_that_are_stored_once(task):
    stored, made = StoredExamples.of(task.examples), labelled_batch(task.panel.windows)
    rows = torch.tensor([3, 0, 3])
    for name, part in vars(stored[rows]).items():
        expected = getattr(made, name)
        if name == "known" and expected is None:
            assert part is None
        else:
            torch.testing.assert_close(part, expected[rows], atol=1e-4, rtol=1e-4)
    assert stored.raw.data_ptr() == torch.from_numpy(task.panel.windows.series).data_ptr()


def test_examples_that_do_not_fit_stay_in_host_memory(task, capsys):
    indicators = np.ascontiguousarray(task.panel.values.T)
    examples = StoredExamples.of(task.examples)
    small = ExampleResidence(indicators, examples, CPU, free=lambda device: float(examples.nbytes))
    assert small.streams
    assert "the examples need" in capsys.readouterr().err
    rows = torch.tensor([4, 0])
    assert torch.equal(small.batch(rows).series, examples[rows].series)
    whole = ExampleResidence(indicators, examples, CPU)
    assert not whole.streams
    whole.leave_device("it is full")
    assert whole.streams
    assert isinstance(whole, Residence)
