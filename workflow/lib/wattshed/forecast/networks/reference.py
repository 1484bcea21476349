"""The source study's network, for comparison. Shapes: B windows, N nodes, W look-back, H horizon."""

import copy
import warnings
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from wattshed.forecast.network import MemoryParts, Network, PrunableUnits, TensorFunction
from wattshed.forecast.networks.gru_layers import layers_of, make_gru
from wattshed.forecast.networks.removable.recurrent_channels import prunable_channels
from wattshed.forecast.networks.removable.recurrent_units import prunable_units
from wattshed.forecast.networks.stretches import Place, Stretch, state_after
from wattshed.foundation.faults import Fault

# An exported file holds the graph as a full matrix; this many nodes take 16 MB.
MOST_EXPORTED_NODES = 2000


class ReferenceSTGNN(Network):
    """Graph layers ReLU(A_hat (x W + b)), one GRU for all nodes, linear read-out; three dropouts.

    The dropouts follow each graph layer, the states where the next recurrent layer or the read-out takes them, and the
    output. The study has one layer of each kind, of the same width. Its flaws are kept: the bias is aggregated with the
    input, a node sees only the aggregate, and the last dropout acts on the output, which scales forecasts to 1 - p of
    their mean. ``output_dropout`` turns that dropout off.
    """

    takes: Literal["windows"] = "windows"
    adjacency: Tensor

    def __init__(
        self,
        horizon_steps: int,
        hidden: int,
        dropout: float,
        adjacency: sp.csr_array,
        output_dropout: bool = True,
        *,
        channels: int | None = None,
        graph_layers: int = 1,
        recurrent_layers: int = 1,
        graph_dropout: float | None = None,
        state_dropout: float | None = None,
        precomputed: bool = False,
    ) -> None:
        """hidden: units of each recurrent layer; channels: width of each graph layer, None for ``hidden``; adjacency:
        normalised, [N, N]; dropout: also for graph layers and states, where theirs is None; precomputed: the first
        graph layer aggregates the inputs instead of their lifts.
        """
        super().__init__()
        self.precomputed = precomputed
        width = hidden if channels is None else channels
        state_share = dropout if state_dropout is None else state_dropout
        self.input = nn.Linear(1, width)
        self.further = nn.ModuleList(nn.Linear(width, width) for _ in range(graph_layers - 1))
        self.gru = make_gru(width, hidden, recurrent_layers, state_share)
        self.output = nn.Linear(hidden, horizon_steps)
        self.graph_dropout = nn.Dropout(dropout if graph_dropout is None else graph_dropout)
        self.state_dropout = nn.Dropout(state_share)
        self.output_dropout = nn.Dropout(dropout if output_dropout else 0.0)
        self.graph_places = nn.ModuleList(Place() for _ in range(graph_layers))
        self.stretch = Stretch()
        # The graph belongs to the task, not to the weights: it is not saved in checkpoints.
        self.register_buffer("adjacency", sparse_tensor(adjacency), persistent=False)

    def forward(self, history: Tensor, adjacency: Tensor | None = None) -> Tensor:
        """history: scaled [B, W, N] -> scaled forecast [B, H, N].

        adjacency: K rows [K, N] of a graph to use instead of the network's own, CSR; the forecast is then
        that of the K nodes, [B, H, K]. A graph layer before the last one needs all nodes: with fewer rows it takes the
        network's own graph.
        """
        if adjacency is None:
            adjacency = self.adjacency
        batch, look_back, every_node = history.shape
        nodes = adjacency.shape[0]
        inner = adjacency if nodes == every_node else self.adjacency
        values = history.permute(2, 0, 1).unsqueeze(-1)
        last_layer = len(self.further)
        for number, place in enumerate(self.graph_places):
            values = place(self._graph_layer, number, values, adjacency if number == last_layer else inner)
        steps = values.reshape(nodes * batch, look_back, -1)
        last = state_after(self.stretch, lambda first, end: steps[:, first:end], self.gru, look_back)
        forecast = self.output_dropout(self.output(self.state_dropout(last[-1])))
        return forecast.reshape(nodes, batch, -1).permute(1, 2, 0)

    def _graph_layer(self, number: int, values: Tensor, rows: Tensor) -> Tensor:
        """Values [K, B, W, channels] after a graph layer, from those of all nodes [N, B, W, ...] before it."""
        if number == 0 and self.precomputed:
            history = values.squeeze(-1).permute(1, 2, 0)
            lifted = lifted_aggregate(self.input, history, rows).reshape(
                rows.shape[0], *values.shape[1:3], -1
            )
        else:
            layer = self.further[number - 1] if number else self.input
            lifted = _aggregated(rows, layer(values))
        return self.graph_dropout(torch.relu(lifted))

    def __deepcopy__(self, memo: dict[int, Any]) -> "ReferenceSTGNN":
        # torch cannot copy a sparse tensor in this way. Nothing changes the graph, so copies share it.
        memo[id(self.adjacency)] = self.adjacency
        result = type(self).__new__(type(self))
        memo[id(self)] = result
        result.__dict__ = copy.deepcopy(self.__dict__, memo)
        return result

    def sampled_adjacency(self) -> Tensor:
        return self.adjacency

    def tensor_function(self) -> TensorFunction:
        nodes = self.adjacency.shape[0]
        if nodes > MOST_EXPORTED_NODES:
            raise Fault(
                f"a network on a graph of {nodes} nodes cannot be exported, because the file holds the graph as a full "
                f"matrix: expected at most {MOST_EXPORTED_NODES} nodes; export a model that forecasts each node by "
                "itself, such as one of the family stgnn."
            )
        return ReferenceFunction(self)

    def prunable_units(self) -> PrunableUnits | None:
        return None if layers_of(self.gru) > 1 else prunable_units(self, self.gru, self.output)

    def prunable_channels(self) -> PrunableUnits | None:
        return prunable_channels(self, ("input",)) if not len(self.further) else None

    def memory_parts(self) -> MemoryParts:
        graph = tuple(f"graph_places.{number}" for number in range(len(self.graph_places)))
        return MemoryParts(recomputed={"graph": graph, "recurrent": ("stretch",)})

    def linear_maps(self) -> dict[str, nn.Module]:
        return {"gru": self.gru, "output": self.output}


