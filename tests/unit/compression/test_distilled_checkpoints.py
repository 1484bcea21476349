"""Distilled checkpoints: what a job makes of a teacher's, and which teachers it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from made_makings import CPU, short_recipe
from model_blocks import model_block
from small_study import graph_of, small_panel, task_of
from students import settings_of
from wattshed.compression.making import compress_checkpoints
from wattshed.config.models.compression import TuningBlock, variant_of
from wattshed.config.models.recipes import CLOSED_FORM
from wattshed.foundation.faults import Fault
from wattshed.training.checkpoint import read_checkpoint, read_spec, write_checkpoint
from wattshed.training.spec import ModelSpec, make_forecaster


def write_base(folder, given, recipe=None, **keys):
    spec = ModelSpec("model", 1, model_block(**keys), recipe or short_recipe(), given.task.windows)
    spec = spec.on(given.task, given.graph)
    path = folder / "model-1.safetensors"
    forecaster = make_forecaster(spec, given.task, given.graph, CPU)
    forecaster.solve(given.task)
    write_checkpoint(path, forecaster.network, spec)
    return path


def compress(given, path, name, settings):
    target = path.with_name(path.name.replace("-1.", f"+{name}-1."))
    ledger = target.with_suffix(".jsonl")
    compress_checkpoints(
        given, [path], [target], variant=name, settings=settings, tuning=TuningBlock(batch=32), ledger=ledger
    )
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    return target, [line for line in lines if line["event"] == "window"]


def test_a_checkpoint_is_distilled_then_tuned_and_quantised(given, tmp_path):
    """From windows to pairs: the student's checkpoint holds its own recipe, and later steps follow that."""
    base = write_base(
        tmp_path, given, short_recipe(sampling="windows", scaling="panel"), form="stgnn_reference"
    )
    settings = settings_of({"form": "stgnn", "hidden": 3}, recipe=short_recipe(), fine_tune_steps=4)
    distilled, windows = compress(given, base, "distil_3", settings)
    assert [window["name"] for window in windows] == ["make", "fine_tune"]
    assert windows[0]["values"]["steps"] == 12
    assert windows[0]["values"]["train_loss"] > 0
    assert windows[0]["energy"]
    spec, _ = read_spec(distilled)
    assert (spec.recipe.sampling, spec.recipe.scaling) == ("pairs", "panel")
    student, _ = read_checkpoint(distilled, given.task, given.graph, CPU)
    assert student.network.parameter_count() == 3 * 3 + 3 * 18 + 18 + 9 + 3
    half, _ = compress(given, distilled, "half", variant_of('{"method": "prune", "keep_share": 0.67}'))
    small, _ = compress(given, half, "int8", variant_of('{"method": "int8"}'))
    spec, unavailable = read_spec(small)
    assert spec.lineage == "model+distil_3+half+int8"
    if unavailable is None:
        origins = given.task.origins(given.task.splits.test)[:3]
        forecaster, _ = read_checkpoint(small, given.task, given.graph, CPU)
        assert np.isfinite(forecaster.forecast(origins)).all()


def test_the_same_job_gives_the_same_student(given, tmp_path):
    base = write_base(tmp_path, given, form="stgnn", graph="shuffled")
    settings = settings_of({"form": "stgnn", "hidden": 3}, hidden_weight=0.1)
    first = compress(given, base, "distil_3", settings)[0].read_bytes()
    torch.randn(3)
    assert compress(given, base, "distil_3", settings)[0].read_bytes() == first


def test_a_closed_form_teaches_a_small_network(given, tmp_path):
    spec = ModelSpec("model", 1, model_block("pooled_ridge", recipe=None), CLOSED_FORM, given.task.windows)
    base = tmp_path / "model-1.safetensors"
    forecaster = make_forecaster(spec, given.task, given.graph, CPU)
    forecaster.solve(given.task)
    write_checkpoint(base, forecaster.network, spec)
    with pytest.raises(Fault, match="distil_2 cannot be made of model: the teacher is solved in closed form"):
        compress(given, base, "distil_2", settings_of())
    recipe = short_recipe(epochs=8, steps_per_epoch=25)
    made, windows = compress(given, base, "distil_2", settings_of(recipe=recipe))
    values = windows[0]["values"]
    assert values["train_loss"] < values["first_train_loss"]
    student, spec = read_checkpoint(made, given.task, given.graph, CPU)
    assert spec.recipe == recipe
    assert student.network.parameter_count() == 49


def test_a_teacher_of_another_horizon_panel_or_graph_is_refused(given, tmp_path):
    base = write_base(tmp_path, given, form="stgnn")
    panel = small_panel()
    longer = task_of(panel, horizon_steps=6)
    denser = graph_of(given.task, neighbours=3)
    for task, graph, sentence in (
        (longer, graph_of(longer), "forecasts 3 h from 12 h, the task asks for 6 h from 12 h"),
        (task_of(small_panel(seed=4)), given.graph, "was trained on another panel"),
        (given.task, denser, "was trained on another graph"),
    ):
        other = replace(given, task=task, graph=graph)
        with pytest.raises(Fault, match=sentence):
            compress(other, base, "distil_2", settings_of())


def test_a_student_of_an_unknown_family_is_named(given, tmp_path, own_plugin):
    base = write_base(tmp_path, given, form="stgnn")
    made, _ = compress(given, base, "distil_2", settings_of())
    about = made.read_bytes().replace(b'\\"form\\": \\"gru\\"', b'\\"form\\": \\"foo\\"')
    made.write_bytes(about)
    with pytest.raises(Fault, match="was made by the model family 'foo', which is not one of wattshed's"):
        read_spec(made)
