"""Test forecasts of one model's checkpoints, as a metered job."""

from functools import partial
from pathlib import Path

import numpy as np
import torch

from wattshed.config.energy import EnergyBlock
from wattshed.data.graph import Graph
from wattshed.energy.meter import metered_job
from wattshed.forecast.device import synchroniser
from wattshed.forecast.forecasts import Forecasts
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.training.checkpoint import read_checkpoint


def forecast_checkpoints(
    checkpoints: list[Path],
    task: ForecastTask,
    graph: Graph,
    test_windows: int,
    energy: EnergyBlock,
    device: torch.device,
    *,
    forecasts: Path,
    ledger: Path,
) -> None:
    """Forecast the test part with every seed's network; energy per pass goes to the ledger."""
    origins = evenly_spaced(task.origins(task.splits.test), test_windows)
    results: list[np.ndarray] = []
    seeds: list[int] = []
    with metered_job(
        ledger,
        stage="inference",
        job=ledger.stem,
        labels={"model": ledger.stem},
        energy=energy,
        synchronise=synchroniser(device),
    ) as meter:
        for checkpoint in checkpoints:
            forecaster, made_by = read_checkpoint(checkpoint, task, graph, device)
            results.append(forecaster.forecast(origins))
            seeds.append(made_by.seed)
            counted = {"forecasts": len(origins) * len(task.panel.node_names)}
            work = partial(forecaster.forecast, origins)
            meter.repeat("forecast", work, counted, model=made_by.name, seed=made_by.seed)
    Forecasts(origins, np.stack(results), seeds).write(forecasts)
