"""The length of a panel's step, for all durations of this room."""

from wattshed.data.panel import Panel

HOUR_MINUTES = 60


def step_minutes(panel: Panel) -> int:
    """Length of a step [min]; a panel that does not say one is hourly."""
    return int(getattr(panel, "step_minutes", HOUR_MINUTES))


def step_h(panel: Panel) -> float:
    """Length of a step [h]."""
    return step_minutes(panel) / HOUR_MINUTES


def steps_of(panel: Panel, hours: float) -> int:
    """Steps that a duration takes, rounded up, at least 1."""
    return max(1, -int(-hours * HOUR_MINUTES // step_minutes(panel)))
