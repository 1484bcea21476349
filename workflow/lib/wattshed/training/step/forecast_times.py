"""Times of forward passes without gradients, by networks that take turns."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from wattshed.devices.torch_device import synchroniser
from wattshed.forecast.computing import compute
from wattshed.forecast.network import Network
from wattshed.forecast.series import Pairs
from wattshed.training.batches.drawing import Batch
from wattshed.training.step.gradient import batch_forecast


@torch.no_grad()
def time_forecasts(
    networks: Mapping[str, Network], batch: Batch, repeats: int, device: torch.device
) -> dict[str, dict[str, float]]:
    """Seconds of the forward pass of a batch by network, which take turns: median with the middle 95 %."""
    synchronise = synchroniser(device)
    times: dict[str, list[float]] = {name: [] for name in networks}
    for network in networks.values():
        network.eval()
        _forecast(network, batch)
    for _ in range(repeats):
        for name, network in networks.items():
            synchronise()
            began = time.perf_counter()
            _forecast(network, batch)
            synchronise()
            times[name].append(time.perf_counter() - began)
    keys = ("inference_s", "inference_low_s", "inference_high_s")
    return {name: dict(zip(keys, quantiles(found), strict=True)) for name, found in times.items()}


def _forecast(network: Network, batch: Batch) -> Any:
    first = batch.inputs[0]
    return compute(network, first) if isinstance(first, Pairs) else batch_forecast(network, batch)


def quantiles(times_s: Sequence[float]) -> tuple[float, float, float]:
    """Median, and the 2.5 and 97.5 % quantiles."""
    middle, low, high = np.quantile(np.asarray(times_s, dtype=np.float64), [0.5, 0.025, 0.975])
    return float(middle), float(low), float(high)
