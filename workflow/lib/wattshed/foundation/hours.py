"""Lengths of time in the units in which the panel and the meter count."""

HOUR_S = 3600
MINUTE_S = 60
HOUR_MINUTES = 60
DAY_H = 24
WEEK_H = 7 * DAY_H


def steps_per_hour(step_minutes: int) -> int:
    """Steps of a panel in an hour; every step that a panel may have divides the hour."""
    return HOUR_MINUTES // step_minutes


def step_words(step_minutes: int) -> str:
    """How a sentence names one step: ``hour``, or ``15-minute step``."""
    return "hour" if step_minutes == HOUR_MINUTES else f"{step_minutes}-minute step"
