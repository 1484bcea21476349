"""The jobs that build the panel, its graph and its quality, with rules that leave out nodes and cells."""

import importlib.util
import json

import numpy as np
import pandas as pd
import pytest

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.graph import Graph
from wattshed.data.panel import Panel
from wattshed.data.splits import split_calendar
from wattshed.foundation.faults import Fault

NAMES = ["a1", "a2", "b", "c"]
HOURS = 2400
SPLITS, WINDOWS = SplitsBlock(), WindowsBlock()


@pytest.fixture(scope="module")
def main_of(root):
    def load(name):
        path = root / "workflow" / "scripts" / "data" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"script_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.main

    return load


@pytest.fixture
def folder(tmp_path):
    """A wide table whose node a2 has sentinels, and an edge list."""
    random = np.random.default_rng(0)
    readings = 0.2 + random.gamma(0.7, 0.4, (HOURS, len(NAMES)))
    readings[::50, 1] = -9999
    frame = pd.DataFrame(readings, columns=NAMES)
    frame.insert(0, "time", pd.date_range("2021-01-01", periods=HOURS, freq="h", tz="UTC"))
    frame.to_parquet(tmp_path / "panel.parquet")
    (tmp_path / "edges.csv").write_text("source,target,weight\na1,a2,1\na2,c,1\nb,a1,2\n")
    return tmp_path


def source(kind):
    if kind == "synthetic":
        return {"kind": "synthetic", "nodes": 4, "hours": HOURS, "step_minutes": 15}
    return {"kind": "table", "path": "panel.parquet", "form": "wide"}


def built(main_of, folder, rules, kind="table", more=()):
    output = folder / "panel.safetensors"
    words = ["--source", json.dumps(source(kind)), "--root", str(folder), "--output", str(output)]
    main_of("build_panel")([*words, *(["--cleaning", json.dumps(rules)] if rules else []), *more])
    return Panel.read(output)


def test_a_table_is_built_without_excluded_nodes_and_masked_cells(main_of, folder, capsys):
    panel = built(main_of, folder, {"exclude": ["b"], "mask": [{"equals": -9999}, {"above": 900}]})
    assert panel.node_names == ["a1", "a2", "c"]
    assert (~panel.observed[:, 1]).sum() == HOURS / 50
    assert np.nanmin(panel.values) > 0
    assert panel.cleaning.excluded_nodes == ["b"]
    said = capsys.readouterr().out.splitlines()
    assert said == list(panel.notes[-3:])
    assert said == [
        "data.exclude (b) left out 1 node: b.",
        "data.mask.0 (equals: -9999) masked 48 cells (0.7 %).",
        "data.mask.1 (above: 900) matched no cell.",
    ]


def test_without_rules_nothing_is_said_or_changed(main_of, folder, capsys):
    panel = built(main_of, folder, None)
    assert panel.cleaning is None
    assert panel.values.min() == -9999
    assert capsys.readouterr().out == ""


def test_another_source_and_step_are_cleaned_too(main_of, folder):
    whole = built(main_of, folder, None, "synthetic")
    first = whole.node_names[0]
    rules = {"exclude": [first], "mask": [{"from": "2021-01-03 00:00", "to": "2021-01-03 06:00"}]}
    day = str(whole.local_times[0].date() + pd.Timedelta(days=2))
    rules["mask"] = [{"from": f"{day} 00:00", "to": f"{day} 06:00"}]
    panel = built(main_of, folder, rules, "synthetic")
    assert panel.step_minutes == 15
    assert panel.node_names == whole.node_names[1:]
    assert panel.cleaning.masked_cells == (whole.observed[:, 1:] & ~panel.observed).sum() == 6 * 4 * 3


def test_limits_of_readings_need_the_training_part_and_take_it(main_of, folder):
    frame = pd.read_parquet(folder / "panel.parquet")
    train = split_calendar(built(main_of, folder, None), SPLITS, WINDOWS).train
    frame.loc[: train.stop - 1, "b"] = 0.0
    frame.loc[train.stop :, "c"] = 0.0
    frame.to_parquet(folder / "panel.parquet")
    rules = {"exclude_where": {"zero_above": 0.3}}
    with pytest.raises(Fault, match="needs --splits and --windows"):
        built(main_of, folder, rules)
    more = ("--splits", SPLITS.model_dump_json(), "--windows", WINDOWS.model_dump_json())
    assert built(main_of, folder, rules, more=more).node_names == ["a1", "a2", "c"]


def test_edges_of_excluded_nodes_are_dropped_from_the_graph(main_of, folder):
    panel = built(main_of, folder, {"exclude": ["a2"]})
    split_calendar(panel, SPLITS, WINDOWS).write(folder / "splits.json", panel)
    words = ["--panel", str(folder / "panel.safetensors"), "--splits", str(folder / "splits.json")]
    words += ["--graph", "{}", "--edges", str(folder / "edges.csv"), "--output", str(folder / "graph")]
    main_of("build_graph")(words)
    graph = Graph.read(folder / "graph", panel)
    assert graph.node_names == ["a1", "b", "c"]
    between = graph.adjacency.toarray() > 0
    assert between[0, 1]
    assert not between[2, :2].any()
    (folder / "edges.csv").write_text("source,target,weight\na1,a9,1\n")
    with pytest.raises(Fault, match="'a9' is not a node"):
        main_of("build_graph")(words)


def test_the_quality_job_prints_its_warnings(main_of, folder, capsys):
    panel = built(main_of, folder, None)
    split_calendar(panel, SPLITS, WINDOWS).write(folder / "splits.json", panel)
    words = ["--panel", str(folder / "panel.safetensors"), "--splits", str(folder / "splits.json")]
    main_of("check_quality")(
        [*words, "--near-zero-limit", "0.3", "--output", str(folder / "quality.parquet")]
    )
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1
    assert said[0].startswith("Node a2 reads -9999 in 2.0 % of its readings")
    quality = pd.read_parquet(folder / "quality.parquet").set_index("node")
    assert quality["sentinel_value"].dropna().to_dict() == {"a2": -9999}
    assert quality.loc["a2", "sentinel_share"] == pytest.approx(0.02)
