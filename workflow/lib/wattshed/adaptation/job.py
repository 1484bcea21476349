"""Fine-tuning of one model's checkpoints over the stream, as a metered job."""

from pathlib import Path

import pandas as pd
import torch

from wattshed.adaptation.stream import adapt_over_stream
from wattshed.config.adaptation import AdaptationBlock
from wattshed.config.energy import EnergyBlock
from wattshed.data.graph import Graph
from wattshed.energy.meter import metered_job
from wattshed.forecast.device import synchroniser
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.writing import write_parquet
from wattshed.training.checkpoint import read_checkpoint


def adapt_checkpoints(
    checkpoints: list[Path],
    task: ForecastTask,
    graph: Graph,
    block: AdaptationBlock,
    energy: EnergyBlock,
    device: torch.device,
    *,
    output: Path,
    ledger: Path,
) -> None:
    """Run every strategy from each seed's checkpoint; write the matrices of errors and the ledger."""
    frames = []
    with metered_job(
        ledger,
        stage="adaptation",
        job=ledger.stem,
        labels={"model": ledger.stem},
        energy=energy,
        synchronise=synchroniser(device),
    ) as meter:
        for checkpoint in checkpoints:
            forecaster, made_by = read_checkpoint(checkpoint, task, graph, device)
            frames.append(adapt_over_stream(forecaster, task, made_by, block, meter))
    write_parquet(output, pd.concat(frames, ignore_index=True))
