"""The job of one adapted lineage: one strategy over all months, for every seed."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from wattshed.adaptation.paces import pace_of
from wattshed.adaptation.stream import DAY_LABELS, Labels, adapt_over_months, held_out_rows
from wattshed.config.models.adaptation import StrategyBlock
from wattshed.config.models.recipes import CLOSED_FORM
from wattshed.forecast.days import stacked
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import made_by
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Stage
from wattshed.foundation.writing import write_parquet
from wattshed.training.batches.making import make_sampler
from wattshed.training.checkpoint import read_checkpoint, write_checkpoint
from wattshed.training.over_checkpoints import metered_lineage
from wattshed.training.spec import ModelSpec, Step, make_forecaster
from wattshed.training.updates import UpdateContext, UpdateHooks


@dataclass(frozen=True)
class AdaptationJob:
    """The checkpoints to adapt, the strategy, and the files to write.

    strategy: the step's name in the study; settings: of its strategy, without empty keys; checkpoints: the parent's,
    one per seed; adapted: checkpoints to write, in the same order; matrix: table of errors to write; days: table of
    errors by day to write, of each month before it is learned.
    """

    inputs: JobInputs
    strategy: str
    settings: StrategyBlock
    checkpoints: list[Path]
    adapted: list[Path]
    matrix: Path
    days: Path
    ledger: Path


def adapt_model(job: AdaptationJob) -> None:
    """Adapt every seed's checkpoint month by month; writes adapted checkpoints, both tables of errors and the ledger.

    Raises :class:`Fault` if checkpoints to read and to write do not match, and if an update diverges.
    """
    if len(job.checkpoints) != len(job.adapted):
        raise Fault(
            f"--checkpoints names {len(job.checkpoints)} files and --adapted {len(job.adapted)}: expected one to write "
            "for each one to read; correct the arguments."
        )
    strategy = plugins.load("strategy", job.settings.kind)
    step = Step(job.strategy, "strategy", job.settings.kind, job.settings.model_dump(mode="json"))
    inputs = job.inputs
    if not strategy.control and not inputs.task.splits.months:
        raise Fault(
            f"the strategy {job.strategy} has no later month to learn from: expected at least one; give a longer panel "
            "or smaller shares in data.splits."
        )
    if job.settings.takes_shared_pace:
        # Before anything runs: an empty key does not depend on the checkpoint.
        pace_of(job.strategy, job.settings, CLOSED_FORM, 1)
    rows, days = [], []
    with metered_lineage(inputs, Stage.ADAPTATION, job.ledger) as meter:
        for parent, target in zip(job.checkpoints, job.adapted, strict=True):
            forecaster, spec = read_checkpoint(
                parent, inputs.task, inputs.graph, inputs.device, inputs.engine
            )
            if strategy.control:
                untrained = make_forecaster(spec, inputs.task, inputs.graph, inputs.device, inputs.engine)
                rows += held_out_rows(Labels.of_untrained(spec), untrained, inputs.task, 0)
            adapted = spec.after(step)
            pace = pace_of(job.strategy, job.settings, spec.recipe, _pairs_each(inputs, spec, forecaster))
            context = UpdateContext(
                forecaster, inputs.task, spec, pace, partial(_untrained, inputs, spec, forecaster)
            )
            hooks = made_by("strategy", job.settings.kind, strategy.start(job.settings, context), UpdateHooks)
            own, own_days = adapt_over_months(hooks, Labels.of(adapted), meter)
            rows += own
            days += own_days
            write_checkpoint(target, forecaster.network, adapted)
        write_parquet(job.matrix, pd.DataFrame(rows))
        write_parquet(job.days, stacked(days, DAY_LABELS))


def _untrained(inputs: JobInputs, spec: ModelSpec, forecaster: NeuralForecaster) -> Network:
    """The network of a checkpoint as it was before its training, on the same series."""
    made = make_forecaster(spec, inputs.task, inputs.graph, inputs.device, inputs.engine, forecaster.series)
    return made.network


def _pairs_each(inputs: JobInputs, spec: ModelSpec, forecaster: NeuralForecaster) -> int:
    return make_sampler(spec.recipe, inputs.task, forecaster.series).pairs_each
