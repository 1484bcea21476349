"""Features that linear parts share: the hours to forecast on earlier days, and the calendar. M pairs, H horizon."""

from typing import Literal

from torch import Tensor, nn

from wattshed.forecast.series import Pairs
from wattshed.foundation.hours import WEEK_H


def days_back(look_back_h: int, horizon_h: int) -> list[int]:
    """Days before, within a week, whose hours are known for the whole horizon and are not in the look-back."""
    return [days for days in range(1, 7) if 24 * days >= horizon_h and 24 * days > look_back_h]


def days_before(
    pairs: Pairs, name: Literal["own", "aggregate"], horizon_h: int, days: list[int]
) -> list[Tensor]:
    """The hours to forecast a week and some days earlier, [M, H] each; beyond a week the last week is repeated."""
    residence = pairs.series.residence
    weeks, rest = divmod(horizon_h, WEEK_H)
    week = residence.windows(name, pairs.nodes, pairs.origins - WEEK_H, WEEK_H if weeks else rest)
    earlier = [residence.windows(name, pairs.nodes, pairs.origins - 24 * back, horizon_h) for back in days]
    return [week.repeat(1, weeks + 1)[:, :horizon_h], *earlier]


def calendar_hours(pairs: Pairs) -> Tensor:
    """Hour of the local day of the first hour to forecast, one-hot [M, 24]."""
    return nn.functional.one_hot(pairs.series.slot[pairs.origins].long() % 24, 24).float()


def calendar_weekdays(pairs: Pairs) -> Tensor:
    """Weekday of the first hour to forecast, one-hot [M, 7]."""
    return nn.functional.one_hot(pairs.series.slot[pairs.origins].long() // 24, 7).float()
