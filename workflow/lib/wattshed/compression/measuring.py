"""Every variant on the same windows: errors, size, latency and energy."""

import io
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from wattshed.compression.judge import FULL
from wattshed.compression.methods.int8 import NotAvailable
from wattshed.compression.variants import compress, fine_tune
from wattshed.config.models.compression import CompressionBlock
from wattshed.energy.meter import Meter
from wattshed.forecast.families.networks import STGNN, Residual, parameter_count
from wattshed.forecast.metrics import sum_errors
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.training.checkpoint import ModelSpec

MEASURED_WINDOWS = 200


@dataclass
class Candidate:
    """A runnable variant and what is known of it so far."""

    name: str
    forecaster: NeuralForecaster
    fine_tuned: bool
    parameters: int
    rmse: float
    mae: float


def measure_variants(
    task: ForecastTask,
    block: CompressionBlock,
    forecaster: NeuralForecaster,
    made_by: ModelSpec,
    meter: Meter,
) -> pd.DataFrame:
    """Rows of ``compression/{model}.parquet``, the full model first; ``unavailable`` says why one could not be made.

    Latency and energy are taken in turns, so that a machine that slows down slows all variants.
    """
    full = forecaster.network
    if not isinstance(full, STGNN | Residual):
        raise TypeError(f"{made_by.name} is no STGNN or GRU network")
    parameters = parameter_count(full)
    candidates = [Candidate(FULL, forecaster, False, parameters, *_errors(forecaster, task))]
    unavailable: dict[str, str] = {}
    for name, variant in block.variants.items():
        try:
            candidate = forecaster.of(compress(full, variant))
        except NotAvailable as reason:
            unavailable[name] = str(reason)
            continue
        steps = 0 if variant.method == "int8" else variant.fine_tune_steps
        if steps:
            labels = {"model": made_by.name, "variant": name, "seed": made_by.seed}
            with meter.window("fine_tune", **labels) as window:
                fine_tune(candidate, task, made_by, block, steps)
                window.values["steps"] = steps
        # Quantisation changes how weights are stored, not how many there are.
        count = parameters if variant.method == "int8" else parameter_count(candidate.network)
        candidates.append(Candidate(name, candidate, steps > 0, count, *_errors(candidate, task)))
    latencies = _latencies(candidates, task, block.latency_repeats)
    energies = _energies(candidates, task, made_by, block.energy_rounds, meter)
    rows = [
        {
            "variant": candidate.name,
            "seed": made_by.seed,
            "fine_tuned": candidate.fine_tuned,
            "rmse": candidate.rmse,
            "mae": candidate.mae,
            "parameters": candidate.parameters,
            "bytes": weight_bytes(candidate.forecaster.network),
            "latency_s_per_window": latency,
            "energy_j_per_1000_forecasts": joules,
            "energy_status": status,
            "unavailable": None,
        }
        for candidate, latency, (joules, status) in zip(candidates, latencies, energies, strict=True)
    ]
    for name, why in unavailable.items():
        absent: dict[str, Any] = dict.fromkeys(rows[0])
        absent.update(variant=name, seed=made_by.seed, energy_status="missing", unavailable=why)
        rows.append(absent)
    numbers = {"rmse": "float64", "mae": "float64", "latency_s_per_window": "float64"}
    nullable = {"fine_tuned": "boolean", "parameters": "Int64", "bytes": "Int64", "unavailable": "string"}
    return pd.DataFrame(rows).astype({**numbers, "energy_j_per_1000_forecasts": "float64", **nullable})


def weight_bytes(network: nn.Module) -> int:
    """Size of the weights as torch saves them [bytes], its archive's own few kilobytes included."""
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    return buffer.getbuffer().nbytes


def _errors(forecaster: NeuralForecaster, task: ForecastTask) -> tuple[float, float]:
    """RMSE and MAE on the test part."""
    origins = task.origins(task.splits.test)
    sums = sum_errors(forecaster.forecast(origins), *task.truth(origins))
    return float(np.sqrt(sums.squared.sum() / sums.cells.sum())), float(
        sums.absolute.sum() / sums.cells.sum()
    )


def _latencies(candidates: list[Candidate], task: ForecastTask, repeats: int) -> list[float]:
    """Median time of one window of all nodes [s] per candidate, taken in turns after a warm-up."""
    origin = task.origins(task.splits.test)[:1]
    times = np.empty((repeats, len(candidates)))
    for repeat in range(-2, repeats):
        for index, candidate in enumerate(candidates):
            start_s = time.perf_counter()
            candidate.forecaster.forecast(origin)
            if repeat >= 0:
                times[repeat, index] = time.perf_counter() - start_s
    return np.median(times, axis=0).tolist()


def _energies(
    candidates: list[Candidate], task: ForecastTask, made_by: ModelSpec, rounds: int, meter: Meter
) -> list[tuple[float | None, str]]:
    """Median energy of 1,000 forecasts of one node each [J] and its status, taken in turns."""
    origins = evenly_spaced(task.origins(task.splits.test), MEASURED_WINDOWS)
    forecasts = len(origins) * len(task.panel.node_names)
    readings: list[list[float]] = [[] for _ in candidates]
    statuses = ["missing"] * len(candidates)
    for turn in range(rounds):
        for index, candidate in enumerate(candidates):
            window = meter.repeat(
                "measure",
                partial(candidate.forecaster.forecast, origins),
                {"forecasts": forecasts},
                model=made_by.name,
                variant=candidate.name,
                seed=made_by.seed,
                turn=turn,
            )
            statuses[index] = window.energy.status
            if window.energy.joules is not None:
                readings[index].append(window.energy.joules / forecasts * 1000)
    return [
        (float(np.median(values)) if values else None, status)
        for values, status in zip(readings, statuses, strict=True)
    ]
