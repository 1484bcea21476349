"""Chains with students: what a student can follow and what can follow it, by its own family."""

import pytest

from chained_studies import STUDENT_RECIPE, with_students
from wattshed.config.lineages import lineages_of
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


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


def test_a_student_is_held_against_what_pruning_left_of_its_teacher(config):
    student = {"student": {"form": "gru", "hidden": 8}}
    load_study(with_students(config, ["prune_half", "mine"], mine=student))
    changed = with_students(config, ["pruned", "mine"], mine={"student": {"form": "gru", "hidden": 9}})
    changed["compression"]["variants"]["pruned"] = {"method": "prune", "keep_share": 0.5, "what": "both"}
    with pytest.raises(Fault, match="the student has 618 weights and its teacher 510; expected a smaller"):
        load_study(changed)
