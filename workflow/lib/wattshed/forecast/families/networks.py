"""The networks. Shapes: B windows, M (node, window) pairs, N nodes, W look-back, H horizon."""

import warnings
from functools import reduce
from operator import add

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from wattshed.config.data.data import WindowsBlock
from wattshed.config.models.families import ModelBlock
from wattshed.engine.recurrent import Additions, RecurrentWeights
from wattshed.forecast.families.linear_part import LinearPart
from wattshed.forecast.series import Pairs, Sequences


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
    history it sees the aggregate alone, as the source study's network does. A calendar adds what is learnt of the
    hour of day and of the weekday, a node table what is learnt of each node.

    Back ends other than torch ask for :meth:`recurrent_weights` and :meth:`additions`; see ``forecast.computing``.
    """

    def __init__(
        self,
        horizon_h: int,
        hidden: int,
        uses_graph: bool = True,
        uses_own_history: bool = True,
        *,
        calendar: bool = False,
        nodes: int = 0,
    ) -> None:
        """nodes: rows of the node table; 0 for none."""
        super().__init__()
        # With a graph the bias is aggregated too: w_x x + w_a (A x) + (A 1) b.
        self.own = nn.Linear(1, hidden, bias=not uses_graph) if uses_own_history else None
        self.neighbours = nn.Linear(1, hidden) if uses_graph else None
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.output = nn.Linear(hidden, horizon_h)
        # Tables start at zero: the network begins as the one without them.
        self.hour_of_day = nn.Parameter(torch.zeros(24, hidden)) if calendar else None
        self.weekday = nn.Parameter(torch.zeros(7, hidden)) if calendar else None
        self.node_table = nn.Parameter(torch.zeros(nodes, hidden)) if nodes else None

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]."""
        _, last = self.gru(self.lift(pairs.own, pairs.aggregate, self.base(pairs), self.season(pairs)))
        return self.output(last[0])

    def forward_sequence(self, sequences: Sequences) -> Tensor:
        """Scaled forecasts after every hour but the burn-in [M, L - burn in, H], from one pass of the state."""
        calendar = self.calendar()
        season = None if calendar is None else calendar[sequences.slots.long()]
        base = self.base(Pairs(sequences.series, sequences.nodes, sequences.starts))
        states, _ = self.gru(self.lift(sequences.own, sequences.aggregate, base, season))
        return self.output(states[:, sequences.burn_in_h :])

    def lift(
        self, own: Tensor, aggregate: Tensor, base: Tensor | None = None, season: Tensor | None = None
    ) -> Tensor:
        """The graph layer [M, W, hidden]; own, aggregate: scaled [M, W]; see :meth:`base`, :meth:`season`."""
        parts = []
        if self.own is not None:
            parts.append(own.unsqueeze(-1) * self.own.weight[:, 0])
        if self.neighbours is not None:
            parts.append(aggregate.unsqueeze(-1) * self.neighbours.weight[:, 0])
        if base is not None:
            parts.append(base.unsqueeze(1))
        if season is not None:
            parts.append(season)
        return torch.relu(reduce(add, parts))

    def base(self, pairs: Pairs) -> Tensor:
        """What is added to a pair's lift in all hours [M, hidden]: the aggregated bias and the node's row."""
        if self.neighbours is not None:
            base = pairs.row_sum[:, None] * self.neighbours.bias
        else:
            assert self.own is not None
            assert self.own.bias is not None
            base = self.own.bias.expand(len(pairs), -1)
        return base if self.node_table is None else base + self.node_table[pairs.nodes]

    def calendar(self) -> Tensor | None:
        """What is added by the hour of the week [168, hidden], or None."""
        if self.hour_of_day is None or self.weekday is None:
            return None
        return (self.weekday[:, None, :] + self.hour_of_day[None, :, :]).flatten(0, 1)

    def season(self, pairs: Pairs) -> Tensor | None:
        """The calendar's rows for each hour of the look-backs [M, W, hidden], or None."""
        calendar = self.calendar()
        return None if calendar is None else calendar[pairs.slots.long()]

    def additions(self, pairs: Pairs) -> Additions:
        return Additions(self.base(pairs), self.calendar())

    def recurrent_weights(self) -> RecurrentWeights | None:
        """The weights for a kernel; None where the layers are no longer plain ones (int8, low rank, pruned)."""
        gru, output = self.gru, self.output
        if type(gru) is not nn.GRU or type(output) is not nn.Linear:
            return None
        if gru.num_layers != 1 or gru.input_size != gru.hidden_size:
            return None
        nothing = torch.zeros(gru.hidden_size, device=output.weight.device)
        input_gates, state_gates, input_bias, state_bias = gru.all_weights[0]
        return RecurrentWeights(
            nothing if self.own is None else self.own.weight[:, 0],
            nothing if self.neighbours is None else self.neighbours.weight[:, 0],
            input_gates,
            state_gates,
            input_bias,
            state_bias,
            output.weight,
            output.bias,
        )


