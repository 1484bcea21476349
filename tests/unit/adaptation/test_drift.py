"""On a drift of known truth, what is robust of docs/drift.md: two panels and networks, the strategies that matter."""

import numpy as np
import pytest

from drifting import BASE_MONTHS, SHIFTS_H, Drift, drift_task, drifting_panel, summary_of
from wattshed.training.updates import Pace

PACE = Pace(steps=100, batch=256, learning_rate=3e-3)
STRATEGIES = {
    "frozen": {"kind": "frozen"},
    "naive": {"kind": "naive"},
    "replay": {"kind": "replay"},
    "der": {"kind": "der"},
    "node_table": {"kind": "node_table"},
}


@pytest.fixture(scope="module")
def values():
    """Metrics by seed and strategy."""
    rows = []
    for seed in (1, 2):
        drift = Drift(drift_task(drifting_panel(seed)), seed)
        for name, keys in STRATEGIES.items():
            rows += drift.adapted(name, keys, PACE)[0]
    return summary_of(rows).pivot(index="seed", columns="strategy")


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "frozen"])
def test_every_strategy_has_less_error_on_months_to_come_than_no_update(values, name):
    errors = values["prequential_rmse"]
    assert (errors[name] < errors["frozen"]).all()


@pytest.mark.parametrize("name", ["replay", "der", "node_table"])
def test_memories_and_the_node_table_forget_less_than_naive(values, name):
    forgotten = values["forgetting_share"]
    assert (forgotten[name] < forgotten["naive"]).all()


def test_naive_forgets_and_frozen_does_not(values):
    assert (values["forgetting_share"]["naive"] > 0.1).all()
    assert (values["forgetting_share"]["frozen"] == 0).all()


def test_the_panel_drifts_as_it_says():
    """The mean day of a month is that of the base, later by the month's shift."""
    panel = drifting_panel(3)
    times = panel.times.astype("datetime64[M]").astype(int) % 12
    hours = np.arange(len(panel.times)) % 24
    scaled = (panel.values - panel.values.mean(axis=0)) / panel.values.std(axis=0)
    days = [
        np.array([scaled[(times == month) & (hours == hour)].mean() for hour in range(24)])
        for month in range(12)
    ]
    base = np.mean(days[:BASE_MONTHS], axis=0)
    for place, shift in enumerate(SHIFTS_H):
        own = days[BASE_MONTHS + place]
        best = max(range(24), key=lambda lag: np.corrcoef(np.roll(base, lag), own)[0, 1])
        assert best == shift
