import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_study import small_panel, task_of
from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.scaling import fit_scaler
from wattshed.data.splits import Segment, Splits, split_calendar
from wattshed.data.windows import fill_gaps, histories, targets, window_view
from wattshed.foundation.faults import Fault


def test_all_nodes_share_the_cut_times_and_the_parts_cover_every_hour_once():
    """The study split each household by its own rows, so the test days differed between households."""
    panel = small_panel(hours=24 * 200)
    splits = split_calendar(panel, SplitsBlock(), WindowsBlock())
    parts = [splits.train, splits.validation, splits.test]
    for month in splits.months:
        parts += [month.learn, month.held_out]
    covered = np.concatenate([np.arange(part.start, part.stop) for part in parts])
    np.testing.assert_array_equal(covered, np.arange(24 * 200))
    assert splits.train.stop == 24 * 120
    assert splits.test.stop == 24 * 160


def test_targets_of_a_part_never_reach_into_the_next_part():
    task = task_of(small_panel(hours=24 * 120))
    splits = task.splits
    last_train_target = task.origins(splits.train).max() + task.windows.horizon_steps - 1
    assert last_train_target < splits.validation.start
    assert task.origins(splits.test).min() >= splits.test.start
    for month in splits.months:
        assert task.origins(month.learn).max() + task.windows.horizon_steps - 1 < month.held_out.start


def test_the_stream_is_cut_at_local_month_starts_and_short_months_are_merged():
    panel = small_panel(hours=24 * 365)
    splits = split_calendar(panel, SplitsBlock(minimum_month_days=7), WindowsBlock())
    starts = [panel.local_times[month.whole.start] for month in splits.months]
    assert [(time.month, time.day, time.hour) for time in starts[1:]] == [(11, 1, 0), (12, 1, 0)]
    assert [month.name for month in splits.months] == ["CL_1", "CL_2", "CL_3"]
    assert (splits.months[-1].whole.stop) == 24 * 365


def test_splits_are_unchanged_after_writing_and_reading(tmp_path):
    panel = small_panel(hours=24 * 120)
    splits = split_calendar(panel, SplitsBlock(), WindowsBlock())
    splits.write(tmp_path / "splits.json", panel)
    assert Splits.read(tmp_path / "splits.json") == splits


def test_a_part_too_short_for_one_window_is_refused():
    with pytest.raises(
        Fault, match=r"data.splits: train has 120 of the panel's 200 hours, too few for one window"
    ):
        split_calendar(small_panel(hours=200), SplitsBlock(), WindowsBlock())


def test_the_number_of_windows_is_exact():
    """A2: the older study lost a window. Every start with 24 h before it and 6 h after it counts."""
    segment = Segment("x", 0, 1000)
    origins = segment.origins(24, 6)
    assert origins[0] == 168  # every model gets a week of history
    assert origins[-1] + 6 == 1000
    assert len(origins) == 1000 - 168 - 6 + 1


def test_windows_are_views_not_copies():
    series = np.arange(5000, dtype=np.float32).reshape(1000, 5)
    view = window_view(series, 24)
    assert view.shape == (977, 24, 5)
    assert np.shares_memory(view, series)
    consecutive = np.arange(100, 400)
    assert np.shares_memory(histories(series, consecutive, 24), series)
    assert np.shares_memory(targets(series, consecutive, 6), series)


@settings(max_examples=30, deadline=None)
@given(origin=st.integers(24, 900), step=st.integers(1, 7), count=st.integers(1, 10))
def test_windows_hold_the_hours_before_and_after_their_origin(origin, step, count):
    series = np.arange(1000, dtype=np.float32)[:, None] + np.array([0.0, 0.5], dtype=np.float32)
    origins = np.minimum(origin + step * np.arange(count), 990)
    before = histories(series, origins, 24)
    after = targets(series, origins, 6)
    for index, hour in enumerate(origins):
        np.testing.assert_array_equal(before[index], series[hour - 24 : hour])
        np.testing.assert_array_equal(after[index], series[hour : hour + 6])


def test_gaps_are_filled_from_the_past_only():
    values = np.full((100, 1), np.nan, dtype=np.float32)
    values[10:20] = 2.0
    values[70:] = 9.0
    filled = fill_gaps(values, np.array([1.0]))
    assert filled[5, 0] == 1.0
    assert filled[34:44, 0].tolist() == [2.0] * 10
    assert filled[58:68, 0].tolist() == [2.0] * 10
    later = values.copy()
    later[70:] = 500.0
    np.testing.assert_array_equal(fill_gaps(later, np.array([1.0]))[:70], filled[:70])


def test_a_panel_without_gaps_is_not_copied():
    values = np.ones((100, 2), dtype=np.float32)
    assert fill_gaps(values, np.ones(2)) is values


@pytest.mark.parametrize("per", ["node", "panel"])
def test_scaling_uses_only_observed_training_cells(per):
    panel = small_panel(missing_share=0.2)
    train = Segment("train", 0, 900)
    before = fit_scaler(panel.values, panel.observed, train, per)
    changed = panel.values.copy()
    changed[900:] = 1e6
    changed[~panel.observed] = -1e6
    after = fit_scaler(changed, panel.observed, train, per)
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_array_equal(before.deviation, after.deviation)
    cells = panel.values[:900]
    expected = np.nanmean(cells, axis=0) if per == "node" else np.nanmean(cells)
    np.testing.assert_allclose(before.mean, np.broadcast_to(expected, 5), rtol=1e-5)
    spread = np.nanstd(cells, axis=0) if per == "node" else np.nanstd(cells)
    np.testing.assert_allclose(before.deviation, np.broadcast_to(spread, 5), rtol=1e-4)
    np.testing.assert_allclose(before.unscale(before.scale(cells)), cells, rtol=1e-4, atol=1e-5)


def test_scaling_a_constant_node_does_not_divide_by_zero():
    values = np.full((500, 2), 3.0, dtype=np.float32)
    values[:, 1] = np.arange(500)
    scaler = fit_scaler(values, np.ones_like(values, bool), Segment("train", 0, 300), "node")
    assert np.isfinite(scaler.scale(values)).all()
    np.testing.assert_array_equal(scaler.scale(values)[:, 0], 0)
