"""What a detector says about a sweep."""

from dataclasses import dataclass
from typing import Literal

DetectorName = Literal["cold_first_run", "drift", "order", "locked_clock", "idle_gpu", "whole_seconds"]


@dataclass(frozen=True)
class Detection:
    """found: the contamination is there; severe: the sweep is refused; words: one sentence with figures.

    Words of a detector that found nothing, or could not judge, say so.
    """

    detector: DetectorName
    found: bool
    severe: bool
    words: str
