"""What a network's forward pass computes, and the sizes that decide it."""

from dataclasses import dataclass
from typing import Literal

from wattshed.law.operations.operation import Operation


@dataclass(frozen=True)
class BatchSizes:
    """Sizes of one batch, known before anything is built.

    rows: (node, window) pairs or sequences of a batch; for a family that takes whole windows the number of windows
    times nodes. windows: windows of all nodes, 0 where a batch is of pairs. length_h: hours that the network reads:
    the look-back, or the length of a sequence. outputs: hours after which it forecasts: 1, or the hours of a sequence
    with a loss. edges: of the graph, both directions and self loops. engine: what would compute a network that a
    kernel takes.
    """

    rows: int
    length_h: int
    horizon_h: int
    nodes: int
    edges: int = 0
    windows: int = 0
    outputs: int = 1
    engine: Literal["torch", "fused_cpu", "fused_cuda"] = "torch"


@dataclass(frozen=True)
class ForwardPass:
    """The operations of one forward pass, in order, and what is trained.

    parameters: trained weights; tensors: trained tensors, which an optimiser goes through one by one.
    trained_by_kernel: one pass of a kernel gives loss and gradients, so that the backward pass is counted already.
    """

    operations: tuple[Operation, ...]
    parameters: int
    tensors: int
    trained_by_kernel: bool = False
