"""Implementations of the same function: the source study's network, torch-geometric's, the kernel, exported ones."""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
import torch
from exported import exported_forecasts
from scipy.spatial import cKDTree
from torch import Tensor, nn

from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.cpu.fused_stream import FusedStream
from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, Windows
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.forecast.networks.reference import ReferenceSTGNN

NODES, NEIGHBOURS, LOOK_BACK, HORIZON, HIDDEN, HOURS = 8442, 10, 24, 6, 16, 400
DROP = 0.3


def made_graph(nodes: int) -> sp.csr_array:
    """Nearest neighbours of random places, both directions, self loops, normalised by degrees (Kipf and Welling)."""
    places = np.random.default_rng(0).random((nodes, 2))
    _, found = cKDTree(places).query(places, k=NEIGHBOURS + 1)
    rows = np.repeat(np.arange(nodes), NEIGHBOURS)
    edges = sp.csr_array((np.ones(len(rows)), (rows, found[:, 1:].ravel())), shape=(nodes, nodes))
    edges = edges.maximum(edges.T) + sp.eye_array(nodes)
    root = sp.diags_array(np.asarray(edges.sum(axis=1)).ravel() ** -0.5)
    return sp.csr_array(root @ edges @ root)


class GraphConvGru(nn.Module):
    """torch-geometric's GCNConv on every hour, then torch's GRU: the usual way to write it."""

    def __init__(self, adjacency: sp.csr_array) -> None:
        super().__init__()
        from torch_geometric.nn import GCNConv

        edges = adjacency.tocoo()
        self.register_buffer("edges", torch.from_numpy(np.stack(edges.coords).astype(np.int64)))
        self.register_buffer("weights", torch.from_numpy(edges.data.astype(np.float32)))
        self.convolution = GCNConv(1, HIDDEN, normalize=False, add_self_loops=False)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.output = nn.Linear(HIDDEN, HORIZON)

    def forward(self, history: Tensor) -> Tensor:
        """history: [1, W, N] -> [1, H, N]."""
        lifted = torch.relu(self.convolution(history[0].unsqueeze(-1), self.edges, self.weights))
        _, last = self.gru(lifted.transpose(0, 1))
        return self.output(last[0]).T.unsqueeze(0)


class Bench:
    """The same function three times: the study's network, torch-geometric's, and the fused kernel."""

    def __init__(self, nodes: int = NODES, target: str = "native") -> None:
        torch.manual_seed(0)
        self.adjacency = made_graph(nodes).astype(np.float32)
        self.own = torch.randn(nodes, HOURS)
        self.by_hour = self.own.T.contiguous()
        self.aggregate = torch.from_numpy((self.adjacency @ self.own.numpy()).astype(np.float32))
        self.row_sum = torch.from_numpy(np.asarray(self.adjacency.sum(axis=1), dtype=np.float32).ravel())
        self.nodes = torch.arange(nodes)
        self.observed = torch.ones(nodes, HORIZON, dtype=torch.bool)
        self.kernel = FusedCpu(HIDDEN, target=target)
        self.hour = LOOK_BACK

    def origin(self) -> int:
        self.hour = LOOK_BACK + (self.hour - LOOK_BACK + 1) % (HOURS - LOOK_BACK - HORIZON - 64)
        return self.hour

    def reference(self) -> Callable[[], None]:
        """A step of the study: forward, backward, clipping, AdamW; three dropouts."""
        return self._torch_step(ReferenceSTGNN(HORIZON, HIDDEN, DROP, self.adjacency))

    def geometric(self) -> Callable[[], None]:
        return self._torch_step(GraphConvGru(self.adjacency))

    def fused(self, drop: float = DROP) -> Callable[[], None]:
        network = STGNN(HORIZON, HIDDEN, uses_graph=True, uses_own_history=False)
        optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-3, fused=True)

        def step() -> None:
            origin = self.origin()
            optimiser.zero_grad(set_to_none=True)
            weights = network.kernel_weights()
            assert weights is not None
            dropout = Dropout(drop, drop, drop, origin) if drop else NO_DROPOUT
            target = self.own[:, origin : origin + HORIZON]
            loss = self.kernel.loss(
                weights,
                self.windows(origin),
                self.additions(network),
                target,
                self.observed,
                "huber",
                dropout,
            )
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimiser.step()

        return step

    def windowed(self, network: nn.Module) -> Callable[[], None]:
        network.eval()

        @torch.no_grad()
        def infer() -> None:
            origin = self.origin()
            network(self.own[:, origin - LOOK_BACK : origin].T.unsqueeze(0))

        return infer

    def fused_windowed(self) -> Callable[[], None]:
        network = STGNN(HORIZON, HIDDEN, uses_graph=True, uses_own_history=False)

        @torch.no_grad()
        def infer() -> None:
            weights = network.kernel_weights()
            assert weights is not None
            self.kernel.forecast(weights, self.windows(self.origin()), self.additions(network))

        return infer

    def fused_consecutive(self, count: int) -> Callable[[], None]:
        network = STGNN(HORIZON, HIDDEN, uses_graph=True, uses_own_history=False)

        @torch.no_grad()
        def infer() -> None:
            weights = network.kernel_weights()
            assert weights is not None
            self.kernel.forecast_consecutive(
                weights, self.windows(self.origin()), self.additions(network), count
            )

        return infer

    def exported(self) -> dict[str, Callable[[], None]]:
        network = STGNN(HORIZON, HIDDEN, uses_graph=True, uses_own_history=False)
        return exported_forecasts(network, self.aggregate, self.row_sum, LOOK_BACK, self.origin)

    def streaming(self) -> Callable[[], None]:
        """One new hour: the column of A x, a step of the state and a forecast for every node."""
        network = STGNN(HORIZON, HIDDEN, uses_graph=True, uses_own_history=False)
        weights = network.kernel_weights()
        assert weights is not None
        stream = FusedStream(
            self.kernel, weights, self.additions(network).base, torch.zeros(len(self.nodes), HIDDEN)
        )

        def infer() -> None:
            # A new hour arrives as one row of readings, not as a column of an archive.
            new = self.by_hour[self.origin()]
            stream.step(new, torch.from_numpy(self.adjacency @ new.numpy()))

        return infer

    def windows(self, origin: int) -> Windows:
        starts = torch.full_like(self.nodes, origin - LOOK_BACK)
        return Windows(self.own, self.aggregate, self.nodes, starts, LOOK_BACK)

    def additions(self, network: STGNN) -> Additions:
        assert network.neighbours is not None
        return Additions(self.row_sum[:, None] * network.neighbours.bias)

    def _torch_step(self, network: nn.Module) -> Callable[[], None]:
        optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-3)
        network.train()

        def step() -> None:
            origin = self.origin()
            optimiser.zero_grad(set_to_none=True)
            forecast = network(self.own[:, origin - LOOK_BACK : origin].T.unsqueeze(0))
            target = self.own[:, origin : origin + HORIZON].T.unsqueeze(0)
            nn.functional.smooth_l1_loss(forecast, target).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimiser.step()

        return step
