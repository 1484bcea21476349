"""Tests of the block of predictions."""

import re

import pytest
import yaml

from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


def test_predictions_are_off_by_default(config):
    assert load_study({**config, "law": None}).law is None
    assert load_study({name: block for name, block in config.items() if name != "law"}).law is None


def test_an_empty_block_calibrates_this_device_for_a_minute_without_a_sweep(config):
    block = load_study({**config, "law": {}}).law
    assert (block.seconds, block.profile, block.sweep) == (60.0, None, None)
    assert load_study({**config, "law": {"sweep": {}}}).law.sweep.families == ["lstm", "gru", "transformer"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seconds": 4}, r"law.seconds: .*greater than or equal to 5"),
        ({"seconds": 4000}, r"law.seconds: .*less than or equal to 3600"),
        ({"second": 5}, r"law.second is not a known key: did you mean 'seconds'"),
        ({"profile": ""}, r"law.profile: .*at least 1 character"),
        ({"sweep": {"layers": [1, 0]}}, r"law.sweep: layers has 0; expected sizes from 1 to 64"),
        ({"sweep": {"layers": [65]}}, r"law.sweep: layers has 65; expected sizes from 1 to 64"),
        ({"sweep": {"length": [16, 5000]}}, r"law.sweep: length has 5000; expected sizes from 1 to 4096"),
        ({"sweep": {"width": [64, 32, 64]}}, r"law.sweep: width names 64 twice; expected each size once"),
        ({"sweep": {"width": []}}, r"law.sweep.width: .*at least 1"),
        ({"sweep": {"width": [30]}}, r"law.sweep: 4 heads do not divide the width 30 of a transformer"),
        ({"sweep": {"heads": [1, 3]}}, r"law.sweep: 3 heads do not divide the width 128 of a transformer"),
        ({"sweep": {"base": {"heads": 5}}}, r"law.sweep: 5 heads do not divide the width 128"),
        ({"sweep": {"base": {"layers": 0}}}, r"law.sweep.base.layers: .*greater than or equal to 1"),
        ({"sweep": {"families": ["gru", "gru"]}}, r"law.sweep: families are .*; expected each family once"),
        ({"sweep": {"families": ["gpt"]}}, r"law.sweep.families.0: .*'lstm', 'gru' or 'transformer'"),
    ],
)
def test_a_wrong_block_gives_one_clear_sentence(config, changes, sentence):
    with pytest.raises(Fault, match=sentence) as caught:
        load_study({**config, "law": changes}, "config.yaml")
    assert "\n" not in str(caught.value)


def test_heads_need_not_divide_widths_where_no_transformer_is_swept(config):
    sweep = {"families": ["lstm", "gru"], "width": [30], "heads": [7]}
    assert load_study({**config, "law": {"sweep": sweep}}).law.sweep.width == [30]


def test_the_sizes_that_the_law_study_names_for_a_gpu_can_be_swept(config, root):
    text = (root / "config/law.yaml").read_text(encoding="utf-8")
    sizes = yaml.safe_load("\n".join(re.findall(r"^  #   (\w+: .*)$", text, re.MULTILINE)))
    assert set(sizes) == {"base", "layers", "width", "heads", "length"}
    sweep = load_study({**config, "law": {"sweep": sizes}}).law.sweep
    # Those of the source's Model A, and its depths and widths.
    assert (sweep.base.batch, sweep.base.length, sweep.base.width) == (64, 320, 512)
    assert {2, 6, 12, 24} <= set(sweep.layers)
