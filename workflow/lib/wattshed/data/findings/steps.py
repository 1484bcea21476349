"""The length of a panel's step, for all durations of this room."""

from wattshed.data.panel import Panel
from wattshed.foundation.hours import HOUR_MINUTES


def step_h(panel: Panel) -> float:
    """Length of a step [h]."""
    return panel.step_minutes / HOUR_MINUTES


def steps_of(panel: Panel, hours: float) -> int:
    """Steps that a duration takes, rounded up, at least 1."""
    return max(1, -int(-hours * HOUR_MINUTES // panel.step_minutes))
