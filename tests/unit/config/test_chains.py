"""Chains: which lineages a study makes, and which chains are refused before anything runs."""

import copy
import re
import sys

import pytest
import yaml

from wattshed.config.lineages import lineages_of, swept_lineages
from wattshed.config.study import load_study
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault


@pytest.fixture(scope="module")
def config(root):
    return yaml.safe_load((root / "config/config.yaml").read_text())


def with_chains(config, *steps, model="stgnn"):
    chains = [
        {"name": f"chain_{place}", "model": model, "steps": list(each)} for place, each in enumerate(steps)
    ]
    return {**copy.deepcopy(config), "chains": chains}


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


def test_a_sweep_is_no_step_of_a_compared_lineage(config):
    changed = copy.deepcopy(config)
    changed["adaptation"] = {"models": ["stgnn+sweep"], "strategies": {"frozen": {"kind": "frozen"}}}
    changed["chains"] = []
    with pytest.raises(
        Fault, match=r"adaptation\.models\.0: sweep makes no checkpoint: expected it only as the last"
    ):
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


STUDENT_RECIPE = {
    "sampling": "pairs", "batch": 256, "epochs": 10, "steps_per_epoch": 30, "learning_rate": 0.005,
    "schedule": "cosine", "scaling": "node",
}  # fmt: skip


def with_students(config, *steps, model="stgnn", **variants):
    """A study whose variants are those of the default study and students."""
    changed = with_chains(config, *steps, model=model)
    changed["compression"]["models"] = []
    known = {name: one for name, one in changed["compression"]["variants"].items() if name != "half_features"}
    for one in known.values():
        one.pop("models", None)
    students = {name: {"method": "distil", **block} for name, block in variants.items()}
    changed["compression"]["variants"] = {**known, **students}
    return changed


def test_a_student_is_adapted_pruned_and_quantised_as_its_own_family_allows(config):
    chains = (["distil_8", "naive", "int8"], ["distil_8", "prune_half", "int8"], ["naive", "distil_8"])
    study = load_study(with_students(config, *chains, distil_8={"student": {"form": "gru", "hidden": 8}}))
    lineages = lineages_of(study)
    assert {"stgnn+distil_8+naive+int8", "stgnn+distil_8+prune_half+int8"} <= set(lineages)
    made = lineages["stgnn+distil_8+prune_half"].plugins(study)
    assert made == [("family", "stgnn"), ("family", "gru"), ("method", "distil"), ("method", "prune")]


def test_a_closed_form_teaches_a_student_with_a_recipe_of_its_own(config):
    block = {"student": {"form": "gru", "hidden": 8}, "recipe": STUDENT_RECIPE}
    chain = ["distil_8", "naive", "prune_half"]
    study = load_study(with_students(config, chain, model="pooled_ridge", distil_8=block))
    assert "pooled_ridge+distil_8+naive+prune_half" in lineages_of(study)
    # The second student's recipe is the first one's.
    again = {"student": {"form": "gru", "hidden": 4}}
    chain = ["distil_8", "distil_4"]
    load_study(with_students(config, chain, model="pooled_ridge", distil_8=block, distil_4=again))


