"""How many features linear parts have, from settings alone: the features themselves are made with torch."""

from wattshed.foundation.hours import DAY_H

# Features that depend on no window: hour, weekday, hinges, load by hour, hour by weekend, constant.
FIXED = 24 + 7 + 14 + 4 * 24 + 2 * 24 + 1
# Latest steps of the mean over the panel, and features per forecast step of ``same_hours``.
PANEL_STEPS, SAME_HOURS = 6, 4


def feature_count(
    look_back_steps: int, horizon_steps: int, *, neighbours: bool, steps_per_hour: int = 1
) -> int:
    """As many as ``forecast/pooled/features.py`` makes groups of; a test holds the two together."""
    span = min(horizon_steps, DAY_H * steps_per_hour)
    history = history_count(look_back_steps, horizon_steps, steps_per_hour)
    others = history + PANEL_STEPS + span if neighbours else 0
    return history + others + FIXED + SAME_HOURS * span


def linear_part_count(
    look_back_steps: int, horizon_steps: int, *, uses_graph: bool, steps_per_hour: int = 1
) -> int:
    """As many as the linear part of a recurrent network has: histories, hour of day, weekday, constant."""
    history = history_count(look_back_steps, horizon_steps, steps_per_hour)
    return (2 if uses_graph else 1) * history + DAY_H + 7 + 1


def history_count(look_back_steps: int, horizon_steps: int, steps_per_hour: int = 1) -> int:
    """Steps of one series that are features: the look-back, and the steps to forecast on earlier days."""
    # A week before, and each day before whose steps are known and not in the look-back.
    day = DAY_H * steps_per_hour
    days = 1 + sum(horizon_steps <= day * back > look_back_steps for back in range(1, 7))
    return look_back_steps + horizon_steps * days
