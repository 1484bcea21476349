"""Which back end computes a network, and why."""

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from wattshed.engine.cpu.compiled import CannotCompile
from wattshed.engine.cpu.fused_cpu import LARGEST_SIZE, FusedCpu
from wattshed.engine.gpu.cuda_kernel import FusedCuda
from wattshed.engine.gpu.fused_cuda import available

Wanted = Literal["auto", "torch"]
Kernel = FusedCpu | FusedCuda


@dataclass(frozen=True)
class Chosen:
    """name: as in the ledger; why: the reason, None if it is the first choice; kernel: None means torch."""

    name: Literal["torch", "fused_cpu", "fused_cuda"]
    why: str | None
    kernel: Kernel | None


@lru_cache(maxsize=256)
def choose(
    wanted: Wanted, device: str, hidden: int, streams: bool = False, lift: int | None = None
) -> Chosen:
    """The fastest back end that this machine has for a network of ``hidden`` units; torch if there is no kernel.

    device: ``cpu`` or ``cuda``; streams: whether the series stay in host memory while the device computes; lift:
    channels of the lift, None for as many as hidden units.

    If a kernel is not available, the reason is printed once to standard error.
    """
    if lift is None:
        return choose(wanted, device, hidden, streams, hidden)
    if wanted == "torch":
        return Chosen("torch", "the configuration asks for torch", None)
    for size, what in ((hidden, "hidden units"), (lift, "channels of the lift")):
        if size > LARGEST_SIZE:
            return _without_kernel(f"the kernels take up to {LARGEST_SIZE} {what}, not {size}")
    if device == "cuda":
        return _on_cuda(streams)
    if device != "cpu":
        return Chosen("torch", f"no fused kernel runs on {device}", None)
    try:
        return Chosen("fused_cpu", None, FusedCpu(hidden, lift))
    except CannotCompile as reason:
        return _without_kernel(str(reason))


def _without_kernel(why: str) -> Chosen:
    """Torch, with the reason on standard error; printed once, because :func:`choose` is cached."""
    print(f"No fused kernel, using torch: {why}.", file=sys.stderr, flush=True)
    return Chosen("torch", why, None)


def _on_cuda(streams: bool) -> Chosen:
    missing = available()
    if missing is not None:
        return Chosen("torch", missing, None)
    if streams:
        return Chosen("torch", "the kernel reads series on the GPU, and these are streamed to it", None)
    return Chosen("fused_cuda", None, FusedCuda())
