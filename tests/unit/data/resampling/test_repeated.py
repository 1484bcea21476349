"""A second reading of a node at one time is refused with both places."""

import numpy as np
import pytest

from made_readings import START_S, readings_of
from wattshed.data.resampling.axis import make_axis
from wattshed.data.resampling.fine_grid import fill_grid
from wattshed.foundation.faults import Fault


def grid_of(*parts, nodes=("n0", "n1")):
    columns = [np.array([nodes.index(name) for name in part.nodes]) for part in parts]
    return fill_grid(parts, columns, list(nodes), make_axis(list(parts), 3600, "UTC")[0])


def test_a_second_reading_of_a_long_file_is_named():
    part = readings_of([1, 2, 3], 3600, seconds=START_S + 3600 * np.array([0, 1, 1]), node=[0, 1, 1])
    with pytest.raises(
        Fault, match=r"panel\.csv: row 4: a second reading of node 'n1' at 2020-09-13 01:00:00 UTC"
    ):
        grid_of(part)


def test_a_second_row_of_a_wide_file_is_named():
    part = readings_of([[1, 2], [3, np.nan], [4, 5]], 3600, seconds=START_S + 3600 * np.array([0, 1, 0]))
    with pytest.raises(Fault, match=r"row 4: a second reading at 2020-09-13 00:00:00 UTC; expected one"):
        grid_of(part)


def test_a_second_reading_in_another_file_names_both():
    first = readings_of([[1, 2], [3, 4]], 3600, path="a.csv")
    second = readings_of([[7, 7]], 3600, path="b.csv", start_s=START_S + 3600)
    with pytest.raises(Fault, match=r"b\.csv: row 2: .* a\.csv has one in row 3 already; expected one"):
        grid_of(first, second)


def test_both_hours_of_a_doubled_reading_are_taken():
    part = readings_of([1, 6, 5], 3600, doubled=[False, True, False], node=[0, 0, 0])
    with pytest.raises(Fault, match="row 4: a second reading of node 'n0'"):
        grid_of(part)


@pytest.mark.parametrize("empty", [[1, np.nan], [np.nan, 1]])
def test_an_empty_cell_is_not_a_reading(empty):
    part = readings_of(empty, 3600, seconds=[START_S, START_S], node=[0, 0])
    assert grid_of(part).values[0, 0] == 1
