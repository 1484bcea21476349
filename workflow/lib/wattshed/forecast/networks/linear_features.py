"""Features that linear parts share: the steps to forecast on earlier days, and the calendar. M pairs, H horizon."""

from typing import Literal

from torch import Tensor, nn

from wattshed.forecast.series import Pairs
from wattshed.foundation.hours import DAY_H


def days_back(look_back_steps: int, horizon_steps: int, steps_per_day: int = DAY_H) -> list[int]:
    """Days before, within a week, whose steps are known for the whole horizon and are not in the look-back."""
    return [days for days in range(1, 7) if horizon_steps <= steps_per_day * days > look_back_steps]


def days_before(
    pairs: Pairs, name: Literal["own", "aggregate"], horizon_steps: int, days: list[int]
) -> list[Tensor]:
    """The steps to forecast a week and some days earlier, [M, H] each; beyond a week the last week is repeated."""
    residence = pairs.series.residence
    day_steps, week_steps = pairs.series.steps_per_day, pairs.series.steps_per_week
    weeks, rest = divmod(horizon_steps, week_steps)
    week = residence.windows(name, pairs.nodes, pairs.origins - week_steps, week_steps if weeks else rest)
    earlier = [
        residence.windows(name, pairs.nodes, pairs.origins - day_steps * back, horizon_steps) for back in days
    ]
    return [week.repeat(1, weeks + 1)[:, :horizon_steps], *earlier]


def calendar_hours(pairs: Pairs) -> Tensor:
    """Hour of the local day of the first step to forecast, one-hot [M, 24]."""
    return nn.functional.one_hot(pairs.series.slot[pairs.origins].long() % 24, 24).float()


def calendar_weekdays(pairs: Pairs) -> Tensor:
    """Weekday of the first step to forecast, one-hot [M, 7]."""
    return nn.functional.one_hot(pairs.series.slot[pairs.origins].long() // 24, 7).float()
