"""How masks evolve while a network is trained sparse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from wattshed.compression.methods.making import Making
from wattshed.compression.methods.masks import (
    KeepZero,
    Masks,
    apply,
    matrices,
    refuse_empty,
    refuse_full,
    top_of_each,
    whole,
)
from wattshed.forecast.network import Network
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import draw_seed

if TYPE_CHECKING:
    from wattshed.compression.methods.sparse_training import SparseTrainingSettings


def trained_sparse(making: Making, settings: SparseTrainingSettings) -> Network:
    """The base model trained sparse by the checkpoint's recipe (sparse evolutionary training, Mocanu et al. 2018).

    Each matrix keeps the share ``density`` of its weights. Weights that grow start at zero. A recipe that averages
    weights mixes masks of several steps; the largest weights of each matrix are then kept. The control
    ``static_mask`` keeps its first masks, those with which the other one begins.
    Raises :class:`Fault` if the masks would never change, a matrix would be empty, or nothing would be removed.
    """
    reason = settings.misfit(making.recipe_steps)
    if reason:
        raise Fault(f"{reason}; change the variant, or train longer.")
    last = settings.changing_steps(making.recipe_steps)
    network = making.untrained_base(making.spec.seed)
    generator = torch.Generator().manual_seed(draw_seed(making.spec.seed, 1))
    hooks = KeepZero(network, random_masks(network, settings.density, generator))

    def after_step(done: int) -> None:
        if settings.control == "none" and 0 < done < last and done % settings.update_every == 0:
            share = settings.drop_share * (1 + math.cos(math.pi * done / last)) / 2
            hooks.masks = evolved(network, hooks.masks, share, generator)
        # AdamW's averages move a weight on after it was removed.
        apply(network, hooks.masks)

    making.train_again(network, hooks, after_step)
    apply(network, top_of_each(network, settings.density))
    return network


def random_masks(network: Network, density: float, generator: torch.Generator) -> Masks:
    """Masks that keep a random share ``density`` of each matrix."""
    found = {}
    for name, weights in matrices(network).items():
        mask = torch.zeros(weights.numel(), dtype=torch.bool)
        mask[torch.randperm(len(mask), generator=generator)[: round(density * len(mask))]] = True
        found[name] = mask.reshape(weights.shape).to(weights.device)
    refuse_empty(network, found, f"density {density:g}")
    refuse_full(found, whole(network), f"density {density:g}")
    return found


def evolved(network: Network, masks: Masks, share: float, generator: torch.Generator) -> Masks:
    """The masks after the smallest ``share`` of the kept weights of each matrix was replaced by random others."""
    found = {}
    for name, weights in matrices(network).items():
        mask = masks[name].flatten()
        kept, free = mask.nonzero()[:, 0], (~mask).nonzero()[:, 0]
        replaced = min(round(share * len(kept)), len(free))
        smallest = weights.detach().flatten()[kept].abs().topk(replaced, largest=False).indices
        grown = torch.randperm(len(free), generator=generator)[:replaced].to(free.device)
        changed = mask.clone()
        changed[kept[smallest]] = False
        changed[free[grown]] = True
        found[name] = changed.reshape(weights.shape)
    return found
