"""Compression of one model's checkpoints, as a metered job."""

from pathlib import Path

import pandas as pd
import torch

from wattshed.compression.judge import judge_variants
from wattshed.config.compression import CompressionBlock
from wattshed.config.energy import EnergyBlock
from wattshed.data.graph import Graph
from wattshed.energy.meter import metered_job
from wattshed.forecast.device import synchroniser
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.writing import write_parquet
from wattshed.training.checkpoint import read_checkpoint


def compress_checkpoints(
    checkpoints: list[Path],
    task: ForecastTask,
    graph: Graph,
    block: CompressionBlock,
    energy: EnergyBlock,
    device: torch.device,
    *,
    output: Path,
    ledger: Path,
) -> None:
    """Make and judge every variant of each seed's checkpoint; write the table of variants and the ledger."""
    frames = []
    with metered_job(
        ledger,
        stage="compression",
        job=ledger.stem,
        labels={"model": ledger.stem},
        energy=energy,
        synchronise=synchroniser(device),
    ) as meter:
        for checkpoint in checkpoints:
            forecaster, made_by = read_checkpoint(checkpoint, task, graph, device)
            frames.append(judge_variants(forecaster, task, made_by, block, meter))
    write_parquet(output, pd.concat(frames, ignore_index=True))
