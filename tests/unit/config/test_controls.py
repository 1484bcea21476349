"""Models with a graph get a twin on a shuffled graph, once, and only where the study asks for it."""

import copy
import json

import pytest
import yaml

from wattshed.config.models.controls import reads_graph, twin_of
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault


@pytest.fixture
def config(root):
    """The default study without its own twins."""
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    del config["models"]["stgnn_shuffled"], config["controls"]
    steps = config["ladder"]["steps"]
    config["ladder"]["steps"] = [step for step in steps if step["name"] != "stgnn_shuffled"]
    return config


def names(config):
    return list(load_study(config).models)


def test_by_default_each_graph_model_gets_a_twin_behind_it(config):
    found = names(config)
    for name in ("stgnn_reference", "stgnn", "residual_stgnn", "pooled_ridge"):
        assert found[found.index(name) + 1] == f"{name}_shuffled"
    assert not {"gru_shuffled", "dlinear_shuffled"} & set(found)
    assert len(found) == len(config["models"]) + 4


def test_a_twin_differs_in_its_graph_alone(config):
    models = load_study(config).models
    own, twin = models["residual_stgnn"].model_dump(), models["residual_stgnn_shuffled"].model_dump()
    assert twin.pop("graph") == "shuffled"
    assert own.pop("graph") == "given"
    assert own == twin


def test_only_named_models_get_a_twin_and_an_empty_list_gives_none(config):
    config["controls"] = {"shuffled_graph": ["residual_stgnn"]}
    assert set(names(config)) - set(config["models"]) == {"residual_stgnn_shuffled"}
    config["controls"] = {"shuffled_graph": []}
    assert names(config) == list(config["models"])


def test_a_twin_that_the_study_has_by_hand_is_not_added_again(config):
    config["models"]["my_control"] = {**config["models"]["stgnn"], "graph": "shuffled"}
    config["controls"] = {"shuffled_graph": ["stgnn"]}
    study = load_study(config)
    assert list(study.models) == list(config["models"])
    blocks = {name: model.model_dump() for name, model in study.models.items()}
    assert twin_of("stgnn", blocks) == "my_control"
    assert twin_of("my_control", blocks) is None
    assert twin_of("residual_stgnn", blocks) is None


def test_a_saved_configuration_reads_as_the_same_study(config):
    study = load_study(config)
    again = load_study(json.loads(study.model_dump_json()))
    assert again == study
    assert list(again.models) == list(study.models)


@pytest.mark.parametrize("name", ["gru", "stgnn_shuffled", "unheard_of"])
def test_a_name_that_cannot_have_a_twin_is_refused(config, name):
    config["models"]["stgnn_shuffled"] = {**config["models"]["stgnn"], "graph": "shuffled"}
    config["controls"] = {"shuffled_graph": ["stgnn", name]}
    with pytest.raises(
        Fault, match=rf"controls.shuffled_graph.1 is '{name}'; expected one of the models with a graph"
    ):
        load_study(config)


def test_a_twins_name_that_another_model_has_is_refused(config):
    config["models"]["stgnn_shuffled"] = copy.deepcopy(config["models"]["gru"])
    with pytest.raises(Fault, match=r"models\.stgnn_shuffled has the name of the shuffled twin of 'stgnn'"):
        load_study(config)


def test_a_study_without_a_graph_model_needs_no_control(config):
    config["models"] = {"gru": config["models"]["gru"]}
    config |= {"chains": [], "adaptation": {"models": []}, "compression": {"models": []}}
    del config["ladder"]
    assert names(config) == ["gru"]


def test_every_shipped_study_with_a_graph_has_a_control(root):
    for file in sorted((root / "config").glob("*.yaml")):
        study = load_study(yaml.safe_load(file.read_text()), file.name)
        if not any(reads_graph(model) for model in study.models.values()):
            # Classes have no graph over them.
            assert file.name == "brains.yaml"
            continue
        blocks = {name: model.model_dump() for name, model in study.models.items()}
        assert any(twin_of(name, blocks) for name in blocks), file.name


def test_a_model_whose_settings_leave_the_graph_out_gets_no_twin(config):
    config["models"]["pooled_ridge"]["neighbours"] = False
    assert "pooled_ridge_shuffled" not in names(config)
    config["controls"] = {"shuffled_graph": ["pooled_ridge"]}
    with pytest.raises(Fault, match=r"shuffled_graph\.0 is 'pooled_ridge'; expected one of the models with"):
        names(config)
