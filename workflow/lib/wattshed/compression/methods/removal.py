"""Removes the least important units or channels of a network; what structured pruning in one or more rounds shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wattshed.compression.methods.making import Making
from wattshed.forecast.network import Network, PrunableUnits, Watched
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch
from wattshed.training.step.gradient import batch_loss

if TYPE_CHECKING:
    from wattshed.compression.methods.prune import Removable, RemovalBlock

LAYERS: dict[Removable, str] = {
    "units": "a plain GRU or LSTM of one layer, or plain feed-forward networks",
    "channels": "one plain layer before a plain GRU or LSTM",
}


def removed_by_norm(network: Network, settings: RemovalBlock) -> Network:
    """What the last round leaves, by the norm of weights, which needs no data."""
    kept = {part: counts[-1] for part, counts in kept_counts(network, settings).items()}
    return without_the_least(network, settings, kept, None)


def shapes_of_rounds(network: Network, settings: RemovalBlock) -> list[Network]:
    """Networks of the shapes that each round leaves, by the norm of weights."""
    counts = kept_counts(network, settings)
    rounds = zip(*counts.values(), strict=True)
    return [
        without_the_least(network, settings, dict(zip(counts, kept, strict=True)), None) for kept in rounds
    ]


def removed(making: Making, settings: RemovalBlock) -> Network:
    """The checkpoint's network after all rounds of removal, with fine-tuning between them."""
    network = making.network
    counts = kept_counts(network, settings)
    rounds = len(next(iter(counts.values())))
    for number in range(rounds):
        kept = {part: of_rounds[number] for part, of_rounds in counts.items()}
        network = without_the_least(network, settings, kept, making)
        if number < rounds - 1:
            making.fine_tune(network, settings.steps_between, number + 1)
    return network


def kept_counts(network: Network, settings: RemovalBlock) -> dict[Removable, list[int]]:
    """How many units and channels are kept after each round. Raises :class:`Fault` for a network without them, and for
    settings that empty a layer or remove nothing."""
    found = {}
    for part in settings.parts:
        count = len(_prunable(network, part).importance)
        reason = settings.misfit(count, part)
        if reason:
            raise Fault(f"{reason}; change the variant.")
        found[part] = settings.counts(count)
    return found


def without_the_least(
    network: Network, settings: RemovalBlock, kept: dict[Removable, int], making: Making | None
) -> Network:
    """A smaller copy with ``kept`` of the units and channels.

    making: gives the calibration batch for an importance from data and for folded means; without it the norm decides.
    """
    batch = None
    if making is not None and settings.needs_data:
        batch = making.calibration(settings.calibration_pairs)
    chosen: dict[Removable, tuple[Tensor, Tensor | None]] = {}
    for part, count in kept.items():
        units = _prunable(network, part)
        importance, means = units.importance, None
        if making is not None and batch is not None:
            importance, means = seen_importance(units, batch, settings, making)
        chosen[part] = importance.topk(count).indices.sort(dim=-1).values, means
    # Channels are chosen before units are removed, so that both are judged in the same network.
    for part, (keep, means) in chosen.items():
        units = _prunable(network, part)
        network = units.keep(keep) if means is None else units.keep(keep, means)
    return network


def seen_importance(
    units: PrunableUnits, batch: Batch, settings: RemovalBlock, making: Making
) -> tuple[Tensor, Tensor | None]:
    """Importance [units] on a calibration batch, and the means to fold; None without ``fold_mean``.

    What a removal changes is what other layers read of the unit, or with ``fold_mean`` its distance from its mean.
    ``activation`` takes the root mean square of that, over the unit's values at all steps. ``taylor`` takes
    |dL/dgate| summed over pairs (:func:`by_gates`).
    """
    if units.watched is None:
        raise Fault(
            f"the network has units that can be removed, but none that can be watched: expected importance norm "
            f"without fold_mean, not {settings.importance}; or a family whose PrunableUnits have `watched`."
        )
    watched = units.watched()
    watched.network.eval()
    with torch.enable_grad():
        loss = batch_loss(watched.network, batch, making.spec.recipe.loss)
    means = watched.means() if settings.fold_mean else None
    if settings.importance == "norm":
        return units.importance, means
    if settings.importance == "taylor":
        return by_gates(loss, watched, means).abs().sum(dim=0), means
    # [steps, M, units], or [steps, M, places, units]
    values = torch.stack([hour.detach() for hour in watched.values()])
    if settings.importance in BY_ACTIVATION:
        size = values.abs()
        making.notes["cold_share"] = float(cold_units(size, settings).float().mean())
        return BY_ACTIVATION[settings.importance](size, settings), means
    lost = values if means is None else values - values.mean(dim=(0, 1))
    return lost.square().mean(dim=(0, 1)).sqrt(), means


def by_gates(loss: Tensor, watched: Watched, means: Tensor | None) -> Tensor:
    """dL/dgate [M, units] at gates of 1: the change of the loss to first order if a unit is removed from a pair.

    One gate per pair and unit multiplies what every place reads of the unit, at all steps. A place reads
    mean + gate * (value - mean), with the means that are folded, or 0 without them. The carry z * h of a unit's own
    state has no gate: with one, a slow unit would count once for each step of its memory. The derivative is the sum
    over reads of (value - mean) times the gradient of that read. Gradients hold the effects on all later hours.
    Source: Molchanov et al. 2017, where a place in an image is a read here.
    means: [places, units], None for zeros.
    """
    places = watched.reads()
    gradients = iter(torch.autograd.grad(loss, [read for reads in places for read in reads]))
    parts = []
    for number, reads in enumerate(places):
        for read in reads:
            lost = read.detach() if means is None else read.detach() - means[number]
            change = lost * next(gradients)
            parts.append(change.reshape(len(change), -1, change.shape[-1]).sum(dim=1))
    # Each place's own units: [M, places, units].
    return torch.stack(parts, dim=1) if watched.own_units else torch.stack(parts).sum(dim=0)


def active_share(size: Tensor, settings: RemovalBlock) -> Tensor:
    """Share of values [steps, M, ...] whose size is above ``active_above`` times the mean of their place."""
    limit = settings.active_above * size.mean(dim=(0, 1, -1), keepdim=True)  # type: ignore[attr-defined]
    return (size > limit).float().mean(dim=(0, 1))


def cold_units(size: Tensor, settings: RemovalBlock) -> Tensor:
    """Which units are cold: active in less than the settings' ``cold_below`` of all values; bool [..., units]."""
    return active_share(size, settings) < settings.cold_below  # type: ignore[attr-defined]


BY_ACTIVATION: dict[str, Callable[[Tensor, RemovalBlock], Tensor]] = {
    "mean_size": lambda size, _: size.mean(dim=(0, 1)),
    "active_share": active_share,
}


def _prunable(network: Network, part: Removable) -> PrunableUnits:
    found = network.prunable_units() if part == "units" else network.prunable_channels()
    if found is None:
        raise Fault(
            f"{type(network).__name__} has no {part} that can be removed: expected a network with {LAYERS[part]}; "
            "choose another method."
        )
    return found
