"""The linear part of a forecast, solved in closed form instead of by gradient descent."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from wattshed.forecast.network import Network
from wattshed.forecast.networks.closed_form import refuse_no_samples, refuse_unjudged
from wattshed.forecast.networks.linear_features import (
    calendar_hours,
    calendar_weekdays,
    days_back,
    days_before,
)
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.forecast.series import Pairs, ScaledSeries
from wattshed.foundation.hours import DAY_H

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
# More pairs than this cost time but change the weights by less than their uncertainty.
MOST_PAIRS = 200_000
PAIRS_PER_BLOCK = 16_384
VALIDATION_PAIRS = 10_000


class LinearPart(Network):
    """One linear map for all nodes (ridge regression), on scaled values.

    It sees a node's look-back, its neighbours' (if it uses the graph), both at the steps to forecast of the days
    before (up to a week), the hour of day and the weekday. Its weights are buffers: they are solved once, and training
    does not change them. ``penalty`` is the chosen penalty per sample, None before :meth:`solve`.
    """

    has_closed_form = True
    weight: Tensor

    def __init__(
        self, look_back_steps: int, horizon_steps: int, uses_graph: bool, steps_per_hour: int = 1
    ) -> None:
        super().__init__()
        self.penalty: float | None = None
        self.horizon_steps = horizon_steps
        self.uses_graph = uses_graph
        self.days_back = days_back(look_back_steps, horizon_steps, DAY_H * steps_per_hour)
        series = 2 if uses_graph else 1
        count = series * (look_back_steps + horizon_steps * (len(self.days_back) + 1)) + 24 + 7 + 1
        self.register_buffer("weight", torch.zeros(count, horizon_steps))

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]."""
        # Half precision would lose more accuracy here than the network gains.
        with torch.autocast(self.weight.device.type, enabled=False):
            return self.features(pairs) @ self.weight

    def parameter_count(self) -> int:
        return self.weight.numel()

    def features(self, pairs: Pairs) -> Tensor:
        """[M, F]: look-backs, the days before, calendar, constant."""
        parts = [pairs.own, *days_before(pairs, "own", self.horizon_steps, self.days_back)]
        if self.uses_graph:
            parts += [pairs.aggregate, *days_before(pairs, "aggregate", self.horizon_steps, self.days_back)]
        parts += [calendar_hours(pairs), calendar_weekdays(pairs)]
        parts.append(torch.ones(len(pairs), 1, device=pairs.nodes.device))
        return torch.cat(parts, dim=1)

    @torch.no_grad()
    def solve(self, task: ForecastTask, series: ScaledSeries) -> None:
        """Solve on the training part, with the penalty whose error on the validation part is the least.

        Pairs whose horizon was not completely observed are left out. Beyond ``MOST_PAIRS``, pairs are drawn at random,
        always the same ones. Raises :class:`Fault` if no pair is left.
        """
        train = self._pairs(task.origins(task.splits.train), series, MOST_PAIRS)
        gram, moment, samples = self._normal_equations(task, series, train)
        refuse_no_samples("the linear part", samples, self.horizon_steps)
        check = evenly_spaced(task.origins(task.splits.validation), -(-VALIDATION_PAIRS // len(series.own)))
        judged = self._pairs(check, series, VALIDATION_PAIRS)
        best_error, best = np.inf, PENALTIES[0]
        solutions = {}
        for penalty in PENALTIES:
            ridge = penalty * samples * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
            # The constant is not penalised.
            ridge[-1, -1] = 1e-9 * samples
            solutions[penalty] = torch.linalg.solve(gram + ridge, moment).float()
            self.weight.copy_(solutions[penalty])
            error = self._squared_error(task, series, judged)
            if error < best_error:
                best_error, best = error, penalty
        refuse_unjudged("the linear part", best_error)
        self.weight.copy_(solutions[best])
        self.penalty = best

    def _pairs(self, origins: np.ndarray, series: ScaledSeries, most: int) -> Pairs:
        count, device = len(series.own), series.device
        every = len(origins) * count
        if every <= most:
            picks = torch.arange(every)
        else:
            picks = torch.randint(every, (most,), generator=torch.Generator().manual_seed(0))
        chosen = torch.from_numpy(np.ascontiguousarray(origins))[picks // count]
        return series.pairs((picks % count).to(device), chosen.to(device))

    def _blocks(
        self, task: ForecastTask, series: ScaledSeries, pairs: Pairs
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Features, scaled targets and their observed mask of some pairs at a time."""
        observed = torch.from_numpy(np.ascontiguousarray(task.panel.observed.T)).to(series.own.device)
        for start in range(0, len(pairs), PAIRS_PER_BLOCK):
            part = slice(start, start + PAIRS_PER_BLOCK)
            block = series.pairs(pairs.nodes[part], pairs.origins[part])
            seen = series.residence.gather(observed, block.nodes, block.origins, self.horizon_steps)
            yield self.features(block), block.targets(self.horizon_steps), seen

    def _normal_equations(
        self, task: ForecastTask, series: ScaledSeries, pairs: Pairs
    ) -> tuple[Tensor, Tensor, int]:
        """X'X, X'Y in float64 and the number of rows."""
        count, horizon = self.weight.shape
        gram = torch.zeros(count, count, dtype=torch.float64, device=self.weight.device)
        moment = torch.zeros(count, horizon, dtype=torch.float64, device=self.weight.device)
        samples = 0
        for features, target, seen in self._blocks(task, series, pairs):
            whole = seen.all(dim=1)
            x, y = features[whole].double(), target[whole].double()
            gram += x.T @ x
            moment += x.T @ y
            samples += len(x)
        return gram, moment, samples

    def _squared_error(self, task: ForecastTask, series: ScaledSeries, pairs: Pairs) -> float:
        total, cells = 0.0, 0
        for features, target, seen in self._blocks(task, series, pairs):
            error = torch.where(seen, features @ self.weight - target, 0)
            total += float(error.double().square().sum())
            cells += int(seen.sum())
        return total / cells if cells else np.inf
