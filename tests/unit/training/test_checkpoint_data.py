"""A checkpoint knows the panel, the graph and the version that it was made with, and is read with no others."""

import json
from dataclasses import replace

import pytest
import torch

from model_blocks import model_block
from small_study import graph_of, small_panel, task_of
from wattshed.config.models.recipes import RecipeBlock
from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors
from wattshed.training.checkpoint import read_checkpoint, read_spec, write_checkpoint
from wattshed.training.spec import ModelSpec, make_forecaster

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="pairs", batch=64, epochs=1, learning_rate=0.01, schedule="cosine", scaling="node"
)


@pytest.fixture
def checkpoint(task, graph, tmp_path):
    spec = ModelSpec("net", 1, model_block(form="stgnn", recipe="r"), RECIPE, task.windows).on(task, graph)
    path = tmp_path / "net-1.safetensors"
    write_checkpoint(path, make_forecaster(spec, task, graph, CPU).network, spec)
    return path


def test_it_is_read_with_its_own_panel_and_graph(checkpoint, task, graph):
    _, spec = read_checkpoint(checkpoint, task, graph, CPU)
    assert spec.lineage == "net"


def test_another_panel_of_the_same_shape_is_refused(checkpoint, graph):
    other = task_of(small_panel(missing_share=0.1))
    with pytest.raises(Fault, match=r"was trained on another panel .*expected the panel of its own study"):
        read_checkpoint(checkpoint, other, graph, CPU)


def test_another_graph_over_the_same_nodes_is_refused(checkpoint, task, graph):
    other = replace(graph_of(task), adjacency=graph.adjacency * 0.5)
    with pytest.raises(Fault, match="was trained on another graph"):
        read_checkpoint(checkpoint, task, other, CPU)


@pytest.mark.parametrize("version", [None, 99])
def test_another_format_names_the_version_that_made_it(checkpoint, task, graph, version):
    tensors, about = read_tensors(checkpoint)
    about.pop("format")
    if version is not None:
        about |= {"format": version, "wattshed": "9.9"}
    write_tensors(checkpoint, tensors, json.loads(json.dumps(about)))
    with pytest.raises(Fault, match=r"checkpoint format .* read it with the version that made it"):
        read_checkpoint(checkpoint, task, graph, CPU)


def test_a_checkpoint_under_another_ones_name_is_refused_in_a_study_and_read_elsewhere(
    checkpoint, task, graph
):
    study = checkpoint.parent / "checkpoints"
    study.mkdir()
    (study / "net-1.safetensors").write_bytes(checkpoint.read_bytes())
    read_checkpoint(study / "net-1.safetensors", task, graph, CPU)
    (study / "net+replay-1.safetensors").write_bytes(checkpoint.read_bytes())
    for reader in (lambda path: read_checkpoint(path, task, graph, CPU), read_spec):
        with pytest.raises(
            Fault, match="holds the checkpoint net-1: expected the one that the file is named after"
        ):
            reader(study / "net+replay-1.safetensors")
    (checkpoint.parent / "copy.safetensors").write_bytes(checkpoint.read_bytes())
    read_checkpoint(checkpoint.parent / "copy.safetensors", task, graph, CPU)


@pytest.mark.parametrize("form", ["stgnn", "gru", "stgnn_reference"])
def test_a_checkpoint_of_before_the_keys_is_read_as_it_was(form, task, graph, tmp_path):
    """Its description lacks the keys; its tensors have the names and shapes of one layer each."""
    sampling = "windows" if form == "stgnn_reference" else "pairs"
    recipe = RECIPE.model_copy(update={"sampling": sampling})
    spec = ModelSpec("net", 1, model_block(form=form, hidden=6), recipe, task.windows).on(task, graph)
    forecaster = make_forecaster(spec, task, graph, CPU)
    path = tmp_path / "net-1.safetensors"
    write_checkpoint(path, forecaster.network, spec)
    tensors, about = read_tensors(path)
    about = json.loads(json.dumps(about))
    added = {"channels", "recurrent_layers", "graph_dropout", "state_dropout", "graph_layers"}
    about["model"] = {key: value for key, value in about["model"].items() if key not in added}
    assert set(tensors) == {
        *(("input.weight", "input.bias") if form == "stgnn_reference" else ("own.weight",)),
        *(("neighbours.weight", "neighbours.bias") if form == "stgnn" else ()),
        *(("own.bias",) if form == "gru" else ()),
        *(f"gru.{kind}_{part}_l0" for kind in ("weight", "bias") for part in ("ih", "hh")),
        *("output.weight", "output.bias"),
    }
    write_tensors(path, tensors, about, kind="checkpoint")
    found, read = read_checkpoint(path, task, graph, CPU)
    assert read.model == spec.model
    origins = task.origins(task.splits.test)[:3]
    assert found.forecast(origins).tobytes() == forecaster.forecast(origins).tobytes()
