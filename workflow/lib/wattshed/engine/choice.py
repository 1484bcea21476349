"""Which back end computes a network, and why."""

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from wattshed.engine.compiled import CannotCompile
from wattshed.engine.fused_cpu import LARGEST_HIDDEN, FusedCpu

Wanted = Literal["auto", "torch"]


@dataclass(frozen=True)
class Chosen:
    """name: as the ledger tells it; why: the reason, None where it is the first choice; kernel: None means torch."""

    name: Literal["torch", "fused_cpu"]
    why: str | None
    kernel: FusedCpu | None


@lru_cache(maxsize=32)
def choose(wanted: Wanted, device: str, hidden: int) -> Chosen:
    """The fastest back end that this machine has for a network of ``hidden`` units; never a reason to fail.

    Where the kernel cannot be had although it was wanted, standard error is told once.
    """
    if wanted == "torch":
        return Chosen("torch", "the configuration asks for torch", None)
    if device != "cpu":
        return Chosen("torch", f"no fused kernel runs on {device}", None)
    if hidden > LARGEST_HIDDEN:
        return Chosen("torch", f"the kernel takes up to {LARGEST_HIDDEN} hidden units, not {hidden}", None)
    try:
        return Chosen("fused_cpu", None, FusedCpu(hidden))
    except CannotCompile as reason:
        print(f"No fused kernel, using torch: {reason}.", file=sys.stderr, flush=True)
        return Chosen("torch", str(reason), None)
