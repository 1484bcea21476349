"""Which strategy is the control, and what an update saves against it."""

import pandas as pd
import pytest

from wattshed.accounts.comparison.strategy_means import control_strategies, saved_per_joule


def made(*rows):
    """Rows of parent, strategy, seed, updates, prequential RMSE, and joules of all updates but the last."""
    frame = pd.DataFrame(
        rows, columns=["parent", "strategy", "seed", "updates", "prequential_rmse", "joules"]
    )
    return frame.assign(acting_kwh=frame.pop("joules") / 3.6e6)


SUMMARY = made(
    ("a", "naive", 1, 3, 0.8, 10.0),
    ("a", "frozen", 1, 0, 1.0, 0.0),
    ("a", "naive", 2, 3, 1.0, 10.0),
    ("a", "frozen", 2, 0, 1.4, 0.0),
    ("a", "still", 1, 0, 5.0, 0.0),
    ("b", "late", 1, 0, 0.9, 0.0),
    ("b", "late", 2, 2, 0.9, 4.0),
)


def test_the_control_is_the_parent_s_first_strategy_without_any_update():
    assert control_strategies(SUMMARY) == {"a": "frozen"}
    assert control_strategies(SUMMARY[SUMMARY["updates"] > 0]) == {}


def test_what_is_saved_is_held_against_the_control_of_the_same_seed():
    found = saved_per_joule(SUMMARY)
    naive = SUMMARY["strategy"] == "naive"
    assert found[naive].tolist() == pytest.approx([0.02, 0.04])
    assert found[~naive].isna().all(), "nothing was updated, or there is no control"


def test_without_the_control_s_seed_nothing_is_known():
    found = saved_per_joule(SUMMARY.drop(index=3))
    assert found[0] == pytest.approx(0.02)
    assert pd.isna(found[2])
