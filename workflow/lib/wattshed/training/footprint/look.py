"""One look at the validation part: what a network allocates to forecast it, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.forecast.computing import compute, compute_consecutive
from wattshed.forecast.examples import EXAMPLES_PER_CALL, ExampleSeries
from wattshed.forecast.neural import PAIRS_PER_BLOCK
from wattshed.forecast.series import ScaledSeries, Sequences
from wattshed.forecast.streaming import run_in_steps

if TYPE_CHECKING:
    from wattshed.forecast.network import Network
    from wattshed.training.footprint.sizes import TaskSizes
    from wattshed.training.spec import ModelSpec


@torch.no_grad()
def look_once(network: Network, series: ScaledSeries, spec: ModelSpec, sizes: TaskSizes) -> None:
    """Forecast as the forecasters of this recipe do, with the first block alone, since no other is larger.

    Its arrays of NumPy, with forecasts in the panel's unit, are not tensors and do not count.
    """
    network.eval()
    recipe, horizon_steps, nodes = spec.recipe, spec.windows.horizon_steps, sizes.nodes
    look_back_steps, device = spec.windows.look_back_steps, series.device
    if network.takes == "windows":
        # One window after the other; all forecasts are held at once, and then stacked.
        first = network(series.window(look_back_steps))[0]
        held = [first, *(torch.empty_like(first) for _ in range(sizes.validation_windows - 1))]
        torch.stack(held)
        return
    if isinstance(series, ExampleSeries):
        # As probabilities() does, with the first rows in place of those of the validation part.
        rows = min(EXAMPLES_PER_CALL, sizes.validation_windows, sizes.steps)
        torch.softmax(network(series.batch(torch.arange(rows))).float(), dim=-1)
        return
    every_node = torch.arange(nodes, device=device)
    if recipe.sampling == "sequences":
        state = torch.zeros(nodes, network.state_units(), device=device)
        if series.kernel is None and sizes.engine == "torch":
            hours = min(run_in_steps(series), sizes.steps)
            sequences = Sequences(series, every_node, torch.zeros_like(every_node), hours, hours - 1)
            network.advance(sequences, state)
        return
    result = torch.empty(sizes.validation_windows, horizon_steps, nodes)
    block = min(sizes.validation_windows, max(1, PAIRS_PER_BLOCK // nodes))
    if isinstance(series.kernel, FusedCpu) and block > 1:
        # Windows one hour apart are the usual case; others take more.
        shared = compute_consecutive(network, series, look_back_steps, block)
        if shared is not None:
            return
    origins = torch.full((block * nodes,), look_back_steps, dtype=torch.int64, device=device)
    scaled = compute(network, series.pairs(every_node.repeat(block), origins))
    result[:block] = scaled.reshape(block, nodes, horizon_steps).permute(0, 2, 1)
