"""Multiply-adds of one forecast, counted while torch computes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from wattshed.forecast.examples import ExampleSeries

if TYPE_CHECKING:
    from wattshed.forecast.neural import NeuralForecaster

# Operators that multiply matrices inside, by words in their names: without a formula, the count is unknown.
PRODUCTS = ("linear", "gru", "lstm", "rnn", "conv", "matmul")
# Int8 operators that take the values first and give as many outputs as the layer has.
PACKED_LINEAR = (
    "linear",
    "linear_relu",
    "linear_dynamic",
    "linear_relu_dynamic",
    "linear_dynamic_fp16",
    "linear_with_input_q_dq_qweight_dq_output_fp32",
    "linear_with_input_q_dq_qweight_dq_relu_output_fp32",
)
HIDING = ("quantized", "cudnn", "mkldnn", "onednn")


def multiply_adds(forecaster: NeuralForecaster, origin: int) -> float | None:
    """Multiply-adds of matrix products for one forecast of one node from one window; None if torch hides some.

    origin: first target step of a window. A network on windows of all nodes, or on labelled windows, is counted over
    all nodes and divided by their number. Counted is what torch's ``FlopCounterMode`` counts, FLOPs / 2, with formulas
    by layer shape for int8 and sparse operators. Element-wise work is left out: relu, gates, and the lift of one value
    to the hidden units. The neighbours' aggregate of networks on pairs is made once per series, and is left out too. A
    weight of 0 counts as any other.
    """
    network, series = forecaster.network, forecaster.series
    network.eval()
    if isinstance(series, ExampleSeries):
        given: Any = series.batch(torch.tensor([origin]))
        nodes = len(series.own)
    elif network.takes == "windows":
        given = series.window(origin)
        nodes = len(series.own)
    else:
        first = torch.zeros(1, dtype=torch.long, device=series.device)
        given, nodes = series.pairs(first, first + origin), 1
    seen = _Seen()
    with torch.no_grad():
        # Int8 layers pack their weights in their first call.
        network(given)
    # cuDNN computes a whole recurrent layer in one operator, without telling its products.
    with (
        torch.no_grad(),
        torch.backends.cudnn.flags(enabled=False),
        FlopCounterMode(display=False, custom_mapping=dict(_formulas())) as counter,
        seen,
    ):
        network(given)
    known = {*flop_registry, *_formulas()}
    hidden = any(_hides_products(str(one)) for one in seen.operators - known)
    return None if hidden else counter.get_total_flops() / 2 / nodes


class _Seen(TorchDispatchMode):
    """Notes which operators ran."""

    def __init__(self) -> None:
        super().__init__()
        self.operators: set[Any] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operators.add(func._overloadpacket)
        return func(*args, **(kwargs or {}))


def _hides_products(name: str) -> bool:
    return any(word in name for word in HIDING) and any(word in name for word in PRODUCTS)


def _formulas() -> dict[Any, Callable[..., int]]:
    """FLOPs of operators that the counter does not know, from the tensors themselves."""
    found: dict[Any, Callable[..., int]] = {torch.ops.aten._sparse_addmm: _sparse}
    for name in PACKED_LINEAR:
        if hasattr(torch.ops.quantized, name):
            found[getattr(torch.ops.quantized, name)] = _packed_linear
    # oneDNN computes a layer of an LSTM in one operator, which takes the hours first as an int8 layer does.
    recurrent = {
        "quantized_gru": _packed_gru,
        "quantized_lstm": _packed_lstm,
        "mkldnn_rnn_layer": _packed_lstm,
    }
    for name, formula in recurrent.items():
        if hasattr(torch.ops.aten, name):
            found[getattr(torch.ops.aten, name)] = formula
    return found


def _raw(formula: Callable[..., int]) -> Callable[..., int]:
    """The counter then gives tensors instead of their shapes."""
    formula._get_raw = True  # type: ignore[attr-defined]
    return formula


@_raw
def _packed_linear(values: Tensor, *_: Any, out_val: Tensor, **__: Any) -> int:
    """values: [..., in]; out_val: [..., out]."""
    return 2 * values.numel() * out_val.shape[-1]


@_raw
def _packed_gru(steps: Tensor, *_: Any, out_val: tuple[Tensor, Tensor], **__: Any) -> int:
    """Three gates; see :func:`_of_gates`."""
    return _of_gates(3, steps, out_val[0])


@_raw
def _packed_lstm(steps: Tensor, *_: Any, out_val: tuple[Tensor, Tensor, Tensor], **__: Any) -> int:
    """Four gates; see :func:`_of_gates`."""
    return _of_gates(4, steps, out_val[0])


def _of_gates(gates: int, steps: Tensor, states: Tensor) -> int:
    """steps: [.., in]; states: [.., units], of the same hours. Each gate is made from input and state."""
    units = states.shape[-1]
    return 2 * steps.numel() * gates * units + 2 * states.numel() * gates * units


@_raw
def _sparse(_: Tensor, sparse: Tensor, dense: Tensor, *__: Any, **___: Any) -> int:
    """sparse: [K, N]; dense: [N, C]."""
    return 2 * int(sparse._nnz()) * dense.shape[1]
