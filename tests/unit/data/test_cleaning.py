"""Excluded nodes and masked cells: what is left out, how it is counted, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.config.data.cleaning import CleaningRules
from wattshed.data.cleaning.clean import clean_panel
from wattshed.data.cleaning.edges import edges_of
from wattshed.data.cleaning.sentences import first_lines, notes_of
from wattshed.data.panel import Panel
from wattshed.data.splits import Segment
from wattshed.foundation.faults import Fault

NAMES = ["a1", "a2", "b", "test_1", "x[1]"]
HOURS = 24 * 20


def made_panel(timezone="UTC", start="2021-03-01T00:00:00"):
    random = np.random.default_rng(0)
    values = random.uniform(0.5, 2, (HOURS, len(NAMES))).astype(np.float32)
    observed = np.ones(values.shape, dtype=bool)
    times = np.datetime64(start, "s") + np.arange(HOURS) * np.timedelta64(1, "h")
    nodes = pd.DataFrame({"province": list("vwxyz")}, index=pd.Index(NAMES, name="node"))
    return Panel(values, observed, times, nodes, "kWh", timezone, "made", notes=("Made.",))


def cleaned(panel, train=None, **rules):
    return clean_panel(panel, CleaningRules.model_validate_json(json.dumps(rules)), train)


def test_names_and_patterns_leave_nodes_out_once():
    panel = cleaned(made_panel(), exclude=["x[1]", "a*", "a1"])
    assert panel.node_names == ["b", "test_1"]
    assert panel.nodes["province"].tolist() == ["x", "y"]
    assert panel.values.shape == panel.observed.shape == (HOURS, 2)
    assert panel.cleaning.excluded_nodes == ["x[1]", "a1", "a2"]
    assert panel.notes == (
        "Made.",
        "data.exclude (x[1]) left out 1 node: x[1].",
        "data.exclude (a*) left out 2 nodes: a1, a2.",
        "data.exclude (a1) left out no node.",
    )
    assert first_lines(panel.cleaning) == [
        "3 nodes left out (x[1], a1, a2), by data.exclude (x[1]) and data.exclude (a*)."
    ]


def test_a_number_as_a_name_is_a_name():
    assert CleaningRules.model_validate({"exclude": [26]}).exclude == ["26"]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"exclude": ["test1"]}, "data.exclude: 'test1' matches no node; .*: did you mean 'test_1'?"),
        (
            {"exclude": ["MAC*"]},
            "data.exclude: 'MAC.*' matches no node; .* such as 'a1': correct it or remove it.",
        ),
        ({"exclude": ["A1"]}, "data.exclude: 'A1' matches no node"),
        ({"mask": [{"below": 0, "nodes": ["c*"]}]}, "data.mask.0.nodes: 'c.*' matches no node"),
        ({"exclude": ["*"]}, "leave none of the 5 nodes; expected at least one: narrow them"),
        (
            {"mask": [{"above": 0, "nodes": ["b"]}]},
            "data.mask leaves node 'b' without an observed step",
        ),
        ({"mask": [{"above": -1}]}, "data.mask leaves node 'a1' without an observed step"),
    ],
)
def test_rules_that_name_no_node_or_leave_nothing_are_refused(rules, said):
    with pytest.raises(Fault, match=said):
        cleaned(made_panel(), **rules)


def test_a_node_that_a_mask_silences_may_be_excluded():
    assert cleaned(made_panel(), exclude=["b"], mask=[{"above": 0, "nodes": ["b"]}]).node_names == [
        "a1",
        "a2",
        "test_1",
        "x[1]",
    ]
    panel = cleaned(made_panel(), exclude_where={"coverage_below": 0.5}, mask=[{"above": 0, "nodes": ["b"]}])
    assert panel.cleaning.excluded == {"data.exclude_where.coverage_below (0.5)": ("b",)}


def test_masked_cells_are_unknown_and_counted_by_rule():
    panel = made_panel()
    panel.values[:30, 0] = -9999
    panel.values[5:9, 2] = -3
    panel.values[7, 4] = np.nan
    panel.observed[7, 4] = False
    # A value that a source imputed is masked, too.
    panel.observed[0, 0] = False
    made = cleaned(panel, mask=[{"equals": -9999}, {"below": 0}, {"above": 50, "nodes": ["a*"]}])
    assert np.isnan(made.values[:30, 0]).all()
    assert not made.observed[:30, 0].any()
    assert (~made.observed).sum() == 30 + 4 + 1
    assert made.cleaning.masked == {
        "data.mask.0 (equals: -9999)": 30,
        "data.mask.1 (below: 0)": 34,
        "data.mask.2 (above: 50; nodes: a*)": 0,
    }
    assert made.cleaning.masked_cells == 34
    assert made.cleaning.cells == HOURS * 5
    assert notes_of(made.cleaning)[::2] == [
        "data.mask.0 (equals: -9999) masked 30 cells (1.2 %).",
        "data.mask.2 (above: 50; nodes: a*) matched no cell.",
    ]
    assert first_lines(made.cleaning) == [
        "34 cells (1.4 %) masked, by data.mask.0 (equals: -9999) and data.mask.1 (below: 0)."
    ]
    # The panel that was given stays as it was.
    assert panel.values[0, 0] == -9999
    assert np.array_equal(made.values[30:], panel.values[30:], equal_nan=True)


def test_few_masked_cells_are_not_on_the_first_screen():
    panel = made_panel()
    panel.values[3, 0] = -1
    assert first_lines(cleaned(panel, mask=[{"below": 0}]).cleaning) == []


def test_numbers_are_compared_as_the_panel_holds_them():
    panel = made_panel()
    panel.values[3, 0] = -999.9
    assert cleaned(panel, mask=[{"equals": -999.9}]).cleaning.masked_cells == 1


def test_spans_are_local_times_and_hold_both_doubled_hours():
    panel = made_panel("Europe/Madrid", "2021-10-25T00:00:00")
    made = cleaned(panel, mask=[{"from": "2021-10-31 02:00", "to": "2021-10-31 03:00", "nodes": ["b"]}])
    masked = panel.times[~made.observed[:, 2]]
    assert masked.tolist() == [np.datetime64(f"2021-10-31T0{hour}:00:00", "s").item() for hour in (0, 1)]
    whole = cleaned(panel, mask=[{"from": "2021-11-10"}, {"to": "2021-10-26T12:00"}])
    local = panel.local_times.tz_localize(None)
    expected = (local >= "2021-11-10") | (local < "2021-10-26 12:00")
    assert np.array_equal(~whole.observed[:, 0], expected)


def test_stuck_runs_are_masked_whole_and_may_leave_zeros():
    panel = made_panel()
    panel.values[100:148, 0] = 1.5
    panel.values[200:247, 0] = 1.25
    panel.values[300:400, 1] = 0
    panel.values[10:60, 2] = 0.75
    panel.observed[30, 2] = False
    made = cleaned(panel, mask=[{"stuck_h": 48}])
    assert np.flatnonzero(~made.observed[:, 0]).tolist() == list(range(100, 148))
    assert np.flatnonzero(~made.observed[:, 1]).tolist() == list(range(300, 400))
    assert made.cleaning.masked_cells == 148
    above = cleaned(panel, mask=[{"stuck_h": 48, "above": 0}])
    assert above.cleaning.masked_cells == 48


def test_readings_are_judged_in_the_training_part_alone():
    panel = made_panel()
    train = Segment("train", 0, HOURS // 2)
    panel.values[HOURS // 2 :, 0] = 0
    panel.values[: HOURS // 2, 1] = 0
    panel.values[: HOURS // 4, 2] = -1
    panel.values[1 : HOURS // 2, 3] = 7
    found = cleaned(panel, train, exclude_where={"zero_above": 0.3}).cleaning.excluded_nodes
    assert found == ["a2"]
    rules = {"constant_above": 0.9, "negative_above": 0.4}
    made = cleaned(panel, train, exclude_where=rules)
    assert made.cleaning.excluded == {
        "data.exclude_where.constant_above (0.9)": ("a2", "test_1"),
        "data.exclude_where.negative_above (0.4)": ("b",),
    }


def test_coverage_counts_the_whole_span_without_masked_cells():
    panel = made_panel()
    panel.observed[: HOURS // 3, 0] = False
    panel.values[: HOURS // 3, 1] = -9999
    made = cleaned(panel, mask=[{"equals": -9999}], exclude_where={"coverage_below": 0.9})
    assert made.cleaning.excluded_nodes == ["a1", "a2"]
    assert made.cleaning.masked_cells == 0


def test_a_node_without_a_reading_in_the_training_part_is_not_judged():
    panel = made_panel()
    panel.observed[: HOURS // 2, 0] = False
    made = cleaned(panel, Segment("train", 0, HOURS // 2), exclude_where={"zero_above": 0})
    assert made.cleaning.excluded_nodes == []


def test_the_record_survives_the_panels_file(tmp_path):
    panel = cleaned(made_panel(), exclude=["b"], mask=[{"above": 1.9}])
    panel.write(tmp_path / "panel.safetensors")
    assert Panel.read(tmp_path / "panel.safetensors").cleaning == panel.cleaning
    made_panel().write(tmp_path / "whole.safetensors")
    assert Panel.read(tmp_path / "whole.safetensors").cleaning is None


def test_edges_to_excluded_nodes_are_dropped_and_unknown_nodes_refused(tmp_path):
    path = tmp_path / "edges.csv"
    path.write_text("source,target,weight\na1,b,1\na2,a1,0.5\nb,test_1,1\n")
    panel = cleaned(made_panel(), exclude=["b"])
    assert edges_of(panel, path).to_dict("list") == {"source": ["a2"], "target": ["a1"], "weight": [0.5]}
    assert len(edges_of(made_panel(), path)) == 3
    path.write_text("source,target,weight\na1,c,1\n")
    with pytest.raises(Fault, match="target 'c' is not a node"):
        edges_of(panel, path)


@settings(max_examples=40, deadline=None)
@given(
    cells=st.lists(st.sampled_from([0.0, 1.0, 2.0, -1.0, np.nan]), min_size=6, max_size=60),
    least=st.integers(2, 6),
    below=st.sampled_from([None, 0.0, 1.5]),
)
def test_masks_equal_a_slow_count(cells, least, below):
    values = np.array([*cells, 9.0], dtype=np.float32)[:, None]
    times = np.datetime64("2021-01-01", "s") + np.arange(len(values)) * np.timedelta64(1, "h")
    nodes = pd.DataFrame(index=pd.Index(["n"], name="node"))
    panel = Panel(values, ~np.isnan(values), times, nodes, "kWh", "UTC", "made")
    rule = {"stuck_h": least} | ({} if below is None else {"below": below})
    made = cleaned(panel, mask=[rule])
    for place, value in enumerate(values[:, 0]):
        first = last = place
        while first > 0 and values[first - 1, 0] == value:
            first -= 1
        while last + 1 < len(values) and values[last + 1, 0] == value:
            last += 1
        masked = last - first + 1 >= least and (below is None or value < below)
        assert made.observed[place, 0] == (not np.isnan(value) and not masked)
