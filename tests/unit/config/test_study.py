import copy
import datetime
import json
import subprocess
import sys

import pytest
import yaml

from wattshed.config.schema import schema_text
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


def changed(config, place, value):
    result = copy.deepcopy(config)
    block = result
    *above, last = place.split(".")
    for key in above:
        block = block[key]
    if value is KeyError:
        del block[last]
    else:
        block[last] = value
    return result


def test_every_shipped_study_is_valid(root):
    studies = sorted((root / "config").glob("*.yaml"))
    assert len(studies) >= 6
    for path in studies:
        own = yaml.safe_load(path.read_text())
        load_study(own, path.name)


def test_every_shipped_ladder_is_one_whole_study(root):
    for panel in ("homes", "nations", "synthetic", "texas"):
        own = yaml.safe_load((root / f"config/ladder_{panel}.yaml").read_text())
        study = load_study(own)
        steps = [step.name for step in study.ladder.steps]
        assert "tuned" in steps[:2]
        assert steps.index("short_cosine") < steps.index("linear_part") < steps.index("residual_stgnn")
        controls = {name for name, model in study.models.items() if model.graph == "shuffled"}
        assert set(steps) | controls == {*study.trained, *study.baselines}
        assert len(study.seeds) >= 3
        # The opponent learns until it stops improving: its epochs are far more than its patience.
        tuned = study.recipes[study.models["tuned"].recipe]
        assert tuned.epochs > 10 * tuned.patience


def test_the_committed_schema_is_the_generated_one(root):
    assert (root / "config/schema.json").read_text() == schema_text(), (
        "run: python -m wattshed.config.schema > config/schema.json"
    )


def test_every_key_is_described():
    schema = json.loads(schema_text())
    blocks = [schema, *schema["$defs"].values()]
    bare = [
        f"{block.get('title')}.{name}"
        for block in blocks
        for name, key in block.get("properties", {}).items()
        if "description" not in key and "const" not in key
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        ("seeds", KeyError, "seeds is missing: add it"),
        (
            "recipes.frugal.learning_rat",
            0.1,
            r"learning_rat is not a known key: did you mean 'learning_rate'",
        ),
        ("colour", "red", "colour is not a known key"),
        ("recipes.frugal.batch", "many", "recipes.frugal.batch: input should be a valid integer.*'many'"),
        ("recipes.frugal.learning_rate", -1, "recipes.frugal.learning_rate: .*greater than 0.*-1"),
        ("seeds", [1, "2"], "seeds.1: input should be a valid integer"),
        ("seeds", [1, 1.5], "seeds.1: input should be a valid integer"),
        ("seeds", ["a"], "seeds.0: input should be a valid integer.*'a'"),
        ("seeds", [1, 2.0], "seeds.1: input should be a valid integer.*2.0"),
        ("seeds", [True], "seeds.0: input should be a valid integer.*True"),
        ("seeds", [1, None], "seeds.1: input should be a valid integer.*None"),
        ("seeds", 7, "seeds: expected a list; write \\[7\\] \\(found 7\\)"),
        ("seeds", [1, 1], "expected different whole numbers"),
        ("seeds", [-1], "expected different whole numbers from 0 to 4294967295"),
        ("seeds", [2**32], "expected different whole numbers from 0 to 4294967295"),
        (
            "recipes.frugal.precision",
            "fp8",
            "recipes.frugal.precision: input should be 'fp32', 'bf16' or 'fp16'",
        ),
        ("recipes.frugal.accumulate", 0, "recipes.frugal.accumulate: .*greater than or equal to 1"),
        ("recipes.frugal.ema_decay", 1.0, "recipes.frugal.ema_decay: .*less than 1"),
        ("recipes.frugal.layer_rates", {"gru": -1.0}, "recipes.frugal.layer_rates.gru: .*or equal to 0"),
        ("recipes.study.edge_keep_share", 0.0, "edge_keep_share: .*greater than 0"),
        (
            "recipes.frugal.node_keep_share",
            0.5,
            "node_keep_share is 0.5, but sampling is 'pairs', .*expected 1, or",
        ),
        (
            "recipes.frugal.edge_keep_share",
            0.5,
            "edge_keep_share is 0.5, but sampling is 'pairs', .*expected 1, or",
        ),
        (
            "models.gru.own_history",
            False,
            "models.gru.own_history is not a known key",
        ),
        ("graph.minimum_weight", 2, "graph.minimum_weight: .*less than or equal to 1"),
        ("data.windows.horizon_h", 0, "horizon_h"),
        ("data.splits.train_share", 0.95, "later months are left"),
        ("energy.country_iso", "Atlantis", "energy.country_iso: 'Atlantis' is not a country.*ISO 3166"),
        ("models.stgnn.recipe", "thrifty", "models.stgnn.recipe is 'thrifty'; expected one of"),
        (
            "models.stgnn.recipe",
            "study",
            "trained on pairs or sequences, but its recipe 'study' samples windows",
        ),
        ("studied_model", "stgnn", "studied_model is not a known key"),
        ("data.source.kind", "houses", "data.source"),
        (
            "compression.variants.low_rank_6_tuned.rank",
            16,
            "cannot be made of 'stgnn': rank is 16; expected less than 12",
        ),
        ("study", "My Study", "study"),
        ("data.windows.look_back_h", "24", "look_back_h: input should be a valid number.*'24'"),
        ("baselines", [], "baselines"),
        ("energy.region", "atlantis", "region is 'atlantis'; expected no region for ESP"),
        ("models", {"a b/../c": {"form": "stgnn", "recipe": "frugal"}}, "models"),
    ],
)
def test_bad_keys_and_values_give_one_clear_sentence(config, place, value, sentence):
    with pytest.raises(Fault, match=sentence) as caught:
        load_study(changed(config, place, value), "config.yaml")
    message = str(caught.value)
    assert message.startswith("config.yaml: ")
    assert "\n" not in message


