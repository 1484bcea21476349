"""The graph branch: graph attention over functional connectivity, with top-k pooling.

Shapes: B examples, N nodes, E edges, heads, C channels of each head.
"""

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wattshed.engine.aggregation.kernels import KERNELS
from wattshed.forecast.networks.stan.edges import Edges, strongest_edges
from wattshed.forecast.networks.stan.norms import NormKind, norm_of

NEGATIVE_SLOPE = 0.2
MESSAGES = "messages"


class GraphAttention(nn.Module):
    """Graph attention (Velickovic et al. 2018), the mean of its heads; ``aggregation`` says how sums are computed."""

    aggregation: str = MESSAGES

    def __init__(self, inputs: int, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.values = nn.Linear(inputs, heads * channels, bias=False)
        self.of_source = nn.Parameter(torch.empty(heads, channels))
        self.of_target = nn.Parameter(torch.empty(heads, channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        for weights in (self.values.weight, self.of_source, self.of_target):
            nn.init.xavier_uniform_(weights)

    def forward(self, nodes: Tensor, sources: Tensor, targets: Tensor, kept: Tensor) -> Tensor:
        """nodes: [B, N, inputs]; sources, targets: int64 [B, E] and kept: bool [B, E], with a loop at each node.

        Returns [B, N, C].
        """
        values = self.values(nodes).unflatten(-1, (self.heads, -1))
        source, target = ((values * of).sum(dim=-1) for of in (self.of_source, self.of_target))
        scores = at_edges(source, sources) + at_edges(target, targets)
        scores = nn.functional.leaky_relu(scores, NEGATIVE_SLOPE)
        weights = softmax_at_targets(scores, targets, kept, nodes.shape[1])
        weights = nn.functional.dropout(weights, self.dropout, self.training)
        summed = KERNELS[self.aggregation](values, sources, targets, weights, kept)
        return summed.mean(dim=2) + self.bias


class GraphConvolution(nn.Module):
    """Graph convolution (Kipf and Welling 2017): sums over edges, weighted by the degrees of both ends."""

    aggregation: str = MESSAGES

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.values = nn.Linear(inputs, channels, bias=False)
        self.bias = nn.Parameter(torch.zeros(channels))
        nn.init.xavier_uniform_(self.values.weight)

    def forward(self, nodes: Tensor, sources: Tensor, targets: Tensor, kept: Tensor) -> Tensor:
        """As :meth:`GraphAttention.forward`; returns [B, N, channels]."""
        with torch.no_grad():
            degree = nodes.new_zeros(nodes.shape[:2], dtype=torch.float32)
            scale = degree.scatter_add(1, targets, kept.to(degree.dtype)).rsqrt()
            weights = scale.gather(1, sources) * scale.gather(1, targets)
        values = self.values(nodes).unsqueeze(2)
        summed = KERNELS[self.aggregation](values, sources, targets, weights.unsqueeze(-1), kept)
        return summed.squeeze(2) + self.bias


class TopKPooling(nn.Module):
    """Keeps the nodes of the largest score on a learned direction, times that score (Gao and Ji 2019)."""

    def __init__(self, channels: int, share: float) -> None:
        super().__init__()
        self.share = share
        self.direction = nn.Parameter(torch.empty(channels))
        nn.init.uniform_(self.direction, -(channels**-0.5), channels**-0.5)

    def forward(self, nodes: Tensor) -> tuple[Tensor, Tensor]:
        """nodes: [B, N, C] -> kept nodes [B, K, C], the best first, and which they are, int64 [B, K]."""
        scores = torch.tanh((nodes * self.direction).sum(dim=-1) / self.direction.norm())
        best = scores.topk(pooled_count(nodes.shape[1], self.share), dim=1)
        chosen = nodes.gather(1, best.indices.unsqueeze(-1).expand(-1, -1, nodes.shape[-1]))
        return chosen * best.values.unsqueeze(-1), best.indices


class GraphBranch(nn.Module):
    """Layers of graph attention with linear skips, each but the last with pooling, then a graph convolution."""

    def __init__(
        self,
        features: int,
        channels: Sequence[int],
        *,
        heads: int,
        edge_share: float,
        pooling_shares: Sequence[float],
        dropout: float,
        norm: NormKind,
    ) -> None:
        """channels: of each layer; pooling_shares: of the nodes that are kept after each layer but the last."""
        super().__init__()
        self.edge_share = edge_share
        inputs = (features, *channels[:-1])
        pairs = list(zip(inputs, channels, strict=True))
        self.attentions = nn.ModuleList(GraphAttention(*pair, heads, dropout) for pair in pairs)
        self.norms = nn.ModuleList(norm_of(norm, outputs) for _, outputs in pairs)
        self.skips = nn.ModuleList(nn.Linear(*pair) for pair in pairs)
        self.pools = nn.ModuleList(
            TopKPooling(width, share) for width, share in zip(channels[:-1], pooling_shares, strict=True)
        )
        self.convolution = GraphConvolution(channels[-1], channels[-1])
        self.final_norm = norm_of(norm, channels[-1])
        self.dropout = nn.Dropout(dropout)
        # Of the edges before each pooling, those after it, in the last batch. They depend on weights and data: before
        # the first batch all edges are taken to stay, so that a prediction without data is a bound.
        self.left_shares = [1.0] * len(self.pools)
        self._counts_edges = False

    def forward(self, features: Tensor, connectivity: Tensor) -> Tensor:
        """features: [B, N, F], connectivity: [B, N, N] -> the kept nodes [B, K, channels of the last layer]."""
        nodes = features
        edges = strongest_edges(connectivity, self.edge_share)
        convolutions = [*self.attentions, self.convolution]
        for number, (attention, norm, skip) in enumerate(
            zip(self.attentions, self.norms, self.skips, strict=True)
        ):
            skipped = skip(nodes)
            nodes = torch.relu(norm(self._summed(attention, nodes, edges)) + skipped)
            nodes = self.dropout(nodes)
            if number < len(self.pools):
                nodes, edges = self._pooled(number, nodes, edges, convolutions[number + 1])
        return torch.relu(self.final_norm(self._summed(self.convolution, nodes, edges)))

    def _summed(self, layer: nn.Module, nodes: Tensor, edges: Edges) -> Tensor:
        looped = edges.with_loops(nodes.shape[1])
        summed: Tensor = layer(nodes, looped.sources, looped.targets, looped.kept)
        return summed

    def _pooled(self, number: int, nodes: Tensor, edges: Edges, reader: nn.Module) -> tuple[Tensor, Edges]:
        """Fewer nodes and the edges among them. Where there is a message for each edge, those of removed nodes go."""
        count = nodes.shape[1]
        nodes, chosen = self.pools[number](nodes)
        left = edges.among(chosen, count)
        if reader.aggregation == MESSAGES or self._counts_edges:
            left = left.dense(self.left_shares[number])
            self.left_shares[number] = left.kept.shape[1] / edges.kept.shape[1]
        return nodes, left

    @torch.no_grad()
    def learn_left_shares(self, features: Tensor, connectivity: Tensor) -> None:
        """Set ``left_shares`` to those of a training step on these graphs; weights and statistics stay as they are.

        Sums are streamed, so that the count needs none of the memory that it is asked for. Nothing is done where no
        layer behind a pooling has messages.
        """
        if all(reader.aggregation != MESSAGES for reader in (*self.attentions[1:], self.convolution)):
            return
        trial = copy.deepcopy(self).train()
        trial._counts_edges = True
        for layer in (*trial.attentions, trial.convolution):
            layer.aggregation = "streamed"
        with torch.random.fork_rng(devices=[]):
            trial(features, connectivity)
        self.left_shares = trial.left_shares


def at_edges(values: Tensor, places: Tensor) -> Tensor:
    """Values of nodes [B, N, heads] at ends of edges, int64 [B, E] -> [B, E, heads]."""
    return values.gather(1, places.unsqueeze(-1).expand(-1, -1, values.shape[-1]))


def softmax_at_targets(scores: Tensor, targets: Tensor, kept: Tensor, nodes: int) -> Tensor:
    """Softmax over the edges that lead to the same node; 0 for edges that do not count. scores: [B, E, heads]."""
    scores = scores.float()
    places = targets.unsqueeze(-1).expand_as(scores)
    with torch.no_grad():
        floor = scores.masked_fill(~kept.unsqueeze(-1), float("-inf"))
        largest = scores.new_full((len(scores), nodes, scores.shape[-1]), float("-inf"))
        largest = largest.scatter_reduce(1, places, floor, "amax").clamp(min=torch.finfo(scores.dtype).min)
    # An edge that does not count might overflow: it is left out before the exponential.
    shifted = (scores - largest.gather(1, places)).masked_fill(~kept.unsqueeze(-1), float("-inf"))
    raised = shifted.exp()
    totals = torch.zeros_like(largest).scatter_add(1, places, raised)
    return raised / totals.gather(1, places).clamp(min=torch.finfo(scores.dtype).tiny)


def pooled_count(nodes: int, share: float) -> int:
    """Nodes that pooling keeps: rounded up."""
    return math.ceil(share * nodes)