class DLinear(nn.Module):
    """Linear on trend and linear on the rest (Zeng et al. 2023), shared by all nodes."""

    def __init__(self, look_back_h: int, horizon_h: int) -> None:
        super().__init__()
        # The paper's kernel of 25 needs look-backs of 336; a half day keeps a rest within one day.
        self.kernel = min(13, look_back_h - 1 + look_back_h % 2)
        self.trend = nn.Linear(look_back_h, horizon_h)
        self.rest = nn.Linear(look_back_h, horizon_h)

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]; the neighbours are not used."""
        padded = nn.functional.pad(
            pairs.own.unsqueeze(1), (self.kernel // 2, self.kernel // 2), mode="replicate"
        )
        trend = nn.functional.avg_pool1d(padded, self.kernel, stride=1).squeeze(1)
        return self.trend(trend) + self.rest(pairs.own - trend)


class Residual(nn.Module):
    """The product's model: a linear part that is solved, and a network on what it leaves."""

    def __init__(self, linear: LinearPart, network: STGNN) -> None:
        super().__init__()
        self.linear = linear
        self.network = network

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]."""
        return self.linear(pairs) + self.network(pairs)

    def forward_sequence(self, sequences: Sequences) -> Tensor:
        """Scaled forecasts after every hour but the burn-in [M, L - burn in, H]."""
        learned = self.network.forward_sequence(sequences)
        return self.linear(sequences.pairs).reshape(learned.shape) + learned


def make_network(
    block: ModelBlock, windows: WindowsBlock, adjacency: sp.csr_array, seed: int
) -> ReferenceSTGNN | STGNN | DLinear | Residual:
    """A network of any form with weights drawn from ``seed``."""
    if block.form == "stgnn_reference":
        torch.manual_seed(seed)
        return ReferenceSTGNN(windows.horizon_h, block.hidden, block.dropout, adjacency, block.output_dropout)
    return make_pair_network(block, windows, adjacency.shape[0], seed)


def make_pair_network(
    block: ModelBlock, windows: WindowsBlock, nodes: int, seed: int
) -> STGNN | DLinear | Residual:
    """A network that takes (node, window) pairs, with weights drawn from ``seed``."""
    torch.manual_seed(seed)
    if block.form == "dlinear":
        return DLinear(windows.look_back_h, windows.horizon_h)
    uses_graph = block.form == "stgnn"
    network = STGNN(
        windows.horizon_h,
        block.hidden,
        uses_graph,
        block.own_history,
        calendar=block.calendar,
        nodes=nodes if block.node_table else 0,
    )
    if not block.linear_part:
        return network
    # Untrained it is the linear part alone.
    nn.init.zeros_(network.output.weight)
    nn.init.zeros_(network.output.bias)
    return Residual(LinearPart(windows.look_back_h, windows.horizon_h, uses_graph), network)


def parameter_count(network: nn.Module) -> int:
    """Trained weights; those of a linear part are solved, and count too."""
    solved = network.linear.weight.numel() if isinstance(network, Residual) else 0
    return solved + sum(parameter.numel() for parameter in network.parameters())
