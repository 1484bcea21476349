"""What a governor sees at the end of a window, and where it gets it from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Reading:
    """at_s: when the window ended. values: medians of activity over it, shares 0..1, NaN where missing.
    throughput: units of work finished per second in the window; None where the workload does not tell."""

    at_s: float
    values: Mapping[str, float]
    throughput: float | None = None


class Sampler(Protocol):
    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of activity that it can read."""
        ...

    def next_window(self) -> Reading | None:
        """Wait for a window to pass; None when the workload has ended."""
        ...
