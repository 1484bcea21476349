"""Nodes that `data.source.exclude` names are left out before their readings are judged."""

import numpy as np
import pytest

from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault

HOURS = 30


def long_table(folder, **others):
    """Node `a` with hourly readings 0, 1, 2, ..., and rows of other nodes from their hours."""
    rows = [f"2021-01-{1 + hour // 24:02d} {hour % 24:02d}:00,a,{hour}" for hour in range(HOURS)]
    for node, hours in others.items():
        rows += [f"2021-01-{1 + hour // 24:02d} {hour % 24:02d}:00,{node},{value}" for hour, value in hours]
    (folder / "load.csv").write_text("\n".join(["time,node,value", *rows]) + "\n")


def load(folder, **keys):
    return load_panel(Settings(path="*.csv", **keys), folder)


@pytest.mark.parametrize(
    "hours",
    [
        [(0, ""), (1, "")],
        [(0, 5), (24, 6)],
        [(0, -9999), (1, -9999), (2, 1)],
    ],
    ids=["empty", "daily", "sentinels"],
)
@pytest.mark.parametrize("node", ["_first", "test_9"])
def test_a_node_is_left_out_with_what_would_be_refused(tmp_path, node, hours):
    long_table(tmp_path, **{node: hours})
    panel = load(tmp_path, exclude=[node])
    assert panel.node_names == ["a"]
    np.testing.assert_array_equal(panel.values[:, 0], np.arange(HOURS, dtype=np.float32))
    assert "1 node was left out by data.source.exclude." in panel.notes


def test_nodes_of_logs_are_left_out(tmp_path):
    long_table(tmp_path, _b=[(0, -9999), (1, -9999)])
    panel = load(tmp_path, exclude=["_*"], resolution="irregular", longest_hold_s=4000, unit="kW")
    assert panel.node_names == ["a"]
    assert not panel.written_sentinels
    np.testing.assert_array_equal(panel.values[: HOURS - 1, 0], np.arange(HOURS - 1, dtype=np.float32))


def test_files_of_nodes_are_left_out(tmp_path):
    for name in ("home_1", "home_2", "test"):
        (tmp_path / f"{name}.csv").write_text("time,value\n2021-01-01 00:00,1\n2021-01-01 01:00,2\n")
    panel = load(tmp_path, form="series", exclude=["test"])
    assert panel.node_names == ["home_1", "home_2"]


@pytest.mark.parametrize(
    ("exclude", "says"),
    [(["b"], "matches no node; expected a name or a pattern"), (["*"], "leaves none of the 1 nodes")],
)
def test_a_name_that_no_node_has_and_all_of_them_are_refused(tmp_path, exclude, says):
    long_table(tmp_path)
    with pytest.raises(Fault, match=says):
        load(tmp_path, exclude=exclude)
