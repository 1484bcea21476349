"""Real trainings of small networks, metered like any other job."""

import errno
import itertools
import json
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
import torch

from model_blocks import model_block
from small_study import small_panel, task_of
from training_runs import train_into
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.engine.choice import choose
from wattshed.forecast.baselines.protocol import make_baseline
from wattshed.forecast.metrics import metrics, sum_errors
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Examples, PermutedBatches
from wattshed.training.batches.samplers import PairSampler, WindowSampler
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.job import data_fingerprint, training_fingerprint
from wattshed.training.loop import validation_rmse
from wattshed.training.spec import ModelSpec, make_forecaster
from wattshed.training.step.gradient import observed_loss
from wattshed.training.step.schedules import cosine_rate

CPU = torch.device("cpu")
FRUGAL = RecipeBlock(
    sampling="pairs",
    batch=64,
    epochs=4,
    steps_per_epoch=40,
    learning_rate=5e-3,
    schedule="cosine",
    warm_up_steps=10,
    scaling="node",
)
REFERENCE = RecipeBlock(
    sampling="windows",
    batch=1,
    epochs=2,
    steps_per_epoch=30,
    learning_rate=1e-3,
    schedule="plateau",
    scaling="panel",
)
WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)


def recipe(form="stgnn", block=FRUGAL, seed=1, name="model", **model):
    return ModelSpec(name, seed, model_block(form=form, **model), block, WINDOWS)


def run(task, graph, made_by, metering, folder, engine="auto"):
    train_into(folder, task, graph, metering, made_by, engine=engine)
    return pd.read_parquet(folder / "epochs.parquet")


def test_training_learns_and_beats_the_naive_forecasts(task, graph, metering, tmp_path):
    epochs = run(task, graph, recipe(), metering, tmp_path)
    assert epochs["train_loss"].iloc[-1] < 0.5 * epochs["train_loss"].iloc[0]
    forecaster, made_by = read_checkpoint(tmp_path / "model.safetensors", task, graph, CPU)
    assert made_by == recipe().on(task, graph)
    origins = task.origins(task.splits.test)
    ours = metrics(sum_errors(forecaster.forecast(origins), *task.truth(origins)), np.ones(5))["rmse"]
    naive = make_baseline("persistence", task, graph).forecast(origins)
    assert ours < 0.7 * metrics(sum_errors(naive, *task.truth(origins)), np.ones(5))["rmse"]


def test_the_checkpoint_holds_the_epoch_with_the_least_validation_error(task, graph, metering, tmp_path):
    """The study's stopper forgot the best loss of its warm-up."""
    epochs = run(task, graph, recipe(), metering, tmp_path)
    forecaster, _ = read_checkpoint(tmp_path / "model.safetensors", task, graph, CPU)
    check = task.origins(task.splits.validation)
    assert validation_rmse(forecaster, task, check) == pytest.approx(
        epochs["validation_rmse"].min(), rel=1e-5
    )


def test_every_epoch_has_its_energy_and_sums_to_less_than_the_job(task, graph, metering, tmp_path):
    # Long enough for the sensors' resolution: a shorter epoch's energy is refused.
    epochs = run(task, graph, recipe(block=FRUGAL.model_copy(update={"batch": 4096})), metering, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    windows = [line for line in lines if line["event"] == "window"]
    assert len(windows) == len(epochs) == 4
    assert (epochs["energy_kwh"] > 0).all()
    whole = sum(part["kwh"] for part in lines[-1]["energy"].values() if part["kwh"] is not None)
    assert epochs["energy_kwh"].sum() <= whole
    assert epochs["cumulative_kwh"].iloc[-1] == pytest.approx(epochs["energy_kwh"].sum())


@pytest.mark.parametrize(
    ("form", "block", "engine", "back_end"),
    [
        ("stgnn", FRUGAL, "auto", "fused_cpu"),
        ("stgnn", FRUGAL, "torch", "torch"),
        ("stgnn_reference", REFERENCE, "auto", "torch"),
    ],
)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    task, graph, metering, tmp_path, form, block, engine, back_end
):
    """The study never set its seed."""
    if choose(engine, "cpu", 16).name == "torch" and back_end != "torch":
        pytest.skip("no C compiler here")
    contents = []
    for place, seed in (("a", 1), ("b", 1), ("c", 2)):
        folder = tmp_path / place
        run(task, graph, recipe(form, block, seed), metering, folder, engine)
        contents.append((folder / "model.safetensors").read_bytes())
        lines = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
        assert {line["labels"]["engine"] for line in lines if line["event"] == "window"} == {back_end}
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


