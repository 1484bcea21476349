"""What each strategy does month by month, by its own paper."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from model_blocks import model_block
from small_study import graph_of, small_panel, task_of
from wattshed.adaptation.fisher import fisher
from wattshed.adaptation.output_loss import output_loss, outputs_of
from wattshed.adaptation.paces import pace_of
from wattshed.adaptation.strategies.dark_memory import DarkMemory
from wattshed.config.models.adaptation import read_strategy
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.forecast.computing import backend_of
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.training.batches.making import make_batches
from wattshed.training.spec import ModelSpec, make_forecaster
from wattshed.training.step.gradient import batch_forecast
from wattshed.training.updates import Pace, Part, UpdateContext, UpdateHooks, train_further

CPU = torch.device("cpu")
COMMON = {"batch": 32, "epochs": 2, "learning_rate": 1e-2, "scaling": "node", "schedule": "cosine"}
RECIPE = RecipeBlock(sampling="pairs", steps_per_epoch=30, **COMMON)
PACE = Pace(steps=30, batch=64, learning_rate=1e-2)


@pytest.fixture(scope="module")
def task():
    """Two later months; demand doubles where they begin."""
    panel = small_panel(hours=24 * 300)
    values = panel.values.copy()
    values[24 * 240 :] *= 2
    return task_of(Panel(values, panel.observed, panel.times, panel.nodes, "kWh", "UTC", "test"))


def started(task, kind, form="stgnn", pace=PACE, recipe=RECIPE, block=None, engine="auto", **keys):
    """The hooks of a strategy on a network that is trained a little on the base part."""
    graph = graph_of(task)
    spec = ModelSpec("model", 1, model_block(form, **(block or {})), recipe, task.windows)
    forecaster = make_forecaster(spec, task, graph, CPU, engine)

    def untrained():
        return make_forecaster(spec, task, graph, CPU).network

    context = UpdateContext(forecaster, task, spec, pace, untrained)
    train_further(UpdateHooks(context), Part("base", task.origins(task.splits.train), 0))
    return plugins.load("strategy", kind).start(read_strategy({"kind": kind, **keys}), context)


def parts(task):
    return [Part(month.name, task.origins(month.learn), month.learn.start) for month in task.splits.months]


def weights_of(network):
    return torch.cat([weight.detach().flatten() for weight in network.parameters()]).clone()


def distance(hooks, part):
    before = weights_of(hooks.context.network)
    train_further(hooks, part)
    return float((weights_of(hooks.context.network) - before).norm())


# --- EWC ---------------------------------------------------------------------------------------------------------


def test_ewc_adds_the_importance_of_each_part_to_what_is_kept(task):
    hooks = started(task, "ewc", gamma=0.5, fisher_examples=40)
    first, second = parts(task)
    hooks.before(first)
    base = [one.clone() for one in hooks.importance]
    assert hooks.penalty(None).item() == 0, "the weights are where they were"
    train_further(hooks, first)
    sampler = hooks.context.sampler
    drawn = sampler.draw(
        40,
        torch.from_numpy(first.origins),
        torch.Generator().manual_seed(1 * 1_000_003 + 500_000 + first.number),
    )
    new = fisher(hooks.context.network, sampler, drawn, "huber")
    for total, old, square in zip(hooks.importance, base, new.squares, strict=True):
        torch.testing.assert_close(total, 0.5 * old + square / new.loss)
    assert torch.equal(weights_of(hooks.context.network), torch.cat([one.flatten() for one in hooks.anchor]))
    assert second.number != first.number


def test_the_penalty_of_ewc_is_what_its_docstring_says(task):
    hooks = started(task, "ewc", hold=2.0)
    hooks.before(parts(task)[0])
    with torch.no_grad():
        for weight in hooks.context.network.parameters():
            weight.add_(0.1)
    by_hand = sum(
        float((omega * (weight.detach() - anchor) ** 2).sum())
        for omega, weight, anchor in zip(
            hooks.importance, hooks.context.network.parameters(), hooks.anchor, strict=True
        )
    )
    assert hooks.penalty(None).item() == pytest.approx(2.0 / 4 * by_hand, rel=1e-5)
    assert by_hand > 0


def test_ewc_stays_nearer_the_more_it_holds(task):
    first = parts(task)[0]
    free, held, tied = (
        distance(started(task, kind, **keys), first)
        for kind, keys in (("naive", {}), ("ewc", {"hold": 100.0}), ("ewc", {"hold": 1e5}))
    )
    assert tied < held < free


# --- LwF ---------------------------------------------------------------------------------------------------------


def test_lwf_has_a_loss_above_zero_that_falls(task):
    """The source study's distillation loss is 0 for every network."""
    hooks = started(task, "lwf", output_weight=1000.0)
    first = parts(task)[0]
    train_further(hooks, first)
    batch = next(iter(hooks.batches(first)))
    hooks.before(first)
    assert hooks.penalty(batch).item() == 0, "the teacher is the network itself"
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in hooks.context.network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    moved = hooks.penalty(batch)
    assert moved.item() > 0
    teacher = weights_of(hooks.teacher)
    optimiser = torch.optim.Adam(hooks.context.network.parameters(), lr=3e-3)
    for _ in range(40):
        optimiser.zero_grad()
        hooks.penalty(batch).backward()
        optimiser.step()
    assert hooks.penalty(batch).item() < 0.5 * moved.item()
    assert torch.equal(weights_of(hooks.teacher), teacher)


