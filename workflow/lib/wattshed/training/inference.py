"""Test forecasts of all checkpoints, as one metered job: one process, one warm-up, models side by side."""

from functools import partial
from pathlib import Path

import numpy as np

from wattshed.devices.torch_device import synchroniser
from wattshed.energy.job import metered_job
from wattshed.forecast.computing import backend_of
from wattshed.forecast.forecasts import Forecasts
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.protocol import evenly_spaced
from wattshed.training.checkpoint import read_checkpoint


def forecast_checkpoints(
    checkpoints: list[Path],
    outputs: dict[str, Path],
    given: JobInputs,
    test_windows: int,
    ledger: Path,
) -> None:
    """Forecast the test part with every checkpoint; one file per model, all of its seeds in it.

    outputs: model's name -> forecasts to write. The energy of a pass goes to the ledger.
    """
    task = given.task
    origins = evenly_spaced(task.origins(task.splits.test), test_windows)
    counted = {"forecasts": len(origins) * len(task.panel.node_names)}
    results: dict[str, list[np.ndarray]] = {name: [] for name in outputs}
    seeds: dict[str, list[int]] = {name: [] for name in outputs}
    with metered_job(
        ledger,
        stage="inference",
        job=ledger.stem,
        labels={},
        metering=given.metering,
        synchronise=synchroniser(given.device),
    ) as meter:
        for checkpoint in checkpoints:
            forecaster, made_by = read_checkpoint(checkpoint, task, given.graph, given.device, given.engine)
            results[made_by.name].append(forecaster.forecast(origins))
            seeds[made_by.name].append(made_by.seed)
            work = partial(forecaster.forecast, origins)
            engine = backend_of(forecaster.network, forecaster.series).name
            meter.repeat("forecast", work, counted, model=made_by.name, seed=made_by.seed, engine=engine)
    for name, path in outputs.items():
        Forecasts(origins, np.stack(results[name]), seeds[name]).write(path)
