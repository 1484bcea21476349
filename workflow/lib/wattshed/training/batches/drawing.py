"""Batches that depend only on a seed and an epoch's number, so that a resumed run draws the same ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from wattshed.forecast.examples import LabelledBatch
from wattshed.forecast.series import Pairs, Sequences


@dataclass(frozen=True)
class Batch:
    """Inputs for one call of a network, scaled targets, their observed mask, and how many pairs they are.

    nodes, origins: the examples in the batch, for messages about it. Both are [M] if node and origin make a pair;
    otherwise every node (None: all) is trained on at every origin.
    """

    inputs: tuple[Tensor, ...] | tuple[Pairs] | tuple[Sequences] | tuple[LabelledBatch]
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
        """Batches per epoch."""
        ...


@dataclass(frozen=True)
class Examples:
    """What batches are made of: hours int64 [M], and nodes int64 [M], or None where an example holds all nodes.

    hours: first target steps, or the first hours of sequences.
    """

    hours: Tensor
    nodes: Tensor | None = None

    def __len__(self) -> int:
        return len(self.hours)

    def __getitem__(self, picks: Tensor) -> "Examples":
        return Examples(self.hours[picks], None if self.nodes is None else self.nodes[picks])

    def followed_by(self, others: "Examples") -> "Examples":
        hours = torch.cat([self.hours, others.hours])
        if self.nodes is None or others.nodes is None:
            return Examples(hours)
        return Examples(hours, torch.cat([self.nodes, others.nodes]))

    def with_replaced(self, places: Tensor, others: "Examples") -> "Examples":
        """A copy with the examples at ``places`` (bool [M]) replaced by ``others``, in their order."""
        hours = self.hours.clone()
        hours[places] = others.hours
        if self.nodes is None or others.nodes is None:
            return Examples(hours)
        nodes = self.nodes.clone()
        nodes[places] = others.nodes
        return Examples(hours, nodes)


class Sampler(Protocol):
    """Draws random examples and makes batches of them. pairs_each: (node, window) pairs in one example."""

    pairs_each: int

    def pairs(self, origins: Tensor) -> int:
        """How many (node, window) pairs there are with these first target steps."""
        ...

    def draw(self, count: int, origins: Tensor, generator: torch.Generator) -> Examples:
        """Random examples whose first target steps are among ``origins`` [B], with replacement."""
        ...

    def batch(self, examples: Examples) -> Batch:
        """The batch of the given examples."""
        ...


def examples_for(sampler: Sampler, pairs: int) -> int:
    """How many examples hold about this many (node, window) pairs; at least one."""
    return max(1, round(pairs / sampler.pairs_each))


class RandomBatches:
    """Examples drawn at random with replacement. steps: None for about one pass over all pairs."""

    def __init__(
        self, sampler: Sampler, origins: np.ndarray, seed: int, batch: int, steps: int | None = None
    ) -> None:
        """origins: [B] first target steps; batch: examples per batch."""
        self._sampler = sampler
        self._origins = torch.from_numpy(np.ascontiguousarray(origins))
        self._seed = seed
        self._batch = batch
        self._steps = steps or -(-sampler.pairs(self._origins) // (batch * sampler.pairs_each))

    def steps(self) -> int:
        return self._steps

    def epoch(self, number: int) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(draw_seed(self._seed, number))
        for _ in range(self._steps):
            yield self._sampler.batch(self._sampler.draw(self._batch, self._origins, generator))


class PermutedBatches:
    """Examples of whole windows in random order, each once an epoch, as in the source study."""

    def __init__(
        self,
        sampler: Sampler,
        origins: np.ndarray,
        seed: int,
        batch: int,
        steps: int | None = None,
        equal: bool = False,
    ) -> None:
        """origins: [B] first target steps; batch: windows per batch; steps: None for one pass; equal: whether the last
        batch of a pass is filled up with the pass's first windows, so that all batches need the same memory and none
        has a single window."""
        self._sampler = sampler
        self._origins = origins
        self._seed = seed
        self._batch = min(batch, len(origins)) if equal else batch
        self._steps = steps or -(-len(origins) // batch)
        self._equal = equal

    def steps(self) -> int:
        return self._steps

    def epoch(self, number: int) -> Iterator[Batch]:
        order = np.random.default_rng([self._seed, number]).permutation(self._origins)
        for step in range(self._steps):
            first = (step * self._batch) % len(order)
            chosen = order[first:][: self._batch]
            if self._equal:
                chosen = np.concatenate([chosen, order[: self._batch - len(chosen)]])
            yield self._sampler.batch(Examples(torch.from_numpy(chosen)))


def grouped(batches: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    """The batches of each gradient step; the last step of an epoch takes the remaining batches."""
    while group := list(islice(batches, size)):
        yield group


def draw_seed(seed: int, number: int) -> int:
    """The seed of an epoch's random draws: different for every seed below a million epochs."""
    return seed * 1_000_003 + number
