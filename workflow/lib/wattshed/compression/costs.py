"""Latency and energy of forecasts, measured in turns, so that a slowdown of the machine affects all networks
equally."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from wattshed.config.models.compression import MeasuringBlock
from wattshed.energy.meter import Meter
from wattshed.energy.reading import worst_status
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.foundation.vocabulary import Status, Window
from wattshed.statistics.geometric import geometric_interval

MEASURED_WINDOWS = 200
WARM_UP_CALLS = 2


@dataclass(frozen=True)
class Cost:
    """What forecasts cost on this machine.

    latency_s: median time of one window of all nodes. energy_j: energy of 1,000 forecasts of one node each, geometric
    mean over the rounds with its 95 % interval; the bounds are None for one round. All are None where a round read 0 J:
    it was too short for the sensor.
    """

    latency_s: float
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    energy_status: str


def measure_costs(
    forecasters: Sequence[tuple[NeuralForecaster, Mapping[str, Any]]],
    task: ForecastTask,
    block: MeasuringBlock,
    meter: Meter,
) -> list[Cost]:
    """Costs of every forecaster. Each forecaster comes with the labels of its windows in the ledger."""
    latencies = _latencies([forecaster for forecaster, _ in forecasters], task, block.latency_repeats)
    readings = _energies(forecasters, task, block.energy_rounds, meter)
    return [_cost(latency_s, rounds) for latency_s, rounds in zip(latencies, readings, strict=True)]


def _cost(latency_s: float, rounds: list[tuple[float, str]]) -> Cost:
    if not rounds:
        return Cost(latency_s, None, None, None, Status.MISSING)
    found = geometric_interval(joules for joules, _ in rounds)
    status = Status.MISSING if found.mean is None else worst_status(status for _, status in rounds)
    return Cost(latency_s, found.mean, found.low, found.high, status)


def _latencies(forecasters: Sequence[NeuralForecaster], task: ForecastTask, repeats: int) -> list[float]:
    """Median time of one window of all nodes [s] per forecaster, after warm-up calls."""
    origin = task.origins(task.splits.test)[:1]
    times_s = np.empty((repeats, len(forecasters)))
    for repeat in range(-WARM_UP_CALLS, repeats):
        for index, forecaster in enumerate(forecasters):
            start_s = time.perf_counter()
            forecaster.forecast(origin)
            if repeat >= 0:
                times_s[repeat, index] = time.perf_counter() - start_s
    return np.median(times_s, axis=0).tolist()


def _energies(
    forecasters: Sequence[tuple[NeuralForecaster, Mapping[str, Any]]],
    task: ForecastTask,
    rounds: int,
    meter: Meter,
) -> list[list[tuple[float, str]]]:
    """Per forecaster the energy of 1,000 forecasts [J] and its status, for each round in which it is known."""
    origins = evenly_spaced(task.origins(task.splits.test), MEASURED_WINDOWS)
    forecasts = len(origins) * len(task.panel.node_names)
    readings: list[list[tuple[float, str]]] = [[] for _ in forecasters]
    for turn in range(rounds):
        for (forecaster, labels), known in zip(forecasters, readings, strict=True):
            window = meter.repeat(
                Window.MEASURE,
                partial(forecaster.forecast, origins),
                {"forecasts": forecasts},
                **labels,
                turn=turn,
            )
            if window.own.joules is not None:
                known.append((window.own.joules / forecasts * 1000, window.own.status))
    return readings
