"""A floor of R2 refuses a variant, by the same rule as the budget of errors."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from compared_days import compared_days
from wattshed.compression.judge import judge_variants
from wattshed.compression.rises import r2_excess, r2_interval, target_variance
from wattshed.config.models.compression import CompressionBlock
from wattshed.foundation.vocabulary import Part

# Variance of the targets on every part, and errors of three seeds.
VARIANCE = 4.0
SEEDS = (0.99, 1.0, 1.01)
PREFIXES = {"": "r2", "later_": "later_r2", "validation_": "validation_r2"}


def rows_of(errors, joules, kind="method", variance=VARIANCE, seeds=SEEDS, **changes):
    """errors: RMSE by lineage; joules: of 1,000 forecasts by lineage."""
    rows = []
    for lineage, rmse in errors.items():
        parent, _, step = lineage.rpartition("+")
        for seed, factor in enumerate(seeds, start=1):
            own = {
                f"{prefix}{name}": share * rmse * factor
                for prefix in PREFIXES
                for name, share in (("rmse", 1), ("mae", 0.6))
            }
            own |= {column: 1 - own[f"{prefix}rmse"] ** 2 / variance for prefix, column in PREFIXES.items()}
            rows.append(
                {
                    "model": "net", "lineage": lineage, "parent": parent or None, "step": step or None, "seed": seed,
                    "kind": kind if parent else "base", **own,
                    "energy_j_per_1000_forecasts": joules[lineage] * (factor if parent else 1.0),
                    "latency_s_per_window": 0.01, "engine": "torch", "unavailable": None, **changes,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def verdict(floor, errors=None, spread=0.0, seeds=SEEDS, variance=VARIANCE):
    errors = errors or {"net": 1.0, "net+half": 1.01}
    rows = rows_of(errors, dict(zip(errors, (2.0, 1.0), strict=True)), seeds=seeds, variance=variance)
    found = judge_variants(rows, compared_days(rows, spread), 0.05, floor)
    one = found[found["variant"] == "half"].iloc[0]
    return one["verdict"], one["reason"]


def test_the_floor_is_a_limit_of_rmse():
    rows = rows_of({"net": 1.0}, {"net": 1.0})
    assert target_variance(rows, Part.TEST) == pytest.approx(VARIANCE)
    days = compared_days(rows, 0.05)
    excess = r2_excess(days, rows, Part.TEST, "net", 0.5)
    mean = math.exp(np.mean(np.log(rows["rmse"])))
    assert float(excess.log) == pytest.approx(math.log(mean / math.sqrt(0.5 * VARIANCE)))
    r2, low, high = r2_interval(excess, 0.5)
    assert r2 == pytest.approx(1 - mean**2 / VARIANCE)
    assert low < r2 < high


@pytest.mark.parametrize(
    ("floor", "says", "reason"),
    [
        (None, "worth it here", "50%"),
        (-1.0, "worth it here", "50%"),
        (0.70, "worth it here", "50%"),
        (
            0.745,
            "undecided",
            r"R2 is 0.745 \[0.7\d+, 0.7\d+\] on the test part, which may be below the floor",
        ),
        (
            0.80,
            "not worth it here",
            r"R2 is 0.745 \[.*\] on the test part, below the floor of 0.8 \(n = 3 seeds\)",
        ),
    ],
)
def test_a_variant_below_the_floor_is_not_worth_it_and_the_reason_says_so(floor, says, reason):
    found, why = verdict(floor, spread=0.01)
    assert found == says
    assert re.search(reason, why)


def test_one_seed_shows_nothing_of_the_floor_either():
    found, why = verdict(0.9, seeds=(1.0,))
    assert found == "undecided"
    assert "one seed shows no spread" in why


def test_a_target_that_never_varies_has_no_r2_and_decides_nothing():
    found, why = verdict(0.5, variance=math.inf)
    assert found == "undecided"
    assert "R2 is unknown on the test part, and the floor is 0.5" in why


def test_later_months_count_where_the_parent_has_learned_from_some():
    rows = rows_of(
        {"net": 1.0, "net+replay": 1.0, "net+replay+half": 1.01},
        dict.fromkeys(("net", "net+replay"), 2.0) | {"net+replay+half": 1.0},
    )
    rows.loc[rows["lineage"] == "net+replay", "kind"] = "strategy"
    rows["later_rmse"] *= 1.4
    rows["later_r2"] = 1 - rows["later_rmse"] ** 2 / VARIANCE
    found = judge_variants(rows, compared_days(rows, 0.01), 0.05, 0.6)
    one = found[found["variant"] == "half"].iloc[0]
    assert one["verdict"] == "not worth it here"
    assert re.search(r"R2 is 0.50\d \[.*\] on later months, below the floor of 0.6", one["reason"])


@settings(max_examples=25)
@given(st.floats(-2, 0.99), st.floats(-2, 0.99), st.floats(0.8, 1.2))
def test_a_higher_floor_never_makes_a_variant_worth_it(one, other, error):
    low, high = sorted((one, other))
    errors = {"net": 1.0, "net+half": error}
    order = ["not worth it here", "undecided", "worth it here"]
    verdicts = [verdict(floor, errors, 0.02)[0] for floor in (high, low, None)]
    assert [order.index(found) for found in verdicts] == sorted(order.index(found) for found in verdicts)


@pytest.mark.parametrize("floor", [1.0, 2, math.inf, math.nan, "high"])
def test_a_floor_that_nothing_can_reach_is_refused_when_the_configuration_is_read(floor):
    with pytest.raises(ValidationError, match="r2_floor"):
        CompressionBlock(r2_floor=floor)
