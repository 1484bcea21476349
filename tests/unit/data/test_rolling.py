"""Tests of rolling origins: order, no overlap, and nothing that looks ahead."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_study import small_panel
from wattshed.config.data.graph import GraphBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.rolling import RollingCalendar
from wattshed.data.graph import build_graph
from wattshed.data.rolling import split_origins
from wattshed.data.scaling import fit_scaler
from wattshed.data.splits import Splits
from wattshed.data.windows import histories
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.faults import Fault

WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
calendars = st.builds(
    RollingCalendar,
    origins=st.integers(2, 5),
    window=st.sampled_from(["expanding", "sliding"]),
    train_days=st.none() | st.integers(14, 30),
    validation_days=st.integers(1, 10),
    test_days=st.integers(1, 10),
)


@settings(max_examples=60, deadline=None)
@given(calendar=calendars, spare_h=st.integers(0, 100))
def test_parts_follow_one_another_and_no_hour_is_in_two_of_them(calendar, spare_h):
    days = 30 + calendar.origins * (calendar.validation_days + calendar.test_days)
    panel = small_panel(hours=24 * days + spare_h, nodes=1)
    found = split_origins(panel, calendar, WINDOWS)
    assert len(found) == calendar.origins
    for splits in found:
        assert splits.train.stop == splits.validation.start
        assert splits.validation.stop == splits.test.start
        assert splits.validation.stop - splits.validation.start == 24 * calendar.validation_days
        assert splits.test.stop - splits.test.start == 24 * calendar.test_days
        assert splits.months == ()
    for earlier, later in itertools.pairwise(found):
        assert earlier.test.stop == later.validation.start
        grows = later.train.stop - later.train.start - (earlier.train.stop - earlier.train.start)
        both_h = 24 * (calendar.validation_days + calendar.test_days)
        assert grows == (both_h if calendar.window == "expanding" else 0)
    assert found[-1].test.stop == len(panel.times)
    if calendar.window == "expanding":
        assert {splits.train.start for splits in found} == {0}
    elif calendar.train_days:
        assert {splits.train.stop - splits.train.start for splits in found} == {24 * calendar.train_days}
    scored = np.concatenate(
        [np.arange(part.start, part.stop) for splits in found for part in (splits.validation, splits.test)]
    )
    assert len(np.unique(scored)) == len(scored)


@settings(max_examples=20, deadline=None)
@given(calendar=calendars, number=st.integers(0, 4), seed=st.integers(0, 2**16))
def test_what_comes_after_a_training_part_changes_nothing_that_is_learnt_on_it(calendar, number, seed):
    """Scaler, graph and filled histories of an origin, on two panels that differ from its validation part on."""
    days = 30 + calendar.origins * (calendar.validation_days + calendar.test_days)
    panel = small_panel(hours=24 * days, nodes=4, missing_share=0.05)
    splits = split_origins(panel, calendar, WINDOWS)[number % calendar.origins]
    values = panel.values.copy()
    later = np.random.default_rng(seed).normal(50, 30, values[splits.train.stop :].shape)
    values[splits.train.stop :] = np.where(panel.observed[splits.train.stop :], later, np.nan)
    other = dataclasses.replace(panel, values=values)
    made = []
    for one in (panel, other):
        scaler = fit_scaler(one.values, one.observed, splits.train, "node")
        graph = build_graph(one, splits.train, GraphBlock(neighbours=2), None)
        task = ForecastTask(one, splits, WINDOWS)
        origins = task.origins(splits.train)
        made.append(
            (scaler.mean, scaler.deviation, graph.adjacency.toarray(), histories(task.filled, origins, 12))
        )
    for before, after in zip(*made, strict=True):
        np.testing.assert_array_equal(before, after)


@settings(max_examples=30, deadline=None)
@given(calendar=calendars)
def test_no_window_has_a_target_outside_its_part_or_a_history_at_or_after_its_first_target(calendar):
    days = 30 + calendar.origins * (calendar.validation_days + calendar.test_days)
    panel = small_panel(hours=24 * days, nodes=1)
    for splits in split_origins(panel, calendar, WINDOWS):
        task = ForecastTask(panel, splits, WINDOWS)
        for part in (splits.train, splits.validation, splits.test):
            origins = task.origins(part)
            assert len(origins)
            assert origins.min() >= part.start
            assert origins.max() + WINDOWS.horizon_steps <= part.stop
        # Every hour of the test part is some window's first target, but for the last ones.
        assert len(task.origins(splits.test)) == 24 * calendar.test_days - WINDOWS.horizon_steps + 1


def test_a_sliding_part_learns_nothing_from_before_it():
    panel = small_panel(hours=24 * 100, nodes=2)
    calendar = RollingCalendar(origins=2, window="sliding", train_days=20, validation_days=5, test_days=10)
    splits = split_origins(panel, calendar, WINDOWS)[1]
    assert (splits.train.start, splits.train.stop) == (24 * 65, 24 * 85)
    assert ForecastTask(panel, splits, WINDOWS).origins(splits.train).min() == 24 * 65


def test_splits_are_unchanged_after_writing_and_reading(tmp_path):
    panel = small_panel(hours=24 * 100, nodes=2)
    for splits in split_origins(panel, RollingCalendar(origins=2), WINDOWS):
        splits.write(tmp_path / "splits.json", panel)
        assert Splits.read(tmp_path / "splits.json", panel) == splits


def test_a_panel_of_too_few_hours_is_refused_in_one_sentence():
    panel = small_panel(hours=24 * 100, nodes=1)
    said = (
        r"^rolling: the panel has 2,400 hours, too few for 4 origins of 14 \+ 28 days after 14 days of training; "
        r"expected 4,368 hours: ask for fewer origins or shorter parts, or give a longer panel\.$"
    )
    with pytest.raises(Fault, match=said):
        split_origins(panel, RollingCalendar(), WINDOWS)
    with pytest.raises(Fault, match="after 60 days of training; expected 2,880 hours"):
        split_origins(
            panel, RollingCalendar(origins=2, train_days=60, validation_days=10, test_days=20), WINDOWS
        )


def test_a_part_without_observed_values_is_refused():
    panel = small_panel(hours=24 * 100, nodes=1)
    calendar = RollingCalendar(origins=2, validation_days=10, test_days=20)
    observed = panel.observed.copy()
    observed[24 * 80 :] = False
    silent = dataclasses.replace(panel, observed=observed)
    with pytest.raises(Fault, match=r"rolling: origin 2: test \(.*\) has no observed value in 480 hours"):
        split_origins(silent, calendar, WINDOWS)


def test_a_horizon_longer_than_a_part_is_refused():
    panel = small_panel(hours=24 * 100, nodes=1)
    calendar = RollingCalendar(origins=2, validation_days=1, test_days=20)
    with pytest.raises(
        Fault, match="rolling: origin 1: validation has 24 of the panel's 2400 hours, too few"
    ):
        split_origins(panel, calendar, WindowsBlock(look_back_h=12, horizon_h=48))
