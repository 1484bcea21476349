"""The clock sweep of one checkpoint's inference, as a metered job."""

from pathlib import Path

import torch

from wattshed.clocks.backends.opening import open_backend
from wattshed.clocks.sweep import run_sweep
from wattshed.config.models.clocks import ClocksBlock
from wattshed.devices.torch_device import choose_device, synchroniser
from wattshed.energy.job import metered_job
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.protocol import evenly_spaced
from wattshed.foundation.writing import write_parquet
from wattshed.training.checkpoint import read_checkpoint

WINDOWS_PER_CALL = 64


def sweep_checkpoint(
    checkpoint: Path,
    given: JobInputs,
    block: ClocksBlock,
    *,
    output: Path,
    ledger: Path,
) -> None:
    """Sweep in one process: warm-up, clock lock and reset belong together.

    The nvml backend times the inference on its GPU; the others take the time of a call on the CPU.
    """
    backend = open_backend(block)
    device = choose_device("cuda" if block.backend == "nvml" else "cpu")
    if block.backend == "nvml":
        device = torch.device("cuda", block.nvml.gpu_index)
    forecaster, made_by = read_checkpoint(checkpoint, given.task, given.graph, device)
    origins = evenly_spaced(given.task.origins(given.task.splits.test), WINDOWS_PER_CALL)
    labels = {"model": made_by.name, "seed": made_by.seed, "backend": block.backend}
    with (
        metered_job(
            ledger,
            stage="clocks",
            job=ledger.stem,
            labels=labels,
            metering=given.metering,
            synchronise=synchroniser(device),
        ) as meter,
        meter.window("sweep", **labels),
    ):
        frame = run_sweep(backend, lambda: forecaster.forecast(origins), block, made_by.name)
    write_parquet(output, frame)
