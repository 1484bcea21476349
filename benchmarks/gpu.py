"""One epoch-equivalent of the full-size panel on a GPU, or a row that says it was not run.

An epoch-equivalent is as many samples as the study's epoch has: every window of every node once. Pairs are drawn at
random on the GPU; a step is draw, gather, fused forward and backward, clipping and AdamW, as in training.
"""

import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from wattshed.engine.gpu import fused_cuda
from wattshed.engine.gpu.fused_cuda import Weights

NODES, WINDOWS, LOOK_BACK, HORIZON, HIDDEN = 8442, 9193, 24, 6, 16
MUST_S, AIM_S = 5.0, 1.0
# Multiplications and additions of a sample's forward and backward pass, and the fp32 rate of an H200.
SAMPLE_FLOP, H200_FLOP_PER_S = 222e3, 67e12


@dataclass(frozen=True)
class EpochSize:
    nodes: int = NODES
    windows: int = WINDOWS
    step_windows: int = 32
    """Samples of a step, in windows of all nodes."""

    @property
    def hours(self) -> int:
        return self.windows + LOOK_BACK + HORIZON - 1

    @property
    def step_samples(self) -> int:
        return self.nodes * self.step_windows

    @property
    def steps(self) -> int:
        return -(-self.windows // self.step_windows)


class Training:
    """The network `stgnn` on series of noise."""

    def __init__(self, size: EpochSize, device: torch.device) -> None:
        torch.manual_seed(0)
        self.size = size
        self.own = torch.randn(size.nodes, size.hours, device=device)
        self.aggregate = torch.randn(size.nodes, size.hours, device=device)
        self.row_sum = 0.7 + 0.5 * torch.rand(size.nodes, device=device)
        gru, output = nn.GRU(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HORIZON)
        parts = [torch.randn(HIDDEN), torch.randn(HIDDEN), torch.zeros(HIDDEN)]
        parts += [part.detach() for part in (*gru.parameters(), *output.parameters())]
        self.weights = [nn.Parameter(part.to(device)) for part in parts]
        self.optimiser = torch.optim.AdamW(self.weights, lr=5e-3, fused=device.type == "cuda")
        self.observed = torch.ones(size.step_samples, HORIZON, dtype=torch.bool, device=device)

    def step(self) -> Tensor:
        size, device = self.size, self.own.device
        node = torch.randint(size.nodes, (size.step_samples,), device=device)
        origin = torch.randint(LOOK_BACK, LOOK_BACK + size.windows, (size.step_samples,), device=device)
        target = self.own.unfold(1, HORIZON, 1)[node, origin]
        w_own, w_agg, bias, *others = self.weights
        weights = Weights(w_own, w_agg, self.row_sum[node][:, None] * bias, None, *others)
        self.optimiser.zero_grad(set_to_none=True)
        loss = fused_cuda.differentiable_loss(
            self.own, self.aggregate, node, origin, None, LOOK_BACK, weights, target, self.observed
        )
        loss.backward()
        nn.utils.clip_grad_norm_(self.weights, 0.5)
        self.optimiser.step()
        return loss.detach()


def epoch_equivalent(size: EpochSize | None = None, repeats: int = 3) -> dict[str, Any]:
    """The benchmark's row: seconds (median, least, most), peak memory, and the floor they are held against.

    Keys: what, must_s, aim_s, floor_s, status ("measured", or "not run: " and why); where measured also device, s,
    least_s, most_s, peak_mib (of the GPU, by torch's allocator, series included), first_s (steps that compile) and
    samples.
    """
    size = size or EpochSize()
    samples = size.steps * size.step_samples
    row: dict[str, Any] = {
        "what": f"one epoch-equivalent, {size.nodes:,} nodes x {size.windows:,} windows, on a GPU",
        "must_s": MUST_S,
        "aim_s": AIM_S,
        "floor_s": samples * SAMPLE_FLOP / H200_FLOP_PER_S,
    }
    if not torch.cuda.is_available():
        return {**row, "status": "not run: no GPU"}
    if (reason := fused_cuda.available()) is not None:
        return {**row, "status": f"not run: {reason}"}
    device = torch.device("cuda")
    torch.cuda.reset_peak_memory_stats(device)
    training = Training(size, device)
    first_s = _seconds(training, 3)
    times = [_seconds(training, size.steps) for _ in range(repeats)]
    return {
        **row,
        "status": "measured",
        "device": torch.cuda.get_device_name(device),
        "s": statistics.median(times),
        "least_s": min(times),
        "most_s": max(times),
        "first_s": first_s,
        "peak_mib": torch.cuda.max_memory_allocated(device) / 2**20,
        "samples": samples,
    }


def _seconds(training: Training, steps: int) -> float:
    torch.cuda.synchronize()
    start_s = time.perf_counter()
    for _ in range(steps):
        training.step()
    torch.cuda.synchronize()
    return time.perf_counter() - start_s
