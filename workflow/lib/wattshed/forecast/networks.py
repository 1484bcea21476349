"""The networks. Shapes: B windows, M (node, window) pairs, N nodes, W look-back, H horizon."""

import warnings
from functools import reduce
from operator import add

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from wattshed.config.data import WindowsBlock
from wattshed.config.training import ModelBlock


class ReferenceSTGNN(nn.Module):
    """The source study's network, exactly: A_hat (x W1 + b1), ReLU, GRU per node, linear; three dropouts.

    Kept as an opponent, faults included: the bias is aggregated with the input, only the aggregate is seen,
    and the last dropout acts on the output, which pulls forecasts to 1 - p of their mean; ``output_dropout``
    takes that one away.
    """

    adjacency: Tensor

    def __init__(
        self,
        horizon_h: int,
        hidden: int,
        dropout: float,
        adjacency: sp.csr_array,
        output_dropout: bool = True,
    ) -> None:
        super().__init__()
        from torch_geometric.nn import SimpleConv

        self.input = nn.Linear(1, hidden)
        # SimpleConv sums weighted neighbours and nothing else; the adjacency is already normalised.
        self.aggregate = SimpleConv(aggr="sum")
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.output = nn.Linear(hidden, horizon_h)
        self.dropout = nn.Dropout(dropout)
        self.output_dropout = nn.Dropout(dropout if output_dropout else 0.0)
        # The graph belongs to the task, not to the weights: it is not saved in checkpoints.
        self.register_buffer("adjacency", sparse_tensor(adjacency), persistent=False)

    def forward(self, history: Tensor, adjacency: Tensor | None = None) -> Tensor:
        """history: scaled [B, W, N] -> scaled forecast [B, H, N].

        adjacency: K rows [K, N] of a graph to use instead of the network's own, CSR; the forecast is then
        that of the K nodes, [B, H, K].
        """
        if adjacency is None:
            adjacency = self.adjacency
        batch, look_back, every_node = history.shape
        nodes = adjacency.shape[0]
        lifted = self.input(history.permute(2, 0, 1).unsqueeze(-1))
        # Sums over neighbours stay in fp32: torch has no sparse product in half precision on a CPU.
        with torch.autocast(history.device.type, enabled=False):
            aggregated = self.aggregate((lifted.float().reshape(every_node, -1), None), adjacency)
        steps = self.dropout(torch.relu(aggregated)).reshape(nodes * batch, look_back, -1)
        _, last = self.gru(steps)
        forecast = self.output_dropout(self.output(self.dropout(last[0])))
        return forecast.reshape(nodes, batch, -1).permute(1, 2, 0)


def sparse_tensor(adjacency: sp.csr_array) -> Tensor:
    """The adjacency as torch's CSR tensor, float32."""
    with warnings.catch_warnings():
        # torch calls all of its CSR support beta; a product with a dense matrix is all we ask of it.
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(
            torch.from_numpy(adjacency.indptr.astype(np.int64)),
            torch.from_numpy(adjacency.indices.astype(np.int64)),
            torch.from_numpy(adjacency.data.astype(np.float32)),
            size=adjacency.shape,
            check_invariants=True,
        )


class STGNN(nn.Module):
    """The product's form: own history and neighbours' aggregate as channels, no dropout.

    With one graph layer and a static graph, A (X W + b) = (A X) W + (A 1) b: the aggregate is made once per
    series, and nodes are independent afterwards. Without its graph it is a plain GRU per node; without own
    history it sees the aggregate alone, as the source study's network does.
    """

    def __init__(
        self, horizon_h: int, hidden: int, uses_graph: bool = True, uses_own_history: bool = True
    ) -> None:
        super().__init__()
        # With a graph the bias is aggregated too: w_x x + w_a (A x) + (A 1) b.
        self.own = nn.Linear(1, hidden, bias=not uses_graph) if uses_own_history else None
        self.neighbours = nn.Linear(1, hidden) if uses_graph else None
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.output = nn.Linear(hidden, horizon_h)

    def forward(self, own: Tensor, aggregate: Tensor, row_sum: Tensor) -> Tensor:
        """own, aggregate: scaled [M, W]; row_sum of A_hat: [M] -> scaled forecast [M, H]."""
        _, last = self.gru(self.lift(own, aggregate, row_sum))
        return self.output(last[0])

    def lift(self, own: Tensor, aggregate: Tensor, row_sum: Tensor) -> Tensor:
        """The graph layer [M, W, hidden]."""
        parts = [] if self.own is None else [self.own(own.unsqueeze(-1))]
        if self.neighbours is not None:
            parts.append(aggregate.unsqueeze(-1) * self.neighbours.weight[:, 0])
            parts.append(row_sum[:, None, None] * self.neighbours.bias)
        return torch.relu(reduce(add, parts))


class DLinear(nn.Module):
    """Linear on trend and linear on the rest (Zeng et al. 2023), shared by all nodes."""

    def __init__(self, look_back_h: int, horizon_h: int) -> None:
        super().__init__()
        # The paper's kernel of 25 needs look-backs of 336; a half day keeps a rest within one day.
        self.kernel = min(13, look_back_h - 1 + look_back_h % 2)
        self.trend = nn.Linear(look_back_h, horizon_h)
        self.rest = nn.Linear(look_back_h, horizon_h)

    def forward(self, own: Tensor, aggregate: Tensor, row_sum: Tensor) -> Tensor:
        """own: scaled [M, W] -> scaled forecast [M, H]; the neighbours are not used."""
        padded = nn.functional.pad(own.unsqueeze(1), (self.kernel // 2, self.kernel // 2), mode="replicate")
        trend = nn.functional.avg_pool1d(padded, self.kernel, stride=1).squeeze(1)
        return self.trend(trend) + self.rest(own - trend)


def make_network(block: ModelBlock, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> nn.Module:
    """A network of any form with weights drawn from ``seed``."""
    if block.form == "stgnn_reference":
        torch.manual_seed(seed)
        return ReferenceSTGNN(windows.horizon_h, block.hidden, block.dropout, adjacency, block.output_dropout)
    return make_pair_network(block, windows, seed)


def make_pair_network(block: ModelBlock, windows: WindowsBlock, seed: int) -> STGNN | DLinear:
    """A network that takes (node, window) pairs, with weights drawn from ``seed``."""
    torch.manual_seed(seed)
    if block.form == "dlinear":
        return DLinear(windows.look_back_h, windows.horizon_h)
    return STGNN(
        windows.horizon_h,
        block.hidden,
        uses_graph=block.form == "stgnn",
        uses_own_history=block.own_history,
    )


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
