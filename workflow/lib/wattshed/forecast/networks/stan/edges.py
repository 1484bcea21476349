"""Edges of the graphs of connectivity, as many in each example. Shapes: B examples, N nodes, E edges."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor


@dataclass(frozen=True)
class Edges:
    """Edges between different nodes. sources, targets: int64 [B, E]; kept: bool [B, E], edges that count."""

    sources: Tensor
    targets: Tensor
    kept: Tensor

    def with_loops(self, nodes: int) -> "Edges":
        """The same and an edge from each node to itself, at the end [B, E + N]."""
        loops = torch.arange(nodes, device=self.sources.device).expand(len(self.sources), -1)
        return Edges(
            torch.cat([self.sources, loops], dim=1),
            torch.cat([self.targets, loops], dim=1),
            torch.cat([self.kept, torch.ones_like(loops, dtype=torch.bool)], dim=1),
        )

    def among(self, nodes: Tensor, count: int) -> "Edges":
        """The edges whose two ends are among these of ``count`` nodes, int64 [B, K], under their new numbers.

        The others stay in place and do not count, so that the shapes do not depend on data.
        """
        numbers = torch.full((len(nodes), count), -1, device=nodes.device)
        numbers.scatter_(1, nodes, torch.arange(nodes.shape[1], device=nodes.device).expand_as(nodes))
        sources, targets = numbers.gather(1, self.sources), numbers.gather(1, self.targets)
        kept = self.kept & (sources >= 0) & (targets >= 0)
        return Edges(sources.clamp(min=0), targets.clamp(min=0), kept)

    def dense(self, expected_share: float) -> "Edges":
        """The same with edges that do not count dropped, as far as all examples allow.

        How many are left depends on data, and is read from the device. Fake tensors have no data: of theirs
        ``expected_share`` are left.
        """
        every = self.kept.shape[1]
        without_data = isinstance(self.kept, FakeTensor)
        count = math.ceil(expected_share * every) if without_data else int(self.kept.sum(dim=1).max())
        count = min(max(1, count), every)
        first = self.kept.to(torch.uint8).sort(dim=1, descending=True, stable=True).indices[:, :count]
        return Edges(*(values.gather(1, first) for values in (self.sources, self.targets, self.kept)))


def edge_count(nodes: int, share: float) -> int:
    """Edges between different nodes of a graph with ``share`` of all pairs [N * N], each node's edge to itself among
    them."""
    return round(share * nodes * nodes) - nodes


def strongest_edges(connectivity: Tensor, share: float) -> Edges:
    """Edges at the ``share`` of largest absolute values of each matrix [B, N, N], from row to column.

    The diagonal is counted among them, since a region correlates with itself by 1; :meth:`Edges.with_loops` adds it. A
    connectivity of 0 is not an edge.
    """
    nodes = connectivity.shape[-1]
    with torch.no_grad():
        diagonal = torch.eye(nodes, dtype=torch.bool, device=connectivity.device)
        strengths = connectivity.abs().masked_fill(diagonal, 0.0).flatten(1)
        strongest = strengths.topk(edge_count(nodes, share), dim=1)
        return Edges(strongest.indices // nodes, strongest.indices % nodes, strongest.values > 0)
