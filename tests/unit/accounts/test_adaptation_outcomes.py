"""What adaptation changes, seed by seed."""

import numpy as np
import pandas as pd
import pytest

from wattshed.accounts.standings.adaptation_outcomes import adaptation_outcomes
from wattshed.foundation.vocabulary import Comparison


def summary(**errors):
    """Rows of one parent: a list over seeds by strategy; `frozen` never updates."""
    return pd.DataFrame(
        [
            {
                "parent": "p",
                "strategy": name,
                "seed": seed,
                "updates": 3 * (name != "frozen"),
                "prequential_rmse": error,
            }
            for name, values in errors.items()
            for seed, error in enumerate(values, 1)
        ]
    )


def test_a_change_that_every_seed_shows_is_told_apart():
    found = adaptation_outcomes(summary(frozen=[1.0, 1.1, 0.9], naive=[0.9, 0.991, 0.811])).iloc[0]
    assert found["outcome"] == Comparison.BETTER
    assert found["change_share"] == pytest.approx(-0.0993, abs=2e-3)
    assert found["change_low"] < found["change_share"] < found["change_high"] < 0


@pytest.mark.parametrize("spread", [0.0, 1e-12])
def test_seeds_that_are_all_alike_give_no_interval_and_no_outcome(spread):
    errors = 0.9 + spread * np.arange(3)
    found = adaptation_outcomes(summary(frozen=[1.0, 1.0, 1.0], exact=errors)).iloc[0]
    assert found["change_share"] == pytest.approx(-0.1)
    assert np.isnan(found["change_low"])
    assert np.isnan(found["change_high"])
    assert found["outcome"] == Comparison.NOT_TOLD_APART


def test_one_seed_is_not_told_apart():
    found = adaptation_outcomes(summary(frozen=[1.0], naive=[0.5])).iloc[0]
    assert found["outcome"] == Comparison.NOT_TOLD_APART
