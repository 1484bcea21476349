"""The rows that docs/headline.json keeps, so that its numbers can be computed again without the package."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.accounts.comparison.variant_means import variant_means
from wattshed.accounts.runs.trainings import trainings
from wattshed.accounts.standings.standings import training_seconds
from wattshed.compression.judge import BASELINE
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Part
from wattshed.publish.parts.inputs import Inputs
from wattshed.statistics.decisions import BLOCK_DAYS
from wattshed.statistics.geometric import geometric_interval

DIGITS = 9


def raw_rows(inputs: Inputs) -> dict[str, Any]:
    """What the numbers are computed from: errors by part, model, seed and day, and each training's energy."""
    days = inputs.frame("days")
    errors: dict[str, Any] = {}
    for part in (Part.VALIDATION, Part.TEST):
        errors[str(part)] = _by_day(days[days["part"] == part])
    windows = inputs.frame("windows")
    runs = trainings(windows)
    joules = {
        str(model): [_round(kwh * JOULES_PER_KWH) for kwh in own["training_kwh"]]
        for model, own in runs.groupby("model")
        if own["training_kwh"].notna().all()
    }
    jobs = inputs.frame("runs")
    seconds = {
        str(model): [_round(value) for value in own]
        for model, own in training_seconds(windows).groupby(level=0)
        if str(model) in joules and own.notna().all()
    }
    return {
        "block_days": BLOCK_DAYS,
        "errors": errors,
        "training_j": joules,
        "cpu_s": seconds,
        "trusted": _trusted_rows(inputs),
        "prequential": _prequential(inputs),
        "verdicts": _verdicts(inputs),
        "job_kwh": [_round(kwh) for kwh in jobs["attributed_kwh"].dropna()],
    }


def _by_day(rows: pd.DataFrame) -> dict[str, Any]:
    """Squared errors by model, seed and day, and the cells of each day."""
    rows = rows.sort_values("day")
    dates = sorted(rows["day"].unique())
    cells = rows.drop_duplicates("day").set_index("day")["cells"].reindex(dates)
    return {
        "days": dates,
        "cells": [int(value) for value in cells],
        "squared": {
            str(model): {
                str(seed): [_round(value) for value in run.set_index("day")["squared"].reindex(dates)]
                for seed, run in own.groupby("seed")
            }
            for model, own in rows.groupby("model")
        },
    }


def repeats_of(record: Path, study: str) -> dict[str, list[float]]:
    """Joules of one training in each separate run, by model: the geometric mean of its fits.

    Empty for a record of another study.
    """
    content = json.loads(record.read_text(encoding="utf-8"))
    if content["study"] != study:
        return {}
    found = content["joules"]
    return {
        model: [_round(mean) for run in runs if (mean := geometric_interval(run).mean) is not None]
        for model, runs in found.items()
    }


def _trusted_rows(inputs: Inputs) -> dict[str, Any]:
    """Errors by model, seed and day without suspect nodes; empty if no node is suspect."""
    days = inputs.frame("sensitivity_days") if "sensitivity_days" in inputs else pd.DataFrame()
    return {} if days.empty else _by_day(days)


def _prequential(inputs: Inputs) -> list[dict[str, Any]]:
    """Of each parent and strategy: whether it updates, and squared errors of months before they are learned."""
    if "adaptation" not in inputs:
        return []
    updates = inputs.frame("adaptation").groupby(["parent", "strategy"])["updates"].max()
    days = inputs.frame("adaptation_days")
    sums = days[days["cells"] > 0].groupby(["parent", "strategy", "seed", "day"])["squared"].sum()
    return [
        {
            "parent": parent,
            "strategy": strategy,
            "updated": bool(updates[parent, strategy] > 0),
            "days": own.columns.tolist(),
            "squared": {str(seed): [_round(value) for value in row] for seed, row in own.iterrows()},
        }
        for (parent, strategy), part in sums.groupby(level=["parent", "strategy"], sort=False)
        for own in [part.droplevel(["parent", "strategy"]).unstack("day")]
    ]


def _verdicts(inputs: Inputs) -> list[str]:
    if "compression" not in inputs:
        return []
    verdicts = variant_means(inputs.frame("compression"))["verdict"]
    return [str(one) for one in verdicts if one != BASELINE]


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
