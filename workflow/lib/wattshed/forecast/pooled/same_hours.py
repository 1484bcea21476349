"""A node's load at the steps to forecast on the days of the last three weeks, as statistics."""

import torch
from torch import Tensor

from wattshed.forecast.series import Pairs
from wattshed.foundation.faults import Fault

RECENT_DAYS = 7
LAST_DAY = 21
# Two weeks of days from the panel's first step on, moved by up to a day.
LEAST_DAYS = LAST_DAY - RECENT_DAYS


def same_hours(span: int, pairs: Pairs) -> Tensor:
    """Largest, least and median of days 1 to 7 before, and mean of days 8 to 21 before [M, 4 * span].

    span: the first steps to forecast, at most a day. Days before the panel's first step are left out; where none of the
    days 8 to 21 is known, their mean is that of days 1 to 7. Every window has a week of history.
    """
    residence, nodes, origins = pairs.series.residence, pairs.nodes, pairs.origins
    steps, day = residence.own.shape[1], pairs.series.steps_per_day
    if steps < LEAST_DAYS * day + span:
        per_hour = pairs.series.steps_per_hour
        least_h = (LEAST_DAYS * day + span) / per_hour
        raise Fault(
            f"the panel has {steps / per_hour:.10g} h: expected at least {least_h:g} h for models that look at the "
            "days of three weeks, such as pooled_ridge; take a longer panel or another model."
        )
    recent = residence.windows("own", nodes, origins - RECENT_DAYS * day, (RECENT_DAYS - 1) * day + span)
    days = recent.unfold(1, span, day)
    parts = [days.amax(dim=1), days.amin(dim=1), days.median(dim=1).values]
    earlier_days = LAST_DAY - RECENT_DAYS
    # A window that would begin before the panel is moved by whole days; its last days are then recent ones.
    moved = (LAST_DAY * day - origins).clamp(min=0).add(day - 1) // day
    starts = origins - LAST_DAY * day + moved * day
    earlier = residence.windows("own", nodes, starts, (earlier_days - 1) * day + span).unfold(1, span, day)
    if not bool(moved.any()):
        return torch.cat([*parts, earlier.mean(dim=1)], dim=1)
    known = torch.arange(earlier_days, device=origins.device) < (earlier_days - moved)[:, None]
    count = known.sum(dim=1, keepdim=True)
    mean = (earlier * known[:, :, None]).sum(dim=1) / count.clamp(min=1)
    return torch.cat([*parts, torch.where(count > 0, mean, days.mean(dim=1))], dim=1)
