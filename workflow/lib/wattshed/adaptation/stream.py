"""The stream of later months: each month is forecast before it is learned, and its held-out part is evaluated
afterwards."""

import sys
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from wattshed.adaptation.attendance import attendance
from wattshed.adaptation.matrix import BASE, RANDOM
from wattshed.data.splits import Month, Segment
from wattshed.energy.meter import Meter
from wattshed.forecast.computing import trained_by
from wattshed.forecast.days import days_of, errors_of
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.vocabulary import Phase, Window
from wattshed.training.spec import ModelSpec
from wattshed.training.updates import Part, UpdateHooks, train_further

# Columns of the errors by day, beside these errors.
DAY_LABELS = {
    "lineage": "string",
    "parent": "string",
    "strategy": "string",
    "seed": "int64",
    "task": "string",
}


@dataclass(frozen=True)
class Labels:
    """Labels of the rows. lineage: of the adapted checkpoint; parent: of the checkpoint it starts from."""

    model: str
    lineage: str | None
    parent: str | None
    strategy: str
    seed: int

    @classmethod
    def of(cls, adapted: ModelSpec) -> "Labels":
        """adapted: the spec after its strategy's step."""
        return cls(adapted.name, adapted.lineage, adapted.parent, adapted.steps[-1].name, adapted.seed)

    @classmethod
    def of_untrained(cls, spec: ModelSpec) -> "Labels":
        return cls(spec.name, None, None, RANDOM, spec.seed)


def adapt_over_months(
    hooks: UpdateHooks, labels: Labels, meter: Meter
) -> tuple[list[dict[str, Any]], list[pd.DataFrame]]:
    """Take one network through all months, in place.

    Returns rows of ``adaptation/{lineage}.parquet`` and frames of ``adaptation/{lineage}.days.parquet``: errors by day
    of each month before it is learned, ``lineage, parent, strategy, seed, task, day, squared, absolute, cells``.

    Each whole month is forecast before it is learned (phase ``prequential``). Before the first month and after each
    one, the held-out parts of all tasks are evaluated (phase ``held_out``; ``learned`` months were learned by then).
    """
    task, forecaster = hooks.context.task, hooks.context.forecaster
    judged = held_out_rows(labels, forecaster, task, 0)
    rows = list(judged)
    before_learning, days = [], []
    for index, month in enumerate(task.splits.months):
        whole = task.origins(month.whole)
        by_day = days_of(forecaster.forecast, task, whole)
        before_learning.append(_row(labels, index, month.name, Phase.PREQUENTIAL, by_day, task, month.whole))
        days.append(by_day.assign(**_whose(labels), task=month.name))
        if _learn(hooks, month, labels, meter):
            judged = held_out_rows(labels, forecaster, task, index + 1)
        else:
            # The network is unchanged, and so are its errors.
            judged = [{**row, "learned": index + 1} for row in judged]
        rows += [before_learning[-1], *judged]
    errors = " ".join(f"{row['rmse']:.4f}" for row in before_learning)
    print(
        f"{labels.lineage}, seed {labels.seed}: prequential RMSE by month {errors or '(no months)'} {task.panel.unit}",
        file=sys.stderr,
        flush=True,
    )
    return rows, days


def held_out_rows(
    labels: Labels, forecaster: NeuralForecaster, task: ForecastTask, learned: int
) -> list[dict[str, Any]]:
    """One row per task: the base test part, and each month's held-out part."""
    parts = [(BASE, task.splits.test)] + [(month.name, month.held_out) for month in task.splits.months]
    return [
        _row(
            labels,
            learned,
            name,
            Phase.HELD_OUT,
            days_of(forecaster.forecast, task, task.origins(segment)),
            task,
            segment,
        )
        for name, segment in parts
    ]


def _learn(hooks: UpdateHooks, month: Month, labels: Labels, meter: Meter) -> bool:
    """Learn from a month, metered; False if nothing was learned."""
    task = hooks.context.task
    part = Part(month.name, task.origins(month.learn), month.learn.start)
    if hooks.skips(part):
        return False
    if not task.truth(part.origins)[1].any():
        print(
            f"{labels.lineage}, seed {labels.seed}: {month.name} has no observed value to learn from and is skipped.",
            file=sys.stderr,
            flush=True,
        )
        return False
    whose = {
        "model": labels.model,
        "lineage": labels.lineage,
        "strategy": labels.strategy,
        "seed": labels.seed,
    }
    with meter.window(Window.UPDATE, task=month.name, **whose) as window:
        loss = train_further(hooks, part)
        window.values.update(train_loss=loss, steps=hooks.steps_on(part))
        chosen = trained_by(hooks.context.network, hooks.context.forecaster.series)
        window.labels.update(engine=chosen.name)
        if chosen.why is not None:
            window.labels.update(engine_reason=chosen.why)
    return True


def _row(
    labels: Labels,
    learned: int,
    name: str,
    phase: Phase,
    days: pd.DataFrame,
    task: ForecastTask,
    segment: Segment,
) -> dict[str, Any]:
    """Errors over observed cells in the panel's unit; NaN where no cell was observed."""
    rmse, mae = errors_of(days)
    return {
        "model": labels.model,
        **_whose(labels),
        "learned": learned,
        "task": name,
        "phase": str(phase),
        "rmse": rmse,
        "mae": mae,
        "cells": int(days["cells"].sum()),
        **asdict(attendance(task.panel.observed, segment)),
    }


def _whose(labels: Labels) -> dict[str, Any]:
    return {
        "lineage": labels.lineage,
        "parent": labels.parent,
        "strategy": labels.strategy,
        "seed": labels.seed,
    }
