"""A user's CSV or Parquet table: read correctly, or refused in one sentence with its row."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattshed.data.readers.tabular import read_frame
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings as TableSource
from wattshed.data.sources.table_panel import read_edges
from wattshed.foundation.faults import Fault

LONG = """time,node,value
2021-01-01 00:00,b,1.5
2021-01-01 00:00,a,2.5
2021-01-01 02:00,a,4.5
2021-01-01 01:00,b,
"""
WIDE = """time,b,a
2021-01-01 00:00,1.5,2.5
2021-01-01 01:00,,
2021-01-01 02:00,,4.5
"""


def panel_of(folder: Path, text: str, form: str = "wide", **keys):
    (folder / "panel.csv").write_text(text, encoding="utf-8")
    return load_panel(TableSource(kind="table", path="panel.csv", form=form, **keys), folder)


def fault_of(folder: Path, text: str, form: str = "wide", **keys) -> str:
    with pytest.raises(Fault) as fault:
        panel_of(folder, text, form, **keys)
    assert "\n" not in str(fault.value)
    assert "panel.csv" in str(fault.value)
    return str(fault.value)


def test_long_and_wide_tables_give_the_same_panel(tmp_path):
    long, wide = panel_of(tmp_path, LONG, "long"), panel_of(tmp_path, WIDE)
    assert long.node_names == ["a", "b"]
    assert wide.node_names == ["b", "a"]
    assert long.times.tolist() == wide.times.tolist()
    np.testing.assert_array_equal(long.values, wide.values[:, ::-1])
    np.testing.assert_array_equal(long.values[:, 0], np.float32([2.5, np.nan, 4.5]))
    np.testing.assert_array_equal(long.observed, [[True, True], [False, False], [True, False]])
    assert long.notes == ()


def test_unsorted_rows_are_sorted_and_a_note_reports_it(tmp_path):
    lines = WIDE.splitlines()
    shuffled = panel_of(tmp_path, "\n".join([lines[0], lines[3], lines[1], lines[2]]))
    np.testing.assert_array_equal(shuffled.values, panel_of(tmp_path, WIDE).values)
    assert shuffled.notes == ("The rows were not in order of time; they were sorted.",)
    assert panel_of(tmp_path, WIDE).notes == ()


@pytest.mark.parametrize("form", ["long", "wide"])
def test_parquet_and_csv_give_the_same_panel(tmp_path, form):
    text = LONG if form == "long" else WIDE
    csv = panel_of(tmp_path, text, form)
    frame = pd.read_csv(tmp_path / "panel.csv", parse_dates=["time"])
    frame.to_parquet(tmp_path / "panel.parquet", index=False)
    parquet = load_panel(TableSource(kind="table", path="panel.parquet", form=form), tmp_path)
    np.testing.assert_array_equal(csv.values, parquet.values)
    assert (csv.times == parquet.times).all()


def test_node_names_that_look_like_numbers_stay_texts(tmp_path):
    panel = panel_of(tmp_path, "time,node,value\n2021-01-01 00:00,007,1\n2021-01-01 01:00,007,2\n", "long")
    assert panel.node_names == ["007"]


def test_blank_lines_do_not_shift_row_numbers(tmp_path):
    said = fault_of(tmp_path, "time,a\n\n2021-01-01 00:00,1\n\n2021-01-01 01:00,x\n\n")
    assert "row 5, column 'a': 'x' is not a number" in said


@pytest.mark.parametrize(
    ("text", "form", "says"),
    [
        ("", "wide", "is empty"),
        ("time,a\n", "wide", "has no rows"),
        (
            "when,a\n2021-01-01 00:00,1\n",
            "wide",
            "row 1: no column of the header (when, a) has a usual name of times",
        ),
        ("time\n2021-01-01 00:00\n", "wide", "no column is left for nodes in the header (time)"),
        ("time,a,a\n2021-01-01 00:00,1,2\n", "wide", "row 1: column 'a' occurs twice"),
        (
            "time,node,x,z\n2021-01-01 00:00,a,1,2\n",
            "long",
            "row 1: no column of the header (time, node, x, z) has a usual name of readings",
        ),
        (
            "time,a\n2021-01-01 00:00,1\n2021-01-01 01:00,n/k\n",
            "wide",
            "row 3, column 'a': 'n/k' is not a number",
        ),
        (
            "time,a\n2021-01-01 00:00,1\n2021-01-01 01:00,inf\n",
            "wide",
            "row 3, column 'a': 'inf' is not a number",
        ),
        ("time,node,value\n2021-01-01 00:00,a,1;5\n", "long", "row 2, column 'value': '1;5' is not a number"),
        (
            "time,a\n2021-01-01 00:00,1\n2021-01-01 00:00,2\n",
            "wide",
            "row 3: a second reading at 2021-01-01 00:00",
        ),
        (
            "time,node,value\n2021-01-01 00:00,a,1\n2021-01-01 00:00,a,1\n",
            "long",
            "row 3: a second reading of node 'a'",
        ),
        ("time,node,value\n2021-01-01 00:00,,1\n", "long", "row 2: the node is empty"),
        ("time,a\n2021-01-01 00:00,1,2,3\n", "wide", "row 2 has 4 cells and the header 2"),
        ("time,a\n2021-01-01 00:00,1\n2021-01-01 01:00,1,2\n", "wide", "row 3 has 3 cells and the header 2"),
        ("time,a,b\n2021-01-01 00:00,1,\n2021-01-01 01:00,2,\n", "wide", "node 'b' has no observed hour"),
    ],
)
def test_a_bad_table_is_refused_in_one_sentence(tmp_path, text, form, says):
    assert says in fault_of(tmp_path, text, form)


def test_text_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "panel.csv").write_bytes("time,Müller\n2021-01-01 00:00,1\n".encode("latin-1"))
    with pytest.raises(Fault, match=r"panel.csv cannot be read as CSV"):
        load_panel(TableSource(kind="table", path="panel.csv", form="wide"), tmp_path)


def test_a_missing_table_is_reported_by_name(tmp_path):
    with pytest.raises(Fault, match=r"absent.csv does not exist"):
        load_panel(TableSource(kind="table", path="absent.csv", form="wide"), tmp_path)


def test_a_truncated_parquet_is_refused(tmp_path):
    pd.DataFrame({"time": ["2021-01-01 00:00"], "a": [1.0]}).to_parquet(tmp_path / "panel.parquet")
    whole = (tmp_path / "panel.parquet").read_bytes()
    for part in (whole[: len(whole) // 2], b"PAR1", b"not parquet at all", b""):
        (tmp_path / "panel.parquet").write_bytes(part)
        with pytest.raises(Fault, match=r"panel.parquet cannot be read as Parquet"):
            load_panel(TableSource(kind="table", path="panel.parquet", form="wide"), tmp_path)


def test_the_node_table_is_put_in_the_order_of_the_panel(tmp_path):
    (tmp_path / "nodes.csv").write_text("node,province\na,north\nz,none\nb,south\n")
    panel = panel_of(tmp_path, WIDE, node_table="nodes.csv")
    assert panel.node_names == ["b", "a"]
    assert panel.nodes["province"].tolist() == ["south", "north"]


def test_a_node_table_names_nodes_as_the_panel_does(tmp_path):
    text = "time,node,value\n" + "".join(
        f"2021-01-01 0{hour}:00,{name},1\n" for hour in (0, 1) for name in ("NA", 26)
    )
    pd.DataFrame({"node": [26.0, np.nan], "size": [1, 2]}).fillna({"node": 27}).to_parquet(
        tmp_path / "nodes.parquet"
    )
    (tmp_path / "nodes.csv").write_text("node,size\n 26 ,1\nNA,2\n")
    panel = panel_of(tmp_path, text, "long", node_table="nodes.csv")
    assert panel.nodes["size"].to_dict() == {"26": 1, "NA": 2}
    only = panel_of(tmp_path, text.replace("NA", "27"), "long", node_table="nodes.parquet")
    assert only.nodes["size"].to_dict() == {"26": 1, "27": 2}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("node,p\na,1\n", "lacks 1 of the panel's 2 nodes, 'b' first"),
        ("node,p\na,1\nb,1\na,2\n", "row 4: node 'a' has a second row"),
        ("name,p\na,1\n", "no column 'node' in the header"),
    ],
)
def test_a_bad_node_table_is_refused(tmp_path, text, says):
    (tmp_path / "nodes.csv").write_text(text)
    with pytest.raises(Fault) as fault:
        panel_of(tmp_path, WIDE, node_table="nodes.csv")
    assert says in str(fault.value)
    assert "nodes.csv" in str(fault.value)


def test_an_edge_list_is_read(tmp_path):
    (tmp_path / "edges.csv").write_text("source,target,weight\na,b,0.5\nb,a,2\n")
    edges = read_edges(tmp_path / "edges.csv", ["b", "a"])
    assert edges.to_dict("list") == {"source": ["a", "b"], "target": ["b", "a"], "weight": [0.5, 2.0]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source,target,weight\na,b,1\na,c,1\n", "row 3: target 'c' is not a node of the panel"),
        ("source,target,weight\n,b,1\n", "row 2: source nan is not a node of the panel"),
        ("source,target\na,b\n", "no column 'weight' in the header (source, target)"),
        ("source,target,weight\na,b,much\n", "row 2, column 'weight': 'much' is not a number"),
        ("source,target,weight\na,b,-1\n", "row 2: weight is -1.0; expected a number above 0"),
        ("source,target,weight\na,b,\n", "row 2: weight is nan"),
        ("source,target,weight\na,b,1\na,b,1\n", "row 3: this edge is a repetition"),
    ],
)
def test_a_bad_edge_list_is_refused(tmp_path, text, says):
    (tmp_path / "edges.csv").write_text(text)
    with pytest.raises(Fault) as fault:
        read_edges(tmp_path / "edges.csv", ["a", "b"])
    assert says in str(fault.value)


def test_a_panel_of_simulated_homes_equals_what_pandas_reads(root, tmp_path):
    path = root.parent / "shared" / "data" / "panels" / "eulp_tx.parquet"
    if not path.is_file():
        pytest.skip("the panel of 100 simulated homes (../shared/data/panels/eulp_tx.parquet) is not here")
    frame = pd.read_parquet(path)
    homes = frame.select_dtypes("number").iloc[:, :20]
    homes.columns = [f"home_{number}" for number in range(20)]
    homes.insert(0, "time", pd.date_range("2018-01-01", periods=len(homes), freq="h", tz="Etc/GMT+6"))
    homes.to_csv(tmp_path / "panel.csv", index=False)
    panel = load_panel(
        TableSource(kind="table", path="panel.csv", form="wide", timezone="America/Chicago"), tmp_path
    )
    np.testing.assert_allclose(panel.values, homes.iloc[:, 1:].to_numpy(np.float32), rtol=1e-6)
    assert panel.times[0] == np.datetime64("2018-01-01T06:00:00")


def test_the_texas_script_keeps_every_reading_and_refuses_a_short_table(root, tmp_path):
    homes = pd.DataFrame(np.random.default_rng(1).random((8760, 3)), columns=["a-1-7", "a-1-8", "a-1-9"])
    homes.to_parquet(tmp_path / "homes.parquet")
    script = [sys.executable, str(root / "benchmarks/texas_panel.py"), str(tmp_path / "homes.parquet")]
    subprocess.run([*script, "--output", str(tmp_path / "panel.parquet")], check=True)
    panel = load_panel(
        TableSource(kind="table", path="panel.parquet", form="wide", timezone="America/Chicago"), tmp_path
    )
    assert panel.node_names == ["home_7", "home_8", "home_9"]
    np.testing.assert_allclose(panel.values, homes.to_numpy(np.float32))
    homes.iloc[:100].to_parquet(tmp_path / "homes.parquet")
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 1
    assert "100 rows of 3 columns; expected 8,760 rows" in done.stderr


@pytest.mark.parametrize("place", [-40, 4], ids=["footer", "page"])
def test_a_corrupt_parquet_is_refused(tmp_path, place):
    path = tmp_path / "panel.parquet"
    pd.DataFrame(
        {"time": pd.date_range("2021-01-01", periods=500, freq="h"), "a": np.arange(500.0)}
    ).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[place : place + 32] = b"\xff" * 32
    path.write_bytes(bytes(content))
    with pytest.raises(Fault, match=r"panel.parquet cannot be read as Parquet"):
        read_frame(path, text_columns=())
