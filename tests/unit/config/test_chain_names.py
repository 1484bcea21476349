"""Names of models, steps and plug-ins in chains: reserved, shared, unknown or too long ones are refused."""

import copy

import pytest

from chained_studies import with_chains
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


@pytest.mark.parametrize(
    ("block", "name", "value"),
    [
        ("models", "none", {"form": "gru", "recipe": "frugal"}),
        ("models", "total", {"form": "gru", "recipe": "frugal"}),
        ("models", "baselines", {"form": "gru", "recipe": "frugal"}),
        ("strategies", "sweep", {"kind": "naive"}),
        ("strategies", "random", {"kind": "naive"}),
        ("variants", "full", {"method": "int8"}),
        ("variants", "baseline", {"method": "int8"}),
    ],
)
def test_words_that_results_use_themselves_are_no_names(config, block, name, value):
    changed = copy.deepcopy(config)
    place = {"models": changed, "strategies": changed["adaptation"], "variants": changed["compression"]}[
        block
    ]
    place[block][name] = value
    with pytest.raises(Fault, match=f"'{name}' is a reserved word"):
        load_study(changed)


def test_a_study_is_not_called_idle(config):
    with pytest.raises(Fault, match="'idle' is a reserved word"):
        load_study({**config, "study": "idle"})


def test_one_name_stands_for_one_step(config):
    changed = copy.deepcopy(config)
    changed["compression"]["variants"]["replay"] = {"method": "int8"}
    with pytest.raises(Fault, match="'replay' is the name of a strategy and of a variant"):
        load_study(changed)


def test_no_step_is_called_like_a_model(config):
    changed = copy.deepcopy(config)
    changed["compression"]["variants"]["gru"] = {"method": "int8"}
    with pytest.raises(Fault, match="'gru' is the name of a variant and of a model"):
        load_study(changed)


@pytest.mark.parametrize(
    ("place", "kind", "sentence"),
    [
        (
            ("adaptation", "strategies"),
            {"kind": "replai"},
            "'replai' is not a strategy: did you mean 'replay'",
        ),
        (
            ("compression", "variants"),
            {"method": "prun"},
            "'prun' is not a compression method: did you mean 'prune'",
        ),
        (
            ("models",),
            {"form": "stgn", "recipe": "frugal"},
            "'stgn' is not a model family: did you mean 'stgnn'",
        ),
    ],
)
def test_an_unknown_plug_in_is_refused_with_the_nearest_name(config, place, kind, sentence):
    changed = copy.deepcopy(config)
    block = changed
    for key in place:
        block = block[key]
    block["mine"] = kind
    with pytest.raises(Fault, match=sentence):
        load_study(changed)


def test_names_and_lineages_too_long_for_a_file_are_refused(config):
    with pytest.raises(Fault, match="study: a name has 300 characters; expected at most 80"):
        load_study({**config, "study": "x" * 300})
    changed = with_chains(config, [f"{letter * 60}" for letter in "abc"])
    changed["adaptation"] = {"strategies": {letter * 60: {"kind": "naive"} for letter in "abc"}}
    with pytest.raises(
        Fault, match=r"lineage stgnn\+aaa.* has 188 characters, .*expected at most 160: shorten the names"
    ):
        load_study(changed)
