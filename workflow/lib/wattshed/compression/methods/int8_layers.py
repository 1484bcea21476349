"""Int8 layers on torch's quantised operators, whose state is plain tensors.

torch's own quantised modules keep their weights in opaque objects that only pickle can store. These layers keep int8
weights, a scale and float biases as tensors, and pack them for the operators when they are first used.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from wattshed.compression.methods.protocol import NotAvailable
from wattshed.compression.methods.unrolled_gru import by_layer, takes
from wattshed.foundation.faults import Fault

# One scale per matrix maps its largest absolute weight to half of the 255 steps of int8, as torch's MinMaxObserver
# does it for symmetric weights.
HALF_RANGE = 127.5
SMALLEST_SCALE = float(torch.finfo(torch.float32).eps)
OPERATORS = ("linear_prepack", "linear_dynamic", "make_quantized_cell_params_dynamic")
FUNCTIONS = ("quantized_gru", "quantized_lstm", "_make_per_tensor_quantized_tensor")


def refuse_unavailable(
    network: nn.Module,
    what: str = "dynamic",
    operators: Sequence[str] = OPERATORS,
    functions: Sequence[str] = FUNCTIONS,
) -> None:
    """Raise :class:`NotAvailable` where torch's int8 operators cannot run this network. what: dynamic or static."""
    device = next(network.parameters()).device
    if device.type != "cpu":
        raise NotAvailable(f"torch's {what} int8 runs on the CPU only, and the network is on {device}")
    engines = [engine for engine in torch.backends.quantized.supported_engines if engine != "none"]
    if not engines:
        raise NotAvailable("this build of torch has no quantised engine for the processor")
    lacking = [name for name in operators if not hasattr(torch.ops.quantized, name)]
    if lacking or not all(hasattr(torch, name) for name in functions):
        raise NotAvailable(f"torch {torch.__version__} no longer has the operators of {what} quantisation")


class Int8Linear(nn.Module):
    """A linear layer with int8 weights and float activations that are quantised at run time."""

    weight: Tensor
    scale: Tensor

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        weight, scale = int8_of(layer.weight)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.register_buffer("scale", scale)
        outputs = torch.zeros(layer.out_features) if layer.bias is None else layer.bias.detach().clone()
        self.bias = nn.Parameter(outputs, requires_grad=False)
        self._packed: Any = None

    def forward(self, values: Tensor) -> Tensor:
        """values: float [..., in] -> float [..., out]."""
        if self._packed is None:
            self._packed = packed(self.weight, self.scale, self.bias)
        return torch.ops.quantized.linear_dynamic(values, self._packed, reduce_range=True)

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self._packed = None

    def __getstate__(self) -> dict[str, Any]:
        # The packed weights are made again from the tensors in a copy.
        return {**self.__dict__, "_packed": None}


class Int8Recurrence(nn.Module):
    """What int8 GRUs and LSTMs share: one layer, int8 weights, and a float state."""

    num_layers = 1
    input_weight: Tensor
    input_scale: Tensor
    state_weight: Tensor
    state_scale: Tensor

    def __init__(self, layer: nn.GRU | nn.LSTM) -> None:
        super().__init__()
        self.hidden_size = layer.hidden_size
        input_weight, state_weight, input_bias, state_bias = layer.all_weights[0]
        for name, weight in (("input", input_weight), ("state", state_weight)):
            whole, scale = int8_of(weight)
            self.register_parameter(f"{name}_weight", nn.Parameter(whole, requires_grad=False))
            self.register_buffer(f"{name}_scale", scale)
        self.input_bias = nn.Parameter(input_bias.detach().clone(), requires_grad=False)
        self.state_bias = nn.Parameter(state_bias.detach().clone(), requires_grad=False)
        self._packed: Any = None

    def packed_cell(self) -> Any:
        """The weights as the operators take them."""
        if self._packed is None:
            self._packed = torch.ops.quantized.make_quantized_cell_params_dynamic(
                packed(self.input_weight, self.input_scale, self.input_bias),
                packed(self.state_weight, self.state_scale, self.state_bias),
                self.input_bias,
                self.state_bias,
                True,
            )
        return self._packed

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self._packed = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_packed": None}


class Int8GRU(Int8Recurrence):
    def forward(self, steps: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """steps: [M, W, in], state: [1, M, H] -> (states [M, W, H], last state [1, M, H]), as nn.GRU."""
        if state is None:
            state = steps.new_zeros(1, len(steps), self.hidden_size)
        # Arguments: biases, one layer, no dropout, not in training, one direction, batch first.
        states, last = torch.quantized_gru(
            steps, state.contiguous(), [self.packed_cell()], True, 1, 0.0, False, False, True
        )
        return states, last


class Int8LSTM(Int8Recurrence):
    def forward(
        self, steps: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """steps: [M, W, in], state: two of [1, M, H] -> (states [M, W, H], last two of [1, M, H]), as nn.LSTM."""
        nothing = steps.new_zeros(1, len(steps), self.hidden_size)
        before = [part.contiguous() for part in ((nothing, nothing) if state is None else state)]
        # The same arguments; the last two ask for weights that were packed for dynamic quantisation.
        states, last, cell = torch.quantized_lstm(
            steps,
            before,
            [self.packed_cell()],
            True,
            1,
            0.0,
            False,
            False,
            True,
            dtype=torch.qint8,
            use_dynamic=True,
        )
        return states, (last, cell)


def quantised(layer: nn.Module) -> nn.Module:
    """The int8 version of a layer; for other modules, a copy whose linear layers are int8."""
    if type(layer) is nn.Linear:
        return Int8Linear(layer)
    if takes(layer):
        return by_layer(layer, Int8LSTM if isinstance(layer, nn.LSTM) else Int8GRU)
    result = copy.deepcopy(layer)
    for name, child in layer.named_children():
        setattr(result, name, quantised(child))
    return result


def quantised_maps(maps: Mapping[str, nn.Module], network: str) -> dict[str, nn.Module]:
    """The int8 versions of a network's linear maps. network: its class, for sentences.

    Raises :class:`Fault` if there is nothing that int8 can replace.
    """
    made = {name: quantised(layer) for name, layer in maps.items()}
    if not any(
        isinstance(part, Int8Linear | Int8Recurrence) for layer in made.values() for part in layer.modules()
    ):
        raise Fault(f"{network} has no linear layer that int8 can replace: choose another method.")
    return made


def int8_of(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric int8 weights and their scale (float32, no dimensions)."""
    whole = weight.detach().float()
    scale = (whole.abs().max() / HALF_RANGE).clamp(min=SMALLEST_SCALE)
    return (whole * scale.reciprocal()).round().clamp(-128, 127).to(torch.int8), scale


def packed(weight: Tensor, scale: Tensor, bias: Tensor) -> Any:
    with warnings.catch_warnings():
        # torch 2.13 calls quantised tensors deprecated, but its operators accept nothing else. OPERATORS is
        # checked first, so that their removal is reported in a message.
        warnings.simplefilter("ignore", UserWarning)
        whole = torch._make_per_tensor_quantized_tensor(weight.detach(), float(scale), 0)
        return torch.ops.quantized.linear_prepack(whole, bias.detach())
