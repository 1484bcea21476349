from pathlib import Path

import numpy as np
import pytest

from hand_made_profile import study_with
from wattshed.data.graph import Graph
from wattshed.data.panel import Panel
from wattshed.data.sources.source import load_panel
from wattshed.data.splits import split_calendar
from wattshed.foundation import plugins
from wattshed.foundation.documents import read_json
from wattshed.foundation.faults import Fault
from wattshed.law.predicting.plan import PanelSizes, panel_sizes, plan_of

ROOT = Path(__file__).resolve().parents[4]
PANEL = PanelSizes(17, 8760, 129)


@pytest.fixture(scope="module")
def study():
    return study_with()


@pytest.fixture(scope="module")
def homes(study):
    return load_panel(study.data.source, ROOT)


def test_the_source_knows_the_homes(study, homes):
    assert panel_sizes(study, None) == PanelSizes(len(homes.node_names), len(homes.times))


def test_built_data_are_read_without_the_panel(study, homes, tmp_path):
    import scipy.sparse as sp

    short = Panel(
        homes.values[:4000], homes.observed[:4000], homes.times[:4000], homes.nodes, "kWh", "UTC", "a test"
    )
    (tmp_path / "data").mkdir()
    split_calendar(short, study.data.splits, study.data.windows).write(tmp_path / "data/splits.json", short)
    edges = sp.csr_array(np.eye(17, dtype=np.float32) + np.eye(17, k=1, dtype=np.float32))
    Graph(edges, homes.node_names, "test").write(tmp_path / "data/graph.safetensors")
    assert panel_sizes(study, tmp_path) == PanelSizes(17, 4000, 33)


def test_a_damaged_graph_is_named(study, homes, tmp_path):
    (tmp_path / "data").mkdir()
    split_calendar(homes, study.data.splits, study.data.windows).write(tmp_path / "data/splits.json", homes)
    graph = tmp_path / "data/graph.safetensors"
    for content in (b"", b"\xff" * 40, (2).to_bytes(8, "little") + b"{}"):
        graph.write_bytes(content)
        with pytest.raises(Fault, match="run snakemake again"):
            panel_sizes(study, tmp_path)


def test_a_source_that_does_not_know_its_sizes_asks_for_them(tmp_path):
    study = study_with()
    block = plugins.load("source", "goiener").Settings.model_construct(kind="goiener")
    data = study.data.model_copy(update={"source": block})
    with pytest.raises(Fault, match=r"the source goiener tells it only once .* give --nodes and --hours"):
        panel_sizes(study.model_copy(update={"data": data}), tmp_path)


@pytest.mark.parametrize("sizes", [(0, 10), (5, -1), (5, 10, 0), (2.5, 10), (True, 10)])
def test_a_panel_without_size_is_refused(sizes):
    with pytest.raises(ValueError, match="expected a whole number of at least 1"):
        PanelSizes(*sizes)


def test_more_edges_than_pairs_of_nodes_are_refused():
    assert PanelSizes(5, 10, 25).edges == 25
    with pytest.raises(ValueError, match="more edges than 5 x 5 nodes can have"):
        PanelSizes(5, 10, 10**400)


@pytest.mark.parametrize(
    ("content", "says"),
    [('{"a": NaN}', "not finite"), ('{"a": 1e999}', "not finite"), ("[" * 100_000, "as JSON")],
)
def test_a_document_with_no_usable_numbers_is_refused(tmp_path, content, says):
    path = tmp_path / "splits.json"
    path.write_text(content.replace("}", ', "content_sha256": "x"}') if "{" in content else content)
    with pytest.raises(Fault, match=says):
        read_json(path)


def test_a_panel_that_is_too_short_is_refused(study):
    with pytest.raises(Fault, match=r"the training part of 200 h is too short for one window"):
        plan_of(study, "gru", PanelSizes(17, 200))


@pytest.mark.parametrize("hours", [1500, 4001, 8760])
def test_windows_are_those_of_the_splits(study, homes, hours):
    panel = Panel(
        homes.values[:hours], homes.observed[:hours], homes.times[:hours], homes.nodes, "kWh", "UTC", "a test"
    )
    splits, windows = split_calendar(panel, study.data.splits, study.data.windows), study.data.windows
    fit = plan_of(study, "gru", PanelSizes(17, hours)).fit
    assert fit.train_windows == len(splits.train.origins(windows.look_back_steps, windows.horizon_steps))
    assert fit.validation_windows == len(
        splits.validation.origins(windows.look_back_steps, windows.horizon_steps)
    )


def test_one_pass_takes_as_many_steps_as_examples_need(study):
    block, recipe = study.models["gru"], study.recipe_of("gru")

    def plan(**changes):
        own = recipe.model_copy(update=changes)
        return plan_of(
            study.model_copy(update={"recipes": {**study.recipes, block.recipe: own}}), "gru", PANEL
        )

    examples = plan().fit.train_windows * 17
    assert plan(steps_per_epoch=None, batch=100).steps_per_epoch == -(-examples // 100)
    assert plan(steps_per_epoch=7).steps_per_epoch == 7
    assert plan(steps_per_epoch=7, accumulate=2).steps_per_epoch == 4


def test_closed_forms_take_no_steps(study):
    plan = plan_of(study, "pooled_ridge", PANEL)
    assert (plan.steps_per_epoch, plan.epochs, plan.batch, plan.look) == (0, 0, None, None)


def test_built_data_of_another_panel_are_refused(study, homes, tmp_path):
    import scipy.sparse as sp

    (tmp_path / "data").mkdir()
    split_calendar(homes, study.data.splits, study.data.windows).write(tmp_path / "data/splits.json", homes)
    Graph(sp.csr_array(np.eye(5, dtype=np.float32)), list("abcde"), "test").write(
        tmp_path / "data/graph.safetensors"
    )
    with pytest.raises(
        Fault, match=r"holds a panel of 5 nodes, but the source homes of this configuration has 17"
    ):
        panel_sizes(study, tmp_path)
