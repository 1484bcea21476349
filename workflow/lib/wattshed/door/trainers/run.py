"""What a trainer's callbacks share: one metered run at a time, with at most one open window of each name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from wattshed.door.block.job import Job
from wattshed.door.metered import metered
from wattshed.energy.window import Window


class TrainerRun:
    """A run of a trainer whose parts begin and end in different calls.

    options: those of :func:`wattshed.metered`. Nothing here raises if the parts come in another order than expected.
    """

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.options = dict(options)
        self.job: Job | None = None
        self._open: dict[str, tuple[AbstractContextManager[Window], Window]] = {}

    @property
    def running(self) -> bool:
        return self.job is not None and self.job.running

    def begin(self, part: str, *, environ: Mapping[str, str] | None, stage: str) -> None:
        """Begin a run; one that still runs was left by an error that its trainer did not report."""
        if self.running:
            self.end(RuntimeError("its trainer began again"))
        options = {"environ": environ, "stage": stage, **self.options}
        name = self.name if part == "fit" else f"{self.name}-{part}"
        self.job = metered(name, **options).start()

    def open(self, window: str, **labels: Any) -> None:
        """Open a window of the run, unless one of that name is open."""
        if self.job is None or not self.running or window in self._open:
            return
        opened = self.job.window(window, **labels)
        self._open[window] = opened, opened.__enter__()

    def note(self, window: str, values: Mapping[str, Any]) -> None:
        """Keep the numbers among ``values`` with an open window."""
        if window in self._open:
            self._open[window][1].values.update(numbers(values))

    def close(self, window: str) -> None:
        if window in self._open:
            self._open.pop(window)[0].__exit__(None, None, None)

    def end(self, error: BaseException | None = None) -> None:
        """End the run. Windows that are still open are not results and are not written."""
        dropped = error or _Unfinished()
        for opened, _ in reversed(self._open.values()):
            opened.__exit__(type(dropped), dropped, dropped.__traceback__)
        self._open.clear()
        if self.job is not None:
            self.job.stop(error)


class _Unfinished(Exception):
    """Hands a window that was not closed in time to its own clean-up."""


def numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics as they are now: a scalar of any library as its number, NaN and infinity too; others as they are.

    The ledger notes what it cannot hold as a number.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        try:
            found[str(name)] = float(value.item() if hasattr(value, "item") else value)
        except (TypeError, ValueError, RuntimeError):
            found[str(name)] = value
    return found
