"""Test forecasts of all checkpoints, as one metered job: one process, one warm-up, models side by side."""

from functools import partial
from pathlib import Path

import numpy as np

from wattshed.devices.torch_device import synchroniser
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.computing import backend_of
from wattshed.forecast.forecasts import Forecasts
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.protocol import evenly_spaced
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Stage, Window
from wattshed.training.checkpoint import read_checkpoint


def forecast_checkpoints(
    checkpoints: list[Path],
    outputs: dict[str, Path],
    inputs: JobInputs,
    test_windows: int,
    ledger: Path,
) -> None:
    """Forecast the test part with every checkpoint; one file per lineage, with all of its seeds.

    outputs: lineage -> forecasts to write. The energy of each pass goes to the ledger. Raises :class:`Fault` for a
    checkpoint whose lineage has no output, and for an output without a checkpoint.
    """
    task = inputs.task
    origins = evenly_spaced(task.origins(task.splits.test), test_windows)
    counted = {"forecasts": len(origins) * len(task.panel.node_names)}
    results: dict[str, list[np.ndarray]] = {lineage: [] for lineage in outputs}
    seeds: dict[str, list[int]] = {lineage: [] for lineage in outputs}
    with metered_job(
        ledger,
        stage=Stage.INFERENCE,
        job=ledger.stem,
        labels={},
        metering=inputs.metering,
        synchronise=synchroniser(inputs.device),
    ) as meter:
        for checkpoint in checkpoints:
            forecaster, spec = read_checkpoint(checkpoint, task, inputs.graph, inputs.device, inputs.engine)
            if spec.lineage not in outputs:
                raise Fault(
                    f"{checkpoint} has the lineage {spec.lineage}, for which --forecasts names no file: expected one "
                    f"of {', '.join(outputs)}; add {spec.lineage}.safetensors."
                )
            results[spec.lineage].append(forecaster.forecast(origins))
            seeds[spec.lineage].append(spec.seed)
            meter.repeat(
                Window.FORECAST,
                partial(forecaster.forecast, origins),
                counted,
                model=spec.name,
                lineage=spec.lineage,
                seed=spec.seed,
                engine=backend_of(forecaster.network, forecaster.series).name,
            )
    for lineage, path in outputs.items():
        if not results[lineage]:
            raise Fault(
                f"{path} has no checkpoint of the lineage {lineage}: expected one per seed among --checkpoints."
            )
        Forecasts(origins, np.stack(results[lineage]), seeds[lineage]).write(path)
