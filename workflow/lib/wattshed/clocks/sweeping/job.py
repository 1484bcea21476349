"""The clock sweep of one checkpoint's inference or training, as a metered job."""

import hashlib
from pathlib import Path

import torch

from wattshed import __version__
from wattshed.clocks.backends.protocol import Backend, ClockBackend, open_for
from wattshed.clocks.sweeping.identity import identity_of
from wattshed.clocks.sweeping.journal import Journal, open_or_restart
from wattshed.clocks.sweeping.progress import Progress
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.clocks.sweeping.targets.inference import inference_target
from wattshed.clocks.sweeping.targets.target import Target
from wattshed.clocks.sweeping.targets.training import training_target
from wattshed.config.clocks.block import ClocksBlock
from wattshed.devices.torch_device import synchroniser
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.neural import NeuralForecaster
from wattshed.foundation.faults import Fault
from wattshed.foundation.plugins import load
from wattshed.foundation.vocabulary import Stage, Window
from wattshed.foundation.writing import write_parquet
from wattshed.training.checkpoint import read_checkpoint
from wattshed.training.spec import ModelSpec

WORKS = ("inference", "training")


def sweep_checkpoint(
    checkpoint: Path,
    given: JobInputs,
    block: ClocksBlock,
    *,
    work: str,
    output: Path,
    ledger: Path,
) -> None:
    """Sweep in one process: warm-up, clock lock and reset belong together.

    checkpoint: of any lineage; work: ``inference`` or ``training``. The back end names the device on which the workload
    runs. A killed job leaves its points in a journal beside ``output``; the next start measures what is missing, and
    its ledger goes on. Raises :class:`Fault` for a checkpoint whose training is asked for and that cannot be trained.
    """
    plugin: Backend = load("clock_backend", block.backend)
    backend = open_for(plugin, block, work)
    try:
        _sweep(backend, plugin.device(block), checkpoint, given, block, work, output, ledger)
    finally:
        backend.reset()


def _sweep(
    backend: ClockBackend,
    device: torch.device,
    checkpoint: Path,
    given: JobInputs,
    block: ClocksBlock,
    work: str,
    output: Path,
    ledger: Path,
) -> None:
    forecaster, spec = read_checkpoint(checkpoint, given.task, given.graph, device, given.engine)
    target = target_of(work, forecaster, spec, given)
    identity = identity_of(
        backend,
        block,
        {
            "name": target.name,
            **target.identity,
            "checkpoint_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
            "wattshed": __version__,
        },
    )
    labels = {
        "model": spec.name,
        "lineage": spec.lineage,
        "seed": spec.seed,
        "backend": block.backend,
        "work": work,
    }
    with open_or_restart(journal_of(output), identity) as journal:
        with metered_job(
            ledger,
            stage=Stage.CLOCKS,
            job=ledger.stem,
            labels=labels,
            metering=given.metering,
            resumes=bool(journal.kept.rows),
            synchronise=synchroniser(device),
        ) as meter:
            progress = Progress(f"{target.name} on {backend.gpu}", backend.knob, block.max_slowdown_share)
            with meter.window(Window.SWEEP, **labels):
                frame = run_sweep(
                    backend, target.call, block, target.name, journal=journal, progress=progress
                )
            # Before the ledger is closed: if the disk is full here, the next attempt resumes the ledger too.
            write_parquet(output, frame)
        _remove(journal)


def target_of(work: str, forecaster: NeuralForecaster, spec: ModelSpec, given: JobInputs) -> Target:
    """What the sweep calls again and again. Raises :class:`Fault` for an unknown work, and for a checkpoint that
    cannot be trained."""
    if work == "inference":
        return inference_target(forecaster, spec, given.task)
    if work == "training":
        return training_target(forecaster, spec, given.task)
    raise Fault(f"the work {work!r} is unknown: expected one of {', '.join(WORKS)}; correct clocks.works.")


def journal_of(output: Path) -> Path:
    """The journal beside a sweep's table, which is named ``….sweep.parquet``."""
    return output.with_name(f"{output.name.removesuffix('.parquet')}.journal.jsonl")


def _remove(journal: Journal) -> None:
    """Its points are in the table: a forced rerun measures again."""
    if journal.path is not None:
        journal.path.unlink(missing_ok=True)
