"""A panel of labelled windows is written, read, checked and split."""

from dataclasses import replace

import numpy as np
import pytest

from made_scans import made_series, scan_panel, scan_task
from small_study import small_panel
from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.rolling import RollingCalendar
from wattshed.data.panel import Panel
from wattshed.data.rolling import split_origins
from wattshed.data.splits import Segment, Splits, split_calendar
from wattshed.data.suspects import find_suspects
from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors


def test_a_panel_comes_back_as_it_was_written(tmp_path):
    panel = scan_panel()
    panel.write(tmp_path / "panel.safetensors")
    found = Panel.read(tmp_path / "panel.safetensors")
    assert found.digest == panel.digest
    assert found.cuts == panel.cuts
    for name in ("series", "starts", "lengths", "owners"):
        np.testing.assert_array_equal(getattr(found.windows, name), getattr(panel.windows, name))
    assert found.windows.regions == panel.windows.regions
    assert found.windows.sample_s == (2.0, 2.0, 2.0)
    assert found.windows.name_of_owner == ("scan_0", "scan_1", "scan_2")


def test_an_unknown_sampling_time_is_unknown_after_reading(tmp_path):
    panel = scan_panel()
    panel = replace(panel, windows=replace(panel.windows, sample_s=(0.72, float("nan"), 2.0)))
    panel.write(tmp_path / "panel.safetensors")
    first, second, third = Panel.read(tmp_path / "panel.safetensors").windows.sample_s
    assert (first, third) == (0.72, 2.0)
    assert np.isnan(second)


def test_a_panel_of_readings_has_the_file_it_always_had(tmp_path):
    panel = small_panel(hours=300)
    panel.write(tmp_path / "panel.safetensors")
    tensors, about = read_tensors(tmp_path / "panel.safetensors")
    assert set(tensors) == {"values", "observed", "times_s"}
    assert not {"windows", "cuts"} & set(about)
    assert Panel.read(tmp_path / "panel.safetensors").windows is None


def test_windows_and_cuts_are_part_of_the_digest():
    panel = scan_panel()
    other_series = panel.windows.series.copy()
    other_series[3, 2] += 1
    first, second, third = panel.cuts
    others = [
        replace(panel, cuts=(first, second, third - 1)),
        replace(panel, windows=replace(panel.windows, series=other_series)),
        replace(panel, windows=replace(panel.windows, lengths=np.minimum(panel.windows.lengths, 15))),
        replace(panel, windows=replace(panel.windows, regions=tuple("abcdef"))),
    ]
    assert len({panel.digest, *(one.digest for one in others)}) == 5


@pytest.mark.parametrize(
    ("lost", "says"),
    [
        ("windows_starts", "has no array 'windows_starts': expected a panel of labelled windows"),
        ("regions", r"does not describe its labelled windows \('regions'\)"),
        ("lengths", "does not describe its labelled windows .*row 0 has 99 samples"),
        ("cuts", r"its parts end at rows None; expected three rows in order"),
    ],
)
def test_a_damaged_file_is_reported(tmp_path, lost, says):
    path = tmp_path / "panel.safetensors"
    scan_panel().write(path)
    tensors, about = read_tensors(path)
    kind = about.pop("kind")
    tensors.pop(lost, None)
    about["windows"].pop(lost, None)
    about.pop(lost, None)
    if lost == "lengths":
        tensors["windows_lengths"][0] = 99
    write_tensors(path, tensors, about, kind=kind)
    with pytest.raises(Fault, match=says):
        Panel.read(path)


def nan_series(windows):
    series = windows.series.copy()
    series[0, 0] = np.nan
    return series


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w: {"starts": w.starts + 10_000}, "row 0 has 16 samples from sample 100"),
        (lambda w: {"owners": w.owners + 3}, "of series [345]; expected .* one of 3 series"),
        (lambda w: {"lengths": w.lengths * 0}, "row 0 has 0 samples"),
        (lambda w: {"regions": w.regions[:5]}, "5 names of regions and 6 columns"),
        (lambda w: {"regions": ("a",) * 6}, "region 'a' occurs twice"),
        (lambda w: {"owner_names": ("a",)}, "1 series have names and 3 a sampling time"),
        (lambda w: {"series": nan_series(w)}, "a sample is NaN or infinite"),
    ],
)
def test_windows_that_cannot_be_are_refused(change, says):
    windows = scan_panel().windows
    with pytest.raises(Fault, match=says):
        replace(windows, **change(windows))


