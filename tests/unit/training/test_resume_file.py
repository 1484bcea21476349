"""A state that cannot be used is set aside and reported; the training starts again."""

import numpy as np
import pytest

from wattshed.foundation.tensor_file import write_tensors
from wattshed.training.resume import ABOUT, KIND, ResumeFile

PROGRESS = {
    "epoch": 1,
    "best_rmse": 0.5,
    "standing": {},
    "epochs": [],
    "ended": True,
    "spent_kwh": 0.25,
    "stopped": None,
}
STATE = {**dict.fromkeys(ABOUT), "fingerprint": "mine", "training": PROGRESS}


def state(path, kind=KIND, **changes):
    about = {name: value for name, value in {**STATE, **changes}.items() if value is not KeyError}
    write_tensors(path, {"network.weight": np.arange(6.0)}, about, kind=kind)
    return path


def test_a_whole_state_of_this_training_is_used(tmp_path):
    saved = ResumeFile(state(tmp_path / "model.resume"), "mine")
    assert saved.exists()
    assert saved.has_ended()
    assert saved.finished_kwh() == 0.25


def test_the_state_of_another_training_is_left_in_its_place(tmp_path):
    path = state(tmp_path / "model.resume")
    assert not ResumeFile(path, "another's").exists()
    assert path.exists()


@pytest.mark.parametrize("damage", ["flipped", "halved", "no key", "no progress", "half progress", "panel"])
def test_a_damaged_state_is_set_aside_and_reported_once(tmp_path, capsys, damage):
    path = tmp_path / "model.resume"
    state(path)
    if damage == "flipped":
        whole = bytearray(path.read_bytes())
        whole[-3] ^= 1
        path.write_bytes(whole)
    if damage == "halved":
        path.write_bytes(path.read_bytes()[:100])
    if damage == "no key":
        state(path, schedule=KeyError)
    if damage == "no progress":
        state(path, training=None)
    if damage == "half progress":
        state(path, training={"epoch": 1})
    if damage == "panel":
        state(path, kind="panel")
    whole = path.read_bytes()
    saved = ResumeFile(path, "mine")
    assert not saved.exists()
    message = capsys.readouterr().err
    assert f"{path} cannot be used" in message
    assert "the training starts again" in message
    assert message.count("\n") == 1
    assert (tmp_path / "model.resume.damaged").read_bytes() == whole
    assert not path.exists()
    assert not saved.exists()
    assert capsys.readouterr().err == ""
