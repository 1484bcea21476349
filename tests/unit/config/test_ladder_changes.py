"""The shipped ladders change what they say, one thing a step, and their tuned recipes are those that were chosen."""

import json
from pathlib import Path

import pytest
import yaml

from model_blocks import model_block
from wattshed.accounts.claims.techniques import PHASE_1
from wattshed.config.models.families import read_model
from wattshed.config.models.ladder import differing
from wattshed.config.models.ladder_models import ladder_changes
from wattshed.config.models.recipes import RecipeBlock
from wattshed.config.models.tuning import GridBlock, point_name
from wattshed.config.study import load_study
from wattshed.forecast.baselines.boosted_trees import RICH
from wattshed.foundation.faults import Fault

CONFIG = Path(__file__).resolve().parents[3] / "config"
NAMES = sorted(path.name for path in CONFIG.glob("*.yaml") if "\nladder:" in path.read_text())
DETAILED = [name for name in NAMES if name.startswith("ladder_")]


def study_of(name):
    return load_study(yaml.safe_load((CONFIG / name).read_text()), name)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_changes_what_it_says_and_nothing_else(name):
    study = study_of(name)
    changes = ladder_changes(study.ladder, study)
    for step, (before, said, found) in changes.items():
        assert said == found, f"{step} after {before}"
    learned = [step.name for step in study.ladder.steps if step.name in study.learned]
    # Each step that learns by epochs says what it changes, except the first; a closed form changes no step.
    assert list(changes) == learned[1:]


@pytest.mark.parametrize("name", NAMES)
def test_several_changes_at_once_have_a_reason(name):
    for step in study_of(name).ladder.steps:
        assert len(step.changes) <= 1 or step.together


@pytest.mark.parametrize("name", DETAILED)
def test_all_recipes_of_a_ladder_are_checked_after_the_same_number_of_samples(name):
    study = study_of(name)
    nodes = {"ladder_homes": 17, "ladder_nations": 20, "ladder_texas": 100, "ladder_synthetic": 2048}[
        study.study
    ]
    drawn = {
        key: recipe.batch * recipe.steps_per_epoch * (nodes if recipe.sampling == "windows" else 1)
        for key, recipe in study.recipes.items()
        # The study's own recipe looks once an epoch; a sequence has many samples.
        if key != "study" and recipe.sampling != "sequences"
    }
    assert len(set(drawn.values())) == 1, drawn


def test_the_first_phase_goes_technique_by_technique_and_ends_with_all_of_them():
    study = study_of("phase1.yaml")
    assert study.engine == "torch"
    changes = {
        step: (before, keys) for step, (before, _, keys) in ladder_changes(study.ladder, study).items()
    }
    before, together = changes.pop("phase_1")
    assert all(len(keys) == 1 for _, keys in changes.values())
    assert before == study.ladder.reference
    assert set(together) == {key for _, keys in changes.values() for key in keys} == set(PHASE_1)
    # Passes over all windows: a batch of another size sees as many of them.
    assert {recipe.steps_per_epoch for recipe in study.recipes.values()} == {None}


def test_a_changed_recipe_is_found_out():
    given = yaml.safe_load((CONFIG / "ladder_homes.yaml").read_text())
    given["recipes"]["node_scaling"]["clip_norm"] = 1.0
    with pytest.raises(
        Fault, match="'node_scaling' says that it changes scaling of 'own_history', but clip_norm, scaling"
    ):
        load_study(given)


def test_keys_left_at_their_families_defaults_change_with_the_form_and_others_by_their_name():
    recipe = study_of("ladder_homes.yaml").recipes["study"]
    reference, own = model_block("stgnn_reference"), model_block("stgnn")
    assert differing((reference, recipe), (own, recipe)) == ["form"]
    said = own.model_copy(update={"state_dropout": 0.2})
    assert differing((reference, recipe), (said, recipe)) == ["form", "state_dropout"]
    assert differing((own, recipe), (said, recipe)) == ["state_dropout"]
    narrow = own.model_copy(update={"channels": 8})
    assert differing((reference, recipe), (narrow, recipe)) == ["channels", "form"]