@pytest.mark.parametrize("cuts", [None, (0, 5, 9), (5, 5, 9), (5, 9, 10_000)])
def test_cuts_out_of_order_are_refused(cuts):
    with pytest.raises(Fault, match=r"its parts end at rows .*; expected three rows in order"):
        replace(scan_panel(), cuts=cuts)


def test_rows_without_exactly_one_class_are_refused():
    panel = scan_panel()
    for bad in ([0, 0, 0], [1, 1, 0], [0.5, 0.5, 0]):
        values = panel.values.copy()
        values[7] = bad
        with pytest.raises(Fault, match="row 7 is not of exactly one class"):
            replace(panel, values=values)


def test_the_parts_are_those_of_the_source_and_need_no_history():
    task = scan_task()
    panel, splits = task.panel, task.splits
    first, second, third = panel.cuts
    rows = len(panel.times)
    np.testing.assert_array_equal(task.origins(splits.train), np.arange(first))
    np.testing.assert_array_equal(task.origins(splits.validation), np.arange(first, second))
    np.testing.assert_array_equal(task.origins(splits.test), np.arange(second, third))
    assert [month.name for month in splits.months] == ["CL_1", "CL_2"]
    later = np.concatenate([task.origins(month.whole) for month in splits.months])
    np.testing.assert_array_equal(later, np.arange(third, rows))
    for month in splits.months:
        assert len(task.origins(month.learn)) >= 1
        assert len(task.origins(month.held_out)) >= 1
        assert month.learn.stop == month.held_out.start


def test_a_segment_of_readings_still_asks_for_a_week():
    assert Segment("x", 0, 300).origins(24, 6)[0] == 168
    assert Segment("x", 0, 300, history_steps=0).origins(24, 1)[0] == 0


def test_splits_keep_that_no_history_is_needed(tmp_path):
    task = scan_task()
    task.splits.write(tmp_path / "splits.json", task.panel)
    assert Splits.read(tmp_path / "splits.json", task.panel) == task.splits
    with pytest.raises(Fault, match="was written for another panel"):
        Splits.read(tmp_path / "splits.json", scan_panel(length=20))


def test_other_windows_than_the_panels_are_refused():
    panel = scan_panel()
    for look_back_h, horizon_h in ((20, 1), (16, 2)):
        with pytest.raises(Fault, match=r"asks for look_back_h .* expected 16 and 1"):
            split_calendar(panel, SplitsBlock(), WindowsBlock(look_back_h=look_back_h, horizon_h=horizon_h))


def test_few_later_windows_are_one_month_and_one_is_refused():
    panel, windows = scan_panel(), WindowsBlock(look_back_h=16, horizon_h=1)
    rows = len(panel.times)
    first, second, _ = panel.cuts
    few = split_calendar(replace(panel, cuts=(first, second, rows - 3)), SplitsBlock(), windows)
    assert [(month.learn.start, month.held_out.stop) for month in few.months] == [(rows - 3, rows)]
    with pytest.raises(
        Fault, match=r"1 of the panel's .* windows come after the test part; expected at least 2"
    ):
        split_calendar(replace(panel, cuts=(first, second, rows - 1)), SplitsBlock(), windows)


def test_rolling_origins_are_refused():
    calendar = RollingCalendar(origins=2, validation_days=1, test_days=1)
    with pytest.raises(Fault, match="holds labelled windows, whose source cuts them once"):
        split_origins(scan_panel(), calendar, WindowsBlock(look_back_h=16, horizon_h=1))


def test_raw_windows_are_the_series_and_their_padding_is_zero():
    keys_panel = scan_panel(lengths=(200, 50))
    windows = keys_panel.windows
    rows = np.arange(len(windows.starts))
    raw, known = windows.raw(rows), windows.known(rows)
    assert (windows.lengths < 16).any()
    values = np.concatenate([one.values for one in made_series((200, 50))])
    for row in rows:
        start, count = windows.starts[row], windows.lengths[row]
        np.testing.assert_array_equal(raw[row, :count], values[start : start + count])
        assert not raw[row, count:].any()
        np.testing.assert_array_equal(known[row], np.arange(16) < count)


def test_a_class_is_not_suspect_although_most_windows_are_of_others():
    task = scan_task(scan_panel(lengths=[200] * 5))
    found = find_suspects(task.panel, task.splits.train, 0.3)
    assert (found["near_zero_share"] > 0.7).all()
    assert found["suspect_reason"].isna().all()
