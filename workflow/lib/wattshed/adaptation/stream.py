"""Fine-tuning month by month: forecast first, learn afterwards, judge on what was never learned."""

import copy
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch

from wattshed.adaptation.reservoir import Reservoir
from wattshed.config.models.adaptation import AdaptationBlock
from wattshed.data.splits import Month
from wattshed.energy.meter import Meter
from wattshed.forecast.families.networks import make_pair_network
from wattshed.forecast.metrics import sum_errors
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.training.batches.drawing import Batch, PairBatches
from wattshed.training.checkpoint import ModelSpec
from wattshed.training.step.gradient import train_step

RANDOM = "random"
BASE = "base"


def adapt_over_stream(
    task: ForecastTask, block: AdaptationBlock, forecaster: NeuralForecaster, made_by: ModelSpec, meter: Meter
) -> pd.DataFrame:
    """Run every strategy over all months; rows of ``adaptation/{model}.parquet``.

    Each strategy starts from the same trained network. Every month is forecast before it is learned
    (``prequential``), and after each month all tasks' held-out parts are judged (``held_out``). The rows of
    strategy ``random`` are an untrained network's, for forward transfer.
    """
    rows: list[dict[str, Any]] = []
    untrained = make_pair_network(made_by.model, task.windows, len(task.panel.node_names), made_by.seed)
    untrained = untrained.to(forecaster.series.device)
    for name, part in _judged(task):
        rows.append(_row(RANDOM, made_by.seed, 0, name, "held_out", forecaster.of(untrained), task, part))
    for strategy in block.strategies:
        learner = forecaster.of(copy.deepcopy(forecaster.network))
        generator = torch.Generator().manual_seed(made_by.seed)
        memory = Reservoir(
            block.memory_pairs,
            len(forecaster.series.own),
            torch.from_numpy(task.origins(task.splits.train)),
            generator,
        )
        for learned in range(len(task.splits.months) + 1):
            if learned and strategy == "frozen":
                # It has not changed since the last look.
                rows += [
                    {**row, "learned": learned}
                    for row in rows
                    if row["strategy"] == strategy and row["phase"] == "held_out" and row["learned"] == 0
                ]
            else:
                rows += [
                    _row(strategy, made_by.seed, learned, name, "held_out", learner, task, part)
                    for name, part in _judged(task)
                ]
            if learned == len(task.splits.months):
                break
            month = task.splits.months[learned]
            whole = task.origins(month.whole)
            rows.append(
                _row(strategy, made_by.seed, learned, month.name, "prequential", learner, task, whole)
            )
            if strategy != "frozen":
                labels = {"model": made_by.name, "strategy": strategy, "seed": made_by.seed}
                with meter.window("update", task=month.name, **labels) as window:
                    loss = _learn(learner, task, month, made_by, block, memory, strategy == "replay")
                    window.values.update(train_loss=loss, steps=block.steps)
                memory.add(torch.from_numpy(task.origins(month.learn)))
        last = [row["rmse"] for row in rows if row["strategy"] == strategy and row["phase"] == "prequential"]
        print(
            f"{strategy}, seed {made_by.seed}: prequential RMSE by month "
            + " ".join(f"{error:.4f}" for error in last)
            + f" {task.panel.unit}",
            file=sys.stderr,
            flush=True,
        )
    return pd.DataFrame(rows)


def _learn(
    learner: NeuralForecaster,
    task: ForecastTask,
    month: Month,
    made_by: ModelSpec,
    block: AdaptationBlock,
    memory: Reservoir,
    replays: bool,
) -> float:
    """One month's update; returns the mean loss. Loss and clipping are the base training's."""
    network = learner.network
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=block.learning_rate, weight_decay=made_by.recipe.weight_decay
    )
    network.train()
    losses = [
        train_step(network, batch, optimiser, made_by.recipe.loss, made_by.recipe.clip_norm)
        for batch in _month_batches(learner, task, month, made_by.seed, block, memory if replays else None)
    ]
    return float(torch.stack(losses).mean())


def _month_batches(
    learner: NeuralForecaster,
    task: ForecastTask,
    month: Month,
    seed: int,
    block: AdaptationBlock,
    memory: Reservoir | None,
) -> Iterator[Batch]:
    origins = task.origins(month.learn)
    remembered = 0 if memory is None else round(block.batch * block.replay_share)
    batches = PairBatches(
        learner.series, task.panel.observed, origins, task.windows.horizon_h, seed, block.batch, block.steps
    )
    if memory is None:
        yield from batches.epoch(month.learn.start)
        return
    generator = torch.Generator().manual_seed(seed * 1_000_003 + month.learn.start)
    fresh = block.batch - remembered
    for _ in range(block.steps):
        nodes = torch.randint(len(learner.series.own), (fresh,), generator=generator)
        picks = torch.randint(len(origins), (fresh,), generator=generator)
        old_nodes, old_origins = memory.sample(remembered)
        new_origins = torch.from_numpy(origins)[picks]
        yield batches.at(torch.cat([nodes, old_nodes]), torch.cat([new_origins, old_origins]))


def _judged(task: ForecastTask) -> list[tuple[str, np.ndarray]]:
    """Tasks and the origins of their held-out windows: the base test, then each month's tail."""
    parts = [(BASE, task.origins(task.splits.test))]
    return parts + [(month.name, task.origins(month.held_out)) for month in task.splits.months]


def _row(
    strategy: str,
    seed: int,
    learned: int,
    name: str,
    phase: str,
    forecaster: NeuralForecaster,
    task: ForecastTask,
    origins: np.ndarray,
) -> dict[str, Any]:
    sums = sum_errors(forecaster.forecast(origins), *task.truth(origins))
    cells = max(float(sums.cells.sum()), 1.0)
    return {
        "strategy": strategy,
        "seed": seed,
        "learned": learned,
        "task": name,
        "phase": phase,
        "rmse": float(np.sqrt(sums.squared.sum() / cells)),
        "mae": float(sums.absolute.sum() / cells),
        "cells": int(sums.cells.sum()),
    }
