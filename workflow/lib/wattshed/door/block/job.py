"""The handle of a metered block: its windows while it runs, its energy afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from wattshed.door.block import running
from wattshed.door.block.endings import Ending, ending_of
from wattshed.door.block.recorders import NoRecord, Recorder
from wattshed.door.block.totals import BlockTotals, joules, short
from wattshed.door.names import fit_labels
from wattshed.door.warning import say, warn_once
from wattshed.energy.window import Window
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.vocabulary import Outcome, Status

if TYPE_CHECKING:
    from wattshed.energy.reading import Component

T = TypeVar("T")


class Job:
    """One metered block. ``wattshed.metered`` makes it.

    Its numbers are None while it runs, where they are unknown, and in a process that does not meter: there
    ``metered_by`` says who does. Everything can be called in each of these cases. Nothing here raises because a record
    cannot be kept, unless the block is strict: the sentence is printed once, and ``missing`` holds it.
    """

    def __init__(
        self,
        name: str,
        labels: dict[str, Any],
        recorder: Recorder,
        *,
        country_iso: str | None = None,
        region: str | None = None,
        metered_by: str | None = None,
        strict: bool = False,
        quiet: bool = False,
    ) -> None:
        self.name = name
        self.labels = labels
        self.metered_by = metered_by
        self.missing: str | None = None
        self.outcome: Outcome | None = None
        self.running = False
        self._recorder = recorder
        self._place = country_iso, region
        self._strict = strict
        self._quiet = quiet
        self._totals: BlockTotals | None = None
        self._windows: set[AbstractContextManager[Window]] = set()
        self._pid = os.getpid()
        self._began_s = 0.0
        self._lasted_s: float | None = None
        # The block in which this one was entered.
        self.outer: Job | None = None
        self.entered = False

    # While it runs

    def start(self) -> Self:
        """Begin to meter. Raises :class:`Fault` only if the block is strict and its record cannot be opened."""
        self._guarded("is not metered", self._recorder.start)
        if self.missing is not None:
            self._recorder = NoRecord()
        self._began_s = time.perf_counter()
        self.running = True
        running.add(self)
        return self

    @contextmanager
    def window(self, name: str, /, **labels: Any) -> Iterator[Window]:
        """Measure a part of the block; ``values`` of the window are kept in the ledger.

        As everywhere in wattshed, a window whose block raises is not written. Its energies are empty if this process
        does not meter.
        """
        cm = self._guarded(f"has no window {name!r}", lambda: self._recorder.window(str(name)))
        window = None if cm is None else self._guarded(f"has no window {name!r}", cm.__enter__)
        if cm is None or window is None:
            window = Window(str(name), fit_labels({**self.labels, **labels}))
            began_s = time.perf_counter()
            yield window
            window.duration_s = time.perf_counter() - began_s
            return
        window.labels.update(fit_labels({**self._recorder.window_labels, **labels}))
        self._windows.add(cm)
        pid = os.getpid()
        try:
            yield window
        except BaseException as error:
            if os.getpid() == pid:
                self._windows.discard(cm)
                # It raises the same error again, unless the window cannot be closed.
                with suppress(Exception):
                    cm.__exit__(type(error), error, error.__traceback__)
            raise
        # A child that was forked in the window must not close its parent's.
        if os.getpid() == pid:
            self._windows.discard(cm)
            self._guarded(f"has lost its window {name!r}", lambda: cm.__exit__(None, None, None))

    def stop(self, error: BaseException | None = None) -> Self:
        """End the block and keep what it has spent; a second call does nothing. error: what the block raised."""
        return self.end(ending_of(error), raises=error is None)

    def end(self, ending: Ending, *, raises: bool = True) -> Self:
        """End the block in a given way. raises: whether a strict block may raise where its record cannot be closed."""
        if not self.running:
            return self
        self.running = False
        running.remove(self)
        self._lasted_s = time.perf_counter() - self._began_s
        self.outcome = ending.outcome
        self._totals = self._guarded(
            "has lost the end of its record", lambda: self._recorder.stop(ending), raises=raises
        )
        if not self._quiet and self.outer is None and self._totals is not None:
            say(f"wattshed: {self.summary()}")
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(error)

    # Afterwards

    @property
    def ledger(self) -> Path | None:
        """The file that holds the block's energy; None if this process does not meter."""
        return self._recorder.ledger

    @property
    def recorder(self) -> Recorder:
        """Where blocks within this one are recorded."""
        return self._recorder

    @property
    def energy_j(self) -> float | None:
        """The block's own energy [J]; see docs/methods.md."""
        return None if self._totals is None else joules(self._totals.own)

    @property
    def machine_j(self) -> float | None:
        """Energy of the whole machine during the block [J], idle power and other programs included."""
        return None if self._totals is None else joules(self._totals.machine)

    @property
    def net_j(self) -> float | None:
        """Energy of the whole machine above idle [J]; None if no idle power is known."""
        return None if self._totals is None else joules(self._totals.net)

    @property
    def alone(self) -> bool | None:
        """Whether other programs took at most a tenth of the busy time; None if that is not known."""
        return None if self._totals is None else self._totals.alone

    @property
    def own_cpu_s(self) -> float | None:
        """Processor time of this process and its children during the block [s]."""
        return None if self._totals is None else self._totals.own_cpu_s

    @property
    def status(self) -> Status:
        """How the energy is known: measured, estimated or missing."""
        return Status.MISSING if self._totals is None else self._totals.own.status

    @property
    def components(self) -> dict[str, Component]:
        """Energy, status and source of ``cpu``, ``ram`` and each GPU."""
        return {} if self._totals is None else dict(self._totals.own.components)

    @property
    def duration_s(self) -> float | None:
        """Time that the block took [s]; known in every process that ran it."""
        return self._lasted_s if self._totals is None else self._totals.duration_s

    @property
    def co2e_kg(self) -> float | None:
        """Mass for ``energy_j`` [kg CO2e]; None if the place or the energy is unknown."""
        from wattshed.energy.carbon.carbon import Location, yearly_intensity

        return (
            None
            if self._totals is None
            else yearly_intensity(Location(*self._place)).co2e_kg(self._totals.own.kwh)
        )

    @property
    def not_metered(self) -> list[str]:
        """Parts of the machine without an energy: ``energy_j`` is then a lower bound; empty if none is missing."""
        from wattshed.energy.lower_bounds import not_metered

        return [] if self._totals is None else not_metered(self._totals.own.to_json())

    def summary(self) -> str:
        """One line: what the block cost, how that is known, and where it is recorded."""
        if self.running:
            return f"{self.name}: running" + ("" if self.ledger is None else f"; ledger {self.ledger}")
        time_text = short(self.duration_s, "s")
        if self._totals is None:
            why = f"metered by {self.metered_by}" if self.metered_by else self.missing or "not started"
            return f"{self.name}: {time_text}; {why}"
        beside = ", not alone" if self.alone is False else ""
        lacks = self.not_metered
        least = "at least " if lacks else ""
        without = f" without {', '.join(lacks)}" if lacks else ""
        mass = "" if self.co2e_kg is None else f", {short(self.co2e_kg * 1000, 'g CO2e')}"
        ended = "" if self.outcome is Outcome.FINISHED else f", {self.outcome}"
        return (
            f"{self.name}: {least}{short(self.energy_j, 'J')} of its own ({self.status}{without}) in {time_text}"
            f"{mass}, "
            f"{least}{short(self.machine_j, 'J')} of the machine{beside}{ended}; ledger {_shown(self.ledger)}"
        )

    def to_json(self) -> dict[str, Any]:
        return dict(self._rows())

    def __repr__(self) -> str:
        return f"<metered {self.summary()}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        from html import escape

        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(_cell(value))}</td></tr>"
            for name, value in self._rows()
            if value is not None and value != {} and value != []
        )
        return f"<table>{rows}</table>"

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process, or as a copy, the handle meters nothing."""
        return _elsewhere, (self.name, self.labels, self.metered_by or f"process {self._pid}")

    # The record

    def inherited(self, parent: int) -> None:
        """In a forked child: the block belongs to the parent, and nothing of its record may be touched here."""
        _never_freed([self._recorder, *self._windows])
        self._recorder = NoRecord()
        self.running = False
        self.metered_by = f"process {parent}, from which this one was forked"

    def _guarded(self, what: str, work: Callable[[], T], *, raises: bool = True) -> T | None:
        """The result of a part of record keeping; None, after one warning, if it fails. Strict blocks raise."""
        if os.getpid() != self._pid:
            return None
        try:
            return work()
        except Exception as error:
            sentence = one_line(error)
            self.missing = sentence if isinstance(error, Fault) else f"{type(error).__name__}: {sentence}"
            if self._strict and raises:
                raise
            # The names of ledgers in the sentences differ from block to block.
            about = f"{self.name} {what} {type(error).__name__}"
        warn_once(f"the block {self.name!r} {what}: {self.missing}.", about)
        return None

    def _rows(self) -> list[tuple[str, Any]]:
        return [
            ("name", self.name),
            ("energy_j", self.energy_j),
            ("status", str(self.status)),
            ("not_metered", self.not_metered),
            ("machine_j", self.machine_j),
            ("net_j", self.net_j),
            ("alone", self.alone),
            ("duration_s", self.duration_s),
            ("own_cpu_s", self.own_cpu_s),
            ("co2e_kg", self.co2e_kg),
            ("outcome", "running" if self.running else None if self.outcome is None else str(self.outcome)),
            ("labels", self.labels),
            ("ledger", None if self.ledger is None else str(self.ledger)),
            ("metered_by", self.metered_by),
            ("missing", self.missing),
        ]


def _elsewhere(name: str, labels: dict[str, Any], metered_by: str) -> Job:
    return Job(name, labels, NoRecord(), metered_by=metered_by)


def _shown(path: Path | None) -> str:
    """A path below the working directory without it."""
    with suppress(OSError, ValueError, TypeError):
        return str(Path(str(path)).relative_to(Path.cwd()))
    return str(path)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _never_freed(things: list[Any]) -> None:
    """Keep objects beyond the end of the process: freeing them would run the parent's clean-up in its child."""
    with suppress(Exception):
        import ctypes

        for thing in things:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
