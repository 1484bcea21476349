"""Panels whose step is not an hour: their file, their parts, their gaps and their quality."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_study import small_panel
from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.sources import STEPS_MINUTES
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.panel import Panel
from wattshed.data.quality import assess_quality
from wattshed.data.similarity import hour_of_week, step_of_week, step_of_week_means
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.synthetic import Settings as Synthetic
from wattshed.data.splits import Segment, Splits, split_calendar
from wattshed.data.suspects import find_suspects
from wattshed.data.windows import fill_gaps
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import write_json

steps_minutes = st.sampled_from(STEPS_MINUTES)


def in_steps(panel, step_minutes):
    """The hourly panel with every value repeated over the steps of its hour."""
    each = 60 // step_minutes
    times = panel.times[0] + np.arange(each * len(panel.times)) * np.timedelta64(step_minutes, "m")
    values, observed = (np.repeat(array, each, axis=0) for array in (panel.values, panel.observed))
    return replace(panel, values=values, observed=observed, times=times, step_minutes=step_minutes)


def synthetic(**keys):
    return load_panel(Synthetic(kind="synthetic", **{"nodes": 60, "hours": 24 * 21, **keys}), None)


@given(steps_minutes)
def test_a_panel_counts_its_steps_and_survives_its_file(tmp_path_factory, step_minutes):
    panel = in_steps(small_panel(hours=30, nodes=2), step_minutes)
    assert (
        panel.steps_per_week
        == 7 * panel.steps_per_day
        == 168 * panel.steps_per_hour
        == 168 * 60 // step_minutes
    )
    path = tmp_path_factory.mktemp("panel") / "panel.safetensors"
    panel.write(path)
    assert Panel.read(path).step_minutes == step_minutes
    assert Panel.read(path).digest == panel.digest


def test_the_step_belongs_to_the_digest_and_to_the_times():
    hourly = small_panel(hours=30, nodes=2)
    one = replace(hourly, values=hourly.values[:1], observed=hourly.observed[:1], times=hourly.times[:1])
    assert replace(one, step_minutes=15).digest != one.digest
    with pytest.raises(ValueError, match="times must be 15 minutes apart without gaps"):
        replace(hourly, step_minutes=15)
    with pytest.raises(ValueError, match="the step is 7 minutes; expected one of 5, 10, 15, 20, 30, 60"):
        replace(one, step_minutes=7)


@pytest.mark.parametrize("zone", ["Europe/Madrid", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("step_minutes", [15, 60])
def test_the_step_of_the_week_follows_the_local_clock(zone, step_minutes):
    panel = replace(in_steps(small_panel(hours=24 * 200, nodes=1), step_minutes), timezone=zone)
    local = panel.local_times
    minutes = (local.day_of_week * 24 + local.hour) * 60 + local.minute
    np.testing.assert_array_equal(step_of_week(panel), minutes // step_minutes)
    np.testing.assert_array_equal(step_of_week(panel) // panel.steps_per_hour, hour_of_week(panel))


@settings(max_examples=10)
@given(steps_minutes, st.floats(0, 0.5), st.integers(0, 9))
def test_repeated_values_have_repeated_profiles_fillings_and_quality(step_minutes, missing_share, seed):
    hourly = small_panel(hours=24 * 16, nodes=3, missing_share=missing_share, seed=seed)
    panel, each = in_steps(hourly, step_minutes), 60 // step_minutes
    expected = step_of_week_means(hourly, Segment("train", 0, 300))
    found = step_of_week_means(panel, Segment("train", 0, 300 * each))
    np.testing.assert_allclose(found, np.repeat(expected, each, axis=0))
    filled = fill_gaps(hourly.values, np.ones(3))
    np.testing.assert_array_equal(
        fill_gaps(panel.values, np.ones(3), panel.steps_per_day), np.repeat(filled, each, axis=0)
    )
    first, second = assess_quality(hourly), assess_quality(panel)
    for column in ("hours", "gap_count", "longest_gap_h", "constant_share", "coverage_share"):
        assert first[column].tolist() == second[column].tolist(), column
    train, whole = Segment("train", 0, 300), Segment("train", 0, 300 * each)
    shares = ["near_zero_share", "daytime_share"]
    np.testing.assert_allclose(
        find_suspects(panel, whole, 0.3)[shares], find_suspects(hourly, train, 0.3)[shares]
    )


def test_a_meter_is_stuck_after_a_day_of_any_step():
    panel = in_steps(small_panel(hours=24 * 10, nodes=2), 15)
    values = panel.values + np.random.default_rng(0).uniform(0, 1, panel.values.shape).astype(np.float32)
    values[200 : 200 + 95, 0] = values[500 : 500 + 96, 1] = 1.5
    assert assess_quality(replace(panel, values=values))["constant_share"].tolist() == [0, 96 / 960]


@given(steps_minutes)
def test_parts_are_cut_at_the_same_times_at_any_step(step_minutes):
    hourly = small_panel(hours=24 * 120, nodes=1)
    panel, windows = in_steps(hourly, step_minutes), WindowsBlock(look_back_h=24, step_minutes=step_minutes)
    expected = split_calendar(hourly, SplitsBlock(), WindowsBlock(look_back_h=24))
    found = split_calendar(panel, SplitsBlock(), windows)
    assert len(found.months) == len(expected.months)
    for part, other in zip((found.train, *found.months), (expected.train, *expected.months), strict=True):
        part, other = (one if isinstance(one, Segment) else one.whole for one in (part, other))
        assert part.start == panel.steps_per_hour * other.start
        assert part.stop == panel.steps_per_hour * other.stop
    assert ForecastTask(panel, found, windows).origins(found.train)[0] == panel.steps_per_week


def test_a_short_panel_says_its_length_in_its_steps():
    panel = in_steps(small_panel(hours=200), 15)
    with pytest.raises(
        Fault, match=r"has 480 of the panel's 800 15-minute steps, too few for one window .168 h of history"
    ):
        split_calendar(panel, SplitsBlock(), WindowsBlock(step_minutes=15))


def test_windows_of_another_step_are_refused():
    panel = in_steps(small_panel(hours=24 * 60), 15)
    splits = split_calendar(panel, SplitsBlock(), WindowsBlock(step_minutes=15))
    with pytest.raises(Fault, match="has a step of 60 minutes and the panel from test one of 15"):
        ForecastTask(panel, splits, WindowsBlock())


def test_splits_of_an_earlier_release_are_read(tmp_path):
    panel = small_panel(hours=24 * 60)
    splits = split_calendar(panel, SplitsBlock(), WindowsBlock())
    path = tmp_path / "splits.json"
    splits.write(path, panel)
    earlier = path.read_text().replace('"history_steps"', '"history_h"')
    write_json(path, {key: part for key, part in json.loads(earlier).items() if key in splits.__dict__})
    assert Splits.read(path) == splits


@pytest.mark.parametrize("step_minutes", STEPS_MINUTES)
def test_invented_loads_have_the_same_days_and_weeks_at_any_step(step_minutes):
    panel, hourly = synthetic(step_minutes=step_minutes), synthetic()
    each = panel.steps_per_hour
    assert panel.values.shape == (24 * 21 * each, 60)
    assert str(panel.times[-1]) == str(hourly.times[-1] + np.timedelta64(60 - step_minutes, "m"))
    shapes = [one.values.mean(axis=1).reshape(21, 24, -1).sum(axis=2).mean(axis=0) for one in (panel, hourly)]
    assert np.corrcoef(*shapes)[0, 1] > 0.95
    assert shapes[0].sum() == pytest.approx(shapes[1].sum(), rel=0.3)
    changes = np.abs(np.diff(panel.values, axis=0)).mean() / panel.values.mean()
    assert changes < 1.1 * np.abs(np.diff(hourly.values, axis=0)).mean() / hourly.values.mean()
