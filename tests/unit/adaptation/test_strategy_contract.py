"""Every strategy of the table, and one that a study brings: what each of them must do."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from light_plugins import heavy_imports
from model_blocks import model_block
from small_study import small_panel, task_of
from wattshed.adaptation.stream import Labels, adapt_over_months
from wattshed.config.models.adaptation import AdaptationBlock, StrategyBlock, read_strategy
from wattshed.config.models.recipes import CLOSED_FORM, RecipeBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.spec import ModelSpec, Step, make_forecaster
from wattshed.training.updates import Pace, Part, UpdateContext, UpdateHooks, train_further

CPU = torch.device("cpu")
STRATEGIES = plugins.names("strategy")
COMMON = {"batch": 16, "epochs": 1, "learning_rate": 5e-3}
PAIRS = RecipeBlock(sampling="pairs", schedule="cosine", scaling="node", clip_norm=None, **COMMON)
# How each family is trained, with something of every way of drawing batches.
CASES = {
    "stgnn": ({}, PAIRS),
    "gru": ({}, PAIRS),
    "nodes": ({"node_table": True}, PAIRS),
    "residual": ({"linear_part": True}, PAIRS),
    "lstm": ({}, PAIRS),
    "transformer": ({"width": 8, "heads": 2, "layers": 1, "node_table": True}, PAIRS),
    "dlinear": ({}, PAIRS),
    "pooled_ridge": ({"recipe": None}, CLOSED_FORM),
    "stgnn_reference": ({}, RecipeBlock(sampling="windows", schedule="plateau", scaling="panel", **COMMON)),
    "stream": (
        {},
        RecipeBlock(
            sampling="sequences", schedule="cosine", scaling="node", sequence_h=48, burn_in_h=12, **COMMON
        ),
    ),
}
FORMS = {"residual": "stgnn", "stream": "stgnn", "nodes": "gru"}
# Settings that make a small job smaller; a strategy that is not listed has its defaults.
SETTINGS = {"ewc": {"fisher_examples": 64}}
PACE = Pace(steps=12, batch=60, learning_rate=1e-2)

TOY = """
from typing import Literal

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer


class Settings(StrategyBlock):
    kind: Literal["anchored"]
    weight: float = 0.1


class Anchored:
    Settings = Settings
    asks = frozenset({Offer.UPDATES})
    control = False

    def start(self, settings, context):
        import torch

        from wattshed.training.updates import UpdateHooks

        class Hooks(UpdateHooks):
            def before(self, part):
                self.anchor = [weight.detach().clone() for weight in context.network.parameters()]

            def penalty(self, batch):
                weights = context.network.parameters()
                return settings.weight * sum(
                    (weight - anchor).square().sum() for weight, anchor in zip(weights, self.anchor)
                )

            def project(self, gradients):
                for gradient in gradients:
                    gradient.clamp_(-1, 1)

        return Hooks(context)


