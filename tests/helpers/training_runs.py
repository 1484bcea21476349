"""Trainings into a folder, as the script runs them."""

from pathlib import Path

import torch

from wattshed.forecast.job_inputs import JobInputs
from wattshed.training.job import TrainingJob, train_model


def train_into(folder: Path, task, graph, metering, *specs, engine="auto", ledger="ledger.jsonl") -> None:
    """Train one model's seeds; writes into ``folder``.

    model.safetensors (model-2.safetensors, ... for further specs), epochs.parquet, the ledger, and side files.
    """
    names = ["model.safetensors", *(f"model-{spec.seed}.safetensors" for spec in specs[1:])]
    train_model(
        TrainingJob(
            JobInputs(task, graph, metering, torch.device("cpu"), engine),
            list(specs),
            [folder / name for name in names],
            folder / "epochs.parquet",
            folder / ledger,
        )
    )
