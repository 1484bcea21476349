"""The block ``data.windows``: lengths in hours or in steps, at any step that a panel may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hand_made_profile import study_with
from wattshed.config.data.data import DataBlock
from wattshed.config.data.sources import STEPS_MINUTES
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault

QUARTERS = {"kind": "synthetic", "nodes": 4, "hours": 2000, "step_minutes": 15}
steps_minutes = st.sampled_from(STEPS_MINUTES)


def test_hours_alone_are_those_of_an_hourly_panel():
    windows = WindowsBlock(look_back_h=24, horizon_h=6)
    assert (windows.look_back_steps, windows.horizon_steps, windows.step_minutes) == (24, 6, 60)
    assert windows == WindowsBlock() == WindowsBlock(look_back_steps=24, horizon_steps=6)
    assert WindowsBlock.model_validate({"look_back_h": None, "horizon_steps": 3}).horizon_h == 3


@given(steps_minutes, st.integers(2, 300), st.integers(1, 160))
def test_hours_and_steps_say_the_same_and_survive_their_file(step_minutes, look_back, horizon):
    windows = WindowsBlock(look_back_steps=look_back, horizon_steps=horizon, step_minutes=step_minutes)
    assert windows.look_back_h * 60 == pytest.approx(look_back * step_minutes)
    assert windows.horizon_h * 60 == pytest.approx(horizon * step_minutes)
    assert WindowsBlock.model_validate_json(windows.model_dump_json()) == windows
    hours = {"look_back_h": windows.look_back_h, "horizon_h": windows.horizon_h}
    assert WindowsBlock(**hours, step_minutes=step_minutes) == windows


def test_an_hourly_block_is_written_as_ever():
    assert WindowsBlock().model_dump_json() == '{"look_back_h":24,"horizon_h":6}'
    assert WindowsBlock().model_dump(include={"look_back_h"}) == {"look_back_h": 24}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"look_back_h": 1.1, "step_minutes": 15}, "look_back_h is 1.1 h, which is not a whole number of"),
        ({"horizon_h": 0.5}, "not a whole number of the panel's steps of 60 minutes; expected a multiple"),
        (
            {"look_back_h": 1, "look_back_steps": 5, "step_minutes": 15},
            "is 4 steps of 15 minutes, and look_back_",
        ),
        (
            {"look_back_steps": 1, "step_minutes": 5},
            "look_back_steps is 1; expected 2 steps of 5 minutes to 2000 h",
        ),
        ({"horizon_h": 0, "step_minutes": 5}, "horizon_h is 0; expected 1 step of 5 minutes to 168 h"),
        ({"horizon_steps": 169}, "horizon_steps is 169; expected 1 step of 60 minutes to 168 h"),
        ({"step_minutes": 7}, "step_minutes"),
        ({"horizon_steps": True}, "horizon_steps"),
    ],
)
def test_lengths_that_cannot_be_are_refused(given, sentence):
    with pytest.raises(ValidationError, match=sentence):
        WindowsBlock.model_validate(given)


def test_windows_follow_the_step_of_their_source():
    data = DataBlock.model_validate({"source": QUARTERS})
    assert (data.windows.step_minutes, data.windows.look_back_steps, data.windows.horizon_steps) == (
        15,
        96,
        24,
    )
    data = DataBlock.model_validate({"source": QUARTERS, "windows": {"look_back_steps": 12, "horizon_h": 3}})
    assert (data.windows.look_back_h, data.windows.horizon_steps) == (3, 12)
    with pytest.raises(
        ValidationError, match="step_minutes is 60 and the panel of the source synthetic has a step of 15"
    ):
        DataBlock.model_validate({"source": QUARTERS, "windows": {"step_minutes": 60}})
    with pytest.raises(
        ValidationError, match="look_back_h is 337; expected at most 336 h of a panel of readings"
    ):
        DataBlock.model_validate({"source": QUARTERS, "windows": {"look_back_h": 337}})


def test_a_resolved_study_is_the_same_study_again():
    study = study_with(data={"source": QUARTERS, "windows": {"look_back_steps": 12, "horizon_steps": 5}})
    assert load_study(study.model_dump(mode="json")) == study


def test_a_source_of_one_step_has_no_such_key():
    with pytest.raises(Fault, match="step_minutes"):
        study_with(data={"source": {"kind": "homes", "step_minutes": 15}})
