"""One strategy over all months, as its job runs it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from model_blocks import model_block
from small_study import small_panel, task_of
from wattshed.adaptation.job import AdaptationJob, adapt_model
from wattshed.adaptation.summary import summarise_adaptation
from wattshed.config.energy.metering import MeteringBlock
from wattshed.config.models.adaptation import read_strategy
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.metrics import sum_errors
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.spec import ModelSpec, Step, make_forecaster
from wattshed.training.updates import UpdateHooks

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="pairs", batch=64, epochs=1, learning_rate=5e-3, schedule="cosine", scaling="node"
)
STRATEGIES = {"frozen": {}, "naive": {}, "replay": {"memory_pairs": 500}}


def shifted(panel):
    """Demand doubles where the stream begins: learning must pay."""
    values = panel.values.copy()
    values[24 * 240 :] *= 2
    return Panel(values, panel.observed, panel.times, panel.nodes, "kWh", "UTC", "test")


@pytest.fixture(scope="module")
def shifted_task():
    return task_of(shifted(small_panel(hours=24 * 300)))


def adapt(task, graph, folder, kind, steps=60, seeds=(1,), **keys):
    """Adapt the checkpoints in ``folder``; returns the matrix."""
    own = {"kind": kind, "steps": steps, "learning_rate": 5e-3, "batch": 64, **keys}
    adapt_model(
        AdaptationJob(
            JobInputs(task, graph, MeteringBlock(idle_s=0.0), CPU),
            kind,
            read_strategy(own),
            [folder / f"model-{seed}.safetensors" for seed in seeds],
            [folder / f"model+{kind}-{seed}.safetensors" for seed in seeds],
            folder / f"model+{kind}.parquet",
            folder / f"model+{kind}.days.parquet",
            folder / f"model+{kind}.jsonl",
        )
    )
    return pd.read_parquet(folder / f"model+{kind}.parquet")


def untrained(task, graph, folder, seeds=(1,)):
    for seed in seeds:
        spec = ModelSpec("model", seed, model_block("stgnn"), RECIPE, task.windows)
        network = make_forecaster(spec, task, graph, CPU).network
        write_checkpoint(folder / f"model-{seed}.safetensors", network, spec)


def windows_of(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if line["event"] == "window"]


@pytest.fixture(scope="module")
def adapted(shifted_task, graph, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapted")
    untrained(shifted_task, graph, folder)
    for kind, keys in STRATEGIES.items():
        adapt(shifted_task, graph, folder, kind, **keys)
    return folder


@pytest.fixture(scope="module")
def rows(adapted):
    return pd.concat(
        [pd.read_parquet(adapted / f"model+{kind}.parquet") for kind in STRATEGIES], ignore_index=True
    )


def test_the_matrix_is_full(rows, shifted_task):
    tasks = ["base", *(month.name for month in shifted_task.splits.months)]
    for strategy in STRATEGIES:
        part = rows[(rows["strategy"] == strategy) & (rows["phase"] == "held_out")]
        assert part.pivot(index="learned", columns="task", values="rmse").shape == (len(tasks), len(tasks))
        assert set(part["lineage"]) == {f"model+{strategy}"}
        assert set(part["parent"]) == {"model"}
        before = rows[(rows["strategy"] == strategy) & (rows["phase"] == "prequential")]
        assert before["task"].tolist() == tasks[1:]
        assert before["learned"].tolist() == list(range(len(tasks) - 1))


def test_errors_by_day_are_those_of_every_month_before_it_is_learned(rows, adapted):
    for kind in STRATEGIES:
        days = pd.read_parquet(adapted / f"model+{kind}.days.parquet")
        sums = days.groupby("task", sort=False)[["squared", "absolute", "cells"]].sum()
        before = rows[(rows["strategy"] == kind) & (rows["phase"] == "prequential")].set_index("task")
        assert sums.index.tolist() == before.index.tolist()
        assert np.sqrt(sums["squared"] / sums["cells"]).tolist() == pytest.approx(before["rmse"].tolist())
        assert sums["cells"].tolist() == before["cells"].tolist()
        assert set(days["lineage"]) == {f"model+{kind}"}
        assert set(days["parent"]) == {"model"}


def test_the_untrained_network_stands_in_the_matrix_of_the_control_alone(adapted):
    for kind in STRATEGIES:
        strategies = set(pd.read_parquet(adapted / f"model+{kind}.parquet")["strategy"])
        assert strategies == ({"random", kind} if kind == "frozen" else {kind})


def test_every_month_is_forecast_before_it_is_learned(rows, shifted_task, graph, adapted):
    """The source study judged each window on what it had just been trained on."""
    first = shifted_task.splits.months[0]
    forecaster, _ = read_checkpoint(adapted / "model-1.safetensors", shifted_task, graph, CPU)
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


def test_the_adapted_checkpoint_is_the_network_of_the_last_row(rows, shifted_task, graph, adapted):
    last = shifted_task.splits.months[-1]
    origins = shifted_task.origins(last.held_out)
    for strategy in STRATEGIES:
        forecaster, spec = read_checkpoint(
            adapted / f"model+{strategy}-1.safetensors", shifted_task, graph, CPU
        )
        assert (spec.lineage, spec.parent, spec.seed) == (f"model+{strategy}", "model", 1)
        assert spec.steps[-1].settings["kind"] == strategy
        sums = sum_errors(forecaster.forecast(origins), *shifted_task.truth(origins))
        part = rows[(rows["strategy"] == strategy) & (rows["phase"] == "held_out")]
        said = part[part["task"] == last.name].sort_values("learned")["rmse"].iloc[-1]
        assert said == pytest.approx(np.sqrt(sums.squared.sum() / sums.cells.sum()), rel=1e-6)


def test_only_learning_strategies_spend_energy_and_their_windows_say_whose_it_is(adapted, shifted_task):
    months = [month.name for month in shifted_task.splits.months]
    assert windows_of(adapted / "model+frozen.jsonl") == []
    for kind in ("naive", "replay"):
        labels = [window["labels"] for window in windows_of(adapted / f"model+{kind}.jsonl")]
        common = {"model": "model", "lineage": f"model+{kind}", "strategy": kind, "seed": 1}
        engines = [
            {key: label.pop(key) for key in ("engine", "engine_reason") if key in label} for label in labels
        ]
        assert all(engine.get("engine") for engine in engines)
        assert all(("engine_reason" in engine) == (engine["engine"] == "torch") for engine in engines)
        assert labels == [{"task": name, **common} for name in months]


def test_the_summary_joins_matrices_and_windows_of_several_jobs(rows, shifted_task):
    months = [json.dumps({"task": month.name}) for month in shifted_task.splits.months]
    assert len(months) == 2
    updates = pd.DataFrame(
        {
            "window": "update",
            "lineage": ["model+naive", "model+naive", "model+replay", "model+replay"],
            "seed": 1,
            "energy_kwh": [1e-6, 3e-6, 1e-6, None],
            "energy_status": ["estimated", "measured", "measured", "missing"],
            "duration_s": [1.0, 3.0, 2.0, 2.0],
            "labels": [*months, *months],
        }
    )
    summary = summarise_adaptation(rows, updates).set_index("lineage")
    assert list(summary.index) == ["model+frozen", "model+naive", "model+replay"]
    assert summary["fwt_rmse"].notna().all(), "the untrained network stands in another strategy's matrix"
    assert summary["kwh_per_update"].tolist()[1] == pytest.approx(2e-6)
    assert summary["kwh_per_update"].isna().tolist() == [True, False, True]
    assert summary["energy_status"].tolist() == ["missing", "estimated", "missing"]
    assert summary["updates"].tolist() == [0, 2, 2]
    assert summary["updates_kwh"].tolist()[1] == pytest.approx(4e-6)
    # The last update of replay is unknown, but it cannot act on a forecast of the stream.
    assert summary["acting_kwh"].tolist()[1:] == pytest.approx([1e-6, 1e-6])
    assert np.isnan(summary["acting_kwh"].iloc[0])
    assert summary["s_per_update"].isna().tolist() == [True, False, False]
    assert summary["s_per_update"].tolist()[1:] == [2.0, 2.0]


def test_seeds_of_a_lineage_are_adapted_in_one_job_each_as_if_alone(shifted_task, graph, adapted, tmp_path):
    untrained(shifted_task, graph, tmp_path, seeds=(2, 1))
    both = adapt(shifted_task, graph, tmp_path, "replay", seeds=(2, 1), memory_pairs=500)
    assert list(both["seed"].unique()) == [2, 1]
    alone, together = (folder / "model+replay-1.safetensors" for folder in (adapted, tmp_path))
    assert alone.read_bytes() == together.read_bytes()


def test_an_adapted_checkpoint_can_be_adapted_again(shifted_task, graph, adapted, tmp_path):
    (tmp_path / "model-1.safetensors").write_bytes((adapted / "model+naive-1.safetensors").read_bytes())
    rows = adapt(shifted_task, graph, tmp_path, "replay", steps=2, memory_pairs=50)
    assert set(rows["lineage"]) == {"model+naive+replay"}
    assert set(rows["parent"]) == {"model+naive"}
    assert set(rows["model"]) == {"model"}


def test_a_pruned_checkpoint_can_be_adapted(shifted_task, graph, adapted, tmp_path):
    forecaster, spec = read_checkpoint(adapted / "model-1.safetensors", shifted_task, graph, CPU)
    method = plugins.load("method", "prune")
    keys = {"method": "prune", "keep_share": 0.5}
    pruned = spec.after(Step("half", "method", "prune", keys))
    smaller = method.make(forecaster.network, method.Settings.model_validate(keys))
    write_checkpoint(tmp_path / "model-1.safetensors", smaller, pruned)
    rows = adapt(shifted_task, graph, tmp_path, "naive", steps=20)
    assert set(rows["lineage"]) == {"model+half+naive"}
    again, read = read_checkpoint(tmp_path / "model+naive-1.safetensors", shifted_task, graph, CPU)
    assert [step.name for step in read.steps] == ["half", "naive"]
    assert again.network.parameter_count() == smaller.parameter_count() < forecaster.network.parameter_count()


def test_a_month_without_observed_hours_is_missing_and_teaches_nothing(shifted_task, graph, tmp_path):
    panel = shifted_task.panel
    values, observed = panel.values.copy(), panel.observed.copy()
    month = shifted_task.splits.months[0]
    observed[month.learn.start : month.held_out.stop] = False
    values[~observed] = np.nan
    gap = Panel(values, observed, panel.times, panel.nodes, "kWh", "UTC", "test")
    # New splits of such a panel are refused; these were made before.
    blind = ForecastTask(gap, shifted_task.splits, shifted_task.windows)
    untrained(blind, graph, tmp_path)
    rows = adapt(blind, graph, tmp_path, "naive", steps=2)
    unseen = rows[rows["task"] == month.name]
    assert (unseen["cells"] == 0).all()
    assert unseen[["rmse", "mae"]].isna().all().all()
    assert rows[rows["task"] != month.name]["rmse"].notna().all()
    updated = [window["labels"]["task"] for window in windows_of(tmp_path / "model+naive.jsonl")]
    assert updated == [other.name for other in blind.splits.months[1:]]
    none = pd.DataFrame(columns=["window", "lineage", "seed", "energy_kwh", "energy_status", "duration_s"])
    assert summarise_adaptation(rows, none)["acc_rmse"].notna().all()


def test_an_update_that_diverges_ends_with_a_sentence(shifted_task, graph, tmp_path):
    panel = shifted_task.panel
    values, observed = panel.values.copy(), panel.observed.copy()
    month = shifted_task.splits.months[0]
    # Not scaled by it, for it is not observed; but in the histories of all windows.
    values[month.learn.start : month.learn.stop : 12], observed[month.learn.start : month.learn.stop : 12] = (
        3e38,
        False,
    )
    broken = task_of(Panel(values, observed, panel.times, panel.nodes, "kWh", "UTC", "test"))
    spec = ModelSpec("model", 1, model_block("dlinear"), RECIPE, broken.windows)
    network = make_forecaster(spec, broken, graph, CPU).network
    write_checkpoint(tmp_path / "model-1.safetensors", network, spec)
    with pytest.raises(
        Fault, match=r"updating model \(seed 1\) on CL_1: the loss is not finite at step \d+: expected"
    ):
        adapt(broken, graph, tmp_path, "naive", steps=5)
    assert not (tmp_path / "model+naive-1.safetensors").exists()
    assert not (tmp_path / "model+naive.parquet").exists()


def test_files_that_do_not_match_and_empty_settings_are_refused_before_anything_runs(
    shifted_task, graph, adapted, tmp_path
):
    inputs = JobInputs(shifted_task, graph, MeteringBlock(idle_s=0.0), CPU)
    whole = {"kind": "naive", "steps": 1, "batch": 8, "learning_rate": 1e-3}
    places = (tmp_path / "m.parquet", tmp_path / "m.days.parquet", tmp_path / "model+naive.jsonl")
    base = adapted / "model-1.safetensors"
    job = AdaptationJob(inputs, "naive", read_strategy(whole), [base], [], *places)
    with pytest.raises(Fault, match="--checkpoints names 1 files and --adapted 0: expected one"):
        adapt_model(job)
    lacking = read_strategy({"kind": "naive", "steps": 1})
    job = AdaptationJob(inputs, "slow", lacking, [base], [tmp_path / "a.safetensors"], *places)
    with pytest.raises(Fault, match=r"settings of the strategy slow have no batch: expected a number"):
        adapt_model(job)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("hooks", [None, {}, UpdateHooks])
def test_a_strategy_that_starts_without_hooks_is_reported(hooks, shifted_task, graph, tmp_path, monkeypatch):
    untrained(shifted_task, graph, tmp_path)
    strategy = plugins.load("strategy", "naive")
    monkeypatch.setattr(type(strategy), "start", lambda self, settings, context: hooks)
    with pytest.raises(Fault, match=r"the strategy 'naive' made .*expected an object of .*UpdateHooks"):
        adapt(shifted_task, graph, tmp_path, "naive")


def test_a_strategy_that_learns_needs_a_later_month(shifted_task, graph, tmp_path):
    splits = replace(shifted_task.splits, months=())
    none = ForecastTask(shifted_task.panel, splits, shifted_task.windows)
    untrained(none, graph, tmp_path)
    with pytest.raises(
        Fault, match="the strategy naive has no later month to learn from: expected at least one"
    ):
        adapt(none, graph, tmp_path, "naive")
    assert len(adapt(none, graph, tmp_path, "frozen")) == 2, (
        "the base part, of this network and of a random one"
    )


def test_joint_takes_the_pace_of_its_recipe(shifted_task, graph, tmp_path):
    untrained(shifted_task, graph, tmp_path)
    adapt(shifted_task, graph, tmp_path, "joint", steps=None, learning_rate=None, batch=None)
    steps = [window["values"]["steps"] for window in windows_of(tmp_path / "model+joint.jsonl")]
    pairs = len(shifted_task.origins(shifted_task.splits.train)) * 5
    expected = []
    for month in shifted_task.splits.months:
        pairs += len(shifted_task.origins(month.learn)) * 5
        expected.append(-(-pairs // RECIPE.batch))
    assert steps == expected
    assert [window["values"]["train_loss"] > 0 for window in windows_of(tmp_path / "model+joint.jsonl")]
