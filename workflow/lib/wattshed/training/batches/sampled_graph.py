"""Batches on a random part of the graph, drawn again for every step."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from wattshed.training.batches.drawing import Batch, Batches, draw_seed


class SampledGraphBatches:
    """Window batches, each with its own sample of edges and of nodes to learn from.

    Edges: every edge stays with ``edge_keep_share``, as in DropEdge (Rong et al. 2020), self loops always. What stays
    is divided by the share, so that aggregates are right on average; validation and forecasts take the whole graph.
    Nodes: a share of them, drawn without replacement, has its rows of the adjacency, its recurrence and its loss
    computed. Its neighbours' histories still count: the rows are K, the columns all N.
    """

    def __init__(
        self, batches: Batches, adjacency: Tensor, seed: int, edge_keep_share: float, node_keep_share: float
    ) -> None:
        """adjacency: [N, N], CSR."""
        self._batches = batches
        entries = adjacency.to_sparse_coo()
        self._edges, self._weights = entries.indices(), entries.values()
        self._count = adjacency.shape[0]
        self._seed = seed
        self._edge_keep_share = edge_keep_share
        self._node_keep_share = node_keep_share
        if node_keep_share < 1:
            # Imported here because it takes longer than importing torch, and before the first metered epoch.
            from torch_geometric.utils import bipartite_subgraph

            self._subgraph = bipartite_subgraph

    def steps(self) -> int:
        return self._batches.steps()

    def epoch(self, number: int) -> Iterator[Batch]:
        # Its own generator: torch-geometric's dropout_edge draws from the one that the network's dropout uses too.
        generator = torch.Generator().manual_seed(draw_seed(self._seed, number))
        for batch in self._batches.epoch(number):
            edges, weights = self._sample_edges(generator)
            if self._node_keep_share == 1:
                yield replace(batch, inputs=(*batch.inputs, self._rows(edges, weights, self._count)))
                continue
            nodes = self._sample_nodes(generator)
            every_node = torch.arange(self._count, device=nodes.device)
            edges, weights = self._subgraph(
                (nodes, every_node), edges, weights, relabel_nodes=True, size=(self._count, self._count)
            )
            yield replace(
                batch,
                inputs=(*batch.inputs, self._rows(edges, weights, len(nodes))),
                target=batch.target[..., nodes],
                observed=batch.observed[..., nodes],
                pairs=batch.pairs * len(nodes) // self._count,
                nodes=nodes,
            )

    def _sample_edges(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        if self._edge_keep_share == 1:
            return self._edges, self._weights
        loops = self._edges[0] == self._edges[1]
        drawn = torch.rand(len(loops), generator=generator).to(loops.device) < self._edge_keep_share
        weights = torch.where(loops, self._weights, self._weights / self._edge_keep_share)
        kept = loops | drawn
        return self._edges[:, kept], weights[kept]

    def _sample_nodes(self, generator: torch.Generator) -> Tensor:
        size = max(1, round(self._node_keep_share * self._count))
        drawn = torch.randperm(self._count, generator=generator)[:size]
        return drawn.sort().values.to(self._edges.device)

    def _rows(self, edges: Tensor, weights: Tensor, rows: int) -> Tensor:
        """CSR [rows, N] of edges that are in the order of their rows."""
        pointers = torch.zeros(rows + 1, dtype=torch.int64, device=edges.device)
        pointers[1:] = torch.bincount(edges[0], minlength=rows).cumsum(0)
        return torch.sparse_csr_tensor(
            pointers, edges[1], weights, size=(rows, self._count), check_invariants=False
        )
