"""How many features linear parts have, from settings alone: the features themselves are made with torch."""

DAY_H = 24
# Features that depend on no window: hour, weekday, hinges, load by hour, hour by weekend, constant.
FIXED = 24 + 7 + 14 + 4 * 24 + 2 * 24 + 1
# Latest hours of the mean over the panel, and features per forecast hour of ``same_hours``.
PANEL_HOURS, SAME_HOURS = 6, 4


def feature_count(look_back_h: int, horizon_h: int, *, neighbours: bool) -> int:
    """As many as ``forecast/pooled/features.py`` makes groups of; a test holds the two together."""
    span = min(horizon_h, DAY_H)
    history = history_count(look_back_h, horizon_h)
    others = history + PANEL_HOURS + span if neighbours else 0
    return history + others + FIXED + SAME_HOURS * span


def linear_part_count(look_back_h: int, horizon_h: int, *, uses_graph: bool) -> int:
    """As many as the linear part of a recurrent network has: histories, hour of day, weekday, constant."""
    return (2 if uses_graph else 1) * history_count(look_back_h, horizon_h) + DAY_H + 7 + 1


def history_count(look_back_h: int, horizon_h: int) -> int:
    """Hours of one series that are features: the look-back, and the hours to forecast on earlier days."""
    # A week before, and each day before whose hours are known and not in the look-back.
    days = 1 + sum(DAY_H * back >= horizon_h and DAY_H * back > look_back_h for back in range(1, 7))
    return look_back_h + horizon_h * days
