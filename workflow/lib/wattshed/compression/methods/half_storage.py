"""Networks whose ``state_dict`` holds 16-bit weights, although they compute with float32 ones."""

from __future__ import annotations

import copy
from typing import Any, Literal

import torch
from torch import Tensor, nn

from wattshed.forecast.network import Network
from wattshed.foundation.faults import Fault

Format = Literal["bf16", "fp16"]
TYPES: dict[Format, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16}


def rounded(network: Network, form: Format) -> Network:
    """A copy with rounded weights that is stored in 16 bits; nearest values, ties to even.

    Raises :class:`Fault` if it has no floating-point weights, or one that becomes infinite.
    """
    result = stored_in(network, form)
    weights = _weights(result)
    if not weights:
        raise Fault(
            f"{type(network).__name__} has no floating-point weights to store in 16 bits: choose another method."
        )
    with torch.no_grad():
        for name, weight in weights.items():
            halves = weight.to(TYPES[form])
            if not bool(halves.isfinite().all()):
                largest = float(weight.abs().max())
                raise Fault(
                    f"the weight {name} of {type(network).__name__} reaches {largest:g}, which {form} cannot hold: "
                    f"expected at most {torch.finfo(TYPES[form]).max:g}; choose the format bf16, or train with more "
                    "weight_decay."
                )
            weight.copy_(halves)
    return result


def stored_in(network: Network, form: Format) -> Network:
    """A copy whose ``state_dict`` is narrowed to the format, and which takes such a ``state_dict``."""
    result = copy.deepcopy(network)
    for weight in _weights(result).values():
        weight.requires_grad_(False)
    result.register_state_dict_post_hook(_narrow_bf16 if form == "bf16" else _narrow_fp16)
    result.register_load_state_dict_pre_hook(_widen)
    return result


def _weights(module: nn.Module) -> dict[str, nn.Parameter]:
    """Those that training changes: int8 weights and parts solved in closed form are not among them."""
    return {name: weight for name, weight in module.named_parameters() if weight.is_floating_point()}


def _narrow_bf16(module: nn.Module, state: dict[str, Any], prefix: str, about: Any) -> None:
    """NumPy has no bfloat16, so the bits are stored as int16."""
    _narrow(module, state, prefix, lambda weight: weight.to(torch.bfloat16).view(torch.int16))


def _narrow_fp16(module: nn.Module, state: dict[str, Any], prefix: str, about: Any) -> None:
    _narrow(module, state, prefix, lambda weight: weight.to(torch.float16))


def _narrow(module: nn.Module, state: dict[str, Any], prefix: str, narrowed: Any) -> None:
    for name in _weights(module):
        state[prefix + name] = narrowed(state[prefix + name])


def _widen(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for name in _weights(module):
        weight: Tensor | None = state.get(prefix + name)
        # float16 and float32 are converted by torch.
        if weight is not None and weight.dtype == torch.int16:
            state[prefix + name] = weight.view(torch.bfloat16)
