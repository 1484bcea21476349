"""Latency, energy, memory and use of forecasts, measured in turns, so that a slowdown of the machine affects all
networks equally, and in a random order of each turn (``turns.py``)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from wattshed.compression.peak_memory import peak_torch_bytes
from wattshed.compression.turns import random_orders, times_in_turns
from wattshed.config.models.compression import MeasuringBlock
from wattshed.devices.allocation import find_allocation
from wattshed.energy.meter import Meter
from wattshed.energy.reading import worst_status
from wattshed.energy.window import Window as MeasuredWindow
from wattshed.forecast.computing import backend_of
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.foundation.vocabulary import Status, Window
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.medians import median_interval

MEASURED_WINDOWS = 200
# Windows of one call, beside a single one.
BATCH_WINDOWS = 32
GPU_USE = re.compile(r"gpu\d+_utilisation_percent")


@dataclass(frozen=True)
class Cost:
    """What forecasts cost on this machine.

    latency_s: median time of one window of all nodes in a warm call, one that follows calls of the same network, with
    its 95 % interval over the repeats, None for fewer than six; batch_latency_s: of 32 consecutive windows in one call,
    None if the test part has fewer; hour_latency_s: of a stream's next step for all nodes, None for networks that do
    not stream. energy_j: energy of 1,000 forecasts of one node each, geometric mean over the rounds with its 95 %
    interval; the bounds are None for one round. All are None where a round read 0 J: it was too short for the sensor.
    peak_bytes: what torch allocates at most for 32 windows, None where a kernel computes. cpu_share: mean use of the
    job's cores in the energy windows, gpu_share: of the visible GPUs; None if unknown.
    """

    latency_s: float
    latency_low_s: float | None
    latency_high_s: float | None
    batch_latency_s: float | None
    hour_latency_s: float | None
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    energy_status: str
    peak_bytes: int | None
    cpu_share: float | None
    gpu_share: float | None


@dataclass
class Rounds:
    """Readings of one forecaster: joules of 1,000 forecasts with their status where known, and shares in use."""

    energies: list[tuple[float, str]] = field(default_factory=list)
    cpu_shares: list[float] = field(default_factory=list)
    gpu_shares: list[float] = field(default_factory=list)


def measure_costs(
    forecasters: Sequence[tuple[NeuralForecaster, Mapping[str, Any]]],
    task: ForecastTask,
    block: MeasuringBlock,
    meter: Meter,
) -> list[Cost]:
    """Costs of every forecaster. Each forecaster comes with the labels of its windows in the ledger."""
    alone = [forecaster for forecaster, _ in forecasters]
    origins = task.origins(task.splits.test)
    batch = origins[:BATCH_WINDOWS] if len(origins) >= BATCH_WINDOWS else None
    latencies = _latencies(alone, origins, batch, block.latency_repeats)
    peaks = [_peak_bytes(one, batch) for one in alone]
    readings = _energies(forecasters, task, block.energy_rounds, meter)
    return [_cost(*parts) for parts in zip(latencies, peaks, readings, strict=True)]


def _peak_bytes(forecaster: NeuralForecaster, batch: np.ndarray | None) -> int | None:
    """None without a batch, and where a kernel computes: it hardly allocates by torch."""
    if batch is None or backend_of(forecaster.network, forecaster.series).kernel is not None:
        return None
    return peak_torch_bytes(partial(forecaster.forecast, batch), forecaster.series.device)


def _cost(latencies: Sequence[np.ndarray | None], peak_bytes: int | None, rounds: Rounds) -> Cost:
    one_s = latencies[0]
    assert one_s is not None
    medians = [None if times is None else float(np.median(times)) for times in latencies]
    low_s, high_s = median_interval(one_s)
    found = geometric_interval(joules for joules, _ in rounds.energies)
    known = found.mean is not None
    return Cost(
        latency_s=float(np.median(one_s)),
        latency_low_s=low_s,
        latency_high_s=high_s,
        batch_latency_s=medians[1],
        hour_latency_s=medians[2],
        energy_j=found.mean,
        energy_low_j=found.low,
        energy_high_j=found.high,
        energy_status=worst_status(status for _, status in rounds.energies) if known else Status.MISSING,
        peak_bytes=peak_bytes,
        cpu_share=_mean(rounds.cpu_shares),
        gpu_share=_mean(rounds.gpu_shares),
    )


def _latencies(
    forecasters: Sequence[NeuralForecaster], origins: np.ndarray, batch: np.ndarray | None, repeats: int
) -> list[list[np.ndarray | None]]:
    """Times [s] of all repeats of one window, of a batch and of a stream's next step, per forecaster, each warm."""
    works = [work for one in forecasters for work in _works(one, origins, batch)]
    offered = [work for work in works if work is not None]
    times_s = iter(times_in_turns(offered, repeats).T)
    found = [None if work is None else next(times_s) for work in works]
    return [found[start : start + 3] for start in range(0, len(found), 3)]


def _works(
    forecaster: NeuralForecaster, origins: np.ndarray, batch: np.ndarray | None
) -> tuple[Callable[[], Any] | None, ...]:
    one = partial(forecaster.forecast, origins[:1])
    several = None if batch is None else partial(forecaster.forecast, batch)
    return one, several, _next_hour(forecaster, origins)


def _next_hour(forecaster: NeuralForecaster, origins: np.ndarray) -> Callable[[], Any] | None:
    """Reads one further hour of a stream of its own and forecasts from it; from the test part's first hour on."""
    if not isinstance(forecaster, StreamingForecaster):
        return None
    stream = forecaster.of(forecaster.network)
    first, hours = int(origins[0]), stream.series.own.shape[1]
    stream.network.eval()
    stream.advance_to(first)
    read = 0

    def work() -> None:
        nonlocal read
        if first + read + 1 >= hours:
            # At the end of the series a stream begins again: one hour costs the same from any state.
            stream.start(first)
            read = 0
        read += 1
        stream.advance_to(first + read).cpu()

    return work


def _energies(
    forecasters: Sequence[tuple[NeuralForecaster, Mapping[str, Any]]],
    task: ForecastTask,
    rounds: int,
    meter: Meter,
) -> list[Rounds]:
    """Per forecaster the energy of 1,000 forecasts [J] and its status, for each round in which it is known."""
    origins = evenly_spaced(task.origins(task.splits.test), MEASURED_WINDOWS)
    forecasts = len(origins) * len(task.panel.node_names)
    cores = find_allocation().cores
    readings = [Rounds() for _ in forecasters]
    for turn, order in enumerate(random_orders(len(forecasters), rounds)):
        for index in order:
            (forecaster, labels), known = forecasters[index], readings[index]
            window = meter.repeat(
                Window.MEASURE,
                partial(forecaster.forecast, origins),
                {"forecasts": forecasts},
                **labels,
                turn=turn,
            )
            if window.own.joules is not None:
                known.energies.append((window.own.joules / forecasts * 1000, window.own.status))
            _take_use(known, window, cores)
    return readings


def _take_use(known: Rounds, window: MeasuredWindow, cores: float | None) -> None:
    span_s = window.duration_s * window.repeats
    if cores and span_s > 0:
        known.cpu_shares.append(window.use.own_cpu_s / span_s / cores)
    percents = [values["mean"] for name, values in window.samples_json().items() if GPU_USE.fullmatch(name)]
    if percents:
        known.gpu_shares.append(sum(percents) / len(percents) / 100)


def _mean(shares: Sequence[float]) -> float | None:
    return float(np.mean(shares)) if shares else None
