"""Linear layers in int8 with fixed scales of weights and inputs, whose state is plain tensors."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from wattshed.compression.methods import int8_layers
from wattshed.compression.methods.calibration import Observed
from wattshed.compression.methods.int8_layers import SMALLEST_SCALE, int8_of, packed
from wattshed.compression.methods.protocol import NotAvailable

# Inputs take 128 of the 256 steps of 8 bits: without instructions for products of bytes, x86 processors add two such
# products in 16 bits, which larger inputs could exceed.
STEPS = 127
OPERATOR = "linear_with_input_q_dq_qweight_dq_output_fp32"


class StaticInt8Linear(nn.Module):
    """A linear layer with int8 weights and inputs, sums in int32, and float outputs.

    Inputs beyond the calibrated range take its ends. The operator quantises its inputs, multiplies and scales back in
    one pass.
    """

    weight: Tensor
    scale: Tensor
    input_scale: Tensor
    input_zero: Tensor

    def __init__(self, layer: nn.Linear, low: float, high: float) -> None:
        """low, high: range of the inputs; it holds zero."""
        super().__init__()
        weight, scale = int8_of(layer.weight)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.register_buffer("scale", scale)
        step = max((high - low) / STEPS, SMALLEST_SCALE)
        self.register_buffer("input_scale", torch.tensor(step, dtype=torch.float32))
        # At least 0 and at most STEPS, because the range holds zero: zero is represented exactly.
        self.register_buffer("input_zero", torch.tensor(round(-low / step), dtype=torch.int32))
        outputs = torch.zeros(layer.out_features) if layer.bias is None else layer.bias.detach().clone()
        self.bias = nn.Parameter(outputs, requires_grad=False)
        self._ready: tuple[Any, ...] | None = None

    def forward(self, values: Tensor) -> Tensor:
        """values: float [..., in] -> float [..., out]."""
        if self._ready is None:
            step, zero = float(self.input_scale), int(self.input_zero)
            weights = packed(self.weight, self.scale, self.bias)
            product = getattr(torch.ops.quantized, OPERATOR)
            self._ready = (product, -zero * step, (STEPS - zero) * step, step, zero, weights)
        product, low, high, step, zero, weights = self._ready
        return product(values.clamp(low, high), step, zero, weights)

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self._ready = None

    def __getstate__(self) -> dict[str, Any]:
        # What is packed is made again from the tensors in a copy.
        return {**self.__dict__, "_ready": None}


def static_maps(maps: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """The int8 versions of calibrated linear maps."""
    return {name: _static(layer) for name, layer in maps.items()}


def refuse_unavailable(network: nn.Module) -> None:
    """Raise :class:`NotAvailable` where torch's operator cannot run this network."""
    int8_layers.refuse_unavailable(
        network, "static", ("linear_prepack", OPERATOR), ("_make_per_tensor_quantized_tensor",)
    )
    try:
        StaticInt8Linear(nn.Linear(4, 4), -1.0, 1.0)(torch.zeros(1, 4))
    except RuntimeError as error:
        engine = torch.backends.quantized.engine
        raise NotAvailable(
            f"torch's quantised engine {engine} has no static int8 with float outputs"
        ) from error


def _static(layer: nn.Module) -> nn.Module:
    if isinstance(layer, Observed):
        return StaticInt8Linear(layer.layer, layer.low, layer.high)
    result = copy.deepcopy(layer)
    for name, child in layer.named_children():
        setattr(result, name, _static(child))
    return result
