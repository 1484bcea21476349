"""A model trained and scored at every rolling origin with all its seeds, as one metered job."""

from dataclasses import dataclass, replace
from pathlib import Path

from wattshed.devices.torch_device import synchroniser
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.days import score_origin, write_origins
from wattshed.forecast.job_inputs import JobInputs
from wattshed.foundation.vocabulary import Stage
from wattshed.training.footprint.automatic import settled_specs
from wattshed.training.guards.budget_stop import JobBudget
from wattshed.training.job import data_fingerprint, program_of, train_forecaster, training_fingerprint
from wattshed.training.resume import ResumeFile
from wattshed.training.spec import ModelSpec


@dataclass(frozen=True)
class RollingJob:
    """One model's trainings at all origins, and the files to write.

    origins: data and graph of each, in the order of time; specs: one per seed, otherwise equal; output: table of errors
    by day.
    """

    origins: list[JobInputs]
    specs: list[ModelSpec]
    output: Path
    ledger: Path

    @property
    def name(self) -> str:
        return self.specs[0].name

    def resume_file(self, number: int, spec: ModelSpec) -> ResumeFile:
        """The state of one training, in a file beside the output. number: of the origin, from 1."""
        inputs = self.origins[number - 1]
        data = data_fingerprint(inputs.task, inputs.graph)
        path = self.output.with_name(f"{self.name}.{number}-{spec.seed}.resume")
        return ResumeFile(path, training_fingerprint(data, spec, program_of(inputs, spec)))


def roll_model(job: RollingJob) -> None:
    """Train and score every seed at each origin in turn; write the errors by day and the ledger.

    A killed job resumes at the origin, the seed and the epoch where it was killed. A limit of the budget on a run holds
    for each training. Raises :class:`Fault` before anything runs if the study's budget is spent.
    """
    # The last origin's training part is the longest: a level that fits there fits at all origins.
    specs, predicted_peak_bytes = settled_specs(job.specs, job.origins[-1])
    job = replace(job, specs=specs)
    turns = [(number, spec) for number in range(1, len(job.origins) + 1) for spec in job.specs]
    saved = [job.resume_file(*turn) for turn in turns]
    resumes = any(resume.exists() for resume in saved)
    finished_kwh = sum(resume.finished_kwh() for resume in saved)
    budget = JobBudget(job.ledger, resumes=resumes)
    first = job.origins[0]
    frames, stopped = [], []
    with metered_job(
        job.ledger,
        stage=Stage.ROLLING,
        job=f"roll_{job.name}",
        labels={"model": job.name},
        metering=first.metering,
        resumes=resumes,
        synchronise=synchroniser(first.device),
    ) as meter:
        for turn, ((number, spec), resume) in enumerate(zip(turns, saved, strict=True), start=1):
            inputs = job.origins[number - 1]
            title = f"{spec.name}, seed {spec.seed}, origin {number} (training {turn} of {len(turns)})"
            forecaster, training = train_forecaster(
                inputs,
                spec,
                resume,
                meter,
                budget,
                finished_kwh=finished_kwh,
                # The job's start counts as the first training's.
                began_kwh=0.0 if turn == 1 else meter.since_start().own.kwh or 0.0,
                title=title,
                further={"origin": number},
                predicted_peak_bytes=predicted_peak_bytes,
            )
            if training.stopped is not None:
                stopped.append(f"seed {spec.seed}, origin {number}: {training.stopped}")
                meter.stopped("; ".join(stopped))
            frames.append(
                score_origin(forecaster.forecast, inputs.task, model=spec.name, seed=spec.seed, origin=number)
            )
        write_origins(job.output, frames)
    # Also those of seeds and origins that the study no longer has.
    for path in job.output.parent.glob(f"{job.name}.*-*.resume"):
        path.unlink()
