"""What a network's forward pass computes, and the sizes that decide it."""

from dataclasses import dataclass, replace
from typing import Literal

from wattshed.law.operations.operation import Operation, expect_sizes


@dataclass(frozen=True)
class BatchSizes:
    """Sizes of one batch, known before anything is built.

    rows: (node, window) pairs or sequences of a batch; for a family that takes whole windows the number of windows
    times nodes. windows: windows of all nodes, 0 where a batch is of pairs. length_steps: steps that the network reads:
    the look-back, or the length of a sequence. outputs: steps after which it forecasts: 1, or the steps of a sequence
    with a loss. edges: of the graph, both directions and self loops. engine: what would compute a network that a
    kernel takes. passes: how often a network runs on as many rows, such as once per block of validation windows;
    ``forward_pass_of`` counts all of them. sampled_edges: edges that a step keeps of a sampled graph, None for all.
    look_back_steps: of history of a forecast, where ``length_steps`` is not that of a window; None if it is.
    steps_per_hour: of the panel.
    """

    rows: int
    length_steps: int
    horizon_steps: int
    nodes: int
    edges: int = 0
    windows: int = 0
    outputs: int = 1
    engine: Literal["torch", "fused_cpu", "fused_cuda"] = "torch"
    passes: int = 1
    sampled_edges: int | None = None
    look_back_steps: int | None = None
    steps_per_hour: int = 1

    @property
    def forecasts(self) -> int:
        """Forecasts of one pass, each of all steps of the horizon."""
        return self.rows * self.outputs

    def __post_init__(self) -> None:
        """Raises ValueError for a size below 1, and for negative edges or windows."""
        expect_sizes(
            "the batch",
            rows=self.rows,
            length_steps=self.length_steps,
            horizon_steps=self.horizon_steps,
            nodes=self.nodes,
            outputs=self.outputs,
            passes=self.passes,
        )
        edges = self.edges if self.sampled_edges is None else self.sampled_edges
        expect_sizes("the batch", least=0, edges=self.edges, sampled_edges=edges, windows=self.windows)


@dataclass(frozen=True)
class ForwardPass:
    """The operations of one forward pass, in order, and what is trained.

    parameters: trained weights; tensors: trained tensors, which an optimiser goes through one by one.
    trained_by_kernel: in training, one pass of a kernel gives the network's loss and gradients; ``training_step`` then
    counts its FUSED_RECURRENCE once, with both directions, and no loss beside it.
    """

    operations: tuple[Operation, ...]
    parameters: int
    tensors: int
    trained_by_kernel: bool = False

    def repeated(self, passes: int) -> "ForwardPass":
        """The operations of several forward passes on batches of the same sizes."""
        if passes == 1:
            return self
        return replace(
            self, operations=tuple(replace(one, calls=one.calls * passes) for one in self.operations)
        )
