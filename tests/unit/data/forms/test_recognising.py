"""The form of a table is read from its header, or refused with the key that decides."""

import numpy as np
import pytest

from user_tables import fault_of, panel_of, written
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault

HOURS = [f"2021-01-01 {hour:02d}:00" for hour in range(4)]


def table(header, *columns):
    return "\n".join([header, *(",".join(map(str, row)) for row in zip(HOURS, *columns, strict=False))])


@pytest.mark.parametrize(
    ("header", "nodes"),
    [
        ("time,a,b", ["a", "b"]),
        (",MT_001,MT_002", ["MT_001", "MT_002"]),
        ('"",a,b', ["a", "b"]),
        ("date,HUFL,OT", ["HUFL", "OT"]),
        ("time,load,solar", ["load", "solar"]),
    ],
)
def test_a_column_for_each_node_makes_a_wide_table(tmp_path, header, nodes):
    panel = panel_of(tmp_path, table(header, range(4), range(4)))
    assert panel.node_names == nodes
    assert panel.values[:, 1].tolist() == [0, 1, 2, 3]


def test_a_time_and_one_reading_are_named_by_the_header_or_the_file(tmp_path):
    assert panel_of(tmp_path, table("Datetime,PJME_MW", range(4)), unit="MW").node_names == ["PJME_MW"]
    assert panel_of(tmp_path, table("Datetime,kWh", range(4)), "home 7.csv").node_names == ["home 7"]


def test_an_index_that_only_counts_is_not_a_node(tmp_path):
    long = panel_of(
        tmp_path, "".join([",time,node,value\n", *(f"{row},{time},a,1\n" for row, time in enumerate(HOURS))])
    )
    assert long.node_names == ["a"]
    wide = panel_of(
        tmp_path, "".join([",time,a,b\n", *(f"{row},{time},1,2\n" for row, time in enumerate(HOURS))])
    )
    assert wide.node_names == ["a", "b"]


@pytest.mark.parametrize("name", ["hour", "Month", "Unix", "day_type", "utc_timestamp", "weekday"])
def test_a_part_of_the_calendar_is_not_silently_a_node(tmp_path, name):
    said = fault_of(tmp_path, table(f"time,{name},a", range(4), range(4)), time_column="time")
    assert f"column {name!r} has the name of a part of the calendar" in said
    assert "data.source.hour_column" in said
    assert "data.source.exclude" in said
    for keys in ({"exclude": [name]}, {"columns": ["a"]}):
        panel = panel_of(
            tmp_path, table(f"time,{name},a", range(4), range(4)), form="wide", time_column="time", **keys
        )
        assert panel.node_names == ["a"]


def test_columns_and_exclude_choose_nodes_by_names_and_patterns(tmp_path):
    text = table("time,h1,h2,weather,h[3]", range(4), range(4), ["rain"] * 4, range(4))
    assert panel_of(tmp_path, text, columns=["h*"]).node_names == ["h1", "h2", "h[3]"]
    assert panel_of(tmp_path, text, columns=["h[3]"]).node_names == ["h[3]"]
    assert panel_of(tmp_path, text, columns=["h*"], exclude=["h2"]).node_names == ["h1", "h[3]"]
    assert panel_of(tmp_path, text, exclude=["weather"]).node_names == ["h1", "h2", "h[3]"]
    assert "row 2, column 'weather': 'rain' is not a number" in fault_of(tmp_path, text)


def test_names_of_nodes_and_numeric_columns_that_can_be_nodes_are_refused(tmp_path):
    said = fault_of(tmp_path, table("time,region,north,south", range(4), range(4), range(4)))
    assert "data.source.form to long or wide" in said
    assert panel_of(tmp_path, table("time,region,north", range(4), range(4)), form="wide").node_names == [
        "region",
        "north",
    ]


def test_one_reading_column_in_several_files_is_refused_until_form_is_set(tmp_path):
    for name in "ba":
        written(tmp_path, table("time,kWh", range(4)), f"homes/{name}.csv")
    with pytest.raises(
        Fault, match=r"a\.csv: row 1: 'kWh' is the only column.*data\.source\.form to series or wide"
    ):
        load_panel(Settings(path="homes/*.csv"), tmp_path)
    panel = load_panel(Settings(path="homes/*.csv", form="series"), tmp_path)
    assert panel.node_names == ["a", "b"]
    assert panel.values.tolist() == [[hour, hour] for hour in range(4)]


def test_a_file_without_times_is_counted_from_its_first_time(tmp_path):
    text = "hour,load\n1,5\n2,6\n3,7\n"
    panel = panel_of(tmp_path, text, first_time="2021-01-01 00:00", resolution="1h", columns=["load"])
    assert panel.times[0] == np.datetime64("2021-01-01")
    assert panel.values[:, 0].tolist() == [5, 6, 7]
    one = panel_of(
        tmp_path, "load\n5\n6\n", first_time="2021-06-01 00:00", resolution="1h", timezone="Europe/Madrid"
    )
    assert one.times.astype(str).tolist() == ["2021-05-31T22:00:00", "2021-05-31T23:00:00"]


@pytest.mark.parametrize(("dst", "hours"), [(None, 48), ("none", 48), ("skipped", 49)])
def test_rows_without_times_follow_the_clock_that_dst_names(tmp_path, dst, hours):
    text = "a\n" + "1\n" * 48
    panel = panel_of(
        tmp_path, text, first_time="2021-10-31 00:00", resolution="1h", timezone="Europe/Madrid", dst=dst
    )
    assert len(panel.times) == hours
    assert panel.observed.sum() == 48
