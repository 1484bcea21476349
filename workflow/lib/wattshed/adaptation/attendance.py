"""Which nodes take part in a month: households join and leave."""

from dataclasses import dataclass

import numpy as np

from wattshed.data.splits import Segment


@dataclass(frozen=True)
class Attendance:
    """nodes: with an observed hour in the part; joined: of these, never observed before it; left: observed before the
    part, and never from its first hour on.
    """

    nodes: int
    joined: int
    left: int


def attendance(observed: np.ndarray, part: Segment) -> Attendance:
    """observed: bool [T, N] of the whole panel."""
    inside = observed[part.start : part.stop].any(axis=0)
    before = observed[: part.start].any(axis=0)
    after = observed[part.start :].any(axis=0)
    return Attendance(int(inside.sum()), int((inside & ~before).sum()), int((before & ~after).sum()))
