"""Kernels that allocate what the real ones do and compute nothing, for tensors that have sizes but no values."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.cpu.kernel_call import KernelCall
from wattshed.engine.recurrent import Additions, Dropout, RecurrentWeights, Windows

# torch's number of an LSTM among oneDNN's recurrent cells.
LSTM_MODE = 2
# oneDNN's work space of a layer grows by the same size with each hour: two lengths tell all others.
SHORT_H = (2, 3)


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

    def _call(
        self, weights: RecurrentWeights, windows: Windows, additions: Additions, dropout: Dropout
    ) -> KernelCall:
        call = SizedCall(weights, self.hidden, self.lift)
        call.give(own=windows.own, aggregate=windows.aggregate, base=additions.base)
        if additions.calendar is not None:
            call.give(calendar=additions.calendar, slot=windows.slot)
        call.give(node=windows.node.to(torch.int32), start=windows.start.to(torch.int32))
        return call


class SizedOperations(TorchFunctionMode):
    """In place of torch's functions that take other ways for tensors without values: products with sparse matrices,
    which must not be fake, and LSTMs, which oneDNN computes on a processor."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.sparse.mm and args[0].layout == torch.sparse_csr:
            return _SparseProduct.apply(args[0], args[1])
        if func is torch.lstm and isinstance(args[1], (tuple, list)) and _on_onednn(args[0]):
            return _lstm(*args)
        return func(*args, **(kwargs or {}))


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
        if func is torch.ops.aten.mkldnn_rnn_layer.default:
            size = lstm_workspace_bytes(*args[0].shape, args[10], bool(args[12]))
            return (*result[:3], torch.empty(size, dtype=torch.uint8))
        return result


class _SparseProduct(torch.autograd.Function):
    """A [K, N] in CSR times [N, F]: the result, and in the backward pass the gradient of the second factor."""

    @staticmethod
    def forward(context: Any, sparse: Tensor, dense: Tensor) -> Tensor:
        context.columns = sparse.shape[1]
        return dense.new_empty(sparse.shape[0], dense.shape[1])

    @staticmethod
    def backward(context: Any, *upstream: Tensor) -> Any:
        return None, upstream[0].new_empty(context.columns, upstream[0].shape[1])


def _on_onednn(values: Tensor) -> bool:
    # A fake tensor's own device type is asked, not that of the values that it lacks.
    return (
        values.device.type == "cpu" and torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled
    )


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
    hours = values.transpose(0, 1) if batch_first else values
    hours = hours.contiguous()
    last_states, last_cells = [], []
    directions = 2 if bidirectional else 1
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            index = layer * directions + direction
            own = list(weights[index * each : (index + 1) * each])
            if not has_biases:
                own += [own[0].new_zeros(own[0].shape[0])] * 2
            found = torch.mkldnn_rnn_layer(
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
    result = hours.transpose(0, 1) if batch_first else hours
    return result, torch.stack(last_states), torch.stack(last_cells)


@lru_cache(maxsize=256)
def lstm_workspace_bytes(hours: int, rows: int, inputs: int, hidden: int, has_biases: bool) -> int:
    """What oneDNN keeps of one LSTM layer for the backward pass, from two short runs of it."""
    short, longer = (_workspace(length, rows, inputs, hidden, has_biases) for length in SHORT_H)
    return max(0, short + (hours - SHORT_H[0]) * (longer - short))


def _workspace(hours: int, rows: int, inputs: int, hidden: int, has_biases: bool) -> int:
    with _disable_current_modes(), torch._C.DisableTorchFunction(), torch.no_grad():
        gates = 4 * hidden
        weights = [torch.zeros(gates, width) for width in (inputs, hidden)]
        weights += [torch.zeros(gates), torch.zeros(gates)]
        states = [torch.zeros(1, rows, hidden) for _ in range(2)]
        values = torch.zeros(hours, rows, inputs)
        sizes = (False, [], LSTM_MODE, hidden, 1, has_biases, False, False, True)
        found = torch.mkldnn_rnn_layer(values, *weights, *(one[0] for one in states), *sizes)
        return int(found[3].untyped_storage().nbytes())
