"""The fused kernel behind torch: forecasts, and a loss whose gradients come from the same sweep."""

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from wattshed.engine.compiled import load_kernel
from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, Loss, RecurrentWeights, Windows

LARGEST_HIDDEN = 64
# At least so many tiles share one set of sums, and at most so many sets are kept.
CHUNK_TILES, MOST_CHUNKS = 8, 32
_LOSSES = {"squared": 0, "huber": 1}
_POINTERS = (
    *("own", "aggregate", "base", "calendar", "slot", "node", "start", "state", "target", "weight"),
    *("w_own", "w_aggregate", "wi", "wh", "bi", "bh", "wo", "bo"),
    *("forecast", "last_state", "base_gradient", "partial"),
)
_INTEGERS = (*("hours", "samples", "look_back", "horizon", "hidden", "slots", "chunk_tiles", "loss", "seed"),)
_DOUBLES = ("scale", "drop_lifted", "drop_state", "drop_forecast")


class _Problem(ctypes.Structure):
    """``problem`` of fused_gru.c, field by field."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, ctypes.c_int64) for name in _INTEGERS),
        *((name, ctypes.c_double) for name in _DOUBLES),
    )


class FusedCpu:
    """The kernel for one hidden size. Raises ``compiled.CannotCompile`` where it cannot be built."""

    def __init__(self, hidden: int, target: str = "native") -> None:
        if not 1 <= hidden <= LARGEST_HIDDEN:
            raise ValueError(f"hidden is {hidden}; the kernel takes 1 to {LARGEST_HIDDEN}")
        self.hidden = hidden
        self._kernel, self.lanes = load_kernel(-(-hidden // 8) * 8, target)

    def forecast(
        self,
        weights: RecurrentWeights,
        windows: Windows,
        additions: Additions,
        state: Tensor | None = None,
        *,
        keeps_state: bool = False,
        dropout: Dropout = NO_DROPOUT,
    ) -> tuple[Tensor, Tensor | None]:
        """Scaled forecasts [M, H] and, if asked for, the states [M, D] after the last hour.

        state: [M, D] before the first hour; zeros if None.
        """
        call = _Call(self.hidden, weights, windows, additions, dropout)
        forecast = call.output("forecast", call.samples, call.horizon)
        last = call.output("last_state", call.samples, self.hidden) if keeps_state else None
        call.give(state=state)
        self._run(self._kernel.fused_forecast, call, -(-call.samples // self.lanes))
        return forecast, last

    def forecast_consecutive(
        self, weights: RecurrentWeights, windows: Windows, additions: Additions, count: int
    ) -> Tensor:
        """Forecasts [count, M, H] of windows that start at ``windows.start[0]`` and the hours after it.

        windows.node: the M nodes. Exactly what :meth:`forecast` gives, but what an hour adds to the gates is
        computed once, not once for each of the windows that share the hour.
        """
        call = _Call(self.hidden, weights, windows, additions, NO_DROPOUT)
        forecast = call.output("forecast", count, call.samples, call.horizon)
        first = int(windows.start[0])

        def consecutive(problem: Any, begin: int, end: int) -> int:
            return self._kernel.fused_forecast_consecutive(
                problem, ctypes.c_int64(first), ctypes.c_int64(count), begin, end
            )

        self._run(consecutive, call, -(-call.samples // self.lanes))
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
        """Mean loss over observed cells, ready for ``backward``; zero where none was observed.

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
        call = _Call(self.hidden, weights, windows, additions, dropout)
        cells = max(int(observed.sum()), 1)
        call.give(target=target, weight=observed.float())
        base_gradient = (
            None if additions.base is None else call.output("base_gradient", call.samples, self.hidden)
        )
        tiles = -(-call.samples // self.lanes)
        chunk_tiles = max(CHUNK_TILES, -(-tiles // MOST_CHUNKS))
        chunks = -(-tiles // chunk_tiles)
        sizes = [weight.numel() for weight in weights]
        slots = 0 if additions.calendar is None else additions.calendar.numel()
        partial = call.output("partial", chunks, sum(sizes) + slots + 1)
        call.set(chunk_tiles=chunk_tiles, loss=_LOSSES[loss], scale=1.0 / cells)
        self._run(self._kernel.fused_learn, call, chunks)
        # Chunks in their order and in float64: the same sum with any number of threads.
        sums = partial.sum(dim=0, dtype=torch.float64).float()
        parts = list(sums.split([*sizes, slots, 1]))
        gradients = [part.reshape(weight.shape) for part, weight in zip(parts, weights, strict=False)]
        calendar = None if additions.calendar is None else parts[-2].reshape(additions.calendar.shape)
        return parts[-1][0], [base_gradient, calendar, *gradients]

    def _run(self, work: Callable[..., int], call: "_Call", pieces: int) -> None:
        """``pieces`` of work over torch's number of threads; C runs without Python's lock."""
        threads = min(torch.get_num_threads(), pieces)
        problem = ctypes.byref(call.problem)
        cuts = [pieces * index // threads for index in range(threads + 1)]
        parts = [(ctypes.c_int64(a), ctypes.c_int64(b)) for a, b in pairwise(cuts)]
        if threads == 1:
            failed = work(problem, *parts[0])
        else:
            others = [_pool(threads - 1).submit(work, problem, *part) for part in parts[1:]]
            failed = work(problem, *parts[0])
            failed += sum(other.result() for other in others)
        if failed:
            raise MemoryError("the fused kernel could not get its scratch memory")


class _Call:
    """The C side's view of one call; holds on to every array that it points to."""

    def __init__(
        self,
        hidden: int,
        weights: RecurrentWeights,
        windows: Windows,
        additions: Additions,
        dropout: Dropout,
    ) -> None:
        self.samples, self.horizon = len(windows.node), len(weights.output_bias)
        self._held: list[Tensor] = []
        self.problem = _Problem()
        names = ("w_own", "w_aggregate", "wi", "wh", "bi", "bh", "wo", "bo")
        self.give(**dict(zip(names, weights, strict=True)))
        self.give(own=windows.own, aggregate=windows.aggregate, base=additions.base)
        if additions.calendar is not None:
            if windows.slot is None:
                raise ValueError("a calendar needs the slot of every hour")
            self.give(calendar=additions.calendar)
            self.give(slot=windows.slot)
            self.set(slots=len(additions.calendar))
        self.give(node=windows.node.to(torch.int32), start=windows.start.to(torch.int32))
        self.set(
            hours=windows.own.shape[1],
            samples=self.samples,
            look_back=windows.look_back_h,
            horizon=self.horizon,
            hidden=hidden,
            seed=dropout.seed & 0xFFFFFFFF,
            drop_lifted=dropout.lifted,
            drop_state=dropout.state,
            drop_forecast=dropout.forecast,
        )
        _check(windows)

    def give(self, **tensors: Tensor | None) -> None:
        for name, tensor in tensors.items():
            if tensor is None:
                continue
            plain = tensor.detach().contiguous()
            if plain.dtype not in (torch.float32, torch.int32) or plain.device.type != "cpu":
                raise TypeError(
                    f"{name} is {plain.dtype} on {plain.device}; expected float32 or int32 on the CPU"
                )
            self._held.append(plain)
            setattr(self.problem, name, plain.data_ptr())

    def output(self, name: str, *shape: int) -> Tensor:
        tensor = torch.empty(shape, dtype=torch.float32)
        self.give(**{name: tensor})
        return tensor

    def set(self, **numbers: float) -> None:
        for name, number in numbers.items():
            setattr(self.problem, name, number)


def _check(windows: Windows) -> None:
    """C reads where it is told: an index outside the series must end here."""
    nodes, hours = windows.own.shape
    if windows.aggregate.shape != windows.own.shape:
        raise ValueError(f"own is {nodes, hours} and aggregate {tuple(windows.aggregate.shape)}")
    if len(windows.node) == 0 or len(windows.node) != len(windows.start):
        raise ValueError(f"{len(windows.node)} nodes and {len(windows.start)} starts; expected equally many")
    node, start = windows.node.numpy(), windows.start.numpy()
    if node.min() < 0 or node.max() >= nodes or start.min() < 0 or start.max() + windows.look_back_h > hours:
        raise IndexError(
            f"windows of {windows.look_back_h} h at nodes {node.min()} to {node.max()} and hours {start.min()} "
            f"to {start.max()} leave the series of {nodes} nodes and {hours} h"
        )
    if windows.slot is not None and windows.slot.dtype != torch.int32:
        raise TypeError(f"slot is {windows.slot.dtype}; expected int32")


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="fused")


class _FusedLoss(torch.autograd.Function):
    """Forward computes the gradients too; backward hands them out."""

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
