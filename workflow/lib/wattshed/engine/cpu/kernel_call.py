"""One call of the fused C kernel: its view of torch's arrays, and its work over threads."""

import ctypes
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor

from wattshed.engine.recurrent import RecurrentWeights

SHARES_PER_THREAD = 4
# Vector operations that a thread must get. They take about as long as handing work to a thread: 0.13 ms on two cores
# with AVX-512, where smaller work was done sooner by one thread.
THREAD_OPERATIONS = 700_000
# Of a unit's gates and next state in one hour, beside its products.
GATE_OPERATIONS = 60
_WEIGHTS = ("w_own", "w_aggregate", "wi", "wh", "bi", "bh", "wo", "bo")
_POINTERS = (
    *("own", "aggregate", "base", "calendar", "slot", "node", "start", "state", "target", "weight"),
    *_WEIGHTS,
    *("forecast", "base_gradient", "partial"),
)
_INTEGERS = ("hours", "samples", "look_back", "horizon", "slots", "chunk_tiles", "loss", "seed")
_DOUBLES = ("scale", "drop_lifted", "drop_state", "drop_forecast")
_TYPES = (torch.float32, torch.int32)


class _Problem(ctypes.Structure):
    """``problem`` of fused_gru.c, field by field."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, ctypes.c_int64) for name in _INTEGERS),
        *((name, ctypes.c_double) for name in _DOUBLES),
    )


class KernelCall:
    """The arguments of one C call; keeps every array alive that it points to."""

    def __init__(self, weights: RecurrentWeights, hidden: int, lift: int) -> None:
        """hidden, lift: the sizes that the kernel was built for; raises ValueError for weights of other sizes."""
        horizon = len(weights.output_bias)
        gates = 3 * hidden
        shapes: tuple[tuple[int, ...], ...] = (
            *((lift,), (lift,), (gates, lift), (gates, hidden)),
            *((gates,), (gates,), (horizon, hidden), (horizon,)),
        )
        for name, weight, shape in zip(RecurrentWeights._fields, weights, shapes, strict=True):
            expect(name, weight, *shape)
        self._held: dict[str, Tensor] = {}
        self.problem = _Problem()
        self.give(**dict(zip(_WEIGHTS, weights, strict=True)))
        self.set(horizon=horizon)
        self._unit_hour = 3 * (lift + hidden) + GATE_OPERATIONS
        self._hidden = hidden

    def give(self, **tensors: Tensor | None) -> None:
        """Arrays for the kernel to read; None leaves a null pointer. Raises TypeError for a type or device that C
        cannot read."""
        for name, tensor in tensors.items():
            if tensor is None:
                self._held.pop(name, None)
                setattr(self.problem, name, None)
                continue
            if tensor.dtype not in _TYPES or not tensor.is_cpu:
                raise TypeError(
                    f"{name} is {tensor.dtype} on {tensor.device}; expected float32 or int32 on the CPU"
                )
            plain = self._held[name] = tensor.contiguous()
            setattr(self.problem, name, plain.data_ptr())

    def output(self, name: str, *shape: int) -> Tensor:
        """A new array [shape] for the kernel to write."""
        tensor = torch.empty(shape, dtype=torch.float32)
        self.give(**{name: tensor})
        return tensor

    def set(self, **numbers: float) -> None:
        for name, number in numbers.items():
            setattr(self.problem, name, number)

    def run(self, work: Callable[..., int], pieces: int, hours: int) -> None:
        """``pieces`` of work over at most torch's number of threads; C runs without Python's lock.

        hours: of one piece, over all its tiles; small work is done by the calling thread alone. Each thread takes the
        next share as soon as it is free, because cores on a shared machine differ in speed. Raises MemoryError if the
        kernel could not get its scratch memory.
        """
        problem = ctypes.byref(self.problem)
        threads = self._threads(pieces, hours)
        if threads == 1:
            _check_memory(work(problem, ctypes.c_int64(0), ctypes.c_int64(pieces)))
            return
        shares = min(threads * SHARES_PER_THREAD, pieces)
        cuts = [pieces * index // shares for index in range(shares + 1)]
        # Every share is taken exactly once; an iterator would not guarantee that without Python's lock.
        waiting = deque((ctypes.c_int64(a), ctypes.c_int64(b)) for a, b in pairwise(cuts))

        def take() -> int:
            failed = 0
            while True:
                try:
                    part = waiting.popleft()
                except IndexError:
                    return failed
                failed += work(problem, *part)

        others = [_pool(threads - 1).submit(take) for _ in range(threads - 1)]
        _check_memory(take() + sum(other.result() for other in others))

    def _threads(self, pieces: int, hours: int) -> int:
        operations = pieces * hours * self._hidden * self._unit_hour
        return max(1, min(torch.get_num_threads(), pieces, operations // THREAD_OPERATIONS))


def _check_memory(failed: int) -> None:
    if failed:
        raise MemoryError("the fused kernel could not get its scratch memory")


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="fused")


def expect(name: str, tensor: Tensor | None, *shape: int) -> None:
    """Raises ValueError for an array of another shape, because C would read foreign memory; None passes."""
    if tensor is not None and tensor.shape != shape:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected {shape}")