@pytest.mark.parametrize(("form", "block"), [("stgnn", FRUGAL), ("stgnn_reference", REFERENCE)])
def test_a_killed_run_resumes_to_the_result_of_an_unbroken_one(graph, metering, tmp_path, form, block):
    """A real SIGKILL after the first epoch, then the same command again."""
    task = task_of(small_panel())
    made_by = recipe(form, block)
    run(task, graph, made_by, metering, tmp_path / "unbroken")
    task.panel.write(tmp_path / "panel.safetensors")
    task.splits.write(tmp_path / "splits.json", task.panel)
    graph.write(tmp_path / "graph.safetensors")
    code = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from wattshed.training import resume
        sys.path.insert(0, sys.argv[1])
        import train_model
        if sys.argv[2] == "kill":
            save = resume.ResumeFile.save
            def save_and_die(self, *state):
                save(self, *state)
                os.kill(os.getpid(), signal.SIGKILL)
            resume.ResumeFile.save = save_and_die
        train_model.main(sys.argv[3:])
    """)
    root = __file__.rsplit("/tests/", 1)[0]
    broken = tmp_path / "broken"
    arguments = [
        *("--name", "model", "--seeds", "1"),
        *("--model", made_by.model.model_dump_json(), "--recipe", block.model_dump_json()),
        *("--windows", WINDOWS.model_dump_json(), "--metering", metering.model_dump_json()),
        *("--panel", str(tmp_path / "panel.safetensors"), "--splits", str(tmp_path / "splits.json")),
        *("--graph", str(tmp_path / "graph.safetensors"), "--checkpoints", str(broken / "model.safetensors")),
        *("--epochs", str(broken / "epochs.parquet"), "--ledger", str(broken / "ledger.jsonl")),
    ]
    # The unbroken run used this process's threads; results are equal for an equal number of them.
    arguments += ["--threads", str(torch.get_num_threads())]
    base = [sys.executable, "-c", code, f"{root}/workflow/scripts/training"]
    killed = subprocess.run([*base, "kill", *arguments], capture_output=True)
    assert killed.returncode == -9
    assert not (broken / "model.safetensors").exists()
    assert (broken / "ledger.jsonl.part").exists()
    subprocess.run([*base, "go on", *arguments], check=True, capture_output=True)
    assert (broken / "model.safetensors").read_bytes() == (
        tmp_path / "unbroken/model.safetensors"
    ).read_bytes()
    epochs = pd.read_parquet(broken / "epochs.parquet")
    pd.testing.assert_series_equal(
        epochs["validation_rmse"], pd.read_parquet(tmp_path / "unbroken/epochs.parquet")["validation_rmse"]
    )
    events = [json.loads(line)["event"] for line in (broken / "ledger.jsonl").read_text().splitlines()]
    assert events.count("start") == 2
    assert events.count("window") == block.epochs
    assert not (broken / "model.resume").exists()


def test_a_full_disk_at_the_end_loses_neither_training_nor_energy(
    task, graph, metering, tmp_path, monkeypatch
):
    def disk_full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("wattshed.training.job.write_checkpoint", disk_full)
        with pytest.raises(OSError, match="No space"):
            run(task, graph, recipe(), metering, tmp_path)
    assert not (tmp_path / "ledger.jsonl").exists()
    epochs = run(task, graph, recipe(), metering, tmp_path)
    events = [json.loads(line)["event"] for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert events.count("window") == len(epochs) == 4


def test_another_recipe_or_panel_is_not_resumed(task, graph):
    data = data_fingerprint(task, graph)
    first = training_fingerprint(data, recipe(), "torch")
    assert first == training_fingerprint(data_fingerprint(task, graph), recipe(), "torch")
    assert first != training_fingerprint(data, recipe(seed=2), "torch")
    clipped = FRUGAL.model_copy(update={"clip_norm": 2.0})
    assert first != training_fingerprint(data, recipe(block=clipped), "torch")
    assert first != training_fingerprint(data, recipe(), "fused_cpu"), "sums of another back end"
    assert data != data_fingerprint(task_of(small_panel(seed=5)), graph)


def test_a_loss_that_is_no_number_stops_with_the_batch_and_a_remedy(task, graph, metering, tmp_path):
    """An absurd imputed reading: not scored, not scaled, but in the history of some windows."""
    values, observed = task.panel.values.copy(), task.panel.observed.copy()
    values[300:310], observed[300:310] = 3e38, False
    broken = task_of(Panel(values, observed, task.panel.times, task.panel.nodes, "kWh", "UTC", "test"))
    with pytest.raises(
        Fault, match=r"loss is not finite at epoch 1, batch \d+, whose .* node_\d at 2021-01-1"
    ):
        run(broken, graph, recipe("dlinear"), metering, tmp_path)
    assert not (tmp_path / "model.safetensors").exists()


def test_unobserved_targets_teach_nothing():
    forecast = torch.zeros(4, 3, requires_grad=True)
    target = torch.tensor([[1.0, 1e9, 3.0]]).repeat(4, 1)
    observed = torch.tensor([[True, False, True]]).repeat(4, 1)
    loss = observed_loss(forecast, target, observed, "squared")
    assert loss.item() == pytest.approx((1 + 9) / 2)
    loss.backward()
    assert (forecast.grad[:, 1] == 0).all()
    nothing = observed_loss(torch.ones(2, 2), torch.ones(2, 2), torch.zeros(2, 2, dtype=torch.bool), "huber")
    assert float(nothing) == 0


def test_the_cosine_schedule_warms_up_and_ends_near_zero():
    rates = [cosine_rate(FRUGAL, step, 160) for step in range(160)]
    assert rates[:10] == pytest.approx([5e-4 * step for step in range(1, 11)])
    assert max(rates) == pytest.approx(5e-3)
    assert rates[-1] < 5e-6
    assert all(later <= earlier for earlier, later in itertools.pairwise(rates[10:]))


def test_a_window_epoch_shows_each_training_window_once(task, graph):
    series = make_forecaster(recipe(), task, graph, CPU).series
    origins = task.origins(task.splits.train)
    batches = PermutedBatches(WindowSampler(series, task.panel.observed, 3), origins, seed=1, batch=1)
    assert batches.steps() == len(origins)
    seen = sorted(float(batch.inputs[0].sum()) for batch in batches.epoch(1))
    expected = sorted(float(series.window(int(origin)).sum()) for origin in origins)
    np.testing.assert_allclose(seen, expected, rtol=1e-4, atol=1e-3)


def test_pairs_hold_the_right_hours_and_masks(gappy_task, graph):
    series = make_forecaster(recipe(), gappy_task, graph, CPU).series
    nodes, starts = torch.tensor([0, 4]), torch.tensor([200, 333])
    batch = PairSampler(series, gappy_task.panel.observed, 3).batch(Examples(starts, nodes))
    for row, (node, origin) in enumerate(zip(nodes.tolist(), starts.tolist(), strict=True)):
        torch.testing.assert_close(batch.inputs[0].own[row], series.own[node, origin - 12 : origin])
        torch.testing.assert_close(
            batch.inputs[0].aggregate[row], series.aggregate[node, origin - 12 : origin]
        )
        torch.testing.assert_close(batch.target[row], series.own[node, origin : origin + 3])
        expected = gappy_task.panel.observed[origin : origin + 3, node]
        assert batch.observed[row].tolist() == expected.tolist()


def test_a_checkpoint_that_does_not_fit_is_refused(task, graph, tmp_path):
    path = tmp_path / "model.safetensors"
    network = make_forecaster(recipe(hidden=8), task, graph, CPU).network
    write_checkpoint(path, network, recipe(hidden=16))
    with pytest.raises(Fault, match="does not fit the network"):
        read_checkpoint(path, task, graph, CPU)
    write_checkpoint(path, network, recipe(hidden=8))
    with pytest.raises(Fault, match=r"forecasts 3 h from 12 h, the task asks for 6 h"):
        read_checkpoint(path, task_of(task.panel, 24, 6), graph, CPU)
