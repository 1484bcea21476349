"""Base training of one model with all its seeds, as one metered job."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from wattshed.data.graph import Graph
from wattshed.devices.torch_device import synchroniser
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.engine.choice import choose
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Stage
from wattshed.foundation.writing import write_parquet
from wattshed.memory.accounting.epoch_peak import EpochPeak
from wattshed.training.batches.making import make_batches
from wattshed.training.checkpoint import write_checkpoint
from wattshed.training.footprint.automatic import settled_specs
from wattshed.training.guards.budget_stop import JobBudget
from wattshed.training.guards.stopping import RecipeEnd
from wattshed.training.loop import TrainingRun, solve_alone, train
from wattshed.training.progress import Progress
from wattshed.training.resume import ResumeFile
from wattshed.training.spec import ModelSpec, make_forecaster, place_of
from wattshed.training.training import Training


@dataclass(frozen=True)
class TrainingJob:
    """One model's trainings, and the files to write.

    specs: one per seed, otherwise equal; checkpoints: to write, in the same order; epochs: table of all seeds'
    epochs to write.
    """

    inputs: JobInputs
    specs: list[ModelSpec]
    checkpoints: list[Path]
    epochs: Path
    ledger: Path

    def __post_init__(self) -> None:
        """Raises :class:`Fault` if seeds and checkpoints do not match."""
        if len(self.specs) != len(self.checkpoints) or not self.specs:
            raise Fault(
                f"--seeds has {len(self.specs)} values and --checkpoints {len(self.checkpoints)}: expected one "
                "checkpoint for each seed; correct the arguments."
            )

    @property
    def name(self) -> str:
        return self.specs[0].name


def train_model(job: TrainingJob) -> None:
    """Train every seed, one after the other, and write checkpoints, epochs and ledger.

    A killed job resumes at the seed and the epoch where it was killed: until the job ends, a file beside each
    checkpoint holds the state of its training, a finished one too. Each seed's weights are those of a process of its
    own. A budget in the environment may end trainings early: all outputs are then complete, and the ledger gives the
    reason. Raises :class:`Fault` before anything runs if the study's budget is spent.
    """
    inputs = job.inputs
    specs, predicted_peak_bytes = settled_specs(job.specs, inputs)
    job = replace(job, specs=specs)
    data = data_fingerprint(inputs.task, inputs.graph)
    saved = [
        ResumeFile(path.with_suffix(".resume"), training_fingerprint(data, spec, program_of(inputs, spec)))
        for spec, path in zip(job.specs, job.checkpoints, strict=True)
    ]
    resumes = any(resume.exists() for resume in saved)
    finished_kwh = sum(resume.finished_kwh() for resume in saved)
    budget = JobBudget(job.ledger, resumes=resumes)
    epochs: list[pd.DataFrame] = []
    with metered_job(
        job.ledger,
        stage=Stage.TRAINING,
        job=f"train_{job.name}",
        labels={"model": job.name},
        metering=inputs.metering,
        resumes=resumes,
        synchronise=synchroniser(inputs.device),
    ) as meter:
        stopped: list[str] = []
        for spec, path, resume in zip(job.specs, job.checkpoints, saved, strict=True):
            training = train_seed(job, spec, path, resume, meter, budget, finished_kwh, predicted_peak_bytes)
            epochs.append(epoch_frame(training))
            if training.stopped is not None:
                stopped.append(f"seed {spec.seed}: {training.stopped}")
                meter.stopped("; ".join(stopped))
        # Written before the ledger is closed: if the disk is full here, the next attempt resumes the ledger
        # too.
        write_parquet(job.epochs, pd.concat(epochs, ignore_index=True))
    for resume in saved:
        resume.remove()


def train_seed(
    job: TrainingJob,
    spec: ModelSpec,
    checkpoint: Path,
    resume: ResumeFile,
    meter: Meter,
    budget: JobBudget,
    finished_kwh: float,
    predicted_peak_bytes: int | None = None,
) -> Training:
    """One seed's training, resumed if an earlier attempt began it, up to its checkpoint.

    finished_kwh: energy in earlier attempts of seeds that ended there; predicted_peak_bytes: of its memory plan.
    """
    # The job's start counts as the first seed's.
    began_kwh = 0.0 if spec is job.specs[0] else meter.since_start().own.kwh or 0.0
    forecaster, training = train_forecaster(
        job.inputs,
        spec,
        resume,
        meter,
        budget,
        finished_kwh=finished_kwh,
        began_kwh=began_kwh,
        predicted_as=spec.name,
        predicted_peak_bytes=predicted_peak_bytes,
    )
    write_checkpoint(checkpoint, forecaster.network, spec.on(job.inputs.task, job.inputs.graph))
    return training


def train_forecaster(
    inputs: JobInputs,
    spec: ModelSpec,
    resume: ResumeFile,
    meter: Meter,
    budget: JobBudget,
    *,
    finished_kwh: float,
    began_kwh: float,
    title: str | None = None,
    further: Mapping[str, Any] | None = None,
    predicted_as: str | None = None,
    predicted_peak_bytes: int | None = None,
) -> tuple[NeuralForecaster, Training]:
    """One training, resumed if an earlier attempt began it; the network has its best weights.

    finished_kwh: energy in earlier attempts of trainings that ended there; began_kwh: the meter's energy when this
    one began; title: for progress; further: labels of its windows beside model and seed; predicted_as: the model of
    the study's predictions that its budget is held against before the first epoch, None for a training that none of
    them is of; predicted_peak_bytes: of its memory plan, for its windows.
    """
    task = inputs.task
    title = title or f"{spec.name}, seed {spec.seed}"
    with Progress(title, task.panel.unit, spec.recipe.epochs) as progress:
        stop = budget.stop(
            title,
            meter,
            progress,
            resumes=resume.exists(),
            finished_kwh=finished_kwh,
            began_kwh=began_kwh,
            needs_gpu=inputs.device.type == "cuda",
            model=predicted_as,
        )
        forecaster = make_forecaster(spec, task, inputs.graph, inputs.device, inputs.engine)
        batches = make_batches(spec, task, forecaster)
        if next(forecaster.network.parameters(), None) is None:
            run = TrainingRun(forecaster, task, batches, spec, meter, resume, [], further or {})
            return forecaster, solve_alone(run)
        # The state is saved before anything may end the training.
        observers = [RecipeEnd(spec.recipe), resume, progress, *([] if stop is None else [stop])]
        peak = None if spec.recipe.memory is None else EpochPeak(inputs.device, predicted_peak_bytes)
        run = TrainingRun(forecaster, task, batches, spec, meter, resume, observers, further or {}, peak)
        training, learner = train(run)
    if peak is not None and (line := peak.summary(title)):
        print(line, flush=True)
    if not training.ended:
        now_kwh = meter.since_start().own.kwh
        training.ended = True
        if now_kwh is not None:
            training.spent_kwh = (0.0 if stop is None else stop.earlier_kwh) + now_kwh - began_kwh
        # If the job is killed while it trains another seed, this one is not trained again.
        resume.save(learner, training)
    return forecaster, training


# Of an epoch's row; a closed form has no epochs, and its table is empty.
EPOCH_COLUMNS = (
    *("model", "seed", "epoch", "steps", "samples", "train_loss", "validation_rmse"),
    *("learning_rate", "duration_s", "energy_kwh"),
)
EPOCH_TYPES = {
    "seed": "int64",
    "epoch": "int64",
    "steps": "int64",
    "samples": "int64",
    **dict.fromkeys(
        ("train_loss", "validation_rmse", "learning_rate", "duration_s", "energy_kwh"), "float64"
    ),
}


def epoch_frame(training: Training) -> pd.DataFrame:
    """One row per epoch, with the energy so far as ``cumulative_kwh``; null after an epoch whose energy is unknown."""
    frame = pd.DataFrame(training.epochs, columns=EPOCH_COLUMNS).astype(EPOCH_TYPES)
    # A running sum over epochs of unknown energy would count them as free.
    frame["cumulative_kwh"] = frame["energy_kwh"].cumsum(skipna=False)
    return frame


def data_fingerprint(task: ForecastTask, graph: Graph) -> str:
    """Digest of panel, splits and graph."""
    parts = [task.panel_digest, graph.digest, str(task.splits)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def training_fingerprint(data: str, spec: ModelSpec, engine: str) -> str:
    """Digest of data, recipe and program: only an identical training may be resumed."""
    blocks = [
        spec.model.model_dump(mode="json"),
        spec.recipe.model_dump(mode="json"),
        spec.windows.model_dump(),
    ]
    program = [torch.__version__, torch.get_num_threads(), engine]
    return hashlib.sha256(json.dumps([data, spec.name, spec.seed, blocks, program]).encode()).hexdigest()


def program_of(inputs: JobInputs, spec: ModelSpec) -> str:
    """Back end and memory plan: on another machine a level may take other mechanisms, and so other arithmetic."""
    plan = spec.plan_at(place_of(inputs.device, inputs.engine))
    return " ".join([engine_of(inputs, spec), *plan.names])


def engine_of(inputs: JobInputs, spec: ModelSpec) -> str:
    """The back end for networks of this size: a training is resumed only on the same back end."""
    if spec.plan_at(place_of(inputs.device, inputs.engine)).needs_torch is not None:
        return "torch"
    hidden = getattr(spec.model, "hidden", None)
    if hidden is None or getattr(plugins.load("family", spec.model.form), "torch_only", False):
        return "torch"
    lift = getattr(spec.model, "channels", None)
    return choose(inputs.engine, inputs.device.type, hidden, lift=lift).name
