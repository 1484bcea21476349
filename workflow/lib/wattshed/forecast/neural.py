"""Forecasts in the panel's unit by a network that works on scaled series."""

import numpy as np
import torch
from torch import Tensor

from wattshed.forecast.computing import compute, compute_consecutive
from wattshed.forecast.examples import ExampleSeries, probabilities
from wattshed.forecast.network import Network
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries

PAIRS_PER_BLOCK = 16_384


class NeuralForecaster:
    """A trained network behind the Forecaster protocol."""

    def __init__(self, network: Network, series: ScaledSeries, horizon_steps: int) -> None:
        self.network = network
        self.series = series
        self.horizon_steps = horizon_steps

    def of(self, network: Network) -> "NeuralForecaster":
        """Another network on the same series."""
        return NeuralForecaster(network, self.series, self.horizon_steps)

    def solve(self, task: ForecastTask) -> None:
        """Solve the part of the network that has a closed form, if there is one."""
        self.network.solve(task, self.series)

    @torch.no_grad()
    def forecast(self, origins: np.ndarray) -> np.ndarray:
        """Forecast [B, H, N] in the panel's unit; the network is in evaluation mode.

        Of classes, these are their probabilities.
        """
        self.network.eval()
        if isinstance(self.series, ExampleSeries):
            return probabilities(
                self.network, self.series, torch.from_numpy(np.ascontiguousarray(origins))
            ).numpy()
        if self.network.takes == "windows":
            windows = [self.network(self.series.window(int(origin)))[0] for origin in origins]
            scaled = torch.stack(windows).cpu().numpy()
        else:
            scaled = self._forecast_pairs(torch.from_numpy(np.ascontiguousarray(origins)))
        return self.series.scaler.unscale(scaled)

    def _forecast_pairs(self, origins: Tensor) -> np.ndarray:
        count = len(self.series.own)
        device = self.series.device
        origins = origins.to(device)
        every_node = torch.arange(count, device=device)
        result = torch.empty(len(origins), self.horizon_steps, count)
        step = max(1, PAIRS_PER_BLOCK // count)
        for start in range(0, len(origins), step):
            block = origins[start : start + step]
            if len(block) > 1 and bool((block.diff() == 1).all()):
                shared = compute_consecutive(self.network, self.series, int(block[0]), len(block))
                if shared is not None:
                    result[start : start + len(block)] = shared.permute(0, 2, 1)
                    continue
            pairs = self.series.pairs(every_node.repeat(len(block)), block.repeat_interleave(count))
            scaled = compute(self.network, pairs).reshape(len(block), count, self.horizon_steps)
            result[start : start + len(block)] = scaled.permute(0, 2, 1)
        return result.numpy()
