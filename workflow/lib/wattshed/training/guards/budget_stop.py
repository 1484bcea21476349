"""Ends a training that would exceed its budget, at the end of an epoch and with its best weights."""

import sys
from dataclasses import replace
from pathlib import Path

from wattshed.energy.budget.budget import Budget, Limit, decide
from wattshed.energy.budget.predicted import PredictedTraining
from wattshed.energy.budget.spent import NO_GPU, missing_components, spent_of
from wattshed.energy.meter import Meter
from wattshed.foundation.faults import Fault
from wattshed.training.observer import Observer
from wattshed.training.progress import Progress
from wattshed.training.step.learner import Learner
from wattshed.training.training import Training


class BudgetStop(Observer):
    """Asks after every epoch whether the training must end; it then sets ``training.stopped``.

    earlier_kwh: energy of this training's earlier attempts; began_kwh: the meter's energy when this training began.
    needs_gpu: the work runs on a GPU, whose energy must then be known. predicted: the whole training's energy from a
    device profile, which a training that has no epoch yet is held against.
    """

    def __init__(
        self,
        title: str,
        budget: Budget,
        limits: list[Limit],
        meter: Meter,
        progress: Progress,
        *,
        earlier_kwh: float = 0.0,
        began_kwh: float = 0.0,
        needs_gpu: bool = False,
        predicted: PredictedTraining | None = None,
    ) -> None:
        self._title = title
        self._block = budget.block
        self._limits = limits
        self._meter = meter
        self._progress = progress
        self.earlier_kwh = earlier_kwh
        self._began_kwh = began_kwh
        self._needs_gpu = needs_gpu
        self._predicted = predicted
        self._epoch_kwh: list[float] = []
        self._last_kwh = 0.0
        self._reported = False
        self._allowed: set[bool] = set()

    def before_training(self, training: Training) -> None:
        """Before the first epoch of an attempt: an interrupted training may have to end here.

        Raises :class:`Fault` if an energy is missing, because the budget cannot then be checked, and for a training
        without an epoch whose prediction exceeds a limit: there are no weights yet that it could end with.
        """
        if training.ended:
            return
        self._last_kwh = self._measured_kwh()
        known = [row["energy_kwh"] for row in training.epochs]
        self._epoch_kwh = [kwh for kwh in known if kwh is not None]
        if not known:
            self._hold_prediction()
            return
        if not self._epoch_kwh:
            # Epochs shorter than the sensors' resolution have no energy of their own, but their attempts have.
            self._epoch_kwh = [self.earlier_kwh / len(known)]
        self._decide(training, self._last_kwh)

    def _hold_prediction(self) -> None:
        """Refuse a training of which even the low end of its prediction exceeds a limit."""
        sentence = None if self._predicted is None else self._predicted.broken(self._limits)
        if sentence is None:
            return
        if self._block.when_exceeded == "ask" and self._may_go_on(f"{self._title}: {sentence}"):
            self._allowed.add(False)
            return
        raise Fault(
            f"{self._title}: {sentence}; nothing was trained: raise the limit in energy.budget, take fewer epochs or a "
            "smaller model, or remove the block law to let the budget decide by measured epochs."
        )

    def after_epoch(self, training: Training, learner: Learner) -> None:
        now_kwh = self._measured_kwh()
        # From the end of an epoch to the end of the next, so that saving between them is included.
        self._epoch_kwh.append(now_kwh - self._last_kwh)
        self._last_kwh = now_kwh
        self._decide(training, now_kwh)

    def _decide(self, training: Training, now_kwh: float) -> None:
        decision = decide(
            self._epoch_kwh,
            self.earlier_kwh + now_kwh,
            training.epochs_left,
            self._limits,
            self._block.forecast_after_epochs,
        )
        where = f"{self._title}: epoch {training.epoch}"
        if decision.action == "continue":
            if decision.exhausted or (
                len(self._epoch_kwh) >= self._block.forecast_after_epochs and not self._reported
            ):
                self._reported = True
                self._say(f"{where}: {decision.sentence}")
            return
        if decision.exhausted in self._allowed:
            return
        if self._block.when_exceeded == "ask" and self._may_go_on(f"{where}: {decision.sentence}"):
            self._allowed.add(decision.exhausted)
            return
        training.stopped = decision.sentence
        self._say(f"{where}: stopped with the best weights so far, {decision.sentence}.")

    def _measured_kwh(self) -> float:
        """This training's own energy in this attempt so far [kWh]; a missing component is a fault, because it could be
        large."""
        reading = self._meter.since_start().own
        missing = missing_components({name: part.kwh for name, part in reading.components.items()})
        if self._needs_gpu and NO_GPU in reading.components:
            missing.append(NO_GPU)
        if missing or reading.kwh is None:
            reasons = (
                "; ".join(f"{name}: {reading.components[name].source}" for name in missing) or "no sensor"
            )
            raise Fault(
                f"{self._title}: the budget cannot be checked because energy is missing ({reasons}): "
                "expected every "
                "component to be measured or estimated; run wattshed doctor for the remedy, or remove energy.budget."
            )
        return reading.kwh - self._began_kwh

    def _may_go_on(self, text: str) -> bool:
        """Ask on a terminal; no answer, and no terminal, mean no."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        with self._progress.paused():
            print(f"{text}.\nContinue anyway? [y/N]  ", end="", file=sys.stderr, flush=True)
            return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _say(self, text: str) -> None:
        with self._progress.paused():
            print(text, file=sys.stderr, flush=True)


class JobBudget:
    """The budget of a job that trains several seeds one after the other.

    A limit on a run holds for each seed; a limit on the study counts all seeds.
    """

    def __init__(self, ledger: Path, *, resumes: bool) -> None:
        """Before the job's meter starts. Raises :class:`Fault` if the study's budget is spent."""
        self._budget = Budget.from_environment()
        self._part = ledger.with_name(ledger.name + ".part")
        self._earlier_kwh = 0.0
        if self._budget is not None and resumes and self._part.exists():
            self._earlier_kwh = spent_of(self._part)

    def stop(
        self,
        title: str,
        meter: Meter,
        progress: Progress,
        *,
        resumes: bool,
        finished_kwh: float,
        began_kwh: float,
        needs_gpu: bool,
        model: str | None = None,
    ) -> BudgetStop | None:
        """The observer of one seed. model: its name in the study's predictions; None if it has none.

        resumes: an earlier attempt began this seed; finished_kwh: energy in earlier attempts of seeds that ended there;
        began_kwh: the meter's energy now. Raises :class:`Fault` if the study's budget is spent.
        """
        if self._budget is None:
            return None
        # Energy of earlier attempts that no finished seed used was spent on the unfinished seed.
        earlier_kwh = max(0.0, self._earlier_kwh - finished_kwh) if resumes else 0.0
        others_kwh = self._earlier_kwh - earlier_kwh + began_kwh
        limits = [
            replace(limit, before_kwh=limit.before_kwh + others_kwh) if limit.of_study else limit
            for limit in self._budget.limits(self._part, resumes=True, own_kwh=self._earlier_kwh + began_kwh)
        ]
        return BudgetStop(
            title,
            self._budget,
            limits,
            meter,
            progress,
            earlier_kwh=earlier_kwh,
            began_kwh=began_kwh,
            needs_gpu=needs_gpu,
            predicted=None if model is None else PredictedTraining.from_environment(model),
        )
