"""Settings of distillation: which are refused, and which recipe a student gets."""

import pytest

from made_makings import making_of, short_recipe
from model_blocks import model_block
from students import STREAM, settings_of
from wattshed.compression.methods.distil import METHOD
from wattshed.compression.methods.prune import PruneSettings
from wattshed.config.models.recipes import CLOSED_FORM
from wattshed.foundation.faults import Fault


def test_a_student_that_is_not_smaller_is_refused(task, graph):
    making = making_of(task, graph, form="dlinear")
    with pytest.raises(
        Fault, match=r"student of model has 475 weights and its teacher 78: expected a smaller"
    ):
        METHOD.make_from(making, settings_of({"form": "gru", "hidden": 8}))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"student": {"form": "gruu"}}, "'gruu' is not a model family: did you mean 'gru'"),
        ({"student": {"hidden": 8}}, "the key form is missing"),
        ({"student": "gru"}, "expected a block with the key form"),
        ({"student": {"form": "gru", "hiddn": 8}}, "hiddn"),
        ({"student": {"form": "gru", "hidden": 0}}, "greater than or equal to 1"),
        (
            {"student": {"form": "gru", "recipe": "frugal"}},
            "recipe is not a key of a student.*beside student",
        ),
        ({"student": {"form": "gru", "graph": "shuffled"}}, "graph is not a key of a student"),
        ({"student": {"form": "gru", "engine": "torch"}}, "engine is not a key of a student"),
        (
            {"student": {"form": "gru", "minimum_edge_weight": 0.2}},
            "minimum_edge_weight is not a key of a student; expected it to be left out",
        ),
        ({"student": {"form": "pooled_ridge"}}, "'pooled_ridge', which is solved in closed form"),
        (
            {"student": {"form": "dlinear"}, "hidden_weight": 0.5},
            "the student's family dlinear carries no state",
        ),
        ({"output_weight": 1.5}, "output_weight"),
        ({"temperature": 2.0}, "temperature"),
        (
            {"student": {"form": "dlinear"}, "recipe": short_recipe(**STREAM)},
            "the form dlinear, which is trained on pairs, but its recipe samples sequences",
        ),
    ],
)
def test_wrong_settings_are_refused(keys, sentence):
    with pytest.raises(ValueError, match=sentence):
        settings_of(**keys)


def test_the_configuration_shows_a_student_of_its_teachers_size():
    same = settings_of({"form": "stgnn", "hidden": 8})
    for hidden, earlier in ((8, []), (16, [PruneSettings(method="prune", keep_share=0.5)])):
        with pytest.raises(ValueError, match=r"student.hidden is 8; expected less than the 8 units"):
            METHOD.check(same, model_block(hidden=hidden), earlier)
    METHOD.check(same, model_block(hidden=9), [])
    # Without the linear part it is smaller, although it has as many units.
    METHOD.check(same, model_block(hidden=8, linear_part=True), [])
    METHOD.check(same, model_block("gru", hidden=8), [])


def test_a_teacher_without_hidden_state_is_refused():
    with pytest.raises(ValueError, match="the teacher's family dlinear carries no state"):
        METHOD.check(settings_of(hidden_weight=0.1), model_block("dlinear"), [])


def test_the_recipe_is_the_teachers_or_the_students_own_and_the_scaling_the_teachers():
    teachers = short_recipe(scaling="panel")
    assert METHOD.recipe_after(settings_of(), teachers) is teachers
    own = METHOD.recipe_after(settings_of(recipe=short_recipe(epochs=7)), teachers)
    assert (own.epochs, own.scaling) == (7, "panel")
    assert METHOD.recipe_after(settings_of(recipe=short_recipe(epochs=7)), own) == own
    with pytest.raises(ValueError, match="closed form and has no recipe to train a student by"):
        METHOD.recipe_after(settings_of(), CLOSED_FORM)
    with pytest.raises(ValueError, match="its recipe samples windows; expected another form; or give"):
        METHOD.recipe_after(settings_of(), short_recipe(sampling="windows"))
