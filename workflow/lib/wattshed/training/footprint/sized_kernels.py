"""Kernels that allocate what the real ones do and compute nothing, for tensors that have sizes but no values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.cpu.kernel_call import KernelCall
from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, RecurrentWeights, Windows

# torch's stub of it asks for fewer arguments than it takes.
ONEDNN_LAYER: Any = torch.mkldnn_rnn_layer
# torch's number of an LSTM among oneDNN's recurrent cells.
LSTM_MODE = 2
# oneDNN's work space of a layer grows with the hours in even steps: two lengths tell all longer ones. Its parts are
# whole pages, so that small layers are run as they are.
SHORT_H = (8, 24)
SMALL = 2_000_000


class SizedCall(KernelCall):
    """The arrays of a call of the fused kernel, held as long as the real call holds them."""

    def give(self, **tensors: Tensor | None) -> None:
        for name, tensor in tensors.items():
            if tensor is None:
                self._held.pop(name, None)
            else:
                self._held[name] = tensor.contiguous()

    def run(self, work: Any, pieces: int, hours: int) -> None:
        """Nothing is computed."""


class SizedKernel(FusedCpu):
    """The fused kernel's allocations. Its threads' scratch memory, which C takes by itself, is not among them."""

    def __init__(self, real: FusedCpu) -> None:
        self.hidden, self.lift = real.hidden, real.lift
        self.library, self.lanes = real.library, real.lanes

    def forecast_consecutive(
        self, weights: RecurrentWeights, windows: Windows, additions: Additions, count: int
    ) -> Tensor:
        call = self._call(weights, windows, additions, NO_DROPOUT)
        return call.output("forecast", count, len(windows.node), len(weights.output_bias))

    def _call(
        self, weights: RecurrentWeights, windows: Windows, additions: Additions, dropout: Dropout
    ) -> KernelCall:
        call = SizedCall(weights, self.hidden, self.lift)
        call.give(own=windows.own, aggregate=windows.aggregate, base=additions.base)
        if additions.calendar is not None:
            call.give(calendar=additions.calendar, slot=windows.slot)
        call.give(node=windows.node.to(torch.int32), start=windows.start.to(torch.int32))
        return call


@contextmanager
def sized_operations() -> Iterator[None]:
    """In place of torch's functions that take other ways for tensors without values: products with sparse matrices,
    which must not be fake, and LSTMs, which oneDNN computes on a processor.

    The functions are replaced by name: torch's mode for functions is off in a backward pass, where parts of a network
    may be computed again.
    """
    product, recurrent = torch.sparse.mm, torch._VF.lstm

    def mm(sparse: Tensor, dense: Tensor, *further: Any) -> Tensor:
        if sparse.layout != torch.sparse_csr:
            return product(sparse, dense, *further)
        found: Tensor = _SparseProduct.apply(sparse, dense)
        return found

    def lstm(values: Tensor, states: Any, *further: Any) -> Any:
        # Packed sequences have a tensor of their lengths there.
        if isinstance(states, Tensor) or not _on_onednn(values):
            return recurrent(values, states, *further)
        return _lstm(values, states, *further)

    torch.sparse.mm, torch._VF.lstm = mm, lstm  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.sparse.mm, torch._VF.lstm = product, recurrent


class SizedResults(TorchDispatchMode):
    """Enter it before a count of bytes and after the fake mode: results whose sizes fake tensors do not know.

    scalars: whether to read values of single tensors as 1, for kernels that ask for a count or a seed; never for
    networks, whose shapes could depend on them.
    """

    def __init__(self, scalars: bool) -> None:
        super().__init__()
        self._scalars = scalars

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self._scalars and func is torch.ops.aten._local_scalar_dense.default:
            return 1
        result = func(*args, **(kwargs or {}))
        # Only a layer that learns keeps a work space.
        if func is torch.ops.aten.mkldnn_rnn_layer.default and args[15] and torch.is_grad_enabled():
            size = lstm_workspace_bytes(*args[0].shape, args[10], bool(args[12]), args[0].dtype)
            return (*result[:3], torch.empty(size, dtype=torch.uint8))
        return result


class _SparseProduct(torch.autograd.Function):
    """A [K, N] in CSR times [N, F]: the result, and in the backward pass the gradient of the second factor."""

    @staticmethod
    def forward(context: Any, sparse: Tensor, dense: Tensor) -> Tensor:
        context.columns = sparse.shape[1]
        shape = sparse.shape[0], dense.shape[1]
        # torch adds the product to zeros of its size.
        zeros = dense.new_empty(shape)
        return zeros.new_empty(shape)

    @staticmethod
    def backward(context: Any, *upstream: Tensor) -> Any:
        return None, upstream[0].new_empty(context.columns, upstream[0].shape[1])


def _on_onednn(values: Tensor) -> bool:
    # A fake tensor's own device type is asked, not that of the values that it lacks.
    onednn = torch.backends.mkldnn
    return values.device.type == "cpu" and onednn.is_available() and bool(onednn.enabled)


def _lstm(
    values: Tensor,
    states: tuple[Tensor, Tensor],
    weights: list[Tensor],
    has_biases: bool,
    layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """The operations of torch's LSTM with oneDNN, layer by layer and direction by direction."""
    each = 4 if has_biases else 2
    hidden = states[0].shape[2]
    # Held to the end, as torch holds it.
    given = (values.transpose(0, 1) if batch_first else values).contiguous()
    hours = given
    last_states, last_cells = [], []
    directions = 2 if bidirectional else 1
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            index = layer * directions + direction
            own = list(weights[index * each : (index + 1) * each])
            if not has_biases:
                own += [own[0].new_zeros(own[0].shape[0])] * 2
            found = ONEDNN_LAYER(
                hours,
                *own,
                states[0][index],
                states[1][index],
                direction > 0,
                [],
                LSTM_MODE,
                hidden,
                layers,
                has_biases,
                bidirectional,
                False,
                train,
            )
            outputs.append(found[0])
            last_states.append(found[1])
            last_cells.append(found[2])
        hours = outputs[0] if directions == 1 else torch.cat(outputs, -1)
        if dropout and train and layer < layers - 1:
            hours = torch.dropout(hours, dropout, train)
    states_after, cells_after = torch.stack(last_states), torch.stack(last_cells)
    del given
    return hours.transpose(0, 1) if batch_first else hours, states_after, cells_after