class ReferenceFunction(TensorFunction):
    """Forecasts of a :class:`ReferenceSTGNN` without its dropouts; the graph is a constant in it.

    A (x w + b) = (A x) w + (A 1) b: in the first graph layer only the history is multiplied by the full matrix, not its
    channels.
    """

    rows: Literal["pairs", "windows"] = "windows"
    adjacency: Tensor
    row_sum: Tensor

    def __init__(self, network: ReferenceSTGNN) -> None:
        super().__init__()
        self.network = network
        self.names = ["history"]
        adjacency = network.adjacency.to_dense()
        self.register_buffer("adjacency", adjacency, persistent=False)
        self.register_buffer("row_sum", adjacency.sum(dim=1, keepdim=True), persistent=False)

    def inputs(self, batch: Tensor) -> tuple[Tensor, ...]:
        return (batch.contiguous(),)

    def forward(self, *inputs: Tensor) -> Tensor:
        """history: scaled [B, W, N] -> scaled forecast [B, H, N]."""
        (history,) = inputs
        network, nodes = self.network, self.adjacency.shape[0]
        weight, bias = network.input.weight[:, 0], network.input.bias
        aggregate = torch.matmul(history, self.adjacency.T).unsqueeze(-1)
        steps = torch.relu(aggregate * weight + self.row_sum * bias)
        for layer in network.further:
            steps = torch.relu(torch.matmul(self.adjacency, layer(steps)))
        _, last = network.gru(steps.permute(0, 2, 1, 3).flatten(0, 1))
        return network.output(last[-1]).unflatten(0, (-1, nodes)).permute(0, 2, 1)


def _aggregated(adjacency: Tensor, values: Tensor) -> Tensor:
    """Weighted sums over neighbours [K, ...]. adjacency: CSR [K, N]; values: [N, ...]."""
    # They stay in fp32: torch has no sparse product in half precision on a CPU.
    with torch.autocast(values.device.type, enabled=False):
        # The product that torch-geometric's SimpleConv(aggr="sum") computes on such an adjacency, to the byte
        # (a test compares them). Importing torch-geometric would cost each job more than torch itself.
        sums = torch.sparse.mm(adjacency, values.float().reshape(len(values), -1))
    return sums.reshape(-1, *values.shape[1:])


def lifted_aggregate(lift: nn.Linear, history: Tensor, adjacency: Tensor) -> Tensor:
    """A (x W + b) as (A x) W + (A 1) b [K, B * W * channels], with one sparse product for the batch.

    lift: of one input channel; history: scaled [B, W, N]; adjacency: K rows [K, N], CSR. The product has one channel
    instead of the lift's many, and no gradient goes through it, as histories are not learnt.
    """
    every_node = history.shape[-1]
    with torch.no_grad(), torch.autocast(history.device.type, enabled=False):
        columns = history.permute(2, 0, 1).reshape(every_node, -1).float()
        # The row sums are one more column, so that sampled edges have theirs too.
        ones = torch.ones(every_node, 1, dtype=columns.dtype, device=columns.device)
        product = torch.sparse.mm(adjacency, torch.cat([columns, ones], dim=1))
    aggregate, row_sum = product[:, :-1, None], product[:, -1:, None]
    with torch.autocast(history.device.type, enabled=False):
        return (aggregate * lift.weight[:, 0] + row_sum * lift.bias).flatten(1)


def sparse_tensor(adjacency: sp.csr_array) -> Tensor:
    """The adjacency as torch's CSR tensor, float32."""
    # torch wants the columns of each row in order; those of a shuffled graph are not.
    adjacency = adjacency if adjacency.has_sorted_indices else adjacency.sorted_indices()
    with warnings.catch_warnings():
        # torch calls all of its CSR support beta; this code only multiplies by dense matrices.
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(
            torch.from_numpy(adjacency.indptr.astype(np.int64)),
            torch.from_numpy(adjacency.indices.astype(np.int64)),
            torch.from_numpy(adjacency.data.astype(np.float32)),
            size=adjacency.shape,
            check_invariants=True,
        )
