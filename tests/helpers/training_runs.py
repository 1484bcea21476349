"""One training into a folder, as the script does it."""

from pathlib import Path

import torch

from wattshed.forecast.job_inputs import JobInputs
from wattshed.training.base import train_base


def train_into(folder: Path, task, graph, metering, made_by, engine="auto") -> None:
    """Writes model.safetensors, epochs.parquet and ledger.jsonl, with what lies beside them, into ``folder``."""
    train_base(
        JobInputs(task, graph, metering, torch.device("cpu"), engine),
        made_by,
        checkpoint=folder / "model.safetensors",
        epochs=folder / "epochs.parquet",
        ledger=folder / "ledger.jsonl",
    )
