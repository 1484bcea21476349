"""The network of the family ``pooled_ridge``: linear in many features, with weights of every node, all solved.

Shapes: M (node, window) pairs, N nodes, F features, H horizon.
"""

import copy

import numpy as np
import torch
from torch import Tensor

from wattshed.forecast.network import DroppableFeatures, Network, TensorFunction
from wattshed.forecast.networks.closed_form import refuse_no_samples, refuse_unjudged
from wattshed.forecast.pooled.choice import choose_penalties
from wattshed.forecast.pooled.dropping import useful_features
from wattshed.forecast.pooled.features import PooledFeatures
from wattshed.forecast.pooled.solution import Penalties, SharedSystem, inverses, node_weights
from wattshed.forecast.pooled.sums import NodeSums, node_sums
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import Pairs, ScaledSeries
from wattshed.foundation.faults import Fault

# Sums of the nodes that are held at the same time [bytes]; a larger panel is read in blocks of nodes, twice.
SUMS_BYTES = 2**30
# A checkpoint keeps the sums for exact updates up to this size [bytes].
KEPT_BYTES = 2**29
# Pairs whose nodes' weights are gathered at once.
PAIRS_PER_BLOCK = 2048


class PooledRidge(Network):
    """Ridge regression with shared weights and every node's deviation from them; see :mod:`.solution`.

    Buffers: ``node_weight`` [N, F, H], ``shared`` [F, H]; ``penalties`` [4]: free, tied, shared and the rows per node
    that they are stated for; ``variances`` [N], of the nodes' loads in the panel's unit squared; and for exact updates,
    where they are kept, ``gram`` [N, F (F + 1) / 2] (lower triangles), ``moment`` [N, F, H] and ``rows`` [N] of all
    data that was learned.
    """

    has_closed_form = True
    node_weight: Tensor
    shared: Tensor
    penalties: Tensor
    variances: Tensor
    gram: Tensor
    moment: Tensor
    rows: Tensor

    def __init__(self, features: PooledFeatures, horizon_steps: int, nodes: int, *, keep_sums: bool) -> None:
        super().__init__()
        self.features, self.horizon_steps, self.nodes = features, horizon_steps, nodes
        self._wants_sums = keep_sums
        self._make_buffers()

    @property
    def keeps_sums(self) -> bool:
        """Whether the sums of all learned data are kept, which exact updates and dropping features need."""
        count = len(self.features)
        return self._wants_sums and self.nodes * count * (count + 1) // 2 * 8 <= KEPT_BYTES

    def _make_buffers(self) -> None:
        count = len(self.features)
        self.register_buffer("node_weight", torch.zeros(self.nodes, count, self.horizon_steps))
        self.register_buffer("shared", torch.zeros(count, self.horizon_steps))
        self.register_buffer("penalties", torch.zeros(4, dtype=torch.float64))
        self.register_buffer("variances", torch.zeros(self.nodes, dtype=torch.float64))
        if self.keeps_sums:
            packed = count * (count + 1) // 2
            self.register_buffer("gram", torch.zeros(self.nodes, packed, dtype=torch.float64))
            self.register_buffer(
                "moment", torch.zeros(self.nodes, count, self.horizon_steps, dtype=torch.float64)
            )
            self.register_buffer("rows", torch.zeros(self.nodes, dtype=torch.float64))

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]."""
        return self.of_features(pairs.nodes, self.features(pairs))

    def of_features(self, nodes: Tensor, features: Tensor) -> Tensor:
        """Scaled forecast [M, H] of features [M, F] of the nodes [M]."""
        every = torch.arange(self.nodes, device=nodes.device)
        # Windows of all nodes, one after another, as forecasts are asked for: one product per node.
        if len(nodes) % self.nodes == 0 and bool((nodes.view(-1, self.nodes) == every).all()):
            by_node = features.view(-1, self.nodes, features.shape[1]).transpose(0, 1)
            return torch.bmm(by_node, self.node_weight).transpose(0, 1).reshape(len(nodes), -1)
        blocks = zip(torch.split(nodes, PAIRS_PER_BLOCK), torch.split(features, PAIRS_PER_BLOCK), strict=True)
        return torch.cat([_products(part, self.node_weight[of]) for of, part in blocks])

    def droppable_features(self) -> DroppableFeatures | None:
        if not self.keeps_sums:
            return None
        return DroppableFeatures(len(self.features), self._keep, self._of_shape)

    def _of_shape(self, count: int) -> "PooledRidge":
        """A network with so many of the features, whichever, without weights."""
        features = self.features.only(torch.arange(count))
        return PooledRidge(features, self.horizon_steps, self.nodes, keep_sums=self._wants_sums)

    @torch.no_grad()
    def _keep(self, count: int) -> "PooledRidge":
        """The network with its most useful features, solved on the kept sums."""
        sums, (penalties, _, rows) = self.sums(), self._penalties()
        kept = useful_features(sums, self.variances.cpu().numpy(), penalties, self._free(), rows, count)
        smaller = PooledRidge(
            self.features.only(torch.from_numpy(kept)),
            self.horizon_steps,
            self.nodes,
            keep_sums=self._wants_sums,
        )
        smaller.penalties.copy_(self.penalties)
        smaller.variances.copy_(self.variances)
        smaller._take(sums.of_features(kept))
        return smaller

    def parameter_count(self) -> int:
        return self.node_weight.numel() + self.shared.numel()

    def tensor_function(self) -> TensorFunction:
        return PooledFunction(self)

    @torch.no_grad()
    def solve(self, task: ForecastTask, series: ScaledSeries) -> None:
        """Solve on the training part, with the penalties whose error on the validation part is the least.

        A panel whose sums do not fit in memory chooses its penalties on evenly spaced nodes, and is read in blocks.
        Raises :class:`Fault` if no training window or no validation window is complete.
        """
        reader = _Reader(self, task, series)
        most = max(1, SUMS_BYTES // (2 * 8 * len(self.features) ** 2))
        chosen = np.unique(np.linspace(0, self.nodes - 1, min(self.nodes, most)).round().astype(np.int64))
        train = reader.sums(chosen, task.origins(task.splits.train))
        rows = float(train.rows.mean())
        refuse_no_samples("the pooled ridge regression", int(train.rows.sum()), self.horizon_steps)
        validation = reader.sums(chosen, task.origins(task.splits.validation))
        variances = np.square(series.scaler.deviation, dtype=np.float64)
        self.variances.copy_(torch.from_numpy(variances))
        choice = choose_penalties(train, validation, self._free(), variances[chosen], rows)
        refuse_unjudged("the pooled ridge regression", choice.squared_error, "its whole horizon observed")
        penalties = choice.penalties
        self.penalties.copy_(torch.tensor([penalties.free, penalties.tied, penalties.shared, rows]))
        if len(chosen) == self.nodes:
            self._take(train)
            return
        self._solve_in_blocks(reader, task.origins(task.splits.train), most)

    @torch.no_grad()
    def learn(self, task: ForecastTask, series: ScaledSeries, origins: np.ndarray) -> float:
        """Learn further windows: exactly what solving on all data so far gives, with the penalties as they are.

        origins: int64 [B], first target steps. Returns the mean squared error on them afterwards, scaled. Raises
        :class:`Fault` if the sums of the data before were not kept.
        """
        self._refuse_without_sums("cannot be updated")
        reader = _Reader(self, task, series)
        new = reader.sums(np.arange(self.nodes), origins)
        self._take(self.sums() + new)
        weights = self.node_weight.double().cpu().numpy()
        cells = max(1.0, new.rows.sum() * self.horizon_steps)
        return float(new.squared_error(weights).sum() / cells)

    @torch.no_grad()
    def without(self, task: ForecastTask, series: ScaledSeries, origins: np.ndarray) -> "PooledRidge":
        """A copy that was solved without some windows of the training part. origins: int64 [B]."""
        self._refuse_without_sums("cannot leave windows out")
        left = copy.deepcopy(self)
        reader = _Reader(self, task, series)
        left._take(self.sums() - reader.sums(np.arange(self.nodes), origins))
        return left

    def sums(self) -> NodeSums:
        """The kept sums of all data that was learned, whose squares are not known (0)."""
        count = len(self.features)
        lower = np.tril_indices(count)
        gram = np.zeros((self.nodes, count, count))
        gram[:, lower[0], lower[1]] = self.gram.cpu().numpy()
        gram[:, lower[1], lower[0]] = self.gram.cpu().numpy()
        return NodeSums(gram, self.moment.cpu().numpy(), np.zeros(self.nodes), self.rows.cpu().numpy())

    def _refuse_without_sums(self, what: str) -> None:
        if not self.keeps_sums:
            raise Fault(
                f"a pooled_ridge {what}, because it does not keep the sums of what it learned: expected keep_sums: "
                f"true and sums of at most {KEPT_BYTES / 2**20:.0f} MiB ({self.nodes:,} nodes with "
                f"{len(self.features)} features have more, or the key is false); take fewer nodes or train again on "
                "all data."
            )

    def _take(self, sums: NodeSums) -> None:
        """Solve on sums of all nodes with the present penalties, and keep the sums."""
        penalties, diagonal, rows = self._penalties()
        inverse = inverses(sums, diagonal)
        system = SharedSystem.empty(*sums.moment.shape[1:])
        system.add(sums, inverse, diagonal, self.variances.cpu().numpy())
        shared = system.solve(penalties.shared, rows)
        self.shared.copy_(torch.from_numpy(shared))
        self.node_weight.copy_(torch.from_numpy(node_weights(sums.moment, inverse, diagonal, shared)))
        self._keep_sums(sums, slice(None))

    def _keep_sums(self, sums: NodeSums, nodes: slice) -> None:
        if self.keeps_sums:
            lower = np.tril_indices(len(self.features))
            self.gram[nodes] = torch.from_numpy(sums.gram[:, lower[0], lower[1]]).to(self.gram)
            self.moment[nodes] = torch.from_numpy(sums.moment).to(self.moment)
            self.rows[nodes] = torch.from_numpy(sums.rows).to(self.rows)

    def _solve_in_blocks(self, reader: "_Reader", origins: np.ndarray, most: int) -> None:
        """Two passes over the panel: one for the shared weights, one for the nodes'. most: nodes in a block."""
        penalties, diagonal, rows = self._penalties()
        blocks = [np.arange(start, min(start + most, self.nodes)) for start in range(0, self.nodes, most)]
        system = SharedSystem.empty(len(self.features), self.horizon_steps)
        for nodes in blocks:
            sums = reader.sums(nodes, origins)
            system.add(sums, inverses(sums, diagonal), diagonal, self.variances.cpu().numpy()[nodes])
        shared = system.solve(penalties.shared, rows)
        self.shared.copy_(torch.from_numpy(shared))
        for nodes in blocks:
            sums = reader.sums(nodes, origins)
            found = node_weights(sums.moment, inverses(sums, diagonal), diagonal, shared)
            place = slice(int(nodes[0]), int(nodes[-1]) + 1)
            self.node_weight[place] = torch.from_numpy(found).to(self.node_weight)
            self._keep_sums(sums, place)

    def _penalties(self) -> tuple[Penalties, np.ndarray, float]:
        free, tied, shared, rows = self.penalties.tolist()
        penalties = Penalties(free, tied, shared)
        return penalties, penalties.of_deviations(self._free(), rows), rows

    def _free(self) -> np.ndarray:
        return self.features.free().cpu().numpy()


