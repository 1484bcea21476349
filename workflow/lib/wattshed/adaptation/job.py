"""The job of one adapted lineage: one strategy over all months, for every seed."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wattshed.adaptation.stream import DAY_LABELS, Labels, adapt_over_months, held_out_rows
from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.days import stacked
from wattshed.forecast.job_inputs import JobInputs
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Stage
from wattshed.foundation.writing import write_parquet
from wattshed.training.checkpoint import Step, make_forecaster, read_checkpoint, write_checkpoint
from wattshed.training.over_checkpoints import metered_lineage
from wattshed.training.updates import Pace, UpdateContext, UpdateHooks


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
    pace = pace_of(job.strategy, job.settings)
    inputs = job.inputs
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
            context = UpdateContext(forecaster, inputs.task, spec, pace)
            hooks = plugins.made_by(
                "strategy", job.settings.kind, strategy.start(job.settings, context), UpdateHooks
            )
            own, own_days = adapt_over_months(hooks, Labels.of(adapted), meter)
            rows += own
            days += own_days
            write_checkpoint(target, forecaster.network, adapted)
        write_parquet(job.matrix, pd.DataFrame(rows))
        write_parquet(job.days, stacked(days, DAY_LABELS))


def pace_of(name: str, settings: StrategyBlock) -> Pace:
    """Raises :class:`Fault` if a key is empty; a study fills it from its block ``adaptation``."""
    steps, batch, rate = settings.steps, settings.batch, settings.learning_rate
    if steps is None or batch is None or rate is None:
        empty = "steps" if steps is None else "batch" if batch is None else "learning_rate"
        raise Fault(
            f"the settings of the strategy {name} have no {empty}: expected a number; add it to --settings."
        )
    return Pace(steps, batch, rate)
