"""Columns of ``compared/{model}.parquet``: what a checkpoint is, its errors, its size and what its forecasts cost."""

import json
from collections.abc import Mapping
from typing import Any

from torch import nn

from wattshed.compression.costs import Cost
from wattshed.compression.multiply_adds import multiply_adds
from wattshed.compression.rises import PREFIXES
from wattshed.forecast.computing import backend_of
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation import plugins
from wattshed.foundation.vocabulary import Part, Status
from wattshed.training.spec import ModelSpec, Step

TYPES = {
    "parent": "string",
    "step": "string",
    "fine_tuned": "boolean",
    "uses_parent": "boolean",
    "control": "boolean",
    "rmse": "float64",
    "mae": "float64",
    "wape": "float64",
    "mase": "float64",
    "r2": "float64",
    "later_rmse": "float64",
    "later_mae": "float64",
    "later_r2": "float64",
    "validation_rmse": "float64",
    "validation_mae": "float64",
    "validation_r2": "float64",
    "parameters": "Int64",
    "bytes": "Int64",
    "multiply_adds_per_forecast": "float64",
    "latency_s_per_window": "float64",
    "latency_low": "float64",
    "latency_high": "float64",
    "latency_s_per_32_windows": "float64",
    "latency_s_per_streamed_hour": "float64",
    "peak_torch_bytes_32_windows": "Int64",
    "cpu_use_share": "float64",
    "gpu_use_share": "float64",
    "energy_j_per_1000_forecasts": "float64",
    "energy_low": "float64",
    "energy_high": "float64",
    "measured_as": "string",
    "engine": "string",
    "unavailable": "string",
}
# Of the later months and the validation part, the errors that are judged.
ERRORS = tuple(
    f"{prefix}{name}"
    for prefix in PREFIXES.values()
    for name in ("rmse", "mae", "wape", "mase", "r2")
    if f"{prefix}{name}" in TYPES
)


def weight_bytes(network: nn.Module) -> int:
    """Size of the stored weights [bytes], without the description in the checkpoint."""
    return sum(value.numel() * value.element_size() for value in network.state_dict().values())


def error_columns(scores: Mapping[Part, Mapping[str, float | None]]) -> dict[str, Any]:
    """The metrics of each part; None for a part that the study lacks."""
    columns: dict[str, Any] = dict.fromkeys(ERRORS)
    for part, prefix in PREFIXES.items():
        found = scores.get(part, {})
        columns |= {f"{prefix}{name}": value for name, value in found.items() if f"{prefix}{name}" in ERRORS}
    return columns


def size_columns(forecaster: NeuralForecaster, task: ForecastTask) -> dict[str, Any]:
    network = forecaster.network
    return {
        "parameters": network.parameter_count(),
        "bytes": weight_bytes(network),
        "multiply_adds_per_forecast": multiply_adds(forecaster, int(task.origins(task.splits.test)[0])),
        "engine": backend_of(network, forecaster.series).name,
    }


def cost_columns(cost: Cost, measured_as: str) -> dict[str, Any]:
    return {
        "latency_s_per_window": cost.latency_s,
        "latency_low": cost.latency_low_s,
        "latency_high": cost.latency_high_s,
        "latency_s_per_32_windows": cost.batch_latency_s,
        "latency_s_per_streamed_hour": cost.hour_latency_s,
        "peak_torch_bytes_32_windows": cost.peak_bytes,
        "cpu_use_share": cost.cpu_share,
        "gpu_use_share": cost.gpu_share,
        "energy_j_per_1000_forecasts": cost.energy_j,
        "energy_low": cost.energy_low_j,
        "energy_high": cost.energy_high_j,
        "energy_status": cost.energy_status,
        "measured_as": measured_as,
    }


def unavailable_row(spec: ModelSpec, why: str | None) -> dict[str, Any]:
    """The row of a checkpoint that this machine cannot make or compute."""
    absent: dict[str, Any] = dict.fromkeys(TYPES)
    return {**absent, **identity(spec), "energy_status": Status.MISSING, "unavailable": why}


def identity(spec: ModelSpec) -> dict[str, Any]:
    """What the checkpoint is.

    ``uses_parent``: whether it was made out of its parent's weights; not if it was trained from initial weights, as a
    base model is. ``control``: whether a step of its lineage only serves to judge a method.
    """
    last = spec.steps[-1] if spec.steps else None
    return {
        "model": spec.name,
        "lineage": spec.lineage,
        "parent": spec.parent,
        "step": None if last is None else last.name,
        "kind": "base" if last is None else last.kind,
        "seed": spec.seed,
        "fine_tuned": last is not None and bool(last.settings.get("fine_tune_steps")),
        "uses_parent": last is not None and _of_method(last, "uses_checkpoint", otherwise=True),
        "control": any(_of_method(step, "is_control", otherwise=False) for step in spec.steps),
    }


def _of_method(step: Step, question: str, *, otherwise: bool) -> bool:
    """What the step's method answers for its settings; ``otherwise`` for a strategy."""
    if step.kind != "method":
        return otherwise
    method = plugins.load("method", step.plugin)
    return bool(getattr(method, question)(method.Settings.model_validate_json(json.dumps(step.settings))))
