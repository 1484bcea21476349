"""How a lottery ticket and its controls are found and trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wattshed.compression.methods.making import Making
from wattshed.compression.methods.masks import KeepZero, Masks, apply, largest, whole
from wattshed.forecast.network import Network
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import draw_seed

if TYPE_CHECKING:
    from wattshed.compression.methods.lottery_ticket import LotteryTicketSettings

# Weights by the parameter's name.
Weights = dict[str, Tensor]


class _Reached(Exception):
    """The training has done the steps that it was asked for."""


def trained_ticket(making: Making, settings: LotteryTicketSettings) -> Network:
    """Iterative magnitude pruning with rewinding (Frankle and Carbin 2019; Frankle et al. 2020).

    The checkpoint's network is the dense one that the first round prunes. Each later round prunes the ticket that was
    trained before it. A ticket is trained from the first weights of the base model; at the rewinding step it takes the
    dense training's weights of that step, under its masks. The steps before run again, so that schedule, batches and
    the optimiser's averages are where they were.
    """
    network, masks = making.network, whole(making.network)
    step = rewinding_step(making, settings.rewind_share)
    early = early_weights(making, step)
    for number in range(1, settings.rounds + 1):
        what = f"share_per_round {settings.share_per_round:g} in round {number}"
        masks = largest(network, 1 - settings.share_per_round, settings.scope, masks, what)
        if number < settings.rounds:
            network = train_masked(making, making.untrained_base(making.spec.seed), masks, step, early)
    if settings.control == "reinitialised":
        return train_masked(making, making.untrained_base(draw_seed(making.spec.seed, 1)), masks)
    if settings.control == "random_mask":
        masks = shuffled(masks, draw_seed(making.spec.seed, 1))
    return train_masked(making, making.untrained_base(making.spec.seed), masks, step, early)


def rewinding_step(making: Making, share: float) -> int:
    """The number of the step to rewind to; at least 1 for a share above 0."""
    return max(1, round(share * making.recipe_steps)) if share else 0


def early_weights(making: Making, step: int) -> Weights:
    """The weights of the dense training after ``step`` steps."""
    network = making.untrained_base(making.spec.seed)

    def stop(done: int) -> None:
        if done == step:
            raise _Reached

    try:
        making.train_again(network, after_step=stop)
    except _Reached:
        return {name: weights.detach().clone() for name, weights in network.named_parameters()}
    raise Fault(_ended(making, step))


def train_masked(
    making: Making, network: Network, masks: Masks, step: int = 0, early: Weights | None = None
) -> Network:
    """Train a network by the recipe, in place; removed weights are zero throughout.

    early: taken after ``step`` steps in place of the network's own weights.
    """
    rewound = early is None

    def after_step(done: int) -> None:
        nonlocal rewound
        if done == step and early is not None:
            with torch.no_grad():
                for name, weights in network.named_parameters():
                    weights.copy_(early[name])
            rewound = True
        if done in (0, step):
            apply(network, masks)

    making.train_again(network, KeepZero(network, masks), after_step)
    if not rewound:
        raise Fault(_ended(making, step))
    return network


def shuffled(masks: Masks, seed: int) -> Masks:
    """Each mask with its elements in random order."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, mask in masks.items():
        order = torch.randperm(mask.numel(), generator=generator).to(mask.device)
        found[name] = mask.flatten()[order].reshape(mask.shape)
    return found


def _ended(making: Making, step: int) -> str:
    return (
        f"a training of {making.spec.name} (seed {making.spec.seed}) ended before step {step}, to which a ticket is "
        "rewound: expected an earlier step; lower the variant's rewind_share, or raise the recipe's patience."
    )