class _Reader:
    """Sums over a task's windows for one network."""

    def __init__(self, network: PooledRidge, task: ForecastTask, series: ScaledSeries) -> None:
        self._network, self._series = network, series
        self._observed = torch.from_numpy(np.ascontiguousarray(task.panel.observed.T))

    def sums(self, nodes: np.ndarray, origins: np.ndarray) -> NodeSums:
        horizon = self._network.horizon_steps
        return node_sums(self._network.features, self._series, self._observed, nodes, origins, horizon)


class PooledFunction(TensorFunction):
    """Forecasts of a :class:`PooledRidge` from its features."""

    def __init__(self, network: PooledRidge) -> None:
        super().__init__()
        self.features = network.features
        self.register_buffer("node_weight", network.node_weight)
        self.names = ["node", "features"]

    def inputs(self, batch: Pairs) -> tuple[Tensor, ...]:
        return batch.nodes.contiguous(), self.features(batch).contiguous()

    def forward(self, *inputs: Tensor) -> Tensor:
        node, features = inputs
        weights: Tensor = self.node_weight  # type: ignore[assignment]
        return _products(features, weights[node])


def _products(features: Tensor, weights: Tensor) -> Tensor:
    """[M, H] of features [M, F] and weights [M, F, H]."""
    return torch.bmm(features[:, None, :], weights).squeeze(1)
