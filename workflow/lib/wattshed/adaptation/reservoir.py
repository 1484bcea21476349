"""A reservoir of (node, window) pairs: a uniform sample of all that was learned so far."""

import torch
from torch import Tensor


class Reservoir:
    """Vitter's reservoir, filled a month at a time.

    nodes, origins: int64 [size].
    """

    def __init__(self, size: int, node_count: int, origins: Tensor, generator: torch.Generator) -> None:
        self._node_count = node_count
        self._generator = generator
        self.nodes, self.origins = self._draw(size, origins)
        self._seen = node_count * len(origins)

    def add(self, origins: Tensor) -> None:
        """Let a month's pairs compete: each slot is replaced with the month's share of all pairs seen."""
        new = self._node_count * len(origins)
        self._seen += new
        replaced = torch.rand(len(self.nodes), generator=self._generator) < new / self._seen
        nodes, picked = self._draw(int(replaced.sum()), origins)
        self.nodes[replaced] = nodes
        self.origins[replaced] = picked

    def sample(self, count: int) -> tuple[Tensor, Tensor]:
        """Random remembered pairs [count]."""
        picks = torch.randint(len(self.nodes), (count,), generator=self._generator)
        return self.nodes[picks], self.origins[picks]

    def _draw(self, count: int, origins: Tensor) -> tuple[Tensor, Tensor]:
        nodes = torch.randint(self._node_count, (count,), generator=self._generator)
        picks = torch.randint(len(origins), (count,), generator=self._generator)
        return nodes, origins[picks]
