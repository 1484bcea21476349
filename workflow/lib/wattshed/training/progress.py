"""Progress: a bar on a terminal, plain lines in a log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """Used as a context; says what an epoch came to, and on a terminal how far it is."""

    def __init__(self, title: str, unit: str) -> None:
        self._title = title
        self._unit = unit
        self._bar: Bar | None = None

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            from rich.console import Console

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._row = self._bar.add_task(self._title)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, epoch: int, done: int, steps: int) -> None:
        if self._bar is not None:
            self._bar.update(
                self._row, description=f"{self._title}, epoch {epoch}", completed=done, total=steps
            )

    def epoch(self, number: int, epochs: int, train_loss: float, rmse: float, duration_s: float) -> None:
        line = (
            f"{self._title}: epoch {number}/{epochs}  loss {train_loss:.4f}  "
            f"validation RMSE {rmse:.4f} {self._unit}  {duration_s:.1f} s"
        )
        if self._bar is not None:
            self._bar.console.print(line)
        else:
            print(line, file=sys.stderr, flush=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No bar while someone else writes to the terminal or asks a question on it."""
        if self._bar is not None:
            self._bar.stop()
        yield
        if self._bar is not None:
            self._bar.start()
