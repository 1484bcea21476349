"""``metered``: meter a block, a function or a part of a notebook, with a ledger of its own."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from wattshed.door.block import running
from wattshed.door.block.job import Job
from wattshed.door.names import default_name
from wattshed.door.notebook import end_with_its_cell
from wattshed.door.plan import Plan
from wattshed.door.warning import warn_once
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock

Function = TypeVar("Function", bound=Callable[..., Any])
LEDGERS = "ledgers"


@overload
def metered(name: Function, /) -> Function: ...


@overload
def metered(
    name: str | None = None,
    /,
    *,
    ledger: Path | str | None = None,
    folder: Path | str = LEDGERS,
    stage: str = "command",
    country: str | None = None,
    region: str | None = None,
    metering: MeteringBlock | None = None,
    environ: Mapping[str, str] | None = None,
    strict: bool = False,
    quiet: bool = False,
    **labels: Any,
) -> Metered: ...


def metered(
    name: Any = None,
    /,
    *,
    ledger: Path | str | None = None,
    folder: Path | str = LEDGERS,
    stage: str = "command",
    country: str | None = None,
    region: str | None = None,
    metering: MeteringBlock | None = None,
    environ: Mapping[str, str] | None = None,
    strict: bool = False,
    quiet: bool = False,
    **labels: Any,
) -> Any:
    """Meter a block (``with``), a function (as decorator), or what runs between ``start()`` and ``stop()``.

    ledger: file to write; a finished one is never replaced, the new one gets a number. folder: where a ledger with a
    unique name is written otherwise. stage: the row of the accounts' tables. country, region: place of the machine,
    for the mass of CO2e; else from the environment. metering: None meters without waiting: idle power is taken from
    what is kept for this host and never measured. environ: where the launcher's variables are; None takes the
    process' own. strict: raise :class:`Fault` where no record can be kept, instead of one warning. quiet: print no
    summary at the end. labels: kept with the block; model, seed and the like become columns of the accounts.

    A block inside another one is a window of it. In a distributed program one process per node meters.
    """
    plan = Plan(ledger, folder, stage, country, region, metering, environ, strict, quiet, labels)
    if name is not None and not isinstance(name, str):
        return Metered(None, plan)(name)
    return Metered(name, plan)


class Metered:
    """What ``metered(...)`` returns: enter it, decorate with it, or start it. Each of these makes a new job."""

    def __init__(self, name: str | None, plan: Plan) -> None:
        self._name = name
        self._plan = plan
        self._entered: list[tuple[int, Job]] = []
        self._started: list[Job] = []

    def start(self) -> Job:
        """Begin now; the job's ``stop()`` ends it. In a notebook, an error in this cell ends it too."""
        name = self._name or default_name()
        for job in running.named(name):
            if not job.entered and job.ledger is not None:
                warn_once(
                    f"{name!r} is started again while an earlier one still runs ({job.ledger}): both count the same "
                    "machine; call stop() of the earlier handle."
                )
        job = self._begun(self._plan.job(name, entered=False))
        end_with_its_cell(job)
        self._started.append(job)
        return job

    def stop(self) -> Job | None:
        """End what :meth:`start` began last, as ``stop()`` of the job that it returned does; None if nothing runs."""
        while self._started:
            job = self._started.pop()
            if job.running:
                job.stop()
                return job
        warn_once(f"{self._name or default_name()!r} is stopped, and nothing of it runs: call start() first.")
        return None

    def __enter__(self) -> Job:
        job = self._begun(self._plan.job(self._name or default_name(), entered=True))
        self._entered.append((threading.get_ident(), job))
        return job

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended(self._last_entered(), error)

    async def __aenter__(self) -> Job:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """The function, metered at each call; its attribute ``job`` is the handle of the last call.

        An ``async`` function is metered until it returns, other tasks' work meanwhile included. Raises :class:`Fault`
        for what has no end of its own to meter: generators and classes.
        """
        wrapped: Any = function
        if isinstance(wrapped, (staticmethod, classmethod)):
            unbound: Any = type(wrapped)(self(wrapped.__func__))
            return unbound
        _refuse_unfit(function)
        name = self._name or getattr(function, "__qualname__", default_name()).replace("<locals>.", "")

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_async(*values: Any, **named: Any) -> Any:
                job = call_async.job = self._begun(self._plan.job(name, entered=True))  # type: ignore[attr-defined]
                try:
                    result = await function(*values, **named)
                except BaseException as error:
                    self._ended(job, error)
                    raise
                self._ended(job, None)
                return result

            made: Any = call_async
        else:

            @functools.wraps(function)
            def call(*values: Any, **named: Any) -> Any:
                job = call.job = self._begun(self._plan.job(name, entered=True))  # type: ignore[attr-defined]
                try:
                    result = function(*values, **named)
                except BaseException as error:
                    self._ended(job, error)
                    raise
                self._ended(job, None)
                return result

            made = call
        made.job = None
        return made

    def _begun(self, job: Job) -> Job:
        job.start()
        running.set_current(job)
        return job

    def _ended(self, job: Job, error: BaseException | None) -> None:
        if running.is_current(job):
            running.set_current(job.outer)
        job.stop(error)

    def _last_entered(self) -> Job:
        """The job that this task or thread entered last; one object may be entered by several of them."""
        for place, (_, job) in enumerate(self._entered):
            if running.is_current(job):
                return self._entered.pop(place)[1]
        here = threading.get_ident()
        places = [place for place, (thread, _) in enumerate(self._entered) if thread == here]
        return self._entered.pop(places[-1] if places else -1)[1]


def _refuse_unfit(function: Any) -> None:
    what = getattr(function, "__qualname__", repr(function))
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise Fault(
            f"metered cannot decorate the generator function {what}: its work is done while its caller iterates; put "
            "'with metered(...)' around the loop over it."
        )
    if inspect.isclass(function) or not callable(function):
        raise Fault(f"metered cannot decorate {what}: expected a function or a method; decorate its methods.")