@lru_cache(maxsize=256)
def lstm_workspace_bytes(
    hours: int, rows: int, inputs: int, hidden: int, has_biases: bool, dtype: torch.dtype
) -> int:
    """What oneDNN keeps of one LSTM layer for the backward pass, from two short runs of it, or from one of a small
    layer."""
    if hours <= SHORT_H[1] or hours * rows * (inputs + hidden) <= SMALL:
        return _workspace(hours, rows, inputs, hidden, has_biases, dtype)
    short, longer = (_workspace(length, rows, inputs, hidden, has_biases, dtype) for length in SHORT_H)
    return short + (hours - SHORT_H[0]) * (longer - short) // (SHORT_H[1] - SHORT_H[0])


def _workspace(hours: int, rows: int, inputs: int, hidden: int, has_biases: bool, dtype: torch.dtype) -> int:
    with _disable_current_modes(), torch.enable_grad():
        gates = 4 * hidden
        # Only a layer that learns keeps a work space.
        weights = [torch.zeros(gates, width, dtype=dtype, requires_grad=True) for width in (inputs, hidden)]
        weights += [torch.zeros(gates, dtype=dtype) for _ in range(2)]
        states = [torch.zeros(1, rows, hidden, dtype=dtype) for _ in range(2)]
        values = torch.zeros(hours, rows, inputs, dtype=dtype)
        sizes: tuple[Any, ...] = (False, [], LSTM_MODE, hidden, 1, has_biases, False, False, True)
        found = ONEDNN_LAYER(values, *weights, *(one[0] for one in states), *sizes)
        return int(found[3].untyped_storage().nbytes())
