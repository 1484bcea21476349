import copy

import pytest

from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault

STEPS = [
    {"name": "stgnn_reference", "caption": "the study's recipe"},
    {"name": "stgnn", "caption": "random pairs"},
    {"name": "ridge", "caption": "closed form"},
]
RECORDED = {"form": "stgnn_reference", "recipe": "study"}
GRID = {"batch": [8], "learning_rate": [0.1], "loss": ["huber"], "seeds": [9]}


def with_ladder(config, **changes):
    ladder = {"steps": STEPS, "reference": "stgnn_reference", "tuned": "stgnn", **changes}
    return {**copy.deepcopy(config), "ladder": ladder}


def test_a_ladder_is_optional_and_names_its_opponents(config):
    assert load_study({**config, "ladder": None}).ladder is None
    ladder = load_study(with_ladder(config)).ladder
    assert ladder.opponents == {"reference": "stgnn_reference", "tuned": "stgnn"}
    assert load_study(with_ladder(config, tuned=None)).ladder.opponents == {"reference": "stgnn_reference"}


def test_a_ladder_names_what_it_compares_or_else_all_but_the_naive(config):
    assert load_study(with_ladder(config)).ladder.named == ["stgnn_reference", "stgnn", "ridge"]
    parts = [{"name": "closed form", "slow": "stgnn", "quick": "ridge"}]
    more = [*STEPS, {"name": "gru", "caption": "-"}, {"name": "persistence", "caption": "-"}]
    assert load_study(with_ladder(config, steps=more, parts=parts)).ladder.named == [
        "stgnn_reference",
        "stgnn",
        "ridge",
    ]
    assert load_study(with_ladder(config, steps=more)).ladder.named == [
        "stgnn_reference",
        "stgnn",
        "ridge",
        "gru",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"steps": [*STEPS, {"name": "gpt", "caption": "?"}]},
            r"ladder.steps.3.name is 'gpt'; expected one of \[.*'ridge'",
        ),
        (
            {"steps": [*STEPS, STEPS[0]]},
            "ladder: steps names 'stgnn_reference' twice; expected each step once",
        ),
        ({"steps": STEPS[:1]}, "ladder.steps: .*at least 2"),
        (
            {"steps": ["stgnn", "ridge"]},
            "ladder.steps.0: expected a block of keys; write {name: ..., caption: ...}",
        ),
        ({"steps": [*STEPS[:2], {"name": "ridge"}]}, "ladder.steps.2.caption is missing"),
        ({"reference": "gru"}, "ladder: reference is 'gru'; expected one of the steps"),
        ({"tuned": "stgnm"}, "ladder: tuned is 'stgnm'; expected one of the steps"),
        ({"tuned": "stgnn_reference"}, "ladder: tuned is 'stgnn_reference', the reference itself"),
        (
            {"reference": "ridge"},
            "ladder.reference is 'ridge', which has no epochs; expected one of the models",
        ),
        (
            {"steps": [*STEPS, {"name": "pooled_ridge", "caption": "-"}], "reference": "pooled_ridge"},
            "ladder.reference is 'pooled_ridge', which has no epochs; expected one of the models",
        ),
        (
            {"steps": [*STEPS[:1], {**STEPS[1], "changes": ["batch", "form"]}]},
            "ladder.steps.1: 'stgnn' changes batch, form; expected one key, or the key `together` with the reason",
        ),
        (
            {"steps": [STEPS[0], {**STEPS[1], "after": "stgnn_reference"}]},
            "'stgnn' comes after 'stgnn_reference' but has no `changes`",
        ),
        (
            {"steps": [{**STEPS[0], "changes": ["batch"], "after": "stgnn"}, STEPS[1]]},
            "ladder: steps.0 changes the step 'stgnn'; expected one of the steps above it",
        ),
        (
            {"steps": [*STEPS[:2], {**STEPS[2], "changes": ["form"]}]},
            "ladder: 'ridge' has changes, but 'ridge' has no recipe; expected two models with recipes",
        ),
        ({"targets": ["gru"]}, "ladder: targets names 'gru'; expected one of the steps"),
        ({"targets": ["ridge", "ridge"]}, "ladder: targets names 'ridge' twice; expected each step once"),
        ({"naive": []}, "ladder.naive: .*at least 1"),
        ({"naive": ["stgnn"]}, "ladder: naive names 'stgnn'; expected some of persistence, seasonal_24h"),
        (
            {"parts": [{"name": "kernel", "slow": "stgnn", "quick": "stgnn"}]},
            "ladder: parts: 'kernel' goes from 'stgnn' to itself; expected two steps",
        ),
        (
            {"steps": [STEPS[0], {**STEPS[1], "changes": ["dropout"]}]},
            "ladder: 'stgnn' says that it changes dropout of 'stgnn_reference', but .* differs?; expected the keys",
        ),
        (
            {"tuning": {"record": "a.json", "grids": {"stgnn": {**GRID, "batch": [0]}}}},
            "ladder.tuning.grids.stgnn.batch.0: .*greater than or equal to 1",
        ),
        (
            {"tuning": {"record": "a.json", "grids": {"stgnn": {**GRID, "learning_rate": [5.0]}}}},
            "ladder.tuning.grids.stgnn.learning_rate.0: .*less than or equal to 1",
        ),
        (
            {"tuning": {"record": "a.json", "grids": {"stgnn": {**GRID, "seeds": [1]}}}},
            "ladder.tuning.grids.stgnn.seeds has 1, which is a seed of the study; expected others",
        ),
        (
            {"tuning": {"record": "a.json", "grids": {"stgnn": {**GRID, "batch": [7]}}}},
            "ladder.tuning.grids.stgnn: a check comes after .* not a whole number of batches of 7",
        ),
        (
            {"parts": [{"name": "kernel", "slow": "stgnn", "quick": "gru"}]},
            "ladder: parts names 'gru'; expected one of the steps",
        ),
        (
            {
                "steps": [
                    *STEPS,
                    {**STEPS[1], "name": "gru", "recorded": {"path": "a.json", "model": RECORDED}},
                ]
            },
            "ladder.steps.3 is recorded and 'gru' is trained too; expected one of both",
        ),
        (
            {"tuning": {"record": "a.json", "grids": {"ridge": GRID}}},
            "ladder.tuning.grids names 'ridge'; expected one of the models",
        ),
        ({"referense": "stgnn"}, "referense is not a known key: did you mean 'reference'"),
    ],
)
def test_a_wrong_ladder_gives_one_clear_sentence(config, changes, sentence):
    with pytest.raises(Fault, match=sentence) as caught:
        load_study(with_ladder(config, **changes), "config.yaml")
    assert "\n" not in str(caught.value)
