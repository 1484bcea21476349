"""Networks at work: scaled series in, forecasts in the panel's unit out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from wattshed.data.scaling import Scaler, fit_scaler
from wattshed.forecast.networks import ReferenceSTGNN
from wattshed.forecast.protocol import ForecastTask

PAIRS_PER_BLOCK = 16_384
HOURS_PER_BLOCK = 1024


@dataclass(frozen=True)
class ScaledSeries:
    """Scaled series, node by node, and their neighbours' aggregate, made once.

    own, aggregate: float32 [N, T]; row_sum: [N], the row sums of the normalised adjacency.
    """

    own: Tensor
    aggregate: Tensor
    row_sum: Tensor
    scaler: Scaler
    look_back_h: int

    @classmethod
    def make(
        cls,
        task: ForecastTask,
        adjacency: sp.csr_array,
        scaling: Literal["panel", "node"],
        device: torch.device,
    ) -> "ScaledSeries":
        panel = task.panel
        scaler = fit_scaler(panel.values, panel.observed, task.splits.train, scaling)
        hours, nodes = panel.values.shape
        own = np.empty((nodes, hours), dtype=np.float32)
        aggregate = np.empty((nodes, hours), dtype=np.float32)
        # In blocks of hours: scaled copies of the whole panel would double the memory.
        for start in range(0, hours, HOURS_PER_BLOCK):
            block = slice(start, start + HOURS_PER_BLOCK)
            own[:, block] = scaler.scale(task.filled[block]).T
            aggregate[:, block] = adjacency @ own[:, block]
        row_sum = np.asarray(adjacency.sum(axis=1), dtype=np.float32).reshape(-1)
        return cls(
            torch.from_numpy(own).to(device),
            torch.from_numpy(aggregate).to(device),
            torch.from_numpy(row_sum).to(device),
            scaler,
            task.windows.look_back_h,
        )

    def pairs(self, nodes: Tensor, origins: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs of a pair network for (node, first target hour) pairs [M]."""
        starts = origins - self.look_back_h
        own = self.own.unfold(1, self.look_back_h, 1)[nodes, starts]
        aggregate = self.aggregate.unfold(1, self.look_back_h, 1)[nodes, starts]
        return own, aggregate, self.row_sum[nodes]

    def window(self, origin: int) -> Tensor:
        """Input of the reference network for one origin [1, W, N]."""
        return self.own[:, origin - self.look_back_h : origin].T.unsqueeze(0)


class NeuralForecaster:
    """A trained network behind the Forecaster protocol."""

    def __init__(self, network: nn.Module, series: ScaledSeries, horizon_h: int) -> None:
        self.network = network
        self.series = series
        self.horizon_h = horizon_h

    def of(self, network: nn.Module) -> "NeuralForecaster":
        """Another network on the same series."""
        return NeuralForecaster(network, self.series, self.horizon_h)

    @torch.no_grad()
    def forecast(self, origins: np.ndarray) -> np.ndarray:
        """Forecast [B, H, N] in the panel's unit; the network is in evaluation mode."""
        self.network.eval()
        if isinstance(self.network, ReferenceSTGNN):
            windows = [self.network(self.series.window(int(origin)))[0] for origin in origins]
            scaled = torch.stack(windows).cpu().numpy()
        else:
            scaled = self._forecast_pairs(torch.from_numpy(np.ascontiguousarray(origins)))
        return self.series.scaler.unscale(scaled)

    def _forecast_pairs(self, origins: Tensor) -> np.ndarray:
        count = len(self.series.own)
        device = self.series.own.device
        origins = origins.to(device)
        every_node = torch.arange(count, device=device)
        result = torch.empty(len(origins), self.horizon_h, count)
        step = max(1, PAIRS_PER_BLOCK // count)
        for start in range(0, len(origins), step):
            block = origins[start : start + step]
            inputs = self.series.pairs(every_node.repeat(len(block)), block.repeat_interleave(count))
            scaled = self.network(*inputs).reshape(len(block), count, self.horizon_h)
            result[start : start + len(block)] = scaled.permute(0, 2, 1)
        return result.numpy()
