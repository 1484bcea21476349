import copy
import json

import pytest

from refused_study import said
from wattshed.config.study import Study


def source(**keys):
    return lambda config: config["data"].update(source=keys)


def recipe(**keys):
    return lambda config: config["recipes"]["frugal"].update(keys)


@pytest.mark.parametrize(
    ("change", "start"),
    [
        (recipe(bach=3), "study.yaml: recipes.frugal.bach is not a known key: did you mean 'batch'?"),
        (recipe(weight_decay=float("inf")), "study.yaml: recipes.frugal.weight_decay: input should be a finite number"),
        (recipe(clip_norm=float("inf")), "study.yaml: recipes.frugal.clip_norm: input should be a finite number"),
        (recipe(learning_rate=float("nan")), "study.yaml: recipes.frugal.learning_rate: input should be a finite"),
        (
            source(kind="table", form="long", pth="x"),
            "study.yaml: data.source.pth is not a known key: did you mean 'path'?",
        ),
        (source(kind="table", form="long"), "study.yaml: data.source.path is missing: add it"),
        (
            lambda config: config["energy"].update(carbon={"intensity": {"kind": "hourly"}}),
            "study.yaml: energy.carbon.intensity.path is missing: add it",
        ),
        (
            lambda config: config["ladder"]["steps"][0].update(captoin="x"),
            "study.yaml: ladder.steps.0.captoin is not a known key: did you mean 'caption'?",
        ),
    ],
)  # fmt: skip
def test_the_place_is_the_users_own_path_and_the_suggestion_comes_from_its_block(config, change, start):
    assert said(config, change).startswith(start)


def test_a_key_of_another_block_is_never_suggested(config):
    """``time_column`` was answered with "did you mean 'time_column'?", a key of another block."""
    message = said(config, source(kind="table", form="long", path="x", time_columns="t"))
    assert "data.source.time_columns" in message
    assert "did you mean 'time_columns'" not in message


def test_no_clipping_is_written_as_null(config):
    given = copy.deepcopy(config)
    given["recipes"]["frugal"]["clip_norm"] = None
    given["ladder"] = None
    assert Study.model_validate_json(json.dumps(given)).recipes["frugal"].clip_norm is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (recipe(batch=10**400), "recipes.frugal: batch is too large; expected at most 4,294,967,295"),
        (recipe(weight_decay=1e300), "recipes.frugal: weight_decay is too large; expected at most 1e+38"),
        (
            lambda config: config["graph"].update(seed=10**30),
            "graph: seed is too large; expected at most 4,294,967,295",
        ),
        (
            lambda config: config["energy"].update(budget={"run_kg": 1e300}),
            "energy.budget: run_kg is too large",
        ),
    ],
)
def test_a_number_that_no_job_can_compute_with_is_refused(config, change, words):
    assert words in said(config, change)


def chain(step):
    return lambda config: config.update(chains=[{"name": "c", "model": "stgnn", "steps": [step]}])


@pytest.mark.parametrize(
    ("change", "end"),
    [
        (source(kind="table", form="long"), "config/methods.yaml shows all strategies and methods)."),
        (chain("exat"), "did you mean 'exact'?"),
        (lambda config: config["models"]["pooled_ridge"].update(recipe="frugal"), "no recipe: remove the key."),
        (lambda config: config["energy"].update(country_iso="DE"), "did you mean DEU (Germany)? (found 'DE')."),
        (recipe(batch=10**400), "expected at most 4,294,967,295: correct it and run again."),
        (recipe(loss="square"), "(found 'square'): correct it and run again."),
    ],
)  # fmt: skip
def test_the_message_says_what_to_do_once(config, change, end):
    message = said(config, change)
    assert message.endswith(end)
    assert "?:" not in message


def test_a_long_value_and_a_name_with_a_line_break_stay_one_short_line(config):
    message = said(config, recipe(loss="x" * 10_000))
    assert len(message) < 300
    message = said(config, lambda config: config["models"].update({"a\nb": config["models"]["gru"]}))
    assert "models.a\\nb" in message
    assert "\n" not in message