def test_lwf_keeps_nearer_to_its_own_forecasts_than_naive(task):
    first = parts(task)[0]
    changes = []
    for kind, keys in (("naive", {}), ("lwf", {"output_weight": 10.0})):
        hooks = started(task, kind, **keys)
        batch = next(iter(UpdateHooks(hooks.context).batches(first)))
        with torch.no_grad():
            before = batch_forecast(hooks.context.network, batch)
        train_further(hooks, first)
        with torch.no_grad():
            changes.append(float((batch_forecast(hooks.context.network, batch) - before).square().mean()))
    assert changes[1] < changes[0]


# --- Losses on forecasts, by kernel and by torch ------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["torch", "auto"])
@pytest.mark.parametrize("form", ["gru", "stgnn"])
def test_a_loss_on_forecasts_and_its_gradients_are_those_of_torch(task, engine, form):
    spec = ModelSpec("model", 1, model_block(form, hidden=8), RECIPE, task.windows)
    forecaster = make_forecaster(spec, task, graph_of(task), CPU, engine)
    network = forecaster.network
    assert (backend_of(network, forecaster.series).kernel is None) == (engine == "torch")
    batch = next(iter(UpdateHooks(UpdateContext(forecaster, task, spec, PACE)).batches(parts(task)[0])))
    # Hours that were not observed count too.
    batch = replace(batch, observed=torch.zeros_like(batch.observed))
    taught = batch.target + 0.5 * torch.randn(batch.target.shape, generator=torch.Generator().manual_seed(3))
    expected = torch.nn.functional.mse_loss(batch_forecast(network, batch), taught)
    found = output_loss(network, batch, taught)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert found.item() > 0
    gradients = [
        torch.autograd.grad(one, list(network.parameters()), allow_unused=True) for one in (found, expected)
    ]
    for one, other in zip(*gradients, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        outputs_of(network, batch), batch_forecast(network, batch).detach(), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("sampling", ["windows", "sequences"])
def test_batches_that_no_kernel_takes_have_the_same_loss(task, sampling):
    keys = {"sequence_h": 48, "burn_in_h": 6} if sampling == "sequences" else {}
    recipe = RecipeBlock(sampling=sampling, steps_per_epoch=2, **COMMON, **keys)
    form = "stgnn_reference" if sampling == "windows" else "gru"
    spec = ModelSpec("model", 1, model_block(form), recipe, task.windows)
    forecaster = make_forecaster(spec, task, graph_of(task), CPU)
    forecaster.network.eval()
    batch = next(iter(UpdateHooks(UpdateContext(forecaster, task, spec, PACE)).batches(parts(task)[0])))
    found = output_loss(forecaster.network, batch, outputs_of(forecaster.network, batch) + 2)
    assert found.item() == pytest.approx(4, rel=1e-4)


@pytest.mark.parametrize("kind", ["lwf", "der"])
@pytest.mark.parametrize("engine", ["torch", "auto"])
def test_penalties_on_forecasts_use_the_kernel_where_there_is_one(task, kind, engine, monkeypatch):
    calls = []
    forward = STGNN.forward

    def counted(network, *arguments):
        calls.append(1)
        return forward(network, *arguments)

    hooks = started(task, kind, form="gru", engine=engine)
    first = parts(task)[0]
    monkeypatch.setattr(STGNN, "forward", counted)
    hooks.before(first)
    batch = next(iter(hooks.batches(first)))
    assert hooks.penalty(batch).requires_grad
    assert bool(calls) == (engine == "torch")


# --- DER++ -------------------------------------------------------------------------------------------------------


def test_der_remembers_forecasts_of_the_time_when_an_example_came(task):
    hooks = started(task, "der", memory_pairs=200)
    assert isinstance(hooks, DarkMemory)
    first, second = parts(task)
    base = copy.deepcopy(hooks.context.network)
    train_further(hooks, first)
    sampler = hooks.context.sampler
    new = hooks.memory.examples.hours >= first.origins[0]
    assert 0 < int(new.sum()) < 200
    with torch.no_grad():
        every = sampler.batch(hooks.memory.examples)
        old_forecasts, new_forecasts = (
            batch_forecast(base, every),
            batch_forecast(hooks.context.network, every),
        )
    torch.testing.assert_close(hooks.outputs[~new], old_forecasts[~new])
    torch.testing.assert_close(hooks.outputs[new], new_forecasts[new])
    kept = hooks.outputs.clone()
    train_further(hooks, second)
    still = torch.isin(hooks.memory.examples.hours, torch.from_numpy(second.origins), invert=True)
    assert torch.equal(hooks.outputs[still], kept[still])


def test_der_without_targets_is_der(task):
    hooks = started(task, "der", memory_pairs=50, target_weight=0.0, output_weight=2.0)
    first = parts(task)[0]
    hooks.before(first)
    assert hooks.penalty(None).item() == pytest.approx(0, abs=1e-9), "forecasts are still those remembered"
    hooks.outputs += 3
    assert hooks.penalty(None).item() == pytest.approx(2.0 * 9, rel=1e-4)


# --- EMA ---------------------------------------------------------------------------------------------------------


def test_ema_is_the_average_of_every_step_and_goes_on_over_months(task):
    hooks, plain = started(task, "ema", decay=0.8), started(task, "naive")
    average = weights_of(plain.context.network)
    for part in parts(task):
        # An oracle: the naive loop, with the average taken by hand after each step.
        class Watched(UpdateHooks):
            def batches(self, part):
                nonlocal average
                for batch in super().batches(part):
                    yield batch
                    average = 0.8 * average + 0.2 * weights_of(self.context.network)

        train_further(Watched(plain.context), part)
        train_further(hooks, part)
        torch.testing.assert_close(weights_of(hooks.context.network), average, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(
            torch.cat([one.flatten() for one in hooks.learning]), weights_of(plain.context.network)
        )


# --- node table --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [{}, {"linear_part": True, "calendar": True}])
def test_the_node_table_learns_and_the_backbone_stays_to_the_bit(task, block):
    hooks = started(task, "node_table", "stgnn", block={"node_table": True, **block})
    network = hooks.context.network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    train_further(hooks, parts(task)[0])
    changed = [name for name, value in network.state_dict().items() if not torch.equal(value, before[name])]
    assert [name.split(".")[-1] for name in changed] == ["node_table"]
    assert all(weight.requires_grad for weight in network.parameters())


def test_a_network_without_a_node_table_is_refused(task):
    with pytest.raises(
        Fault, match="model has no node table to learn: expected a model with node_table: true"
    ):
        started(task, "node_table")


# --- joint -------------------------------------------------------------------------------------------------------


def test_joint_learns_all_parts_so_far_and_never_a_held_out_hour(task):
    hooks = started(task, "joint", pace=Pace(40, 64, 1e-2))
    first, second = parts(task)
    allowed = task.origins(task.splits.train)
    for part in (first, second):
        allowed = np.concatenate([allowed, part.origins])
        hooks.before(part)
        drawn = torch.cat([batch.origins for batch in hooks.batches(part)]).numpy()
        assert set(drawn) <= set(allowed)
        share = np.isin(drawn, part.origins).mean()
        assert share == pytest.approx(len(part.origins) / len(allowed), abs=0.03)
    # Asking again for the same month adds nothing.
    count = len(hooks.parts)
    hooks.before(second)
    assert len(hooks.parts) == count == 3


def test_joint_begins_with_new_weights_unless_it_is_continued(task):
    first = parts(task)[0]
    fresh, on = started(task, "joint"), started(task, "joint", continued=True)
    trained = weights_of(on.context.network)
    fresh.before(first)
    on.before(first)
    assert torch.equal(weights_of(on.context.network), trained)
    assert torch.equal(weights_of(fresh.context.network), weights_of(fresh.context.untrained()))
    assert fresh.rate(0, 30) == pytest.approx(1e-2)
    assert fresh.rate(29, 30) < 1e-3
    assert on.rate(29, 30) == pytest.approx(1e-2)


def test_joint_keeps_a_solved_part(task):
    hooks = started(task, "joint", block={"linear_part": True})
    hooks.context.forecaster.solve(task)
    solved = hooks.context.network.linear.weight.clone()
    assert float(solved.abs().sum()) > 0
    train_further(hooks, parts(task)[0])
    assert torch.equal(hooks.context.network.linear.weight, solved)


def test_joint_without_a_way_to_new_weights_is_refused(task):
    hooks = started(task, "joint")
    bare = UpdateContext(hooks.context.forecaster, task, hooks.context.spec, PACE)
    other = plugins.load("strategy", "joint").start(read_strategy({"kind": "joint"}), bare)
    with pytest.raises(Fault, match=r"cannot be trained from new weights here: .* set continued: true"):
        train_further(other, parts(task)[0])


# --- paces and memories ------------------------------------------------------------------------------------------


def test_epochs_are_passes_over_the_pairs_of_a_month(task):
    hooks = started(task, "naive", pace=Pace(0, 50, 1e-2, epochs=2))
    first = parts(task)[0]
    expected = -(-2 * len(first.origins) * 5 // 50)
    assert hooks.steps_on(first) == expected
    assert sum(len(batch.origins) for batch in hooks.batches(first)) == expected * 50


@pytest.mark.parametrize("steps_per_epoch", [None, 10])
def test_a_pace_of_a_recipe_that_accumulates_sees_as_many_pairs_as_its_training(task, steps_per_epoch):
    """One step on a batch of four times the size, for every four batches of the training."""
    recipe = RECIPE.model_copy(
        update={"batch": 16, "epochs": 3, "steps_per_epoch": steps_per_epoch, "accumulate": 4}
    )
    pace = pace_of("joint", read_strategy({"kind": "joint"}), recipe, pairs_each=1)
    hooks = started(task, "joint", pace=pace, recipe=recipe)
    context = hooks.context
    per_epoch = make_batches(context.spec, task, context.forecaster).steps()
    batches = recipe.epochs * per_epoch
    if steps_per_epoch is None:
        pairs = len(task.origins(task.splits.train)) * 5
        assert context.steps_over(pairs) == pytest.approx(batches / 4, abs=recipe.epochs)
    else:
        assert context.steps_over(0) == -(-batches // 4)
    assert context.examples == 4 * recipe.batch


def test_a_batch_of_the_strategy_s_own_is_not_multiplied():
    recipe = RECIPE.model_copy(update={"accumulate": 4, "steps_per_epoch": 10})
    settings = read_strategy({"kind": "joint", "batch": 50})
    assert pace_of("joint", settings, recipe, pairs_each=1).batch == 50


def test_a_share_of_the_base_training_is_remembered(task):
    pairs = len(task.origins(task.splits.train)) * 5
    for share in (0.001, 0.01, 0.05):
        hooks = started(task, "replay", memory_share=share)
        assert len(hooks.memory.examples) == max(1, round(share * pairs))


def test_weight_decay_of_its_own_pulls_weights_down(task):
    norms = []
    for decay in (None, 0.9):
        hooks = started(task, "naive", pace=Pace(30, 64, 1e-2, weight_decay=decay))
        train_further(hooks, parts(task)[0])
        norms.append(float(weights_of(hooks.context.network).norm()))
    assert norms[1] < 0.95 * norms[0]
