"""Cells and plans of a study of memory levels, and the frames that are made of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.config.memory.study import MemoryStudyBlock
from wattshed.data.labelled import LabelledWindows
from wattshed.training.footprint.cells import plans_asked, series_ends
from wattshed.training.footprint.study_frames import COLUMNS, TIMELINE, steps_frame, timeline_frame
from wattshed.training.step.forecast_times import quantiles


def row(level, peak, alone=False, **further):
    cell = {"model": "m", "length": 24, "batch": 8, "level": level, "alone": alone}
    return {
        **cell,
        "measured_peak_bytes": peak,
        "predicted_peak_bytes": peak,
        "inference_s": 0.01 * peak,
        **further,
    }


def test_the_plain_step_is_the_first_plan_and_mechanisms_alone_come_last():
    block = MemoryStudyBlock(levels=["high", "none", "low"])
    assert [asked.name for asked in plans_asked(block)] == ["none", "high", "low"]
    assert not any(asked.alone for asked in plans_asked(block))
    assert [asked.memory.level for asked in plans_asked(block)] == ["none", "high", "low"]


def test_shares_are_of_the_plain_step_of_the_same_cell():
    rows = [
        row("none", 200.0),
        row("low", 100.0),
        row("none", 10.0) | {"batch": 16},
        row("low", 8.0) | {"batch": 16},
    ]
    frame = steps_frame(rows)
    assert list(frame) == list(COLUMNS)
    assert frame["measured_peak_share"].tolist() == [1, 0.5, 1, 0.8]
    assert frame["inference_speed_up"].tolist() == [1, 2, 1, 1.25]
    assert frame["step_share"].isna().all()


def test_without_a_plain_step_or_with_an_empty_one_there_is_no_share():
    assert steps_frame([row("low", 100.0)])["measured_peak_share"].isna().all()
    empty = steps_frame([row("none", 100.0, saved_bytes=0.0), row("low", 50.0, saved_bytes=0.0)])
    assert empty["saved_share"].isna().all()
    assert steps_frame([]).empty


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=6))
def test_a_mechanism_named_like_a_level_is_no_base(peaks):
    rows = [row("none", peak, alone=True) for peak in peaks]
    assert steps_frame(rows)["measured_peak_share"].isna().all()


def test_live_bytes_keep_their_order():
    about = {"model": "m", "level": "low", "length": 24, "batch": 8}
    frame = timeline_frame([(about, [("forward", "aten.mm", 5), ("backward", "aten.mul", 9)])])
    assert list(frame) == list(TIMELINE)
    assert frame["place"].tolist() == [0, 1]
    assert frame["live_bytes"].tolist() == [5, 9]
    assert timeline_frame([]).empty


def test_a_series_ends_with_its_last_window():
    windows = LabelledWindows(
        np.zeros((30, 2), dtype=np.float32), ("a", "b"), np.array([0, 5, 20]), np.array([8, 9, 10]),
        np.array([0, 0, 1]), 10, (1.0, 1.0),
    )  # fmt: skip
    assert series_ends(windows).tolist() == [14, 30]


def test_the_middle_of_repeats_is_their_median():
    assert quantiles([3.0, 1.0, 2.0]) == pytest.approx((2.0, 1.05, 2.95))