STRATEGY = Anchored()
"""


@pytest.fixture(params=[*STRATEGIES, "anchored"])
def kind(request, own_plugin):
    """Each strategy's name; the last one is a study's own."""
    if request.param == "anchored":
        own_plugin("anchored", TOY)
    return request.param


@pytest.fixture(scope="module")
def stream_task():
    return task_of(small_panel(hours=24 * 80))


class NoMeter:
    """Windows that nobody measures."""

    def __init__(self):
        self.windows = []

    @contextmanager
    def window(self, name, **labels):
        window = type("Window", (), {"name": name, "labels": labels, "values": {}})()
        yield window
        self.windows.append(window)


def settings_of(kind):
    return read_strategy({"kind": kind, **SETTINGS.get(kind, {})})


def started(task, graph, kind, case, seed=1):
    """The hooks of a strategy on an untrained network."""
    keys, recipe = CASES[case]
    spec = ModelSpec("model", seed, model_block(FORMS.get(case, case), **keys), recipe, task.windows)
    forecaster = make_forecaster(spec, task, graph, CPU)
    forecaster.solve(task)
    context = UpdateContext(
        forecaster, task, spec, PACE, lambda: make_forecaster(spec, task, graph, CPU).network
    )
    return plugins.load("strategy", kind).start(settings_of(kind), context)


def adapted(task, graph, kind, case):
    """The network after all months, its spec, the rows and the windows."""
    hooks = started(task, graph, kind, case)
    settings = settings_of(kind).model_dump(mode="json")
    after = hooks.context.spec.after(Step(kind, "strategy", kind, settings))
    meter = NoMeter()
    rows, _ = adapt_over_months(hooks, Labels.of(after), meter)
    return hooks.context.forecaster, after, rows, meter.windows


def weights_of(forecaster):
    state = forecaster.network.state_dict().values()
    return torch.cat([weight.detach().flatten().double() for weight in state])


def test_strategies_are_light_to_import():
    assert heavy_imports("strategy", "numpy") == ""


def test_its_settings_are_described_and_know_their_kind(kind):
    strategy = plugins.load("strategy", kind)
    assert issubclass(strategy.Settings, StrategyBlock)
    assert strategy.asks <= frozenset(Offer)
    assert isinstance(strategy.control, bool)
    assert read_strategy({"kind": kind}).kind == kind
    if kind in STRATEGIES:
        assert all(field.description for field in strategy.Settings.model_fields.values())


def fits(name, case):
    """Whether the case's network offers what the strategy asks; the study's own one asks for updates alone."""
    asks = frozenset({Offer.UPDATES}) if name == "anchored" else plugins.load("strategy", name).asks
    block = model_block(FORMS.get(case, case), **CASES[case][0])
    return asks <= plugins.load("family", block.form).offers(block)


FITTING = [(name, case) for name in (*STRATEGIES, "anchored") for case in CASES if fits(name, case)]


def test_every_strategy_fits_some_network():
    assert {name for name, case in FITTING} == {*STRATEGIES, "anchored"}


@pytest.mark.parametrize(("kind", "case"), FITTING, indirect=["kind"])
def test_it_updates_every_network_that_offers_what_it_asks(kind, case, stream_task, graph, tmp_path):
    strategy = plugins.load("strategy", kind)
    forecaster, spec, rows, windows = adapted(stream_task, graph, kind, case)
    untouched = make_forecaster(spec, stream_task, graph, CPU)
    untouched.solve(stream_task)
    moved = not torch.equal(weights_of(forecaster), weights_of(untouched))
    months = stream_task.splits.months
    if strategy.control:
        assert not moved
        assert windows == []
    else:
        assert moved
        assert [window.labels["task"] for window in windows] == [month.name for month in months]
        assert all(np.isfinite(window.values["train_loss"]) for window in windows)
        held_out = [row["rmse"] for row in rows if (row["phase"], row["task"]) == ("held_out", "CL_1")]
        # What is solved in closed form is good already.
        solved = case in ("residual", "pooled_ridge")
        assert held_out[-1] < (1.1 if solved else 1) * held_out[0], "it learns from the month"
    assert len(rows) == (len(months) + 1) ** 2 + len(months)
    path = tmp_path / "adapted.safetensors"
    write_checkpoint(path, forecaster.network, spec)
    again, read = read_checkpoint(path, stream_task, graph, CPU)
    assert read == spec
    origins = stream_task.origins(stream_task.splits.test)[:5]
    np.testing.assert_array_equal(again.forecast(origins), forecaster.forecast(origins))


@pytest.mark.parametrize(
    ("kind", "case"), [pair for pair in FITTING if pair[1] in ("stgnn", "stgnn_reference")], indirect=["kind"]
)
def test_the_same_seed_gives_the_same_weights_whatever_ran_before(kind, case, stream_task, graph):
    def updated(seed):
        hooks = started(stream_task, graph, kind, case, seed)
        month = stream_task.splits.months[0]
        part = Part(month.name, stream_task.origins(month.learn), month.learn.start)
        if not hooks.skips(part):
            train_further(hooks, part)
        return weights_of(hooks.context.forecaster)

    first = updated(1)
    torch.manual_seed(77)
    torch.rand(5)
    assert torch.equal(updated(1), first)
    assert not torch.equal(updated(2), first)


def test_a_misspelt_hook_is_refused_when_the_class_is_made():
    with pytest.raises(
        Fault, match=r"the method afterwards of Hooks is not a hook .*expected some of skips, before, "
    ):

        class Hooks(UpdateHooks):
            def afterwards(self, part):
                pass

    class Fine(UpdateHooks):
        anchor = 0.5

        def after(self, part):
            self._forget()

        def _forget(self):
            pass


def test_weights_that_a_hook_makes_invalid_are_reported_with_the_hook(stream_task, graph):
    class Spoiling(UpdateHooks):
        def after(self, part):
            with torch.no_grad():
                next(self.context.network.parameters()).fill_(float("nan"))

    keys, recipe = CASES["stgnn"]
    spec = ModelSpec("model", 1, model_block("stgnn", **keys), recipe, stream_task.windows)
    context = UpdateContext(
        make_forecaster(spec, stream_task, graph, CPU), stream_task, spec, Pace(2, 8, 1e-3)
    )
    month = stream_task.splits.months[0]
    part = Part(month.name, stream_task.origins(month.learn), 1)
    with pytest.raises(
        Fault, match=r"updating model \(seed 1\) on CL_1: a weight is not finite after the hook 'after'"
    ):
        train_further(Spoiling(context), part)


def test_replay_mixes_new_and_remembered_windows_even_where_a_batch_would_be_one(stream_task, graph):
    keys, recipe = CASES["stgnn_reference"]
    spec = ModelSpec("model", 1, model_block("stgnn_reference", **keys), recipe, stream_task.windows)
    context = UpdateContext(
        make_forecaster(spec, stream_task, graph, CPU), stream_task, spec, Pace(3, 2, 1e-3)
    )
    assert context.examples == 1
    hooks = plugins.load("strategy", "replay").start(read_strategy({"kind": "replay"}), context)
    month = stream_task.splits.months[0]
    part = Part(month.name, stream_task.origins(month.learn), month.learn.start)
    for batch in hooks.batches(part):
        fresh, old = batch.origins.tolist()
        assert fresh in part.origins
        assert old in stream_task.origins(stream_task.splits.train)


def test_plain_hooks_learn_by_a_loop_that_can_be_read_here(stream_task, graph):
    """An oracle without the package's batches, hooks and steps: AdamW on random pairs of a month."""
    from wattshed.training.step.gradient import observed_loss

    spec = ModelSpec("model", 3, model_block("stgnn"), PAIRS, stream_task.windows)
    ours, plain = (make_forecaster(spec, stream_task, graph, CPU, "torch") for _ in range(2))
    origins = stream_task.origins(stream_task.splits.months[0].learn)
    train_further(
        UpdateHooks(UpdateContext(ours, stream_task, spec, Pace(6, 32, 1e-2))), Part("CL_1", origins, 41)
    )
    optimiser = torch.optim.AdamW(plain.network.parameters(), lr=1e-2, weight_decay=0.0)
    generator = torch.Generator().manual_seed(3 * 1_000_003 + 41)
    observed = torch.from_numpy(stream_task.panel.observed)
    for _ in range(6):
        nodes = torch.randint(5, (32,), generator=generator)
        hours = torch.from_numpy(origins)[torch.randint(len(origins), (32,), generator=generator)]
        ahead = hours[:, None] + torch.arange(3)
        optimiser.zero_grad()
        forecast = plain.network(plain.series.pairs(nodes, hours))
        target = plain.series.own[nodes[:, None], ahead]
        observed_loss(forecast, target, observed[ahead, nodes[:, None]], "huber").backward()
        optimiser.step()
    assert torch.equal(weights_of(ours), weights_of(plain))


def test_a_block_fills_what_its_strategies_leave_empty_and_suggests_a_kind():
    block = AdaptationBlock.model_validate_json(
        json.dumps({"steps": 7, "strategies": {"mine": {"kind": "replay", "batch": 8, "replay_share": 0.25}}})
    )
    settings = block.settings_of("mine")
    assert (settings.steps, settings.batch, settings.learning_rate, settings.replay_share) == (
        7,
        8,
        1e-3,
        0.25,
    )
    assert AdaptationBlock.model_validate_json(block.model_dump_json()) == block
    assert list(AdaptationBlock().strategies) == ["frozen", "naive", "replay"]
    with pytest.raises(ValueError, match="did you mean 'replay'"):
        AdaptationBlock.model_validate_json('{"strategies": {"mine": {"kind": "replai"}}}')
    with pytest.raises(ValueError, match="replay_share"):
        AdaptationBlock.model_validate_json(
            '{"strategies": {"mine": {"kind": "naive", "replay_share": 0.5}}}'
        )
