"""Parts without observed values, panels of one node, and values that a panel cannot hold."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from small_study import small_panel
from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.graph import GraphBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.graph import Graph, build_graph
from wattshed.data.panel import Panel
from wattshed.data.readers.tabular import numbers
from wattshed.data.splits import Splits, split_calendar
from wattshed.forecast.metrics import metrics, rmse, sum_errors
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.faults import Fault

HOURS = 24 * 200


def unobserved(panel, start, stop):
    observed = panel.observed.copy()
    observed[start:stop] = False
    return dataclasses.replace(panel, observed=observed)


@pytest.mark.parametrize("part", ["train", "validation", "test", "CL_1_learn", "CL_1_held_out"])
def test_a_part_without_an_observed_value_is_refused_when_splits_are_cut(part):
    panel = small_panel(hours=HOURS)
    splits = split_calendar(panel, SplitsBlock(), WindowsBlock())
    month = splits.months[0]
    segments = [splits.train, splits.validation, splits.test, month.learn, month.held_out]
    segment = next(one for one in segments if one.name == part)
    silent = unobserved(panel, segment.start, segment.stop)
    with pytest.raises(Fault, match=rf"data.splits: {part} \(.* UTC\) has no observed value in \d+ hours"):
        split_calendar(silent, SplitsBlock(), WindowsBlock())


def test_an_error_over_no_observed_cell_is_missing_and_not_0():
    nothing = np.zeros((4, 2, 3))
    observed = np.zeros((4, 2, 3), dtype=bool)
    assert np.isnan(rmse(nothing, nothing, observed))
    found = metrics(sum_errors(nothing, nothing, observed), np.ones(3))
    assert found == {"mae": None, "rmse": None, "wape": None, "mase": None, "r2": None, "cells": 0}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{}", "lacks the key 'train'"), ('{"train": {}, "vali', "cannot be read as JSON")],
)
def test_damaged_splits_are_reported_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "splits.json"
    path.write_text(content)
    with pytest.raises(Fault, match=sentence):
        Splits.read(path)


def test_splits_with_wrong_content_are_reported_in_one_sentence(tmp_path):
    path = tmp_path / "splits.json"
    path.write_text(json.dumps({"train": {"name": "train"}, "validation": {}, "test": {}, "months": []}))
    with pytest.raises(Fault, match="does not describe splits"):
        Splits.read(path)


def test_splits_edited_by_hand_are_refused(tmp_path):
    panel = small_panel(hours=HOURS)
    path = tmp_path / "splits.json"
    split_calendar(panel, SplitsBlock(), WindowsBlock()).write(path, panel)
    path.write_text(path.read_text().replace('"stop": 2880', '"stop": 2881'))
    with pytest.raises(Fault, match="was altered after it was written"):
        Splits.read(path)


@pytest.mark.parametrize("method", ["auto", "load_shape"])
def test_a_panel_of_one_node_has_a_graph_with_one_self_loop(tmp_path, method):
    panel = small_panel(nodes=1, hours=HOURS)
    splits = split_calendar(panel, SplitsBlock(), WindowsBlock())
    graph = build_graph(panel, splits.train, GraphBlock(method=method), None)
    assert graph.adjacency.toarray().tolist() == [[1.0]]
    assert graph.degrees().tolist() == [0]
    graph.write(tmp_path / "graph.safetensors")
    assert Graph.read(tmp_path / "graph.safetensors", panel).adjacency.toarray().tolist() == [[1.0]]


def test_a_graph_file_is_refused_as_a_panel(tmp_path):
    panel = small_panel(nodes=2, hours=HOURS)
    path = tmp_path / "graph.safetensors"
    graph = build_graph(panel, split_calendar(panel, SplitsBlock(), WindowsBlock()).train, GraphBlock(), None)
    graph.write(path)
    with pytest.raises(Fault, match="is a graph: expected a panel"):
        Panel.read(path)


@pytest.mark.parametrize("value", [1e39, -1e39])
def test_a_reading_that_does_not_fit_32_bit_floats_is_refused_with_its_row(tmp_path, value):
    column = pd.Series([1.0, value], name="home_1", index=pd.RangeIndex(2, 4))
    with pytest.raises(
        Fault, match=r"panel\.csv: row 3, column 'home_1': -?1e\+39 does not fit 32-bit floats"
    ):
        numbers(column, tmp_path / "panel.csv")


def test_a_panel_with_an_infinite_value_is_refused():
    panel = small_panel(nodes=2, hours=HOURS)
    values = panel.values.copy()
    values[5, 1] = np.inf
    with pytest.raises(Fault, match=r"has a value at .* UTC that does not fit 32-bit floats"):
        dataclasses.replace(panel, values=values)


def test_splits_of_another_panel_are_refused(tmp_path):
    panel, other = small_panel(hours=HOURS), small_panel(hours=HOURS, nodes=3)
    path = tmp_path / "splits.json"
    splits = split_calendar(panel, SplitsBlock(), WindowsBlock())
    splits.write(path, panel)
    assert Splits.read(path, panel) == splits
    other.write(tmp_path / "panel.safetensors")
    with pytest.raises(
        Fault, match=r"splits\.json was written for another panel: expected the splits of this one"
    ):
        ForecastTask.read(tmp_path / "panel.safetensors", path, WindowsBlock())


def test_a_panel_keeps_its_digest_in_its_file_and_a_changed_reading_changes_it(tmp_path):
    panel = small_panel(hours=HOURS)
    panel.write(tmp_path / "panel.safetensors")
    assert Panel.read(tmp_path / "panel.safetensors").digest == panel.digest
    values = panel.values.copy()
    values[0, 0] += 1
    assert dataclasses.replace(panel, values=values).digest != panel.digest
