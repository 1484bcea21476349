"""Ends a training that cannot keep its budget, at the end of an epoch and with all it has learnt."""

import sys
from pathlib import Path

from wattshed.energy.budget.budget import Budget, Limit, decide
from wattshed.energy.budget.spent import NO_GPU, missing_components, spent_of
from wattshed.energy.meter import Meter
from wattshed.foundation.faults import Fault
from wattshed.training.progress import Progress
from wattshed.training.resume import Training


class BudgetStop:
    """Asked after every epoch whether the training must end.

    earlier_kwh: energy of this run's earlier attempts. needs_gpu: the work runs on a GPU, whose energy then
    has to be known.
    """

    def __init__(
        self, title: str, budget: Budget, limits: list[Limit], earlier_kwh: float, *, needs_gpu: bool
    ) -> None:
        self._title = title
        self._block = budget.block
        self._limits = limits
        self._earlier_kwh = earlier_kwh
        self._needs_gpu = needs_gpu
        self._epoch_kwh: list[float] = []
        self._last_kwh = 0.0
        self._told = False
        self._allowed: set[bool] = set()

    @classmethod
    def from_environment(
        cls, title: str, ledger: Path, *, resumes: bool, needs_gpu: bool
    ) -> "BudgetStop | None":
        """None where the job came without a budget. Before anything runs: see :meth:`Budget.limits` for faults."""
        budget = Budget.from_environment()
        if budget is None:
            return None
        part = ledger.with_name(ledger.name + ".part")
        limits = budget.limits(part, resumes=resumes)
        earlier_kwh = spent_of(part) if resumes and part.exists() else 0.0
        return cls(title, budget, limits, earlier_kwh, needs_gpu=needs_gpu)

    def begin(self, training: Training, epochs_left: int, meter: Meter, progress: Progress) -> bool:
        """Before the first epoch of an attempt: whether an interrupted training must not go on at all.

        Raises :class:`Fault` where an energy is missing, for then no budget can be kept.
        """
        self._last_kwh = self._measured_kwh(meter)
        known = [row["energy_kwh"] for row in training.epochs]
        self._epoch_kwh = [kwh for kwh in known if kwh is not None]
        if not known:
            return False
        if not self._epoch_kwh:
            # Epochs shorter than the sensors' resolution have no energy of their own, but their attempts have.
            self._epoch_kwh = [self._earlier_kwh / len(known)]
        return self._stops(training, epochs_left, self._last_kwh, meter, progress)

    def stops(self, training: Training, epochs_left: int, meter: Meter, progress: Progress) -> bool:
        """After an epoch: whether the training must end now; the meter and stderr are then told why.

        epochs_left: by the recipe, 0 where the training has ended by itself.
        """
        now_kwh = self._measured_kwh(meter)
        # From end to end of epochs, so that saving between them is paid for too.
        self._epoch_kwh.append(now_kwh - self._last_kwh)
        self._last_kwh = now_kwh
        return self._stops(training, epochs_left, now_kwh, meter, progress)

    def _stops(
        self, training: Training, epochs_left: int, now_kwh: float, meter: Meter, progress: Progress
    ) -> bool:
        decision = decide(
            self._epoch_kwh,
            self._earlier_kwh + now_kwh,
            epochs_left,
            self._limits,
            self._block.forecast_after_epochs,
        )
        where = f"{self._title}: epoch {training.epoch}"
        if decision.action == "continue":
            if decision.exhausted or (
                len(self._epoch_kwh) >= self._block.forecast_after_epochs and not self._told
            ):
                self._told = True
                self._say(f"{where}: {decision.sentence}", progress)
            return False
        if decision.exhausted in self._allowed:
            return False
        if self._block.when_exceeded == "ask" and self._may_go_on(f"{where}: {decision.sentence}", progress):
            self._allowed.add(decision.exhausted)
            return False
        meter.stopped(decision.sentence)
        self._say(f"{where}: stopped with the best weights so far, {decision.sentence}.", progress)
        return True

    def _measured_kwh(self, meter: Meter) -> float:
        """This attempt's energy so far [kWh]; a part that is missing may not pass for little."""
        _, reading = meter.since_start()
        missing = missing_components({name: part.kwh for name, part in reading.components.items()})
        if self._needs_gpu and NO_GPU in reading.components:
            missing.append(NO_GPU)
        if missing or reading.kwh is None:
            reasons = (
                "; ".join(f"{name}: {reading.components[name].source}" for name in missing) or "no sensor"
            )
            raise Fault(
                f"{self._title}: the budget cannot be kept because energy is missing ({reasons}): expected every "
                "component to be measured or estimated; run wattshed doctor for the remedy, or remove energy.budget."
            )
        return reading.kwh

    def _may_go_on(self, text: str, progress: Progress) -> bool:
        """Ask on a terminal; no answer, and no terminal, is a no."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        with progress.paused():
            print(f"{text}.\nGo on all the same? [y/N] ", end="", file=sys.stderr, flush=True)
            return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _say(self, text: str, progress: Progress) -> None:
        with progress.paused():
            print(text, file=sys.stderr, flush=True)
