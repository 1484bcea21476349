"""Several files make one panel, or the sentence names the two that disagree."""

import numpy as np
import pytest

from user_tables import written
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault


def hours(first, count, *columns, header="time,a,b", minutes=60):
    times = np.datetime64(first) + np.timedelta64(minutes, "m") * np.arange(count)
    rows = [",".join([str(time).replace("T", " "), *map(str, columns)]) for time in times]
    return "\n".join([header, *rows]) + "\n"


def load(folder, path="*.csv", **keys):
    return load_panel(Settings(path=path, **keys), folder)


def test_months_of_a_wide_table_follow_one_another_whatever_their_columns_order(tmp_path):
    written(tmp_path, hours("2021-01-01T00:00", 3, 1, 2), "2021-01.csv")
    written(tmp_path, hours("2021-01-01T03:00", 2, 4, 3, header="time,b,a"), "2021-02.csv")
    panel = load(tmp_path)
    assert panel.node_names == ["a", "b"]
    assert panel.values.tolist() == [[1, 2]] * 3 + [[3, 4]] * 2


def test_files_of_other_nodes_stand_side_by_side(tmp_path):
    written(tmp_path, hours("2021-01-01T00:00", 3, 1, 2), "1.csv")
    written(tmp_path, hours("2021-01-01T01:00", 3, 3, 4, header="time,c,d"), "2.csv")
    panel = load(tmp_path)
    assert panel.node_names == ["a", "b", "c", "d"]
    assert panel.observed.sum(axis=0).tolist() == [3, 3, 3, 3]
    assert len(panel.times) == 4


def test_long_files_split_by_node_or_month_are_joined(tmp_path):
    header = "time,node,value"
    written(tmp_path, hours("2021-01-01T00:00", 2, "b", 1, header=header), "1.csv")
    written(tmp_path, hours("2021-01-01T00:00", 2, "a", 2, header=header), "2.csv")
    written(tmp_path, hours("2021-01-01T02:00", 2, "b", 3, header=header), "3.csv")
    panel = load(tmp_path)
    assert panel.node_names == ["a", "b"]
    np.testing.assert_array_equal(panel.values, np.float32([[2, 1], [2, 1], [np.nan, 3], [np.nan, 3]]))


def test_names_of_nodes_come_from_names_of_files(tmp_path):
    for name in ("CLEAN_House12.csv", "CLEAN_House3.csv"):
        written(tmp_path, hours("2021-01-01T00:00", 2, 1, header="time,kWh"), name)
    assert load(tmp_path, form="series").node_names == ["CLEAN_House12", "CLEAN_House3"]
    assert load(tmp_path, node_pattern=r"(House\d+)").node_names == ["House12", "House3"]
    with pytest.raises(Fault, match=r"CLEAN_House12\.csv: data\.source\.node_pattern .* finds no node"):
        load(tmp_path, node_pattern=r"(home\d+)")


def test_parts_of_one_node_are_joined_by_a_pattern(tmp_path):
    for year in (0, 1):
        written(tmp_path, hours(f"2021-01-01T0{2 * year}:00", 2, year, header="time,kWh"), f"home_{year}.csv")
    panel = load(tmp_path, node_pattern=r"(home)_\d")
    assert panel.node_names == ["home"]
    assert panel.values[:, 0].tolist() == [0, 0, 1, 1]


def test_files_of_one_name_in_two_folders_are_refused(tmp_path):
    for hour, folder in enumerate(("one", "two")):
        written(tmp_path, hours(f"2021-01-01T0{4 * hour}:00", 2, 1, header="time,kWh"), f"{folder}/data.csv")
    with pytest.raises(Fault, match=r"two/data\.csv and .*one/data\.csv .*data\.source\.node_pattern"):
        load(tmp_path, "*/data.csv", form="series")
    assert load(tmp_path, "*/data.csv", node_pattern=r"(\w+)/data").node_names == ["one", "two"]


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (
            hours("2021-01-01T02:00", 3, 1, 2),
            r"2\.csv: row 2: a second reading at .*1\.csv has one in row 4 already",
        ),
        (
            hours("2021-01-01T03:00", 4, 1, 2, minutes=30),
            r"2\.csv: typical spacing is 30 min and in .*1\.csv 1 h",
        ),
        (hours("2021-01-01T03:00", 3, 1, 2, header="time,a,c"), r"2\.csv lacks b, compared with .*1\.csv"),
        (
            hours("2021-01-01T03:00", 3, 1, 2, header="time,node,value"),
            r"2\.csv is read as long and .*1\.csv as wide",
        ),
        ("time,a,b\n", r"2\.csv has no rows"),
    ],
)
def test_two_files_that_disagree_are_both_named(tmp_path, second, says):
    written(tmp_path, hours("2021-01-01T00:00", 3, 1, 2), "1.csv")
    written(tmp_path, second, "2.csv")
    with pytest.raises(Fault, match=says):
        load(tmp_path)


def test_a_pattern_without_a_file_is_named(tmp_path):
    with pytest.raises(Fault, match=r"homes/\*\.csv does not exist or no file matches"):
        load(tmp_path, "homes/*.csv")
