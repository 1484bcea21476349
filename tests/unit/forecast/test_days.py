"""Tests of the sums of errors by calendar day."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.forecast.days import scores_by_day
from wattshed.forecast.metrics import sum_errors

TIMES = np.datetime64("2024-03-30T00:00:00", "s") + np.arange(100) * np.timedelta64(1, "h")


def test_sums_are_those_of_the_windows_that_start_on_the_day() -> None:
    """Two windows of two hours and one node on one day, one on the next; one cell was not observed."""
    truth = np.array([[[1.0], [2.0]], [[2.0], [np.nan]], [[5.0], [6.0]]])
    forecast = np.array([[[2.0], [2.0]], [[5.0], [9.0]], [[3.0], [6.0]]])
    observed = np.isfinite(truth)
    frame = scores_by_day(forecast, truth, observed, np.array([10, 11, 30]), TIMES, "UTC")
    assert frame.to_dict("list") == {
        "day": ["2024-03-30", "2024-03-31"],
        "squared": [1.0 + 9.0, 4.0],
        "absolute": [1.0 + 3.0, 2.0],
        "cells": [3, 2],
    }


@pytest.mark.parametrize(
    ("timezone", "hour", "day"),
    [
        ("UTC", 23, "2024-03-30"),
        ("Europe/Madrid", 22, "2024-03-30"),
        ("Europe/Madrid", 23, "2024-03-31"),
        # Clocks went forward on this day, so that the day ends at 22:00 UTC.
        ("Europe/Madrid", 45, "2024-03-31"),
        ("Europe/Madrid", 46, "2024-04-01"),
        ("America/Chicago", 4, "2024-03-29"),
    ],
)
def test_day_is_local(timezone: str, hour: int, day: str) -> None:
    ones = np.ones((1, 1, 1))
    frame = scores_by_day(ones, ones, ones > 0, np.array([hour]), TIMES, timezone)
    assert frame["day"].tolist() == [day]


def test_a_day_without_observed_cells_keeps_its_row() -> None:
    ones = np.ones((1, 2, 1))
    frame = scores_by_day(ones, ones * math.nan, ones < 0, np.array([0]), TIMES, "UTC")
    assert frame[["squared", "absolute", "cells"]].to_numpy().tolist() == [[0, 0, 0]]


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 99), min_size=1, max_size=40, unique=True),
    st.sampled_from(["UTC", "Europe/Madrid", "Asia/Kolkata"]),
)
def test_days_add_up_to_all_windows(seed: int, origins: list[int], timezone: str) -> None:
    random = np.random.default_rng(seed)
    shape = (len(origins), 3, 2)
    truth, forecast = random.normal(size=shape), random.normal(size=shape)
    observed = random.random(shape) < 0.7
    truth[~observed] = np.nan
    frame = scores_by_day(forecast, truth, observed, np.array(origins), TIMES, timezone)
    whole = sum_errors(forecast, truth, observed)
    assert frame["cells"].sum() == whole.cells.sum()
    assert frame["squared"].sum() == pytest.approx(whole.squared.sum())
    assert frame["absolute"].sum() == pytest.approx(whole.absolute.sum())
    assert frame["day"].is_monotonic_increasing
    assert frame["day"].is_unique
