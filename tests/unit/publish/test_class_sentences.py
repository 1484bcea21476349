import pandas as pd
import pytest

from wattshed.publish.sentences.classes import class_sentences, memory_pairs

RECIPES = {
    "plain": {"sampling": "examples", "learning_rate": 0.003, "memory": None},
    "lean": {"sampling": "examples", "learning_rate": 0.003, "memory": {"level": "medium"}},
    "slow": {"sampling": "examples", "learning_rate": 0.001, "memory": {"level": "medium"}},
}
MODELS = {
    "net": {"form": "gnn_stan", "hidden": 32, "recipe": "plain"},
    "net_lean": {"form": "gnn_stan", "hidden": 32, "recipe": "lean"},
    "net_slow": {"form": "gnn_stan", "hidden": 32, "recipe": "slow"},
    "wide": {"form": "gnn_stan", "hidden": 64, "recipe": "plain"},
}


def scored(**accuracies):
    """Frame of 20 windows of 4 classes; accuracies by model, one per seed."""
    rows = [
        {
            "model": model,
            "seed": seed,
            "windows": 20,
            "classes": 4,
            "chance": 0.25,
            "accuracy": one,
            "log_loss": 1 - one,
        }
        for model, seeds in accuracies.items()
        for seed, one in enumerate(seeds, 1)
    ]
    return pd.DataFrame(rows)


def test_controls_and_networks_are_named_with_their_accuracy():
    said = class_sentences(
        scored(net=[0.8, 0.9, 0.85], wide=[0.5, 0.5, 0.5], majority=[0.3], logistic=[0.95]), MODELS, RECIPES
    )
    assert said == [
        "A guess among 4 classes is right in 25.0 % of the 20 test windows; the controls are right in 30.0 % "
        "(majority), 95.0 % (logistic).",
        "The networks are right in 85.0 % (net, n = 3 seeds), 50.0 % (wide, n = 3 seeds); net is right 10.0 "
        "percentage points less often than logistic, the best control.",
    ]


@pytest.mark.parametrize(
    ("control", "words"),
    [
        (0.8, "right 5.0 percentage points more often than ridge"),
        (0.85, "net as often as ridge, the best control"),
    ],
)
def test_the_best_network_is_held_against_the_best_control(control, words):
    said = class_sentences(scored(net=[0.85], majority=[0.1], ridge=[control]), MODELS, RECIPES)
    assert words in said[1]


def test_without_controls_or_without_networks_the_others_are_said_alone():
    assert class_sentences(scored(net=[0.8]), MODELS, RECIPES) == [
        "A guess among 4 classes is right in 25.0 % of the 20 test windows.",
        "The networks are right in 80.0 % (net).",
    ]
    assert len(class_sentences(scored(majority=[0.8]), MODELS, RECIPES)) == 1


def test_only_the_same_network_and_training_is_compared_with_its_plan_of_memory():
    assert memory_pairs(list(MODELS), MODELS, RECIPES) == [("net", "net_lean")]
    assert memory_pairs(["net_lean", "net"], MODELS, RECIPES) == [("net", "net_lean")]
    assert memory_pairs(["net_lean", "net_slow", "wide"], MODELS, RECIPES) == []
    # The level none is no plan.
    named = {**RECIPES, "plain": {**RECIPES["plain"], "memory": {"level": "none", "mechanisms": []}}}
    assert memory_pairs(["net_lean", "net"], MODELS, named) == [("net", "net_lean")]


@pytest.mark.parametrize(
    ("lean", "words"),
    [
        ([0.8, 0.9, 0.85], ", the same in each of 3 seeds. Its log loss is 0.150 instead of 0.150."),
        (
            [0.75, 0.95, 0.85],
            "a change of 0.0 percentage points [-12.4, 12.4] (95 % over n = 3 seeds), so that no",
        ),
        (
            [0.6, 0.7, 0.66],
            "a change of -19.7 percentage points [-21.1, -18.2] (95 % over n = 3 seeds). Its log",
        ),
        ([0.7], "a change of -10.0 percentage points (n = 1 seed). Its log loss is 0.300 instead of 0.150."),
    ],
)
def test_the_change_by_a_plan_of_memory_is_paired_by_seeds(lean, words):
    said = class_sentences(scored(net=[0.8, 0.9, 0.85], net_lean=lean), MODELS, RECIPES)
    assert said[-1].startswith("net_lean is net with a plan of memory: it is right in ")
    assert words in said[-1]
