"""Batches drawn from a seed and an epoch's number alone, so that a resumed run draws the same ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from wattshed.data.windows import targets
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import Pairs, ScaledSeries, Sequences


@dataclass(frozen=True)
class Batch:
    """Inputs for one call of a network, scaled targets and their observed mask, and how many pairs.

    nodes, origins: which they are, so that a batch at fault can be named. Both [M] where node and origin make a pair;
    else every node (None: all) at every origin.
    """

    inputs: tuple[Tensor] | tuple[Pairs] | tuple[Sequences]
    target: Tensor
    observed: Tensor
    pairs: int
    nodes: Tensor | None = None
    origins: Tensor | None = None


class Batches(Protocol):
    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch; the same for the same seed and number."""
        ...

    def steps(self) -> int:
        """Steps per epoch."""
        ...


def grouped(batches: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    """The batches of each gradient step; the last step of an epoch takes what is left."""
    while group := list(islice(batches, size)):
        yield group


class WindowBatches:
    """The study's: one window of all nodes a step, in random order, each once an epoch."""

    def __init__(
        self, task: ForecastTask, series: ScaledSeries, seed: int, batch: int, steps: int | None
    ) -> None:
        self._series = series
        self._seed = seed
        self._batch = batch
        self._origins = task.origins(task.splits.train)
        self._horizon_h = task.windows.horizon_h
        self._observed = task.panel.observed
        self._steps = steps or -(-len(self._origins) // batch)

    def steps(self) -> int:
        return self._steps

    def epoch(self, number: int) -> Iterator[Batch]:
        order = np.random.default_rng([self._seed, number]).permutation(self._origins)
        for step in range(self._steps):
            chosen = order[(step * self._batch) % len(order) :][: self._batch]
            history = torch.cat([self._series.window(int(origin)) for origin in chosen])
            target = torch.stack([self._series.hours(int(origin), self._horizon_h) for origin in chosen])
            observed = torch.from_numpy(targets(self._observed, chosen, self._horizon_h).copy())
            observed = observed.to(target.device)
            pairs = len(chosen) * target.shape[2]
            yield Batch((history,), target, observed, pairs, origins=torch.from_numpy(chosen))


class PairBatches:
    """Random (node, window) pairs from a list of origins."""

    def __init__(
        self,
        series: ScaledSeries,
        observed: np.ndarray,
        origins: np.ndarray,
        horizon_h: int,
        seed: int,
        batch: int,
        steps: int | None = None,
    ) -> None:
        self._series = series
        # [N, T] beside the series, so that one index serves both.
        self._observed = torch.from_numpy(np.ascontiguousarray(observed.T)).to(series.own.device)
        self._origins = torch.from_numpy(np.ascontiguousarray(origins))
        self._horizon_h = horizon_h
        self._seed = seed
        self._batch = batch
        self._steps = steps or -(-len(origins) * len(series.own) // batch)

    def steps(self) -> int:
        return self._steps

    def epoch(self, number: int) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + number)
        for _ in range(self._steps):
            nodes = torch.randint(len(self._series.own), (self._batch,), generator=generator)
            picks = torch.randint(len(self._origins), (self._batch,), generator=generator)
            yield self.at(nodes, self._origins[picks])

    def at(self, nodes: Tensor, origins: Tensor) -> Batch:
        """The batch of the given pairs [M]."""
        residence = self._series.residence
        # Sent once; every gather below finds them in place.
        nodes, origins = nodes.to(residence.own.device), origins.to(residence.own.device)
        target = residence.windows("own", nodes, origins, self._horizon_h)
        observed = residence.gather(self._observed, nodes, origins, self._horizon_h)
        return Batch((self._series.pairs(nodes, origins),), target, observed, len(nodes), nodes, origins)
