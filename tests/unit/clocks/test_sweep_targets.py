"""What a sweep of a checkpoint runs, and the metered job around it."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from compressed_checkpoints import RECIPE, VARIANTS, compress, write_base
from model_blocks import model_block
from running_clocks import RunningClocks
from wattshed.clocks.sweeping import job as job_module
from wattshed.clocks.sweeping.job import journal_of, sweep_checkpoint
from wattshed.clocks.sweeping.targets.inference import WINDOWS_PER_CALL, inference_target
from wattshed.clocks.sweeping.targets.training import STEPS_PER_CALL, training_target
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.models.recipes import CLOSED_FORM
from wattshed.energy.ledger.reading import read_ledger
from wattshed.forecast.job_inputs import JobInputs
from wattshed.foundation.faults import Fault
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.loop import validation_rmse
from wattshed.training.spec import ModelSpec, make_forecaster

CPU = torch.device("cpu")
BLOCK = ClocksBlock(points=4, repeats=3, min_point_s=0.1)


@pytest.fixture
def given(task, graph, metering):
    return JobInputs(task, graph, metering, CPU, "torch")


def made(given, form="stgnn", recipe=RECIPE, **keys):
    spec = ModelSpec("model", 1, model_block(form, **keys), recipe, given.task.windows)
    torch.manual_seed(1)
    return make_forecaster(spec, given.task, given.graph, CPU, "torch"), spec


@pytest.mark.parametrize(
    ("form", "recipe"),
    [
        ("stgnn", RECIPE),
        ("stgnn", RECIPE.model_copy(update={"accumulate": 2, "steps_per_epoch": 15})),
        (
            "stgnn_reference",
            RECIPE.model_copy(
                update={"sampling": "windows", "batch": 4, "steps_per_epoch": 12, "scaling": "panel"}
            ),
        ),
    ],
)
def test_training_is_real_gradient_steps_by_the_recipe(given, form, recipe):
    forecaster, spec = made(given, form, recipe)
    task = given.task
    check = task.origins(task.splits.validation)[:64]
    before = validation_rmse(forecaster, task, check)
    target = training_target(forecaster, spec, task)
    for _ in range(6):
        target.call()
    assert validation_rmse(forecaster, task, check) < 0.9 * before
    assert target.identity == {"steps_per_call": STEPS_PER_CALL}
    assert target.name == "model training"


def test_a_closed_form_is_solved_again(given):
    forecaster, spec = solved(given)
    task = given.task
    origins = task.origins(task.splits.test)[:8]
    wanted = forecaster.forecast(origins)
    for weights in forecaster.network.state_dict().values():
        if weights.is_floating_point():
            weights.zero_()
    assert not np.allclose(forecaster.forecast(origins), wanted)
    training_target(forecaster, spec, task).call()
    np.testing.assert_allclose(forecaster.forecast(origins), wanted, rtol=1e-5)


def solved(given):
    spec = ModelSpec("model", 1, model_block("pooled_ridge", recipe=None), CLOSED_FORM, given.task.windows)
    forecaster = make_forecaster(spec, given.task, given.graph, CPU, "torch")
    forecaster.solve(given.task)
    return forecaster, spec


def test_what_cannot_be_trained_is_refused_with_the_step_that_took_it_away(given, tmp_path):
    (path,) = compress(given, write_base(tmp_path, given.task, given.graph, seeds=(1,)), "int8")
    with pytest.raises(Fault, match=r"^model\+int8 cannot be trained \(after 'int8'\): .*clocks\.works\.$"):
        sweep_checkpoint(
            path,
            given,
            BLOCK,
            work="training",
            output=tmp_path / "x.sweep.parquet",
            ledger=tmp_path / "l.jsonl",
        )
    assert not list(tmp_path.glob("x*"))


def test_a_pruned_checkpoint_can_be_trained(given, tmp_path):
    (path,) = compress(
        given, write_base(tmp_path, given.task, given.graph, seeds=(1,)), "half", VARIANTS["half"]
    )
    forecaster, spec = read_checkpoint(path, given.task, given.graph, CPU, "torch")
    training_target(forecaster, spec, given.task).call()


def test_a_loss_that_is_not_finite_ends_the_sweep(given):
    forecaster, spec = made(given)
    with torch.no_grad():
        next(forecaster.network.parameters()).fill_(float("nan"))
    with pytest.raises(Fault, match="the loss is not finite after 10 steps"):
        training_target(forecaster, spec, given.task).call()


def test_inference_forecasts_the_same_windows_in_each_call(given, monkeypatch):
    forecaster, spec = made(given)
    asked = []
    monkeypatch.setattr(forecaster, "forecast", lambda origins: asked.append(origins.tolist()))
    target = inference_target(forecaster, spec, given.task)
    target.call()
    target.call()
    assert asked[0] == asked[1]
    assert len(asked[0]) == WINDOWS_PER_CALL


@pytest.fixture
def gpu(monkeypatch):
    """The job's back end: one that runs its workload."""
    opened = RunningClocks()

    class Plugin:
        def open(self, block):
            return opened

        def device(self, block):
            return CPU

    monkeypatch.setattr(job_module, "load", lambda kind, name: Plugin())
    return opened


