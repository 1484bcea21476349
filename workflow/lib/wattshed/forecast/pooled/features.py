"""What the pooled ridge regression sees of each (node, window) pair, in groups that are computed only if needed.

Shapes: M pairs, W look-back, H horizon, D steps of a day, S = min(H, D).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from wattshed.forecast.networks.linear_features import (
    calendar_hours,
    calendar_weekdays,
    days_back,
    days_before,
)
from wattshed.forecast.pooled.same_hours import same_hours
from wattshed.forecast.series import Pairs
from wattshed.foundation.hours import DAY_H

# Where the load's effect on the next hours changes its slope, in deviations of the node.
KNOTS = (-0.5, 0.0, 0.5, 1.0, 2.0)
PANEL_STEPS = 6


@dataclass(frozen=True)
class FeatureGroup:
    """Some features that are computed together.

    count: number of its features; make: from pairs to float32 [M, count]; free: how many of them, from the first on,
    a node may weigh much like itself (see :class:`Penalties`).
    """

    name: str
    count: int
    make: Callable[[Pairs], Tensor]
    free: int = 0


def feature_groups(
    look_back_steps: int, horizon_steps: int, *, neighbours: bool, steps_per_hour: int = 1
) -> list[FeatureGroup]:
    """All groups in their order: a node's history, its neighbours', calendar, and what is not linear in them."""
    steps_per_day = DAY_H * steps_per_hour
    span, days = min(horizon_steps, steps_per_day), days_back(look_back_steps, horizon_steps, steps_per_day)
    daily = horizon_steps * (len(days) + 1)
    groups = [
        FeatureGroup("look_back", look_back_steps, lambda pairs: pairs.own),
        FeatureGroup("days_before", daily, partial(_days, "own", horizon_steps, days)),
    ]
    if neighbours:
        groups += [
            FeatureGroup("neighbours_look_back", look_back_steps, lambda pairs: pairs.aggregate),
            FeatureGroup("neighbours_days_before", daily, partial(_days, "aggregate", horizon_steps, days)),
            FeatureGroup("panel_mean", PANEL_STEPS + span, partial(_panel_mean, span)),
        ]
    hinges = 2 * len(KNOTS) + 4
    return [
        *groups,
        FeatureGroup("hour", 24, calendar_hours, free=24),
        FeatureGroup("weekday", 7, calendar_weekdays),
        FeatureGroup("hinges", hinges, _hinges, free=hinges),
        FeatureGroup("same_hours", 4 * span, partial(same_hours, span)),
        FeatureGroup("load_by_hour", 4 * 24, _load_by_hour, free=24),
        FeatureGroup("hour_by_weekend", 2 * 24, _hour_by_weekend, free=2 * 24),
        # The last one: it is hardly penalised.
        FeatureGroup(
            "constant", 1, lambda pairs: torch.ones(len(pairs), 1, device=pairs.nodes.device), free=1
        ),
    ]


def _days(name: str, horizon_steps: int, days: list[int], pairs: Pairs) -> Tensor:
    return torch.cat(days_before(pairs, "own" if name == "own" else "aggregate", horizon_steps, days), dim=1)


def last_day(pairs: Pairs) -> Tensor:
    """A node's last 24 hours [M, D]."""
    day_steps = pairs.series.steps_per_day
    if pairs.series.look_back_steps == day_steps:
        return pairs.own
    return pairs.series.residence.windows("own", pairs.nodes, pairs.origins - day_steps, day_steps)


def _hinges(pairs: Pairs) -> Tensor:
    """Slopes that change with the last two steps' load, and how these steps go together [M, 14]."""
    day = last_day(pairs)
    last, second, third = day[:, -1], day[:, -2], day[:, -3]
    knots = torch.tensor(KNOTS, device=day.device)
    lower = torch.minimum(last, second)
    together = torch.stack(
        [last * second, lower, torch.minimum(lower, third), torch.maximum(last, second)], dim=1
    )
    return torch.cat(
        [(last[:, None] - knots).clamp(min=0), (second[:, None] - knots).clamp(min=0), together], 1
    )


def _load_by_hour(pairs: Pairs) -> Tensor:
    """The last step, the same step a day before, the second-last step and the day's mean, by hour of day [M, 96]."""
    day, hours = last_day(pairs), calendar_hours(pairs)
    loads = (day[:, -1], day[:, 0], day[:, -2], day.mean(dim=1))
    return torch.cat([hours * load[:, None] for load in loads], dim=1)


def _hour_by_weekend(pairs: Pairs) -> Tensor:
    """Hour of day on Saturday and Sunday, and on the other days [M, 48]."""
    weekend = (pairs.series.slot[pairs.origins] >= 5 * DAY_H).float()[:, None]
    hours = calendar_hours(pairs)
    return torch.cat([hours * weekend, hours * (1 - weekend)], dim=1)


def _panel_mean(span: int, pairs: Pairs) -> Tensor:
    """Mean of all nodes in the last steps, and a day before the steps to forecast [M, 6 + S]."""
    mean = pairs.series.panel_mean
    last = mean.unfold(0, PANEL_STEPS, 1)[pairs.origins - PANEL_STEPS]
    day_before = mean.unfold(0, span, 1)[pairs.origins - pairs.series.steps_per_day]
    return torch.cat([last, day_before], dim=1)


class PooledFeatures(nn.Module):
    """The features of pairs, all of them or those that were kept.

    ``kept``: int64 [F], indices into all features, ascending; None where all are kept.
    """

    kept: Tensor | None

    def __init__(self, groups: list[FeatureGroup], kept: Tensor | None = None) -> None:
        super().__init__()
        self.groups = groups
        self.all_count = sum(group.count for group in groups)
        self.register_buffer("kept", kept)

    def __len__(self) -> int:
        return self.all_count if self.kept is None else len(self.kept)

    def only(self, kept: Tensor) -> "PooledFeatures":
        """Some of these features. kept: int64, indices into them, ascending."""
        return PooledFeatures(self.groups, kept if self.kept is None else self.kept[kept])

    def free(self) -> Tensor:
        """Which of the features a node may weigh much like itself, bool [F]."""
        marks = torch.cat([torch.arange(group.count) < group.free for group in self.groups])
        return marks if self.kept is None else marks[self.kept.cpu()]

    def forward(self, pairs: Pairs) -> Tensor:
        """float32 [M, F]; a group of which nothing was kept is not computed."""
        if self.kept is None:
            return torch.cat([group.make(pairs) for group in self.groups], dim=1)
        start, parts = 0, []
        for group in self.groups:
            inside = self.kept[(self.kept >= start) & (self.kept < start + group.count)] - start
            if len(inside):
                parts.append(group.make(pairs)[:, inside])
            start += group.count
        return torch.cat(parts, dim=1)
