"""Where a block's energy is recorded: in a ledger of its own, as a window of the block around it, or nowhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from wattshed.door.block.totals import BlockTotals, totals_of, totals_of_window
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.door.block.endings import Ending
    from wattshed.energy.host import Host
    from wattshed.energy.meter import Meter
    from wattshed.energy.window import Window

# Sensors are started one after the other: CodeCarbon's import diverts the standard output meanwhile.
starting = threading.Lock()


class Recorder(Protocol):
    """ledger: the file that the energy goes to; None if none is written. window_labels: what each window repeats,
    where the ledger's first line does not say it."""

    ledger: Path | None
    window_labels: dict[str, Any]

    def start(self) -> None: ...

    def window(self, name: str) -> AbstractContextManager[Window] | None:
        """A window that is not open yet; None where none is recorded."""
        ...

    def stop(self, ending: Ending) -> BlockTotals | None: ...


class NoRecord:
    """Nothing is recorded: another process meters this node, or the record could not be opened."""

    ledger: Path | None = None

    def __init__(self) -> None:
        self.window_labels: dict[str, Any] = {}

    def start(self) -> None:
        pass

    def window(self, name: str) -> AbstractContextManager[Window] | None:
        return None

    def stop(self, ending: Ending) -> BlockTotals | None:
        return None


class OwnLedger:
    """A metered job with a ledger of its own. of_all_ranks: the other ranks of this node count as its own too."""

    def __init__(
        self,
        choose: Callable[[], Path],
        *,
        stage: str,
        labels: dict[str, Any],
        metering: MeteringBlock | None,
        host: Host,
        of_all_ranks: bool = False,
    ) -> None:
        self._of_all_ranks = of_all_ranks
        self.ledger: Path | None = None
        self.window_labels: dict[str, Any] = {}
        self._choose = choose
        self._stage = stage
        self._labels = labels
        self._metering = metering
        self._host = host
        self._stack = ExitStack()
        self._meter: Meter | None = None

    def start(self) -> None:
        """Raises :class:`Fault` and others where the ledger or the sensors cannot be opened; no file is left then."""
        from wattshed.config.energy.metering import MeteringBlock
        from wattshed.energy.metered_job import metered_job
        from wattshed.energy.share.usage import Usage

        # A notebook's user does not wait for a measurement of idle power; one that is kept is used.
        metering = self._metering or MeteringBlock(idle_s=0.0)
        with starting:
            # A relative path would mean another file once the block has changed its working directory.
            path = self._choose().absolute()
            job = metered_job(
                path,
                stage=self._stage,
                job=path.stem,
                labels=self._labels,
                metering=metering,
                synchronise=synchronise,
                host=self._host,
                usage=Usage.of_all_ranks() if self._of_all_ranks else None,
            )
            try:
                self._meter = self._stack.enter_context(job)
            except BaseException:
                # The name was free: what is there now is this block's, which has not begun.
                with suppress(OSError):
                    path.with_name(path.name + ".part").unlink(missing_ok=True)
                raise
        self.ledger = path

    def window(self, name: str) -> AbstractContextManager[Window] | None:
        return None if self._meter is None else self._meter.window(name)

    def stop(self, ending: Ending) -> BlockTotals | None:
        if self._meter is None:
            return None
        if ending.reason is not None:
            self._meter.stopped(ending.reason)
        if ending.exit_code is not None:
            self._meter.exited(ending.exit_code)
        # The block's error is not handed on: the ledger of a failed block is finished, with what it has spent.
        self._stack.close()
        return totals_of(self._meter)


class WindowOf:
    """A block inside another one: a window of it, so that the same energy is not in two ledgers."""

    def __init__(self, outer: Recorder, name: str, labels: dict[str, Any]) -> None:
        self.ledger = outer.ledger
        self._outer = outer
        self._name = name
        self.window_labels = {**outer.window_labels, **labels}
        self._stack = ExitStack()
        self._window: Window | None = None

    def start(self) -> None:
        """Raises :class:`Fault` if the block around it has no record."""
        opened = self._outer.window(self._name)
        if opened is None:
            raise Fault("the block around it has no record")
        self._window = self._stack.enter_context(opened)
        self._window.labels.update(self.window_labels)

    def window(self, name: str) -> AbstractContextManager[Window] | None:
        return self._outer.window(name)

    def stop(self, ending: Ending) -> BlockTotals | None:
        """The window of a failed block is written too, with its outcome among the labels."""
        if self._window is None:
            return None
        if ending.reason is not None:
            self._window.labels.update(outcome=ending.outcome, reason=ending.reason)
        self._stack.close()
        return totals_of_window(self._window)


def synchronise() -> None:
    """Wait until the GPU has finished the block's work, if torch is in use there; torch is never imported for it."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is not None and cuda.is_initialized():
        cuda.synchronize()
