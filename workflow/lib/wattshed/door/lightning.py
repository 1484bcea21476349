"""Energy of a Lightning trainer: ``Trainer(callbacks=[EnergyCallback()])``, of either package.

Lightning is not a dependency and is not imported before a callback is made.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wattshed.door.trainers.bases import with_bases
from wattshed.door.trainers.run import TrainerRun
from wattshed.foundation.vocabulary import Stage
from wattshed.foundation.vocabulary import Window as Name

if TYPE_CHECKING:
    from wattshed.door.block.job import Job

LIBRARIES = ("lightning.pytorch", "pytorch_lightning")
VALIDATION = "validation"


class EnergyCallback:
    """One ledger per ``fit``, ``validate``, ``test`` or ``predict``, by the process that meters its node.

    A fit has one window per epoch, with the epoch's metrics, and one per validation; the validation within an epoch
    belongs to both. ``job`` is the handle of the last run. name and options: as of :func:`wattshed.metered`.
    """

    def __new__(cls, *values: Any, **options: Any) -> EnergyCallback:
        made: EnergyCallback = object.__new__(with_bases(cls, LIBRARIES, "Callback"))
        return made

    def __init__(self, name: str = "train", **options: Any) -> None:
        super().__init__()
        self._run = TrainerRun(name, options)

    @property
    def job(self) -> Job | None:
        return self._run.job

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process, or as a copy, it begins afresh."""
        return _made, (self._run.name, self._run.options)

    # fit

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(trainer, "fit", Stage.TRAINING)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self._run.open(Name.EPOCH, epoch=trainer.current_epoch)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._run.note(Name.EPOCH, trainer.callback_metrics)
        self._run.close(Name.EPOCH)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        self._run.end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._run.end(exception)

    # validate, within a fit or alone

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        if not self._run.running:
            self._begin(trainer, "validate", Stage.INFERENCE)
        checking = bool(getattr(trainer, "sanity_checking", False))
        labels = {"sanity_check": True} if checking else {"epoch": trainer.current_epoch}
        self._run.open(VALIDATION, **labels)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        alone = _function(trainer) == "validate"
        if alone:
            # In a fit, the metrics would include those of the last epoch's training: its epoch has them.
            self._run.note(VALIDATION, trainer.callback_metrics)
        self._run.close(VALIDATION)
        if alone:
            self._run.end()

    # test and predict

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(trainer, "test", Stage.INFERENCE)

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        self._run.end()

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(trainer, "predict", Stage.INFERENCE)

    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        self._run.end()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """The last hook of a run: one that an error ended without a hook of its own ends here."""
        if self._run.running:
            self._run.end(RuntimeError(f"{stage} did not end by itself"))

    def _begin(self, trainer: Any, part: str, stage: str) -> None:
        self._run.begin(part, environ=_environ(trainer), stage=stage)


def _function(trainer: Any) -> str:
    """What the trainer runs: fit, validate, test or predict."""
    found = getattr(getattr(trainer, "state", None), "fn", None)
    return str(getattr(found, "value", found))


def _environ(trainer: Any) -> Mapping[str, str] | None:
    """Lightning knows ranks that no variable tells, as of processes that it started itself."""
    world_size = getattr(trainer, "world_size", 1)
    if not isinstance(world_size, int) or world_size < 2:
        return None
    ranks = {"LOCAL_RANK": "local_rank", "RANK": "global_rank", "NODE_RANK": "node_rank"}
    told = {name: str(getattr(trainer, attribute, "")) for name, attribute in ranks.items()}
    return {**os.environ, **told, "WORLD_SIZE": str(world_size)}


def _made(name: str, options: dict[str, Any]) -> EnergyCallback:
    return EnergyCallback(name, **options)