@pytest.fixture
def checkpoint(given, tmp_path):
    forecaster, spec = made(given)
    write_checkpoint(tmp_path / "model.safetensors", forecaster.network, spec)
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize("work", ["inference", "training"])
def test_a_job_writes_its_rows_and_a_ledger_and_leaves_no_journal(given, gpu, checkpoint, tmp_path, work):
    output, ledger = tmp_path / "m.sweep.parquet", tmp_path / "m.jsonl"
    sweep_checkpoint(checkpoint, given, BLOCK, work=work, output=output, ledger=ledger)
    frame = pd.read_parquet(output)
    assert set(frame["workload"]) == {f"model {work}"}
    (attempt,) = read_ledger(ledger).attempts
    labels = attempt.start["labels"]
    assert (labels["work"], labels["lineage"], labels["backend"]) == (work, "model", "simulated")
    assert not journal_of(output).exists()


def test_a_job_that_ended_early_goes_on_and_keeps_its_energy(given, gpu, checkpoint, tmp_path):
    output, ledger = tmp_path / "m.sweep.parquet", tmp_path / "m.jsonl"
    measure, done = gpu.measure, []

    def until(workload, min_s):
        done.append(1)
        if len(done) == 6:
            raise KeyboardInterrupt
        return measure(workload, min_s)

    gpu.measure = until
    with pytest.raises(KeyboardInterrupt):
        sweep_checkpoint(checkpoint, given, BLOCK, work="inference", output=output, ledger=ledger)
    assert not output.exists()
    assert journal_of(output).exists()
    sweep_checkpoint(checkpoint, given, BLOCK, work="inference", output=output, ledger=ledger)
    assert pd.read_parquet(output)["session"].tolist().count(1) == 5
    assert len(read_ledger(ledger).attempts) == 2
    events = [json.loads(line)["event"] for line in ledger.read_text().splitlines()]
    assert (events.count("start"), events[-1]) == (2, "end")


def test_another_checkpoint_begins_again_with_a_reason(given, gpu, checkpoint, tmp_path, capsys):
    output, ledger = tmp_path / "m.sweep.parquet", tmp_path / "m.jsonl"
    measure = gpu.measure
    gpu.measure = lambda workload, min_s: measure(workload, min_s) if len(gpu.locks) < 4 else 1 / 0
    with pytest.raises(ZeroDivisionError):
        sweep_checkpoint(checkpoint, given, BLOCK, work="inference", output=output, ledger=ledger)
    gpu.measure = measure
    forecaster, spec = made(given)
    with torch.no_grad():
        next(forecaster.network.parameters()).add_(1.0)
    write_checkpoint(checkpoint, forecaster.network, spec)
    sweep_checkpoint(checkpoint, given, BLOCK, work="inference", output=output, ledger=ledger)
    assert set(pd.read_parquet(output)["session"]) == {1}
    assert "work.checkpoint_sha256 was " in capsys.readouterr().err