@pytest.mark.parametrize(
    ("steps", "model", "block", "sentence"),
    [
        (
            ["student", "prune_half"],
            "stgnn",
            {"student": {"form": "dlinear"}},
            "after 'student' a network has no units to prune: put 'prune_half' before it",
        ),
        (
            ["student", "exact"],
            "pooled_ridge",
            {"student": {"form": "gru"}, "recipe": STUDENT_RECIPE},
            "after 'student' a network cannot be updated in closed form",
        ),
        (
            ["student"],
            "stgnn",
            {"student": {"form": "pooled_ridge"}},
            "student.form is 'pooled_ridge', which is solved in closed form",
        ),
        (
            ["student"],
            "pooled_ridge",
            {"student": {"form": "gru"}},
            "'student' cannot be made of 'pooled_ridge': the teacher is solved in closed form and has no recipe",
        ),
        (
            ["student"],
            "stgnn_reference",
            {"student": {"form": "gru", "hidden": 8}},
            "the form gru, which is trained on pairs or sequences, but its recipe samples windows",
        ),
        (
            ["student"],
            "stgnn",
            {"student": {"form": "stgnn", "hidden": 16}},
            "student.hidden is 16; expected less than the 16 units of its teacher",
        ),
        (
            ["prune_half", "student"],
            "stgnn",
            {"student": {"form": "stgnn", "hidden": 8}},
            "student.hidden is 8; expected less than the 8 units of its teacher",
        ),
        (
            ["student", "thin"],
            "stgnn",
            {"student": {"form": "gru", "hidden": 4}},
            "rank is 4; expected less than 3, three quarters of the 4 units",
        ),
        (
            ["student"],
            "stgnn",
            {"student": {"form": "gru", "hiddn": 8}},
            r"compression.variants.student.student.hiddn is not a known key: did you mean 'hidden'\?",
        ),
        (
            ["student"],
            "stgnn",
            {"student": {"form": "grü"}},
            "compression.variants.student.student: 'grü' is not a model family: did you mean 'gru'",
        ),
        (["student"], "stgnn", {}, "compression.variants.student.student is missing"),
        (
            ["student"],
            "stgnn",
            {"student": {"form": "gru"}, "recipe": {**STUDENT_RECIPE, "sampling": "windows"}},
            "the form gru, which is trained on pairs or sequences, but its recipe samples windows",
        ),
    ],
)
def test_a_student_that_cannot_learn_is_refused_with_one_sentence(config, steps, model, block, sentence):
    changed = with_students(config, steps, model=model, student=block)
    changed["compression"]["variants"]["thin"] = {"method": "low_rank", "rank": 4}
    with pytest.raises(Fault, match=sentence) as caught:
        load_study(changed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        (["int8", "static"], "after 'int8' a network has no weight matrices to replace"),
        (["static", "int8"], "after 'static' a network has no weight matrices to replace"),
        (["half", "naive"], "after 'half' a network cannot be trained further"),
        (["thin", "prune_half"], "after 'thin' a network has no units to prune"),
        (
            ["thin", "scratch"],
            "'scratch' cannot be made of 'stgnn.thin': the matrices are of low rank already",
        ),
        (
            ["scratch", "thin"],
            "'thin' cannot be made of 'stgnn.scratch': the matrices are of low rank already",
        ),
    ],
)
def test_steps_that_cannot_follow_each_other_are_refused(config, chain, sentence):
    with pytest.raises(Fault, match=sentence):
        load_study(with_formats(config, chain))


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        (
            {"method": "mask", "keep_share": 0.002},
            "keep_share 0.002 keeps none of the {output} weights of the output matrix; expected settings that keep",
        ),
        (
            {"method": "mask", "keep_share": 0.0005},
            "keep_share 0.0005 keeps none of the 768 recurrent weights",
        ),
        (
            {"method": "mask", "keep_share": 0.001, "scope": "global"},
            "keep_share 0.001 keeps 2 of {all} weights in 3 matrices; expected settings that keep at least one",
        ),
        ({"method": "mask", "keep_share": 0.9999}, "keep_share 0.9999 removes none of the {all} weights"),
        (
            {"method": "mask", "keep_share": 0.9999, "scope": "global"},
            "keep_share 0.9999 removes none of the {all} weights; expected settings that remove at least one",
        ),
        (
            {"method": "sparse_training", "density": 0.002},
            "density 0.002 keeps none of the {output} weights of the output matrix",
        ),
        (
            {"method": "sparse_training", "density": 0.9999},
            "density 0.9999 removes none of the {all} weights",
        ),
        (
            {"method": "lottery_ticket", "share_per_round": 0.0001},
            "share_per_round 0.0001 in round 1 removes none of the {all} weights",
        ),
        (
            {"method": "lottery_ticket", "share_per_round": 0.9, "rounds": 3, "scope": "layer"},
            "share_per_round 0.9 in round 3 keeps none of the 1 weights of the output matrix",
        ),
        (
            {"method": "sparse_training", "density": 0.5, "update_every": 100_000},
            "update_every 100000 leaves no change of the masks in the first {last} of {steps} steps: expected",
        ),
        (
            {"method": "distil", "student": {"form": "gru", "hidden": 64}},
            "the student has 25,478 weights and its teacher 1,782; expected a smaller student",
        ),
        (
            {"method": "distil", "student": {"form": "stgnn", "hidden": 15, "channels": 500}},
            "the student has 24,861 weights and its teacher 1,782; expected a smaller student",
        ),
    ],
)
def test_sizes_and_steps_that_cannot_be_made_are_refused_when_the_configuration_is_read(
    config, block, sentence
):
    changed = with_students(config, ["mine"])
    assert changed["data"]["windows"]["horizon_h"] == 6
    recipe = changed["recipes"][changed["models"]["stgnn"]["recipe"]]
    recipe |= {"steps_per_epoch": 33, "epochs": 7, "accumulate": 2}
    changed["compression"]["variants"]["mine"] = block
    told = sentence.format(output=96, all=1632, steps=7 * 17, last=89)
    with pytest.raises(Fault, match=re.escape(told)) as caught:
        load_study(changed)
    assert "\n" not in str(caught.value)


def test_steps_that_depend_on_the_data_are_left_to_the_job(config):
    changed = with_students(config, ["mine"])
    changed["recipes"][changed["models"]["stgnn"]["recipe"]]["steps_per_epoch"] = None
    changed["compression"]["variants"]["mine"] = {
        "method": "sparse_training", "density": 0.5, "update_every": 100_000,
    }  # fmt: skip
    assert "stgnn+mine" in lineages_of(load_study(changed))


