"""Chains: which lineages a study makes, and which chains are refused before anything runs."""

import copy
import sys

import pytest

from chained_studies import with_chains
from wattshed.config.lineages import lineages_of, swept_lineages
from wattshed.config.study import load_study
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault


def test_the_default_study_adapts_before_and_after_compressing_and_sweeps_the_first(config):
    study = load_study(config)
    lineages = lineages_of(study)
    assert {"stgnn+replay+prune_half_tuned", "stgnn+prune_half_tuned+replay"} <= set(lineages)
    assert swept_lineages(study) == ["stgnn+replay+prune_half_tuned"]


def test_every_lineage_comes_after_its_parent_and_knows_its_ancestry(config):
    lineages = lineages_of(load_study(config))
    seen = set()
    for text, lineage in lineages.items():
        assert lineage.parent is None or lineage.parent.text in seen
        assert "+".join([lineage.model, *(one.step for one in lineage.ancestry()[1:])]) == text
        seen.add(text)


def test_a_lineage_names_the_plug_ins_that_made_it(config):
    study = load_study(config)
    made = lineages_of(study)["stgnn+replay+prune_half_tuned"]
    assert made.plugins(study) == [("family", "stgnn"), ("strategy", "replay"), ("method", "prune")]


def test_all_strategies_and_variants_are_compared_on_any_lineage(config):
    changed = copy.deepcopy(config)
    changed["chains"] = []
    changed["adaptation"]["models"] = ["gru", "stgnn+prune_half"]
    changed["compression"]["models"] = ["stgnn_reference+naive"]
    lineages = lineages_of(load_study(changed))
    assert {"gru+frozen", "gru+naive", "gru+replay", "stgnn+prune_half+replay"} <= set(lineages)
    assert {"stgnn_reference+naive", "stgnn_reference+naive+prune_half"} <= set(lineages)


def test_strategies_and_variants_may_name_their_models(config):
    lineages = lineages_of(load_study(config))
    assert {"stgnn+naive", "stgnn+frozen", "pooled_ridge+frozen", "pooled_ridge+exact"} <= set(lineages)
    assert not {"pooled_ridge+naive", "stgnn+exact", "stgnn+half_features"} & set(lineages)
    named = copy.deepcopy(config)
    named["adaptation"]["models"] = ["stgnn", "gru"]
    named["adaptation"]["strategies"]["naive"]["models"] = ["gru"]
    found = lineages_of(load_study(named))
    assert {"gru+naive", "gru+replay", "stgnn+replay"} <= set(found)
    assert "stgnn+naive" not in found
    for block, steps, name in (("adaptation", "strategies", "naive"), ("compression", "variants", "int8")):
        changed = copy.deepcopy(config)
        changed[block][steps][name]["models"] = ["stgn"]
        with pytest.raises(
            Fault, match=rf"{steps}\.{name}\.models names 'stgn'; expected some of {block}\.models"
        ):
            load_study(changed)


def test_a_strategy_that_a_family_cannot_follow_is_refused_with_the_reason(config):
    with pytest.raises(Fault, match="the family pooled_ridge cannot be trained further, which 'naive' needs"):
        load_study(with_chains(config, ["naive"], model="pooled_ridge"))
    with pytest.raises(Fault, match="the family stgnn cannot be updated in closed form, which 'exact' needs"):
        load_study(with_chains(config, ["exact"]))


def test_a_study_may_do_nothing_with_its_models(config):
    bare = {key: value for key, value in config.items() if key not in ("adaptation", "compression", "chains")}
    study = load_study(bare)
    assert list(lineages_of(study)) == list(study.models)


def test_a_chain_may_sweep_the_model_itself(config):
    study = load_study(with_chains(config, ["sweep"]))
    assert swept_lineages(study) == ["stgnn"]


