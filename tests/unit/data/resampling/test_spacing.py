"""A node whose readings are further apart than those of its file is named."""

import numpy as np
import pytest

from made_readings import readings_of
from wattshed.data.resampling.axis import make_axis
from wattshed.data.resampling.fine_grid import fill_grid
from wattshed.data.resampling.spacing import refuse_sparse_nodes
from wattshed.foundation.faults import Fault


def check(values, resolution_s=3600, stated=False):
    part = readings_of(values, resolution_s)
    grid = fill_grid([part], [np.arange(len(part.nodes))], part.nodes, make_axis([part], 3600, "UTC")[0])
    refuse_sparse_nodes(grid, part.nodes, "panel.csv", stated)


def table(every, rows=24 * 8):
    values = np.ones((rows, 2))
    values[np.arange(rows) % every != 0, 1] = np.nan
    return values


@pytest.mark.parametrize(
    ("every", "resolution_s", "says"),
    [
        (24, 3600, "typical spacing is 24 h, expected 1 h as in the file"),
        (2, 1800, "typical spacing is 1 h, expected 30 min"),
        (4, 900, "typical spacing is 1 h, expected 15 min"),
    ],
)
def test_a_coarser_node_is_refused(every, resolution_s, says):
    with pytest.raises(Fault, match=f"node 'n1': {says}"):
        check(table(every), resolution_s)
    with pytest.raises(Fault, match=r"as data\.source\.resolution says: correct data\.source\.resolution"):
        check(table(every), resolution_s, stated=True)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_node_with_gaps_is_not_a_coarser_one(share):
    values = np.ones((500, 2))
    values[np.random.default_rng(3).random(500) > share, 1] = np.nan
    check(values)


def test_a_node_that_reads_by_day_only_is_not_a_coarser_one():
    values = np.ones((240, 2))
    values[np.isin(np.arange(240) % 24, [9, 10, 11, 12]), 1] = np.nan
    check(values)
    check(np.array([[1, 1], [1, np.nan], [1, 1.0]]))
