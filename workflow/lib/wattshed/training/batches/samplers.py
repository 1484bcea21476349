"""Samplers: how examples are drawn for each way of training a network."""

import numpy as np
import torch
from torch import Tensor

from wattshed.data.windows import targets
from wattshed.forecast.examples import ExampleSeries
from wattshed.forecast.series import ScaledSeries, Sequences
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch, Examples


class PairSampler:
    """Random (node, window) pairs. observed: bool [T, N]."""

    pairs_each = 1

    def __init__(self, series: ScaledSeries, observed: np.ndarray, horizon_steps: int) -> None:
        self._series = series
        self._observed = _beside(series, observed)
        self._horizon_steps = horizon_steps

    def pairs(self, origins: Tensor) -> int:
        return len(origins) * len(self._series.own)

    def draw(self, count: int, origins: Tensor, generator: torch.Generator) -> Examples:
        nodes = torch.randint(len(self._series.own), (count,), generator=generator)
        picks = torch.randint(len(origins), (count,), generator=generator)
        return Examples(origins[picks], nodes)

    def batch(self, examples: Examples) -> Batch:
        assert examples.nodes is not None
        residence = self._series.residence
        # Sent to the device once, for every gather below.
        nodes, origins = examples.nodes.to(residence.own.device), examples.hours.to(residence.own.device)
        target = residence.windows("own", nodes, origins, self._horizon_steps)
        observed = residence.gather(self._observed, nodes, origins, self._horizon_steps)
        return Batch((self._series.pairs(nodes, origins),), target, observed, len(nodes), nodes, origins)


class WindowSampler:
    """Random windows of all nodes. observed: bool [T, N]."""

    def __init__(self, series: ScaledSeries, observed: np.ndarray, horizon_steps: int) -> None:
        self._series = series
        self._observed = observed
        self._horizon_steps = horizon_steps
        self.pairs_each = len(series.own)

    def pairs(self, origins: Tensor) -> int:
        return len(origins) * self.pairs_each

    def draw(self, count: int, origins: Tensor, generator: torch.Generator) -> Examples:
        return Examples(origins[torch.randint(len(origins), (count,), generator=generator)])

    def batch(self, examples: Examples) -> Batch:
        origins = examples.hours
        history = torch.cat([self._series.window(origin) for origin in origins.tolist()])
        target = torch.stack([self._series.steps(origin, self._horizon_steps) for origin in origins.tolist()])
        observed = torch.from_numpy(targets(self._observed, origins.numpy(), self._horizon_steps).copy())
        observed = observed.to(target.device)
        return Batch((history,), target, observed, len(origins) * self.pairs_each, origins=origins)


class ExampleSampler:
    """Random labelled windows; the target is the indicator of the class. observed: bool [T, C].

    A window gives as many forecasts as there are classes, as windows of all nodes do.
    """

    def __init__(self, series: ExampleSeries, observed: np.ndarray) -> None:
        self._series = series
        self._observed = torch.from_numpy(observed)
        self.pairs_each = len(series.own)

    def pairs(self, origins: Tensor) -> int:
        return len(origins) * self.pairs_each

    def draw(self, count: int, origins: Tensor, generator: torch.Generator) -> Examples:
        return Examples(origins[torch.randint(len(origins), (count,), generator=generator)])

    def batch(self, examples: Examples) -> Batch:
        rows = examples.hours
        observed = self._observed[rows].unsqueeze(1).to(self._series.device)
        return Batch(
            (self._series.batch(rows),),
            self._series.labels(rows),
            observed,
            self.pairs(rows),
            origins=rows,
        )


class SequenceSampler:
    """Random sequences of one node with a loss at every step, so that a state can be carried on without limit.

    A sequence of ``sequence_steps`` steps is forecast from after each step but the first ``burn_in_steps``.
    observed: bool [T, N].
    """

    def __init__(
        self,
        series: ScaledSeries,
        observed: np.ndarray,
        horizon_steps: int,
        sequence_steps: int,
        burn_in_steps: int,
    ) -> None:
        self._series = series
        self._observed = _beside(series, observed)
        self._horizon_steps = horizon_steps
        self._sequence_steps = sequence_steps
        self._burn_in_steps = burn_in_steps
        self.pairs_each = sequence_steps - burn_in_steps

    def pairs(self, origins: Tensor) -> int:
        return len(origins) * len(self._series.own)

    def draw(self, count: int, origins: Tensor, generator: torch.Generator) -> Examples:
        """origins: [B] consecutive. Raises :class:`Fault` if they are fewer than one sequence needs."""
        # The first forecast of a sequence is at start + burn_in_steps + 1, its last at start + sequence_steps.
        first = max(0, int(origins[0]) - self._burn_in_steps - 1)
        starts = int(origins[-1]) - self._sequence_steps - first + 1
        if starts < 1:
            raise Fault(
                f"the part of the panel to learn from has {len(origins)} first target steps, too few for a sequence of "
                f"{self._sequence_steps} steps: expected a longer part; lower the recipe's sequence_h."
            )
        nodes = torch.randint(len(self._series.own), (count,), generator=generator)
        return Examples(first + torch.randint(starts, (count,), generator=generator), nodes)

    def batch(self, examples: Examples) -> Batch:
        assert examples.nodes is not None
        sequences = Sequences(
            self._series, examples.nodes, examples.hours, self._sequence_steps, self._burn_in_steps
        )
        pairs = sequences.pairs
        shape = (len(examples), -1, self._horizon_steps)
        target = pairs.targets(self._horizon_steps)
        observed = self._series.residence.gather(
            self._observed, pairs.nodes, pairs.origins, self._horizon_steps
        )
        return Batch(
            (sequences,),
            target.reshape(shape),
            observed.reshape(shape),
            len(pairs),
            pairs.nodes,
            pairs.origins,
        )


def _beside(series: ScaledSeries, observed: np.ndarray) -> Tensor:
    """The mask as [N, T] on the series' device, so that one index serves both."""
    return torch.from_numpy(np.ascontiguousarray(observed.T)).to(series.own.device)
