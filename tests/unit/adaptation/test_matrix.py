"""Transfer metrics, on matrices worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.adaptation.matrix import transfer


def test_transfer_on_a_matrix_worked_by_hand():
    errors = np.array([[4.0, 5.0, 6.0], [2.0, 4.0, 5.0], [3.0, 1.0, 4.0], [3.0, 2.0, 1.0]])
    found = transfer(errors, np.array([10.0, 10.0, 10.0]))
    assert found.acc == pytest.approx((3 + 2 + 1) / 3)
    assert found.bwt == pytest.approx(((2 - 3) + (1 - 2)) / 2)
    assert found.fwt == pytest.approx(((10 - 4) + (10 - 4)) / 2)
    assert found.forgetting == pytest.approx(((3 - 2) + (2 - 1)) / 2)
    assert found.forgetting_share == pytest.approx(((3 - 2) / 2 + (2 - 1) / 1) / 2)


@settings(max_examples=25, deadline=None)
@given(tasks=st.integers(2, 6), seed=st.integers(0, 1000))
def test_a_frozen_model_neither_forgets_nor_transfers_back(tasks, seed):
    row = np.random.default_rng(seed).uniform(0.5, 2, tasks)
    found = transfer(np.repeat(row[None], tasks + 1, axis=0), row + 1)
    assert found.bwt == 0
    assert found.forgetting_share == 0
    assert found.fwt == pytest.approx(1)


def test_one_task_leaves_transfer_undefined():
    found = transfer(np.array([[2.0], [1.0]]), np.array([3.0]))
    assert (found.acc, found.bwt, found.fwt, found.forgetting_share) == (1.0, None, None, None)


def test_no_task_leaves_everything_undefined():
    found = transfer(np.empty((1, 0)), np.empty(0))
    assert (found.acc, found.bwt, found.fwt, found.forgetting_share) == (None, None, None, None)


def test_a_month_that_nobody_observed_is_left_out_and_a_diverged_network_is_not():
    errors = np.array([[4.0, np.nan, 6.0], [2.0, np.nan, 5.0], [3.0, np.nan, 4.0], [3.0, np.nan, 1.0]])
    found = transfer(errors, np.array([10.0, np.nan, 10.0]))
    assert found.acc == pytest.approx(2)
    assert found.bwt == pytest.approx(2 - 3)
    assert found.fwt == pytest.approx(10 - 4)
    errors[3, 2] = np.nan
    assert np.isnan(transfer(errors, None).acc)


def test_forward_transfer_is_unknown_without_an_untrained_network():
    assert transfer(np.ones((3, 2)), None).fwt is None
    with pytest.raises(ValueError, match="do not belong together"):
        transfer(np.ones((3, 2)), np.ones(3))
