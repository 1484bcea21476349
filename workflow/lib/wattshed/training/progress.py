"""Progress: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from wattshed.training.observer import Observer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from wattshed.training.step.learner import Learner
    from wattshed.training.training import Training


class Progress(Observer):
    """Reports each epoch, and on a terminal each step. Used as a context.

    unit: of the validation error; epochs: most epochs of the training.
    """

    def __init__(self, title: str, unit: str, epochs: int) -> None:
        self._title = title
        self._unit = unit
        self._epochs = epochs
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            # Imported here, because only a terminal needs the bar.
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

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

    def after_step(self, epoch: int, done: int, steps: int) -> None:
        if self._bar is not None:
            self._bar.update(
                self._row, description=f"{self._title}, epoch {epoch}", completed=done, total=steps
            )

    def after_epoch(self, training: Training, learner: Learner) -> None:
        row = training.epochs[-1]
        line = (
            f"{self._title}: epoch {training.epoch}/{self._epochs}  loss {row['train_loss']:.4f}  "
            f"validation RMSE {row['validation_rmse']:.4f} {self._unit}  {row['duration_s']:.1f} s"
        )
        if self._bar is not None:
            self._bar.console.print(line)
        else:
            print(line, file=sys.stderr, flush=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hide the bar while something else writes to the terminal or asks a question there."""
        if self._bar is not None:
            self._bar.stop()
        yield
        if self._bar is not None:
            self._bar.start()
