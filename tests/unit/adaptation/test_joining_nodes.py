"""Nodes that join or leave between months, along the whole path: scaling, graph, training, strategies, errors."""

import numpy as np
import pandas as pd
import pytest
import torch

from model_blocks import model_block
from small_study import graph_of, small_panel, task_of
from wattshed.adaptation.attendance import Attendance, attendance
from wattshed.adaptation.stream import Labels, adapt_over_months
from wattshed.config.models.adaptation import read_strategy
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.data.splits import Segment
from wattshed.foundation import plugins
from wattshed.training.spec import ModelSpec, Step, make_forecaster
from wattshed.training.updates import Pace, Part, UpdateContext, UpdateHooks, train_further

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="pairs",
    batch=64,
    epochs=1,
    steps_per_epoch=60,
    learning_rate=1e-2,
    schedule="cosine",
    scaling="node",
)
WINDOWS = RecipeBlock(
    sampling="windows", batch=4, epochs=1, learning_rate=1e-2, schedule="plateau", scaling="panel"
)
JOINS, LEAVES = 0, 1
UPDATES = [name for name in plugins.names("strategy") if name not in ("frozen", "exact")]


@pytest.fixture(scope="module")
def task():
    """Node 0 has its first hour where the second month begins, node 1 its last one where the first month begins."""
    whole = task_of(small_panel(hours=24 * 300))
    first, second = whole.splits.months
    values, observed = whole.panel.values.copy(), whole.panel.observed.copy()
    observed[: second.learn.start, JOINS] = False
    observed[first.learn.start :, LEAVES] = False
    values[~observed] = np.nan
    return task_of(Panel(values, observed, whole.panel.times, whole.panel.nodes, "kWh", "UTC", "test"))


class NoMeter:
    def window(self, name, **labels):
        from contextlib import nullcontext

        return nullcontext(type("Window", (), {"values": {}, "labels": {}})())


def adapted(task, kind, form="stgnn", recipe=RECIPE, keys=None, block=None):
    """The base network, the adapted one, and the rows."""
    graph = graph_of(task)
    spec = ModelSpec("model", 1, model_block(form, **(block or {})), recipe, task.windows)
    base = make_forecaster(spec, task, graph, CPU)
    train_further(
        UpdateHooks(UpdateContext(base, task, spec, Pace(60, 64, 1e-2))),
        Part("base", task.origins(task.splits.train), 0),
    )
    forecaster = make_forecaster(spec, task, graph, CPU)
    forecaster.network.load_state_dict(base.network.state_dict())
    context = UpdateContext(
        forecaster, task, spec, Pace(40, 64, 1e-2), lambda: make_forecaster(spec, task, graph, CPU).network
    )
    hooks = plugins.load("strategy", kind).start(read_strategy({"kind": kind, **(keys or {})}), context)
    labels = Labels.of(spec.after(Step(kind, "strategy", kind, {})))
    rows, _ = adapt_over_months(hooks, labels, NoMeter())
    return base.network, forecaster, pd.DataFrame(rows)


@pytest.mark.parametrize("kind", UPDATES)
def test_every_strategy_lives_through_nodes_that_join_and_leave(task, kind):
    _, forecaster, rows = adapted(task, kind, block={"node_table": True})
    assert all(bool(weight.isfinite().all()) for weight in forecaster.network.parameters())
    assert rows[["rmse", "mae"]].notna().all().all()
    assert np.isfinite(forecaster.forecast(task.origins(task.splits.months[-1].whole))).all()


def test_a_network_of_whole_windows_does_too(task):
    _, forecaster, rows = adapted(task, "replay", "stgnn_reference", WINDOWS)
    assert rows[["rmse", "mae"]].notna().all().all()
    assert np.isfinite(forecaster.forecast(task.origins(task.splits.months[-1].whole))).all()


def test_rows_say_how_many_nodes_took_part_joined_and_left(task):
    _, _, rows = adapted(task, "frozen")
    before = rows[rows["phase"] == "prequential"].set_index("task")[["nodes", "joined", "left"]]
    assert before.loc["CL_1"].tolist() == [3, 0, 1]
    assert before.loc["CL_2"].tolist() == [4, 1, 1]
    assert (rows[(rows["task"] == "base")]["nodes"] == 4).all()


def test_cells_are_those_of_the_nodes_that_are_there(task):
    _, _, rows = adapted(task, "frozen")
    first = task.splits.months[0]
    _, seen = task.truth(task.origins(first.whole))
    row = rows[(rows["phase"] == "prequential") & (rows["task"] == "CL_1")].iloc[0]
    assert row["cells"] == seen.sum() == seen[:, :, 2:].sum()


def test_the_row_of_a_node_stays_where_it_is_until_it_joins_and_after_it_left(task):
    """A row of zeros has no effect: a node without data is forecast as the shared weights see it."""
    base, forecaster, _ = adapted(task, "node_table", block={"node_table": True})
    before, after = base.node_table.detach(), forecaster.network.node_table.detach()
    assert float(before[JOINS].abs().max()) == 0
    assert float(after[JOINS].abs().max()) > 0
    assert torch.equal(after[LEAVES], before[LEAVES])
    assert float(before[LEAVES].abs().max()) > 0


def test_a_node_that_joined_is_scaled_by_the_panel_and_is_learned(task):
    from wattshed.data.scaling import fit_scaler

    scaler = fit_scaler(task.panel.values, task.panel.observed, task.splits.train, "node")
    panel = fit_scaler(task.panel.values, task.panel.observed, task.splits.train, "panel")
    assert scaler.mean[JOINS] == pytest.approx(panel.mean[0])
    assert scaler.deviation[JOINS] == pytest.approx(panel.deviation[0])
    base, forecaster, _ = adapted(task, "naive", block={"node_table": True})
    origins = task.origins(task.splits.months[-1].held_out)
    truth, _ = task.truth(origins)
    own = forecaster.forecast(origins)
    old = forecaster.of(base).forecast(origins)
    errors = [np.sqrt(np.mean((one - truth)[:, :, JOINS] ** 2)) for one in (own, old)]
    assert errors[0] < 0.8 * errors[1]


def test_attendance_by_hand():
    observed = np.zeros((12, 4), dtype=bool)
    observed[:, 0] = True  # always
    observed[5:, 1] = True  # joins in the part
    observed[:3, 2] = True  # left before it
    observed[[2, 10], 3] = True  # away in the part, and back
    assert attendance(observed, Segment("part", 4, 8)) == Attendance(nodes=2, joined=1, left=1)
    assert attendance(observed, Segment("first", 0, 4)) == Attendance(nodes=3, joined=3, left=0)
