"""Tests of the block that measures memory levels."""

import pytest

from wattshed.config.memory.study import with_length
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


def test_nothing_is_measured_by_default(config):
    assert load_study({**config, "memory": None}).memory is None
    assert load_study(config).memory is None


def test_an_empty_block_measures_every_level_of_the_models_that_learn(config):
    study = load_study({**config, "memory": {}})
    assert study.memory.levels == ["none", "low", "medium", "high"]
    measured = study.memory.measured(study.models)
    assert measured
    for name in measured:
        assert study.models[name].recipe is not None
        assert study.models[name].graph != "shuffled"
    assert load_study({**config, "memory": {"models": ["stgnn"]}}).memory.measured(study.models) == ["stgnn"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"level": "low"}, r"memory.level is not a known key: did you mean 'levels'"),
        ({"levels": ["low", "medium"]}, r"memory: levels are .*; expected 'none' among them"),
        ({"levels": ["none"]}, r"memory.levels: .*at least 2"),
        ({"levels": ["none", "all"]}, r"memory.levels.1: .*'none', 'low', 'medium' or 'high'"),
        ({"levels": ["none", "low", "low"]}, r"memory: levels names 'low' twice; expected each once"),
        ({"lengths": [24, 1]}, r"memory: lengths has 1; expected sizes from 2 to 4096"),
        ({"lengths": [48, 48]}, r"memory: lengths names 48 twice"),
        ({"batches": [0]}, r"memory: batches has 0; expected sizes from 1 to 65536"),
        ({"repeats": 1}, r"memory.repeats: .*greater than or equal to 2"),
        ({"largest_mb": 0}, r"memory.largest_mb: .*greater than 0"),
        ({"limit_s": 0.5}, r"memory.limit_s: .*greater than or equal to 1"),
        ({"models": ["stgm"]}, r"memory.models.0 is 'stgm'; expected one of the models \["),
        ({"models": ["ridge"]}, r"memory.models.0 is 'ridge'; expected one of the models \["),
        (
            {"alone": [{"kind": "low_rank", "rank": 4}]},
            r"memory.alone.0 \(low_rank\) fits none of the models; .* has no attention",
        ),
    ],
)
def test_a_wrong_block_gives_one_clear_sentence(config, changes, sentence):
    with pytest.raises(Fault, match=sentence) as caught:
        load_study({**config, "memory": changes}, "config.yaml")
    assert "\n" not in str(caught.value)


def test_a_model_in_closed_form_has_no_step(config):
    models = {"solved": {"form": "pooled_ridge"}}
    bare = {
        name: block
        for name, block in config.items()
        if name not in ("chains", "adaptation", "compression", "controls", "ladder", "rolling", "clocks")
    }
    with pytest.raises(Fault, match=r"memory.models.0 is 'solved', which is solved in closed form"):
        load_study({**bare, "models": config["models"] | models, "memory": {"models": ["solved"]}})
    with pytest.raises(Fault, match="memory has no model to measure"):
        load_study({**bare, "models": models, "memory": {}})


def test_a_length_that_a_model_cannot_take_names_the_model(config):
    sequences = {**config["recipes"]["frugal"], "sampling": "sequences", "burn_in_h": 24}
    changed = {
        **{name: config[name] for name in ("study", "seeds", "data", "graph", "baselines", "energy")},
        "recipes": {"long": sequences},
        "models": {"stgnn": {"form": "stgnn", "recipe": "long"}},
    }
    with pytest.raises(Fault, match=r"memory.lengths.1: models.stgnn: a sequence of 24 hours has no hour"):
        load_study({**changed, "memory": {"lengths": [48, 24]}})


def test_the_length_is_a_look_back_or_a_sequence(config):
    study = load_study(config)
    recipe, windows = study.recipe_of("stgnn"), study.data.windows
    pairs, longer = with_length(recipe, windows, 96)
    assert (pairs, longer.look_back_steps, longer.horizon_steps) == (recipe, 96, windows.horizon_steps)
    stretched, same = with_length(recipe.model_copy(update={"sampling": "sequences"}), windows, 96)
    assert (stretched.sequence_h, same) == (96, windows)
