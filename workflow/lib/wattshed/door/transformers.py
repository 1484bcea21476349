"""Energy of Hugging Face's trainer: ``Trainer(..., callbacks=[EnergyCallback()])``.

transformers is not a dependency and is not imported before a callback is made.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from wattshed.door.trainers.bases import with_bases
from wattshed.door.trainers.run import TrainerRun
from wattshed.foundation.vocabulary import Stage
from wattshed.foundation.vocabulary import Window as Name

if TYPE_CHECKING:
    from wattshed.door.block.job import Job

EVALUATION = "evaluation"


class EnergyCallback:
    """One ledger per training, by the process that meters its node: a window per epoch and one per evaluation.

    What the trainer logs for an epoch, such as its loss, is kept with the epoch's window, and the metrics of an
    evaluation with the evaluation's. ``job`` is the handle of the last training. name and options: as of
    :func:`wattshed.metered`.

    The trainer reports no errors to its callbacks. A training that fails is ended when the next one begins, or when the
    program ends.
    """

    def __new__(cls, *values: Any, **options: Any) -> EnergyCallback:
        made: EnergyCallback = object.__new__(with_bases(cls, ("transformers",), "TrainerCallback"))
        return made

    def __init__(self, name: str = "train", **options: Any) -> None:
        super().__init__()
        self._run = TrainerRun(name, options)
        # The epoch is over, but what the trainer logs for it comes next.
        self._log_follows = False

    @property
    def job(self) -> Job | None:
        return self._run.job

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process, or as a copy, it begins afresh."""
        return _made, (self._run.name, self._run.options)

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self._log_follows = False
        self._run.begin("fit", environ=_environ(args), stage=Stage.TRAINING)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self._close_epoch()
        # The trainer counts 0.0 at the beginning of the first epoch.
        self._run.open(Name.EPOCH, epoch=math.floor((getattr(state, "epoch", 0) or 0) + 1e-6))

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self._evaluation_follows(state, control)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        if getattr(control, "should_log", False):
            self._log_follows = True
        else:
            self._close_epoch()
        self._evaluation_follows(state, control)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        self._run.note(Name.EPOCH, logs or {})
        if self._log_follows:
            self._close_epoch()
            self._evaluation_follows(state, control)

    def on_prediction_step(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        # The evaluation has begun without a log before it.
        if self._log_follows:
            self._close_epoch()
            self._evaluation_follows(state, control)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **others: Any) -> None:
        self._run.note(EVALUATION, metrics or {})
        self._run.close(EVALUATION)

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self._close_epoch()
        self._run.end()

    def _evaluation_follows(self, state: Any, control: Any) -> None:
        if getattr(control, "should_evaluate", False) and not self._log_follows:
            self._run.open(EVALUATION, step=getattr(state, "global_step", None))

    def _close_epoch(self) -> None:
        self._log_follows = False
        self._run.close(Name.EPOCH)


def _environ(args: Any) -> dict[str, str] | None:
    """The trainer knows its ranks where no variable tells them, as in processes that accelerate started."""
    import os

    world_size, local_rank = getattr(args, "world_size", 1), getattr(args, "local_process_index", 0)
    if not isinstance(world_size, int) or world_size < 2:
        return None
    told = {
        "LOCAL_RANK": str(local_rank),
        "WORLD_SIZE": str(world_size),
        "RANK": str(getattr(args, "process_index", "")),
    }
    return {**os.environ, **told}


def _made(name: str, options: dict[str, Any]) -> EnergyCallback:
    return EnergyCallback(name, **options)
