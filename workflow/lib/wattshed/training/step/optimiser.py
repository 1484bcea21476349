"""AdamW with a learning rate per layer."""

from typing import Any

import torch
from torch import nn

from wattshed.config.models.recipes import RecipeBlock
from wattshed.foundation.faults import Fault
from wattshed.training.step.eager_adamw import EagerAdamW


def make_optimiser(network: nn.Module, recipe: RecipeBlock) -> EagerAdamW:
    """AdamW (Loshchilov and Hutter 2019); each group holds its factor on the learning rate as ``factor``.

    Raises :class:`Fault` for a name in ``layer_rates`` that the network does not have.
    """
    return EagerAdamW(
        parameter_groups(network, recipe),
        lr=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        fused=True,
    )


def parameter_groups(network: nn.Module, recipe: RecipeBlock) -> list[dict[str, Any]]:
    """The parameters by their factor; first those that match no name, whose factor is 1."""
    names = [name for name, _ in network.named_parameters()]
    for layer in recipe.layer_rates:
        if not any(_belongs(name, layer) for name in names):
            layers = list(dict.fromkeys(name.split(".")[0] for name in names))
            raise Fault(
                f"recipe.layer_rates names {layer!r}, which the network does not have: expected a layer "
                f"({', '.join(layers)}) or a parameter ({', '.join(names)}); correct or remove it."
            )
    parameters: dict[str, list[nn.Parameter]] = {layer: [] for layer in ("", *recipe.layer_rates)}
    for name, parameter in network.named_parameters():
        fitting = [layer for layer in recipe.layer_rates if _belongs(name, layer)]
        parameters[max(fitting, key=len, default="")].append(parameter)
    factors = {"": 1.0, **recipe.layer_rates}
    return [
        {"params": members, "factor": factors[layer], "lr": recipe.learning_rate * factors[layer]}
        for layer, members in parameters.items()
    ]


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The learning rate from now on; every group takes it times its factor."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


def _belongs(name: str, layer: str) -> bool:
    return name == layer or name.startswith(f"{layer}.")
