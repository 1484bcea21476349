"""The handle of a metered block: how it starts, its windows, how it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from wattshed.door.block import running
from wattshed.door.block.endings import Ending, ending_of
from wattshed.door.block.recorders import NoRecord, Recorder
from wattshed.door.block.results import BlockResults
from wattshed.door.names import fit_labels
from wattshed.door.warning import say, warn_once
from wattshed.energy.window import Window
from wattshed.foundation.faults import Fault, one_line

T = TypeVar("T")


class Job(BlockResults):
    """One metered block. ``wattshed.metered`` makes it.

    Everything can be called while it runs, afterwards, and in a process that does not meter. Nothing here raises
    because a record cannot be kept, unless the block is strict: the sentence is printed once, and ``missing`` holds it.
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
        super().__init__(
            name, labels, recorder, country_iso=country_iso, region=region, metered_by=metered_by
        )
        self._strict = strict
        self._quiet = quiet
        self._windows: set[AbstractContextManager[Window]] = set()
        self._pid = os.getpid()
        self._began_s = 0.0
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

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process, or as a copy, the handle meters nothing."""
        return _elsewhere, (self.name, self.labels, self.metered_by or f"process {self._pid}")

    # The record

    @property
    def recorder(self) -> Recorder:
        """Where blocks within this one are recorded."""
        return self._recorder

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


def _elsewhere(name: str, labels: dict[str, Any], metered_by: str) -> Job:
    return Job(name, labels, NoRecord(), metered_by=metered_by)


def _never_freed(things: list[Any]) -> None:
    """Keep objects beyond the end of the process: freeing them would run the parent's clean-up in its child."""
    with suppress(Exception):
        import ctypes

        for thing in things:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
