"""Which back end computes a network, and why."""

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from wattshed.engine.cpu.compiled import CannotCompile
from wattshed.engine.cpu.fused_cpu import LARGEST_HIDDEN, FusedCpu
from wattshed.engine.gpu.cuda_kernel import FusedCuda
from wattshed.engine.gpu.fused_cuda import HIDDEN_SIZES, available

Wanted = Literal["auto", "torch"]
Kernel = FusedCpu | FusedCuda


@dataclass(frozen=True)
class Chosen:
    """name: as in the ledger; why: the reason, None if it is the first choice; kernel: None means torch."""

    name: Literal["torch", "fused_cpu", "fused_cuda"]
    why: str | None
    kernel: Kernel | None


@lru_cache(maxsize=32)
def choose(wanted: Wanted, device: str, hidden: int, streams: bool = False) -> Chosen:
    """The fastest back end that this machine has for a network of ``hidden`` units; torch if there is no kernel.

    device: ``cpu`` or ``cuda``; streams: whether the series stay in host memory while the device computes.

    If a kernel is not available, the reason is printed once to standard error.
    """
    if wanted == "torch":
        return Chosen("torch", "the configuration asks for torch", None)
    if hidden > LARGEST_HIDDEN:
        return _without_kernel(f"the kernels take up to {LARGEST_HIDDEN} hidden units, not {hidden}")
    if device == "cuda":
        return _on_cuda(hidden, streams)
    if device != "cpu":
        return Chosen("torch", f"no fused kernel runs on {device}", None)
    try:
        return Chosen("fused_cpu", None, FusedCpu(hidden))
    except CannotCompile as reason:
        return _without_kernel(str(reason))


def _without_kernel(why: str) -> Chosen:
    """Torch, with the reason on standard error; printed once, because :func:`choose` is cached."""
    print(f"No fused kernel, using torch: {why}.", file=sys.stderr, flush=True)
    return Chosen("torch", why, None)


def _on_cuda(hidden: int, streams: bool) -> Chosen:
    missing = available()
    if missing is not None:
        return Chosen("torch", missing, None)
    if streams:
        return Chosen("torch", "the kernel reads series on the GPU, and these are streamed to it", None)
    if hidden not in HIDDEN_SIZES:
        return Chosen("torch", f"the GPU kernel takes {HIDDEN_SIZES.start} hidden units or more", None)
    return Chosen("fused_cuda", None, FusedCuda())