def test_the_grid_has_all_combinations_and_looks_after_the_same_number_of_samples():
    recipe = RecipeBlock(
        sampling="pairs",
        batch=8,
        epochs=2,
        steps_per_epoch=12,
        learning_rate=0.1,
        schedule="cosine",
        scaling="node",
    )
    grid = GridBlock(batch=[4, 16, 32], learning_rate=[0.1, 0.2], loss=["huber", "squared"], seeds=[1])
    points = list(grid.points(recipe))
    assert len({point_name(point) for point in points}) == len(points) == 12
    assert {point.batch * point.steps_per_epoch for point in points} == {96}
    assert {point.epochs for point in points} == {2}
    with pytest.raises(ValueError, match="96 samples, which is not a whole number of batches of 7"):
        list(GridBlock(batch=[7], learning_rate=[0.1], loss=["huber"], seeds=[1]).points(recipe))


@pytest.mark.parametrize("model", ["tuned", "residual_stgnn"])
def test_a_tuned_recipe_is_the_one_that_the_record_chose(model):
    study = study_of("ladder_homes.yaml")
    record = json.loads((CONFIG.parent / study.ladder.tuning.record).read_text())
    found, grid = record[model], study.ladder.tuning.grids[model]
    recipe = study.recipes[study.models[model].recipe]
    assert found["chosen"] == point_name(recipe)
    assert found["seeds"] == grid.seeds
    assert not set(grid.seeds) & set(study.seeds)
    errors = {point["point"]: point["validation_rmse"] for point in found["points"]}
    assert min(errors, key=errors.get) == found["chosen"]
    assert [point_name(point) for point in grid.points(recipe)] == list(errors)


def test_both_sides_are_tuned_with_the_same_care():
    theirs, ours = study_of("ladder_homes.yaml").ladder.tuning.grids.values()
    sizes = [len(grid.batch) * len(grid.learning_rate) * len(grid.loss) for grid in (theirs, ours)]
    assert sizes[0] == sizes[1] >= 9
    assert theirs.seeds == ours.seeds


def test_the_strongest_trees_have_the_settings_that_their_record_chose():
    record = json.loads((CONFIG.parent / "docs/ladder/tuning_trees.json").read_text())
    best = min(record["points"], key=lambda point: point["validation_rmse"])
    assert record["chosen"] == {name: best[name] for name in record["chosen"]}
    assert record["chosen"].items() <= RICH.parameters.items()
    grids = study_of("ladder_homes.yaml").ladder.tuning.grids.values()
    for grid in grids:
        assert len(record["points"]) >= len(grid.batch) * len(grid.learning_rate) * len(grid.loss)


@pytest.mark.parametrize("name", ["config.yaml", "ladder_homes.yaml"])
def test_a_record_is_of_the_model_and_recipe_that_its_step_names(name):
    study = study_of(name)
    for step in study.ladder.recorded.values():
        found = json.loads((CONFIG.parent / step.path).read_text())
        # A record of before a key lacks it, and its network had the key's default.
        recorded = read_model({**found["model"], "recipe": None, "engine": step.model.engine})
        assert recorded == step.model.model_copy(update={"recipe": None})
        assert found["model"].keys() <= set(type(step.model).model_fields) - {"recipe", "engine"}
        recipe = study.recipes[step.model.recipe]
        assert RecipeBlock.model_validate(found["recipe"]) == recipe
        assert found["recipe"].keys() <= set(type(recipe).model_fields)
        assert found["windows"] == json.loads(study.data.windows.model_dump_json())
        assert found["commits"]
        assert found["machines"]


def test_the_default_study_takes_the_tuned_recipe_of_the_ladder():
    default, ladder = study_of("config.yaml"), study_of("ladder_homes.yaml")
    own, tuned = default.recipes["tuned"], ladder.recipes["tuned"]
    # It is capped there, so that the default study takes minutes.
    assert own.epochs < tuned.epochs
    assert own.model_copy(update={"epochs": tuned.epochs}) == tuned
    assert default.models["stgnn_reference"].dropout == ladder.models["tuned"].dropout
