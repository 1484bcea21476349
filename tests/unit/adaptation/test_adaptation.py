from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model_blocks import model_block
from small_study import small_panel, task_of
from wattshed.adaptation.matrix import transfer
from wattshed.adaptation.reservoir import Reservoir
from wattshed.adaptation.stream import adapt_over_stream
from wattshed.config.models.adaptation import AdaptationBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.metrics import sum_errors
from wattshed.foundation.writing import write_parquet
from wattshed.training.checkpoint import ModelSpec, make_forecaster, read_checkpoint, write_checkpoint
from wattshed.training.over_checkpoints import over_checkpoints

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="pairs", batch=64, epochs=1, learning_rate=5e-3, schedule="cosine", scaling="node"
)


def test_transfer_on_a_matrix_worked_by_hand():
    errors = np.array([[4.0, 5.0, 6.0], [2.0, 4.0, 5.0], [3.0, 1.0, 4.0], [3.0, 2.0, 1.0]])
    found = transfer(errors, np.array([10.0, 10.0, 10.0]))
    assert found.acc == pytest.approx((3 + 2 + 1) / 3)
    assert found.bwt == pytest.approx(((2 - 3) + (1 - 2)) / 2)
    assert found.fwt == pytest.approx(((10 - 4) + (10 - 4)) / 2)
    assert found.forgetting_share == pytest.approx(((3 - 2) / 2 + (2 - 1) / 1) / 2)


@settings(max_examples=25, deadline=None)
@given(tasks=st.integers(2, 6), seed=st.integers(0, 1000))
def test_a_frozen_model_neither_forgets_nor_transfers_back(tasks, seed):
    row = np.random.default_rng(seed).uniform(0.5, 2, tasks)
    found = transfer(np.repeat(row[None], tasks + 1, axis=0), row + 1)
    assert found.bwt == 0
    assert found.forgetting_share == 0
    assert found.fwt == pytest.approx(1)


def test_one_task_leaves_transfer_undefined():
    found = transfer(np.array([[2.0], [1.0]]), np.array([3.0]))
    assert (found.acc, found.bwt, found.fwt, found.forgetting_share) == (1.0, None, None, None)


def test_the_reservoir_is_a_uniform_sample_of_all_hours_learned():
    generator = torch.Generator().manual_seed(0)
    memory = Reservoir(20_000, 3, torch.arange(0, 1000), generator)
    memory.add(torch.arange(1000, 1500))
    memory.add(torch.arange(1500, 2000))
    counts = np.histogram(memory.origins.numpy(), bins=[0, 1000, 1500, 2000])[0] / 20_000
    np.testing.assert_allclose(counts, [0.5, 0.25, 0.25], atol=0.015)
    np.testing.assert_allclose(np.bincount(memory.nodes.numpy()) / 20_000, [1 / 3] * 3, atol=0.015)


@pytest.fixture(scope="module")
def shifted_task():
    """Demand doubles where the stream begins: fine-tuning must pay."""
    panel = small_panel(hours=24 * 300)
    values = panel.values.copy()
    values[24 * 240 :] *= 2
    return task_of(Panel(values, panel.observed, panel.times, panel.nodes, "kWh", "UTC", "test"))


@pytest.fixture(scope="module")
def adapted(shifted_task, graph, tmp_path_factory):
    from wattshed.config.energy.metering import MeteringBlock

    folder = tmp_path_factory.mktemp("adapted")
    made_by = ModelSpec("model", 1, model_block(form="stgnn"), RECIPE, shifted_task.windows)
    write_checkpoint(
        folder / "m.safetensors", make_forecaster(made_by, shifted_task, graph, CPU).network, made_by
    )
    block = AdaptationBlock(steps=60, learning_rate=5e-3, memory_pairs=500, batch=64)
    rows = over_checkpoints(
        [folder / "m.safetensors"],
        JobInputs(shifted_task, graph, MeteringBlock(idle_s=0.0), CPU),
        partial(adapt_over_stream, shifted_task, block),
        stage="adaptation",
        ledger=folder / "a.jsonl",
    )
    write_parquet(folder / "a.parquet", rows)
    return folder


@pytest.fixture(scope="module")
def rows(adapted):
    import pandas as pd

    return pd.read_parquet(adapted / "a.parquet")


def test_the_matrix_is_full(rows, shifted_task):
    tasks = ["base", *(month.name for month in shifted_task.splits.months)]
    for strategy in ("frozen", "naive", "replay"):
        part = rows[(rows["strategy"] == strategy) & (rows["phase"] == "held_out")]
        assert part.pivot(index="learned", columns="task", values="rmse").shape == (len(tasks), len(tasks))
        before = rows[(rows["strategy"] == strategy) & (rows["phase"] == "prequential")]
        assert before["task"].tolist() == tasks[1:]
        assert before["learned"].tolist() == list(range(len(tasks) - 1))


def test_every_month_is_forecast_before_it_is_learned(rows, shifted_task, graph, adapted):
    """A7.16: the study judged each window on what it had just been trained on."""
    first = shifted_task.splits.months[0]
    forecaster, _ = read_checkpoint(adapted / "m.safetensors", shifted_task, graph, CPU)
    origins = shifted_task.origins(first.whole)
    sums = sum_errors(forecaster.forecast(origins), *shifted_task.truth(origins))
    untouched = np.sqrt(sums.squared.sum() / sums.cells.sum())
    said = rows[(rows["phase"] == "prequential") & (rows["task"] == first.name)]["rmse"]
    np.testing.assert_allclose(said, untouched, rtol=1e-6)


def test_learning_pays_after_a_shift_and_frozen_stays_as_it_was(rows):
    last = rows["learned"].max()
    held_out = rows[rows["phase"] == "held_out"].set_index(["strategy", "learned", "task"])["rmse"]
    for strategy in ("naive", "replay"):
        assert held_out[strategy, last, "CL_2"] < 0.8 * held_out["frozen", last, "CL_2"]
    frozen = rows[(rows["strategy"] == "frozen") & (rows["phase"] == "held_out")]
    assert (frozen.groupby("task")["rmse"].nunique() == 1).all()


def test_only_learning_strategies_spend_energy(adapted, shifted_task):
    import json

    windows = [json.loads(line) for line in (adapted / "a.jsonl").read_text().splitlines()]
    updates = [line["labels"]["strategy"] for line in windows if line["event"] == "window"]
    months = len(shifted_task.splits.months)
    assert {name: updates.count(name) for name in set(updates)} == {"naive": months, "replay": months}
