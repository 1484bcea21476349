"""The same work on each seed's checkpoint of a model, as one metered job."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from wattshed.devices.torch_device import synchroniser
from wattshed.energy.job import metered_job
from wattshed.energy.meter import Meter
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.neural import NeuralForecaster
from wattshed.training.checkpoint import ModelSpec, read_checkpoint

Work = Callable[[NeuralForecaster, ModelSpec, Meter], pd.DataFrame]


def over_checkpoints(
    checkpoints: list[Path], given: JobInputs, work: Work, *, stage: str, ledger: Path
) -> pd.DataFrame:
    """Rows of ``work(forecaster, made_by, meter)`` for every checkpoint, one below the other."""
    with metered_job(
        ledger,
        stage=stage,
        job=ledger.stem,
        labels={"model": ledger.stem},
        metering=given.metering,
        synchronise=synchroniser(given.device),
    ) as meter:
        frames = [
            work(*read_checkpoint(checkpoint, given.task, given.graph, given.device, given.engine), meter)
            for checkpoint in checkpoints
        ]
    return pd.concat(frames, ignore_index=True)
