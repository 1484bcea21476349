"""Retries work after the device ran out of memory, with the series in host memory."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

from wattshed.engine.series.residence import Residence
from wattshed.foundation.faults import Fault

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class OutOfMemoryRetry:
    """Does work on a device. If its memory runs out, the series, which need most of it, move to host memory once.

    title: of the job, for messages.
    """

    def __init__(self, residence: Residence, title: str) -> None:
        self._residence = residence
        self._title = title

    def do(
        self, work: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        """The work's result. The work must be repeatable: if memory runs out it is done again, with batches streamed.

        Raises :class:`Fault` if memory runs out with the series in host memory.
        """
        try:
            return work(*arguments, **named)
        except torch.cuda.OutOfMemoryError as error:
            if self._residence.streams:
                raise self._fault() from error
        # Outside the handler: its traceback would keep the failed work's tensors in memory.
        self._residence.leave_device(f"{self._title}: {self._residence.device} ran out of memory")
        try:
            return work(*arguments, **named)
        except torch.cuda.OutOfMemoryError as error:
            raise self._fault() from error

    def labels(self) -> dict[str, str]:
        """For the ledger: why the series are streamed, if they are."""
        reason = self._residence.streams_because
        return {} if reason is None else {"series_streamed": reason}

    def _fault(self) -> Fault:
        return Fault(
            f"{self._title}: {self._residence.device} ran out of memory with the series in host memory: lower the "
            "recipe's batch or the model's hidden, or free memory that other processes hold there."
        )
