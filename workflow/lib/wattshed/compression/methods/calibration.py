"""The ranges of what enters each linear map of a network, read from examples of the training part."""

from __future__ import annotations

import copy
import math
from typing import Literal

import torch
from torch import Tensor, nn

from wattshed.compression.methods.making import Making
from wattshed.compression.methods.unrolled_gru import by_layer, maps_of, takes, unrolled
from wattshed.forecast.network import Network
from wattshed.forecast.series import Sequences
from wattshed.foundation.faults import Fault

# Pairs per pass: its activations stay below some ten megabytes.
PAIRS_PER_BATCH = 4096
BINS = 4096


class NotFinite(Exception):
    """A value that enters a linear map is not finite."""


class Observed(nn.Module):
    """A linear layer that notes the range of its inputs; in a second pass, how often they fall into parts of it."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        # An empty range holds zero: a layer that was not called can be quantised too.
        self.low, self.high = 0.0, 0.0
        self.notes: Literal["range", "counts"] = "range"
        self.counts = torch.zeros(BINS, dtype=torch.float64)

    def forward(self, values: Tensor) -> Tensor:
        if self.notes == "range":
            low, high = (float(end) for end in values.aminmax())
            if not (math.isfinite(low) and math.isfinite(high)):
                raise NotFinite
            self.low, self.high = min(self.low, low), max(self.high, high)
        elif self.low < self.high:
            seen = torch.histc(values.detach().float(), BINS, self.low, self.high)
            self.counts += seen.double().cpu()
        return self.layer(values)

    def narrow(self, share: float) -> None:
        """Leave out the rarest values at both ends, so that the range holds this share of them; zero stays in it."""
        total = float(self.counts.sum())
        if not total:
            return
        below = self.counts.cumsum(0) / total
        width = (self.high - self.low) / BINS
        outside = (1 - share) / 2
        first = int((below > outside).nonzero()[0])
        last = int((below >= 1 - outside - 1e-12).nonzero()[0])
        low, high = self.low + first * width, self.low + (last + 1) * width
        self.low, self.high = min(0.0, low), max(0.0, high)


def calibrated(making: Making, pairs: int, share: float | None) -> dict[str, nn.Module]:
    """The network's linear maps, with the ranges of about this many pairs.

    share: of the values that each range holds; None for all of them.
    Raises :class:`Fault` if the network has no linear layer, or if a value is not finite.
    """
    maps = unrolled_maps(making.network)
    watched = making.network.with_maps(maps).eval()
    observers = [part for layer in maps.values() for part in layer.modules() if isinstance(part, Observed)]
    try:
        _pass(making, watched, pairs)
    except NotFinite as error:
        raise Fault(
            f"static int8 of {making.spec.lineage}: a value in the network is not finite on the training part: "
            "expected numbers; look for implausible values in the panel (quality.parquet)."
        ) from error
    if share is not None and share < 1:
        for observer in observers:
            observer.notes = "counts"
        _pass(making, watched, pairs)
        for observer in observers:
            observer.narrow(share)
    return maps


def unrolled_maps(network: Network) -> dict[str, nn.Module]:
    """Copies of the network's linear maps with a watched linear layer for each; recurrent layers are unrolled.

    Raises :class:`Fault` if there is none.
    """
    made = {name: _watched(layer) for name, layer in network.linear_maps().items()}
    if not any(isinstance(part, Observed) for layer in made.values() for part in layer.modules()):
        raise Fault(
            f"{type(network).__name__} has no linear layer that int8 can replace: choose another method."
        )
    return made


@torch.no_grad()
def _pass(making: Making, network: Network, pairs: int) -> None:
    for number in range(-(-pairs // PAIRS_PER_BATCH)):
        batch = making.calibration(min(PAIRS_PER_BATCH, pairs - number * PAIRS_PER_BATCH), number)
        first = batch.inputs[0]
        if isinstance(first, Sequences):
            network.forward_sequence(first)
        else:
            network(*batch.inputs)


def _watched(layer: nn.Module) -> nn.Module:
    if type(layer) is nn.Linear:
        return Observed(copy.deepcopy(layer))
    if takes(layer):
        return by_layer(layer, _watched_recurrence)
    result = copy.deepcopy(layer)
    for name, child in layer.named_children():
        setattr(result, name, _watched(child))
    return result


def _watched_recurrence(layer: nn.GRU | nn.LSTM) -> nn.Module:
    input_map, state_map = maps_of(layer)
    return unrolled(layer, Observed(input_map), Observed(state_map))
