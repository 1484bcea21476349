"""Layers of low rank: each weight matrix as a product of two thin ones."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from wattshed.compression.methods.unrolled_gru import by_layer, maps_of, takes, unrolled
from wattshed.forecast.networks.thin import LowRankLinear, linear_of

# From weight [out, in], bias [out] or None, and rank.
Factorisation = Callable[[Tensor, Tensor | None, int], LowRankLinear]


def factorise(weight: Tensor, bias: Tensor | None, rank: int) -> LowRankLinear:
    """Best approximation of a linear map in the Frobenius norm (Eckart and Young 1936)."""
    left, singular, right = torch.linalg.svd(weight.detach(), full_matrices=False)
    root = singular[:rank].sqrt()
    thin = nn.Linear(weight.shape[1], rank, bias=False, device=weight.device)
    wide = linear_of(left[:, :rank] * root[None, :], bias)
    with torch.no_grad():
        thin.weight.copy_(root[:, None] * right[:rank])
    return LowRankLinear(thin, wide)


def thin_layers(
    layers: Mapping[str, nn.Module], rank: int, factors: Factorisation = factorise
) -> dict[str, nn.Module]:
    """Replacements of those layers that become smaller at this rank, by name. Other layers are left out."""
    thin = {name: _thin(layer, rank, factors) for name, layer in layers.items()}
    return {name: layer for name, layer in thin.items() if layer is not None}


def relative_error(layers: Mapping[str, nn.Module], replaced: Mapping[str, nn.Module]) -> float:
    """Frobenius norm of what the factorised matrices lost, over that of the matrices that they replace."""
    lost, whole = 0.0, 0.0
    for name, layer in replaced.items():
        for weight, made in zip(_matrices(layers[name]), _matrices(layer), strict=True):
            if not torch.equal(weight, made):
                lost += float((weight - made).double().square().sum())
                whole += float(weight.double().square().sum())
    return (lost / whole) ** 0.5 if whole else 0.0


def _matrices(layer: nn.Module) -> list[Tensor]:
    """All weight matrices of a layer, factorised or not, in one order."""
    if isinstance(layer, nn.GRU | nn.LSTM):
        return [weight.detach() for weights in layer.all_weights for weight in weights[:2]]
    if isinstance(layer, LowRankLinear):
        return [layer.product.detach()]
    if isinstance(layer, nn.Linear):
        return [layer.weight.detach()]
    return [matrix for child in layer.children() for matrix in _matrices(child)]


def _thin(layer: nn.Module, rank: int, factors: Factorisation) -> nn.Module | None:
    if type(layer) is nn.Linear:
        return factors(layer.weight, layer.bias, rank) if _saves(layer.weight, rank) else None
    if takes(layer):
        if not any(_saves(weight, rank) for weights in layer.all_weights for weight in weights[:2]):
            return None
        return by_layer(layer, partial(_thin_recurrence, rank=rank, factors=factors))
    return None


def _thin_recurrence(layer: nn.GRU | nn.LSTM, rank: int, factors: Factorisation) -> nn.Module:
    """Both maps of low rank, or unchanged where that would not save weights."""
    input_map, state_map = (
        factors(whole.weight, whole.bias, rank) if _saves(whole.weight, rank) else whole
        for whole in maps_of(layer)
    )
    return unrolled(layer, input_map, state_map)


def _saves(weight: Tensor, rank: int) -> bool:
    outputs, inputs = weight.shape
    return rank * (inputs + outputs) < inputs * outputs
