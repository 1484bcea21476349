"""A closed form without samples is refused in one sentence."""

import dataclasses

import numpy as np
import pytest

from small_study import graph_of, small_panel, task_of
from wattshed.forecast.baselines.protocol import make_baseline
from wattshed.foundation.faults import Fault


@pytest.fixture(scope="module")
def whole():
    return task_of(small_panel(nodes=2))


def observed_only_at(task, hours):
    """The task with a panel that is observed only in the given hours."""
    observed = np.zeros_like(task.panel.observed)
    observed[hours] = task.panel.observed[hours]
    return dataclasses.replace(task, panel=dataclasses.replace(task.panel, observed=observed))


@pytest.mark.parametrize("name", ["ridge", "ridge_graph"])
def test_ridge_is_refused_if_no_training_window_has_a_complete_horizon(whole, name):
    daily = observed_only_at(whole, np.arange(0, len(whole.panel.times), 24))
    with pytest.raises(Fault, match=r"cannot be solved: in no training window"):
        make_baseline(name, daily, graph_of(whole)).fit()


@pytest.mark.parametrize("name", ["ridge", "ridge_graph"])
def test_ridge_is_refused_if_no_validation_window_is_observed(whole, name):
    trained = observed_only_at(whole, np.arange(whole.splits.train.stop))
    with pytest.raises(Fault, match=r"cannot choose its penalty: none of the validation windows"):
        make_baseline(name, trained, graph_of(whole)).fit()