def test_zero_is_a_value_and_not_a_wish_for_the_default(config):
    """The expression `dropout or default` would turn 0.0 into 0.3."""
    study = load_study(changed(config, "models.stgnn_reference.dropout", 0.0), "config.yaml")
    assert study.models["stgnn_reference"].dropout == 0.0


def test_every_new_key_of_a_recipe_means_nothing_until_it_is_given(config):
    plain = load_study(config, "config.yaml").recipes["study"]
    given = {
        "precision": "fp32",
        "accumulate": 1,
        "min_delta": 0.0,
        "patience_warm_up_epochs": 0,
        "plateau_factor": 0.5,
        "plateau_patience": 3,
        "minimum_rate": 1e-6,
        "layer_rates": {},
        "ema_decay": 0.0,
        "edge_keep_share": 1.0,
        "node_keep_share": 1.0,
    }
    with_all = changed(config, "recipes.study", config["recipes"]["study"] | given)
    assert load_study(with_all, "config.yaml").recipes["study"] == plain


def test_reading_a_study_loads_no_torch():
    code = "import sys; import wattshed.config.study; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_date_in_yaml_is_a_date(config):
    source = {"kind": "goiener", "start": datetime.date(2018, 12, 1)}
    study = load_study(changed(config, "data.source", source), "config.yaml")
    assert study.data.source.start == datetime.date(2018, 12, 1)


def test_a_block_that_contains_itself_is_refused(config):
    endless = yaml.safe_load("&a [*a]")
    with pytest.raises(
        Fault, match="a block contains itself by an anchor: expected blocks that end; remove the alias"
    ):
        load_study({**config, "recipes": {"mine": endless}})


def test_a_key_that_is_not_text_is_refused(config):
    with pytest.raises(Fault, match="a key is not text"):
        load_study({**config, datetime.date(2015, 1, 1): "x"})


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["dlinea"], "compression.also_measured.0 is 'dlinea'; expected one of the models"),
        (["gru", "ridge"], "also_measured.1 is 'ridge', which is a baseline and makes no checkpoint; expected one of"),
        (["gru+replay"], "also_measured.0 is 'gru\\+replay'; expected one of the models"),
        (["stgnn_shuffled"], "also_measured.0 is 'stgnn_shuffled', a control with a shuffled graph, which is never"),
        (["gru", "gru"], "also_measured has 'gru' twice; expected each model or lineage once"),
        ("gru", "also_measured: expected a list; write \\[gru\\]"),
    ],
)  # fmt: skip
def test_only_base_models_can_be_measured_beside(root, names, says):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    config["compression"]["also_measured"] = names
    with pytest.raises(Fault, match=says):
        load_study(config)
    config["compression"]["also_measured"] = ["gru", "dlinear"]
    assert load_study(config).compression.also_measured == ["gru", "dlinear"]
