"""The same work on each seed's checkpoint of a lineage, as one metered job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from wattshed.devices.torch_device import synchroniser
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.neural import NeuralForecaster
from wattshed.foundation.vocabulary import LINEAGE_JOINT
from wattshed.training.checkpoint import read_checkpoint
from wattshed.training.spec import ModelSpec

Work = Callable[[NeuralForecaster, ModelSpec, Meter], pd.DataFrame]


@contextmanager
def metered_lineage(inputs: JobInputs, stage: str, ledger: Path) -> Iterator[Meter]:
    """A metered job on one lineage; its ledger is named after the lineage, which begins with the model's name."""
    lineage = ledger.stem
    with metered_job(
        ledger,
        stage=stage,
        job=f"{stage}_{lineage}",
        labels={"model": lineage.split(LINEAGE_JOINT)[0], "lineage": lineage},
        metering=inputs.metering,
        synchronise=synchroniser(inputs.device),
    ) as meter:
        yield meter


def over_checkpoints(
    checkpoints: list[Path], inputs: JobInputs, work: Work, *, stage: str, ledger: Path
) -> pd.DataFrame:
    """Rows of ``work(forecaster, spec, meter)`` for all checkpoints, concatenated."""
    with metered_lineage(inputs, stage, ledger) as meter:
        frames = [
            work(*read_checkpoint(checkpoint, inputs.task, inputs.graph, inputs.device, inputs.engine), meter)
            for checkpoint in checkpoints
        ]
    return pd.concat(frames, ignore_index=True)
