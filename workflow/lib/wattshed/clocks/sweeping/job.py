"""The clock sweep of one checkpoint's inference, as a metered job."""

from pathlib import Path

from wattshed.clocks.backends.protocol import Backend
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.devices.torch_device import synchroniser
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.protocol import evenly_spaced
from wattshed.foundation.plugins import load
from wattshed.foundation.vocabulary import Stage, Window
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

    checkpoint: of any lineage. The back end names the device on which the workload runs.
    """
    plugin: Backend = load("clock_backend", block.backend)
    backend, device = plugin.open(block), plugin.device(block)
    forecaster, spec = read_checkpoint(checkpoint, given.task, given.graph, device, given.engine)
    origins = evenly_spaced(given.task.origins(given.task.splits.test), WINDOWS_PER_CALL)
    labels = {"model": spec.name, "lineage": spec.lineage, "seed": spec.seed, "backend": block.backend}
    with (
        metered_job(
            ledger,
            stage=Stage.CLOCKS,
            job=ledger.stem,
            labels=labels,
            metering=given.metering,
            synchronise=synchroniser(device),
        ) as meter,
        meter.window(Window.SWEEP, **labels),
    ):
        frame = run_sweep(backend, lambda: forecaster.forecast(origins), block, spec.lineage)
    write_parquet(output, frame)
