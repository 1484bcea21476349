"""Each family and baseline sees exactly what it declares: an input is changed, and the forecast moves or does not."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from small_study import graph_of, small_panel, task_of
from wattshed.config.models.families import read_model
from wattshed.data.graph import Graph
from wattshed.data.panel import Panel
from wattshed.forecast.baselines import boosted_trees, pooled_stack, pooled_trees
from wattshed.forecast.baselines.protocol import BaselineFactory, information_of_baseline, make_baseline
from wattshed.forecast.baselines.registry import MODULES as BASELINES
from wattshed.forecast.families.family import SimpleFamily, information_of, make_network
from wattshed.forecast.families.registry import MODULES as FAMILIES
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation import plugins
from wattshed.foundation.vocabulary import Information

# Those of labelled windows see no hours; tests/unit/forecast/test_class_baselines.py has them.
OF_READINGS = [name for name in BASELINES if not plugins.load("baseline", name).of_classes]
TREES = ("lightgbm", "lightgbm_rich", "pooled_trees", "pooled_stack")
# Well after the validation part, so that fits do not see what is changed before it.
ORIGIN, LOOK_BACK_H, BEFORE_H = 1300, 12, 192
# Clocks change at hour 1,153: after the validation part, and before the look-back.
START = np.datetime64("2021-02-08T00:00:00", "s")
WINTER_TIME, CLOCK_CHANGE = "Etc/GMT-1", "Europe/Madrid"


def readings():
    """Noise, and a rise in the first target step of every day: the hour of day says more than the hours before."""
    plain = small_panel().values
    random = np.random.default_rng(8)
    values = plain + random.gamma(1, 2, plain.shape)
    rise = values[ORIGIN % 24 :: 24]
    values[ORIGIN % 24 :: 24] = rise + random.gamma(2, 4, rise.shape)
    return values.astype(np.float32)


def panel_of(values, timezone=WINTER_TIME):
    plain = small_panel()
    times = START + np.arange(len(values)) * np.timedelta64(1, "h")
    return Panel(values, plain.observed, times, plain.nodes, "kWh", timezone, "test", synthetic=True)


def noisier(hours, nodes):
    values = readings()
    part = values[hours, nodes]
    values[hours, nodes] = part + np.random.default_rng(1).uniform(0.5, 2, part.shape)
    return panel_of(values)


CHANGED = {
    Information.LOOK_BACK: lambda: noisier(slice(ORIGIN - LOOK_BACK_H, ORIGIN), slice(0, 1)),
    Information.DAYS_BEFORE: lambda: noisier(slice(ORIGIN - BEFORE_H, ORIGIN - LOOK_BACK_H), slice(0, 1)),
    Information.NEIGHBOURS: lambda: noisier(slice(ORIGIN - BEFORE_H, ORIGIN), slice(1, None)),
    Information.CALENDAR: lambda: panel_of(readings(), CLOCK_CHANGE),
}


def seen_by(forecaster):
    """What the forecasts of ``forecaster(task, graph)`` for node 0 depend on."""
    task = task_of(panel_of(readings()))
    graph = graph_of(task)
    origin = np.array([ORIGIN])
    plain = forecaster(task, graph).forecast(origin)[0, :, 0]
    seen = {
        what
        for what, change in CHANGED.items()
        if not np.allclose(forecaster(task_of(change()), graph).forecast(origin)[0, :, 0], plain, rtol=1e-5)
    }
    # Two nodes with the same recent hours and the same scale, and with other hours of the week in training.
    values = readings()
    values[:, 1] = values[:, 0]
    values[:900, 1] = np.roll(values[:900, 0], 7)
    alone = Graph(sp.eye_array(5, format="csr", dtype=np.float32), graph.node_names, "none")
    first, second = forecaster(task_of(panel_of(values)), alone).forecast(origin)[0, :, :2].T
    return frozenset(seen if np.allclose(first, second, rtol=1e-4) else seen | {Information.NODE})


def variants(form):
    """The family's default settings, and one variant for each switch changed."""
    settings = plugins.load("family", form).Settings
    plain = settings(recipe="r")
    switches = [name for name, key in settings.model_fields.items() if key.annotation is bool]
    return [plain, *(plain.model_copy(update={name: not getattr(plain, name)}) for name in switches)]


def network_of(settings):
    """A network with random weights, so that no part that starts at zero is hidden."""

    def forecaster(task, graph):
        network = make_network(settings, task.windows, graph.adjacency, 1)
        generator = torch.Generator().manual_seed(2)
        with torch.no_grad():
            for value in network.state_dict().values():
                value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
        series = ScaledSeries.make(task, graph.adjacency, "node", torch.device("cpu"))
        return NeuralForecaster(network, series, task.windows.horizon_steps)

    return forecaster


@pytest.mark.parametrize("form", [form for form in FAMILIES if form != "gnn_stan"])
def test_a_family_sees_exactly_what_it_declares(form):
    for settings in variants(form):
        declared = information_of(settings)
        assert declared is not None, form
        assert seen_by(network_of(settings)) == declared, settings
        assert plugins.load("family", form).reads_graph or Information.NEIGHBOURS not in declared


@pytest.mark.parametrize("name", OF_READINGS)
def test_a_baseline_sees_exactly_what_it_declares(name, monkeypatch):
    if name in TREES:
        pytest.importorskip("lightgbm", reason="needs the extra wattshed[lightgbm]")
        for place, settings in ((boosted_trees, "PLAIN"), (boosted_trees, "RICH"), (pooled_stack, "RICH")):
            monkeypatch.setattr(place, settings, replace(getattr(place, settings), rounds=40))
        monkeypatch.setattr(pooled_trees, "ROUNDS", 15)
        monkeypatch.setattr("torch.get_num_threads", lambda: 1)

    def forecaster(task, graph):
        baseline = make_baseline(name, task, graph)
        baseline.fit()
        return baseline

    declared = information_of_baseline(name)
    assert declared is not None, name
    seen = seen_by(forecaster)
    # Trees see the node's identity as a category, and need not split on it.
    assert seen == declared or (name in TREES and seen == declared - {Information.NODE})


def test_a_plug_in_without_a_declaration_is_known_as_such(own_plugin):
    own_plugin(
        "silent",
        """
from typing import Literal

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.baselines.protocol import BaselineFactory
from wattshed.forecast.families.family import SimpleFamily


class Settings(ModelBlock):
    form: Literal["silent"] = "silent"


FAMILY = SimpleFamily(Settings, ("pairs",), None, frozenset())
BASELINE = BaselineFactory(None)
""",
    )
    assert information_of(read_model({"form": "silent", "recipe": "r"})) is None
    assert information_of_baseline("silent") is None
    assert BaselineFactory(None).sees is None
    assert SimpleFamily(None, (), None, frozenset()).sees(None) is None
