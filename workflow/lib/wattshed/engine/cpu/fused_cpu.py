"""The fused kernel for torch: forecasts, and a loss whose gradients come from the same pass."""

import ctypes
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from wattshed.engine.cpu.compiled import load_kernel
from wattshed.engine.cpu.kernel_call import KernelCall, expect
from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, Loss, RecurrentWeights, Windows

# Of hidden units, and of the lift's channels.
LARGEST_SIZE = 64
# Smallest number of tiles that share one set of sums, and largest number of sets.
CHUNK_TILES, MOST_CHUNKS = 8, 32
_LOSSES = {"squared": 0, "huber": 1}


class FusedCpu:
    """The kernel for one hidden size and one width of the lift."""

    def __init__(self, hidden: int, lift: int | None = None, target: str = "native") -> None:
        """lift: channels of the lift; None for as many as hidden units; target: the processor's name for the compiler.

        Raises ValueError for a size that the kernel does not take, ``compiled.CannotCompile`` if it cannot be built.
        """
        lift = hidden if lift is None else lift
        for name, size in (("hidden", hidden), ("lift", lift)):
            if not 1 <= size <= LARGEST_SIZE:
                raise ValueError(f"{name} is {size}; the kernel takes 1 to {LARGEST_SIZE}")
        self.hidden, self.lift = hidden, lift
        self.library, self.lanes = load_kernel(hidden, lift, target)

    def forecast(
        self,
        weights: RecurrentWeights,
        windows: Windows,
        additions: Additions,
        dropout: Dropout = NO_DROPOUT,
    ) -> Tensor:
        """Scaled forecasts [M, H]."""
        samples = len(windows.node)
        call = self._call(weights, windows, additions, dropout)
        forecast = call.output("forecast", samples, len(weights.output_bias))
        call.run(self.library.fused_forecast, -(-samples // self.lanes), windows.look_back_steps)
        return forecast

    def forecast_consecutive(
        self, weights: RecurrentWeights, windows: Windows, additions: Additions, count: int
    ) -> Tensor:
        """Forecasts [count, M, H] of windows that start at ``windows.start[0]`` and the hours after it.

        windows.node: the M nodes. Exactly the result of :meth:`forecast`, but an hour's contribution to the gates is
        computed once, not once per window.
        """
        samples = len(windows.node)
        if count < 1 or (windows.start != windows.start[0]).any():
            raise ValueError(
                f"{count} windows from several starts; expected one start and at least one window"
            )
        # The last window must end inside the series too.
        _check(replace(windows, look_back_steps=windows.look_back_steps + count - 1), additions)
        call = self._call(weights, windows, additions, NO_DROPOUT)
        forecast = call.output("forecast", count, samples, len(weights.output_bias))

        def consecutive(problem: Any, begin: int, end: int) -> int:
            return self.library.fused_forecast_consecutive(problem, ctypes.c_int64(count), begin, end)

        call.run(consecutive, -(-samples // self.lanes), count * windows.look_back_steps)
        return forecast

    def loss(
        self,
        weights: RecurrentWeights,
        windows: Windows,
        additions: Additions,
        target: Tensor,
        observed: Tensor,
        loss: Loss,
        dropout: Dropout = NO_DROPOUT,
    ) -> Tensor:
        """Mean loss over observed cells, ready for ``backward``; zero if no cell was observed.

        target: [M, H] scaled; observed: bool [M, H].
        """
        return _FusedLoss.apply(
            self, windows, target, observed, loss, dropout, additions.base, additions.calendar, *weights
        )

    def learn(
        self,
        weights: RecurrentWeights,
        windows: Windows,
        additions: Additions,
        target: Tensor,
        observed: Tensor,
        loss: Loss,
        dropout: Dropout,
    ) -> tuple[Tensor, list[Tensor | None]]:
        """The loss, and its gradients for base, calendar and each of the weights, in this order."""
        samples = len(windows.node)
        call = self._call(weights, windows, additions, dropout)
        for name, tensor in (("target", target), ("observed", observed)):
            expect(name, tensor, samples, len(weights.output_bias))
        cells = max(int(observed.sum()), 1)
        call.give(target=target, weight=observed.float())
        base_gradient = None if additions.base is None else call.output("base_gradient", samples, self.lift)
        tiles = -(-samples // self.lanes)
        chunk_tiles = max(CHUNK_TILES, -(-tiles // MOST_CHUNKS))
        chunks = -(-tiles // chunk_tiles)
        sizes = [weight.numel() for weight in weights]
        slots = 0 if additions.calendar is None else additions.calendar.numel()
        partial = call.output("partial", chunks, sum(sizes) + slots + 1)
        call.set(chunk_tiles=chunk_tiles, loss=_LOSSES[loss], scale=1.0 / cells)
        # Backward takes about twice the time of forward.
        call.run(self.library.fused_learn, chunks, 3 * chunk_tiles * windows.look_back_steps)
        # Chunks are added in order and in float64, so that the sum is the same with any number of threads.
        sums = partial.sum(dim=0, dtype=torch.float64).float()
        parts = list(sums.split([*sizes, slots, 1]))
        gradients = [part.reshape(weight.shape) for part, weight in zip(parts, weights, strict=False)]
        calendar = None if additions.calendar is None else parts[-2].reshape(additions.calendar.shape)
        return parts[-1][0], [base_gradient, calendar, *gradients]

    def _call(
        self, weights: RecurrentWeights, windows: Windows, additions: Additions, dropout: Dropout
    ) -> KernelCall:
        _check(windows, additions)
        call = KernelCall(weights, self.hidden, self.lift)
        expect("base", additions.base, len(windows.node), self.lift)
        call.give(own=windows.own, aggregate=windows.aggregate, base=additions.base)
        if additions.calendar is not None:
            expect("calendar", additions.calendar, len(additions.calendar), self.lift)
            call.give(calendar=additions.calendar, slot=windows.slot)
            call.set(slots=len(additions.calendar))
        call.give(node=windows.node.to(torch.int32), start=windows.start.to(torch.int32))
        call.set(
            hours=windows.own.shape[1],
            samples=len(windows.node),
            look_back=windows.look_back_steps,
            seed=dropout.seed & 0xFFFFFFFF,
            drop_lifted=dropout.lifted,
            drop_state=dropout.state,
            drop_forecast=dropout.forecast,
        )
        return call


def _check(windows: Windows, additions: Additions) -> None:
    """Raises for an index outside the series or the calendar, because C would read foreign memory."""
    nodes, hours = windows.own.shape
    if windows.aggregate.shape != windows.own.shape:
        raise ValueError(f"own is {nodes, hours} and aggregate {tuple(windows.aggregate.shape)}")
    if len(windows.node) == 0 or len(windows.node) != len(windows.start):
        raise ValueError(f"{len(windows.node)} nodes and {len(windows.start)} starts; expected equally many")
    node, start = windows.node.numpy(), windows.start.numpy()
    if (
        node.min() < 0
        or node.max() >= nodes
        or start.min() < 0
        or start.max() + windows.look_back_steps > hours
    ):
        raise IndexError(
            f"windows of {windows.look_back_steps} steps at nodes {node.min()} to {node.max()} and steps {start.min()} "
            f"to {start.max()} leave the series of {nodes} nodes and {hours} steps"
        )
    if additions.calendar is None:
        return
    if windows.slot is None:
        raise ValueError("a calendar needs the slot of every hour")
    if windows.slot.dtype != torch.int32:
        raise TypeError(f"slot is {windows.slot.dtype}; expected int32")
    expect("slot", windows.slot, hours)
    slot, slots = windows.slot.numpy(), len(additions.calendar)
    if slot.min() < 0 or slot.max() >= slots:
        raise IndexError(f"slots {slot.min()} to {slot.max()} leave a calendar of {slots} rows")


class _FusedLoss(torch.autograd.Function):
    """Forward also computes the gradients; backward returns them."""

    @staticmethod
    def forward(
        context: Any,
        kernel: FusedCpu,
        windows: Windows,
        target: Tensor,
        observed: Tensor,
        loss: Loss,
        dropout: Dropout,
        base: Tensor | None,
        calendar: Tensor | None,
        *weights: Tensor,
    ) -> Tensor:
        value, gradients = kernel.learn(
            RecurrentWeights(*weights), windows, Additions(base, calendar), target, observed, loss, dropout
        )
        context.gradients = gradients
        return value

    @staticmethod
    def backward(context: Any, *upstream: Tensor) -> Any:
        factor = upstream[0]
        return (None,) * 6 + tuple(
            None if gradient is None else gradient * factor for gradient in context.gradients
        )
