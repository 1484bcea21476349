"""Tests of the block of rolling origins."""

import copy

import pytest

from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


def test_rolling_origins_are_off_by_default(config):
    assert load_study({**config, "rolling": None}).rolling is None
    assert load_study({name: block for name, block in config.items() if name != "rolling"}).rolling is None


def test_a_rolling_block_names_models_and_baselines(config):
    block = load_study({**config, "rolling": {"models": ["stgnn", "ridge"]}}).rolling
    assert block.models == ["stgnn", "ridge"]
    assert (block.origins, block.window, block.seeds, block.train_days) == (4, "expanding", None, None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": ["stgnn", "gpt"]}, r"rolling.models.1 is 'gpt'; expected one of \[.*'ridge'"),
        ({"models": ["ridge", "stgnn", "ridge"]}, "rolling: models names 'ridge' twice; expected each once"),
        ({"models": []}, "rolling.models: .*at least 1"),
        ({"origins": 1}, "rolling.origins: .*greater than or equal to 2"),
        ({"origins": 51}, "rolling.origins: .*less than or equal to 50"),
        ({"seeds": [1, 1]}, "rolling: seeds names 1 twice; expected each once"),
        ({"seeds": []}, "rolling.seeds: .*at least 1"),
        ({"seeds": [-1]}, r"rolling.seeds are \[-1\]; expected different whole numbers from 0"),
        ({"window": "growing"}, "rolling.window: .*'expanding' or 'sliding'"),
        ({"train_days": 3}, "rolling.train_days: .*greater than or equal to 7"),
        (
            {"test_days": 1, "horizon": 30},
            "rolling.test_days is 1, less than the horizon of 30 h; expected at least",
        ),
        (
            {"validation_days": 1, "horizon": 30},
            "rolling.validation_days is 1, less than the horizon of 30 h",
        ),
        ({"test_days": 0}, "rolling.test_days: .*greater than or equal to 1"),
        ({"test_day": 10}, "rolling.test_day is not a known key: did you mean 'test_days'"),
    ],
)
def test_a_wrong_rolling_block_gives_one_clear_sentence(config, changes, sentence):
    block = {"models": ["stgnn", "ridge"], **changes}
    given = copy.deepcopy(config)
    if "horizon" in block:
        given["data"]["windows"]["horizon_h"] = block.pop("horizon")
    with pytest.raises(Fault, match=sentence):
        load_study({**given, "rolling": block}, "config.yaml")


def test_without_models_it_says_so(config):
    with pytest.raises(Fault, match=r"rolling\.models is missing"):
        load_study({**config, "rolling": {"origins": 3}}, "config.yaml")