@pytest.mark.parametrize(
    ("steps", "model", "sentence"),
    [
        ([["repla"]], "stgnn", r"chains.0 \(chain_0\): 'repla' is neither .* did you mean 'replay'"),
        ([["replay"]], "stgn", "chains.0 .*'stgn' is not a model; did you mean 'stgnn'"),
        ([["replay", "prune_half", "replay"]], "stgnn", "'replay' is repeated: expected each step once"),
        ([["replay"], ["replay"]], "stgnn", "chains.1 .*repeats the chain 'chain_0', stgnn -> replay"),
        ([["sweep", "replay"]], "stgnn", "sweep comes before other steps.*expected it as the last"),
        (
            [["int8", "replay"]],
            "stgnn",
            r"chains.0 .*: after 'int8' a network cannot be trained further: put 'replay' before it",
        ),
        ([["prune_half"]], "dlinear", "the family dlinear has no units to prune, which 'prune_half' needs"),
        ([[]], "stgnn", "chains.0.steps: .*at least 1"),
    ],
)
def test_a_chain_that_cannot_be_made_is_refused_with_one_sentence(config, steps, model, sentence):
    with pytest.raises(Fault, match=sentence) as caught:
        load_study(with_chains(config, *steps, model=model), "village.yaml")
    assert str(caught.value).startswith("village.yaml: ")
    assert "\n" not in str(caught.value)


def test_pruning_refuses_several_recurrent_layers_when_the_config_is_read(config):
    """The family offers units to prune, but not with these settings, and the sentence says so."""
    grown = copy.deepcopy(config)
    grown["models"]["deep"] = {**grown["models"]["stgnn"], "recurrent_layers": 2}
    sentence = r"chains.0 .*: the family stgnn, with this model's settings, has no units to prune, which 'prune_half'"
    with pytest.raises(Fault, match=sentence) as caught:
        load_study(with_chains(grown, ["prune_half"], model="deep"))
    assert "\n" not in str(caught.value)
    load_study(with_chains(grown, ["naive"], ["replay"], model="deep"))


@pytest.mark.parametrize(
    ("member", "broken", "sentence"),
    [
        (
            "check",
            lambda *_: {}["rank"],
            r"fails when it is asked .* \(KeyError: 'rank'\): correct the plug-in",
        ),
        ("asks", None, r"fails when it is asked .* \(TypeError: .*\): correct the plug-in"),
    ],
)
def test_a_defect_of_a_plug_in_is_told_with_its_step(config, monkeypatch, member, broken, sentence):
    method = config["compression"]["variants"]["prune_half_tuned"]["method"]
    monkeypatch.setattr(plugins.load("method", method), member, broken, raising=False)
    with pytest.raises(Fault, match=f"the plug-in '{method}' of the step 'prune_.*{sentence}") as caught:
        load_study(config, "config.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "broken",
    [lambda self, settings: {}["rank"], lambda self, settings: None, lambda self, settings: sys.exit(), None],
)
def test_a_defect_of_a_family_is_reported_with_its_chain(config, monkeypatch, broken):
    form = config["models"]["stgnn"]["form"]
    monkeypatch.setattr(type(plugins.load("family", form)), "offers", broken)
    with pytest.raises(
        Fault, match=f"the model family '{form}' fails when it is asked .*: correct the plug-in"
    ) as caught:
        load_study(config, "config.yaml")
    assert "\n" not in str(caught.value)


def test_a_sweep_is_no_step_of_a_compared_lineage(config):
    changed = copy.deepcopy(config)
    changed["adaptation"] = {"models": ["stgnn+sweep"], "strategies": {"frozen": {"kind": "frozen"}}}
    changed["chains"] = []
    with pytest.raises(
        Fault, match=r"adaptation\.models\.0: sweep makes no checkpoint: expected it only as the last"
    ):
        load_study(changed)


@pytest.mark.parametrize(
    ("steps", "model", "sentence"),
    [
        (
            ["replay", "int8", "sweep"],
            "stgnn",
            r"a chain sweeps 'stgnn\+replay\+int8', and after 'int8' a network",
        ),
        (["prune_half_tuned", "sweep"], "stgnn", None),
        (["sweep"], "stgnn", None),
    ],
)
def test_the_training_of_what_cannot_be_trained_is_not_swept(config, steps, model, sentence):
    changed = with_chains(config, steps, model=model)
    changed["clocks"] = {"works": ["inference"]}
    load_study(changed)
    changed["clocks"] = {"works": ["inference", "training"]}
    if sentence is None:
        load_study(changed)
        return
    with pytest.raises(
        Fault, match=f"clocks.works has training, but {sentence} cannot be trained further"
    ) as caught:
        load_study(changed, "village.yaml")
    assert "\n" not in str(caught.value)


def test_a_closed_form_may_be_swept_in_training(config):
    changed = copy.deepcopy(config)
    changed["models"]["solved"] = {"form": "pooled_ridge"}
    changed = with_chains(changed, ["sweep"], model="solved")
    changed["clocks"] = {"works": ["training"]}
    assert load_study(changed).clocks.works == ["training"]