def test_masks_on_what_pruning_left_are_counted_there(config):
    changed = with_students(config, ["prune_half", "mine"])
    changed["compression"]["variants"]["mine"] = {"method": "mask", "keep_share": 0.01}
    with pytest.raises(Fault, match=r"keep_share 0\.01 keeps none of the 48 weights of the output matrix"):
        load_study(changed)
    changed["chains"][0]["steps"] = ["mine", "prune_half"]
    assert "stgnn+mine+prune_half" in lineages_of(load_study(changed))


def test_a_student_is_held_against_what_pruning_left_of_its_teacher(config):
    student = {"student": {"form": "gru", "hidden": 8}}
    load_study(with_students(config, ["prune_half", "mine"], mine=student))
    changed = with_students(config, ["pruned", "mine"], mine={"student": {"form": "gru", "hidden": 9}})
    changed["compression"]["variants"]["pruned"] = {"method": "prune", "keep_share": 0.5, "what": "both"}
    with pytest.raises(Fault, match="the student has 618 weights and its teacher 510; expected a smaller"):
        load_study(changed)


RESTARTING = {
    "ticket": {"method": "lottery_ticket"},
    "sparse": {"method": "sparse_training", "density": 0.5, "update_every": 20},
    "masked": {"method": "mask", "keep_share": 0.5},
    "small": {"method": "distil", "student": {"form": "gru", "hidden": 8}},
    "slowly": {"method": "prune_gradually", "keep_share": 0.5, "fine_tune_steps": 9},
}


def with_restarting(config, chain):
    changed = with_formats(config, chain)
    changed["compression"]["variants"] |= RESTARTING
    return load_study(changed)


@pytest.mark.parametrize("before", ["naive", "replay", "masked", "small", "prune_half"])
@pytest.mark.parametrize("step", ["ticket", "sparse", "scratch"])
def test_a_step_that_trains_from_first_weights_undoes_no_other_step(config, before, step):
    if (before, step) == ("prune_half", "scratch"):
        assert "stgnn+prune_half+scratch" in lineages_of(with_restarting(config, [before, step]))
        return
    sentence = (
        rf"'{step}' cannot be made of 'stgnn\+{before}': it trains the base model again from its first weights, which "
        f"would undo '{before}'; expected it as the first step after the training"
    )
    with pytest.raises(Fault, match=sentence) as caught:
        with_restarting(config, [before, step])
    assert "\n" not in str(caught.value)


def test_all_steps_that_would_be_undone_are_named(config):
    sentence = (
        "would undo 'small' and 'replay'; expected it as the first step after the training, or after prune or "
        "prune_gradually alone"
    )
    with pytest.raises(Fault, match=sentence):
        with_restarting(config, ["small", "prune_half", "replay", "scratch"])
    with_restarting(config, ["prune_half", "scratch", "replay"])
    with_restarting(config, ["slowly", "scratch"])


@pytest.mark.parametrize(
    ("channels", "pruning", "taken", "refused", "most"),
    [
        (16, {"keep_share": 0.5}, 9, 10, r"9\.6, for the matrix \[24, 16\] of 8 units that read 16 channels"),
        (32, {"keep_share": 0.125, "what": "channels"}, 11, 14, "12, three quarters of the 16 units"),
    ],
)
def test_the_rank_after_pruning_is_held_against_the_matrices_that_are_left(
    config, channels, pruning, taken, refused, most
):
    changed = with_chains(config, ["pruned", "thin"], model="wide")
    changed["models"]["wide"] = {**changed["models"]["stgnn"], "hidden": 16, "channels": channels}
    changed["compression"]["models"].append("wide")
    variants = changed["compression"]["variants"]
    variants["pruned"] = {"method": "prune", **pruning}
    variants["thin"] = {"method": "low_rank", "rank": taken, "models": ["wide"]}
    assert "wide+pruned+thin" in lineages_of(load_study(changed))
    variants["thin"]["rank"] = refused
    sentence = f"'thin' cannot be made of 'wide.pruned': rank is {refused}; expected less than {most}"
    with pytest.raises(Fault, match=sentence):
        load_study(changed)


def with_formats(config, *chains, model="stgnn"):
    changed = with_students(config, *chains, model=model)
    changed["compression"]["variants"] |= {
        "thin": {"method": "low_rank", "rank": 4},
        "scratch": {"method": "low_rank_scratch", "rank": 4},
        "static": {"method": "static_int8"},
        "half": {"method": "half_weights"},
    }
    return changed


def test_number_formats_follow_low_rank_and_training(config):
    chains = (["prune_half", "scratch", "naive", "int8"], ["thin", "static"], ["replay", "thin", "half"])
    study = load_study(with_formats(config, *chains))
    assert {"stgnn+prune_half+scratch+naive+int8", "stgnn+thin+static", "stgnn+replay+thin+half"} <= set(
        lineages_of(study)
    )


@pytest.mark.parametrize("name", ["static", "half", "thin", "scratch"])
def test_a_closed_form_has_no_matrices_to_replace(config, name):
    with pytest.raises(Fault, match=f"the family pooled_ridge .* which '{name}' needs: choose another model"):
        load_study(with_formats(config, [name], model="pooled_ridge"))
