"""What adaptation changes, by the one decision rule."""

import numpy as np
import pandas as pd
import pytest

from wattshed.accounts.standings.adaptation_outcomes import adaptation_outcomes
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Comparison


def made(spread=0.0, days=16, **errors):
    """Summary and errors by day of one parent: a list over seeds by strategy; `frozen` never updates.

    Each strategy's squares vary from day to day by `spread`, in its own way. Two months share the middle day.
    """
    random = np.random.default_rng(1)
    calendar = pd.date_range("2020-10-01", periods=days).strftime("%Y-%m-%d")
    middle = days // 2
    summary, rows = [], []
    for name, values in errors.items():
        shares = np.exp(spread * random.standard_normal(days))
        shares /= shares.mean()
        for seed, error in enumerate(values, 1):
            own = {"parent": "p", "strategy": name, "seed": seed}
            summary.append(own | {"updates": 3 * (name != "frozen")})
            for place, day in enumerate(calendar):
                squared = 20 * error**2 * shares[place]
                for task, share in (("CL_1", 0.25), ("CL_2", 0.75)) if place == middle else (("CL_1", 1.0),):
                    cells = int(20 * share)
                    rows.append(own | {"task": task, "day": day, "squared": share * squared, "cells": cells})
    return pd.DataFrame(summary), pd.DataFrame(rows)


def test_a_change_that_every_seed_and_day_shows_is_told_apart():
    found = adaptation_outcomes(*made(0.02, frozen=[1.0, 1.1, 0.9], naive=[0.9, 0.991, 0.811])).iloc[0]
    assert found["outcome"] == Comparison.BETTER
    assert found["change_share"] == pytest.approx(-0.0993, abs=2e-3)
    assert found["change_low"] < found["change_share"] < found["change_high"] < 0


def test_a_change_that_rests_on_a_few_days_is_not_told_apart():
    """All seeds agree, so that a test over seeds alone would tell it apart."""
    found = adaptation_outcomes(*made(0.5, frozen=[1.0, 1.1, 0.9], naive=[0.97, 1.068, 0.874])).iloc[0]
    assert found["outcome"] == Comparison.NOT_TOLD_APART
    assert found["change_low"] < 0 < found["change_high"]


@pytest.mark.parametrize("spread", [0.0, 1e-12])
def test_seeds_that_are_all_alike_are_judged_by_their_days(spread):
    """A closed form has one error, and other days are the only chance."""
    errors = 0.9 + spread * np.arange(3)
    found = adaptation_outcomes(*made(0.02, frozen=[1.0, 1.0, 1.0], exact=errors)).iloc[0]
    assert found["change_share"] == pytest.approx(-0.1)
    assert found["change_low"] < -0.1 < found["change_high"]
    assert found["outcome"] == Comparison.BETTER
    wild = adaptation_outcomes(*made(1.0, frozen=[1.0, 1.0, 1.0], exact=errors)).iloc[0]
    assert wild["outcome"] == Comparison.NOT_TOLD_APART


def test_one_seed_is_not_told_apart():
    found = adaptation_outcomes(*made(frozen=[1.0], naive=[0.5])).iloc[0]
    assert found["outcome"] == Comparison.NOT_TOLD_APART


def test_too_few_days_are_not_told_apart():
    found = adaptation_outcomes(*made(days=3, frozen=[1.0, 1.1], naive=[0.5, 0.55])).iloc[0]
    assert found["outcome"] == Comparison.NOT_TOLD_APART
    assert np.isnan(found["change_low"])


def test_several_strategies_are_corrected_together():
    """What one strategy alone shows is not shown by eight of the same."""
    errors = [0.99, 0.985, 0.98]
    alone = adaptation_outcomes(*made(0.01, frozen=[1.0, 1.0, 1.0], first=errors))
    among = adaptation_outcomes(*made(0.01, frozen=[1.0, 1.0, 1.0], **dict.fromkeys("abcdefgh", errors)))
    assert alone["outcome"].tolist() == [Comparison.BETTER]
    assert among["outcome"].tolist() == [Comparison.NOT_TOLD_APART] * 8


def test_without_a_control_or_without_days_nothing_is_compared():
    assert adaptation_outcomes(*made(naive=[0.9, 1.0])).empty
    summary, days = made(frozen=[1.0, 1.0], naive=[0.9, 0.9])
    assert adaptation_outcomes(summary, days.assign(cells=0)).empty


def test_a_strategy_without_errors_by_day_is_named():
    summary, days = made(frozen=[1.0, 1.0], naive=[0.9, 0.9], replay=[0.9, 0.9])
    with pytest.raises(Fault, match=r"no row of p\+replay"):
        adaptation_outcomes(summary, days[days["strategy"] != "replay"])


def test_a_lineage_without_its_own_days_is_refused():
    summary, days = made(frozen=[1.0, 1.0], naive=[0.9, 0.9])
    apart = days.assign(day=np.where(days["strategy"] == "naive", "2021-" + days["day"].str[5:], days["day"]))
    with pytest.raises(Fault, match="the adaptations of p have no day in common"):
        adaptation_outcomes(summary, apart)
