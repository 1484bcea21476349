"""Places where parts of the forward pass can be computed again, and steps that a recurrent network computes at once.

Shapes: M sequences, L steps, C channels, D units."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Place(nn.Module):
    """Calls a function: a place, without weights, where a memory mechanism can compute again."""

    def forward(self, function: Callable[..., Any], *inputs: Any) -> Any:
        return function(*inputs)


class Stretch(Place):
    """The same for a stretch of steps. chunk_steps: steps of each stretch; None for all steps at once."""

    chunk_steps: int | None = None


# Channels [M, l, C] of the steps from the first to before the last one.
Channels = Callable[[int, int], Tensor]
# Channels and the state before them, or None -> states of the last layer [M, l, D] and the state after them.
Layers = Callable[[Tensor, Any], tuple[Tensor, Any]]


def states_of(stretch: Stretch, channels: Channels, layers: Layers, length_steps: int) -> tuple[Tensor, Any]:
    """The states of all steps [M, L, D], and the state after the last one: stretch by stretch, each from the state
    before it."""
    found = list(_stretches(stretch, channels, layers, length_steps, last_only=False))
    states = [part for part, _ in found]
    return states[0] if len(states) == 1 else torch.cat(states, dim=1), found[-1][1]


def state_after(stretch: Stretch, channels: Channels, layers: Layers, length_steps: int) -> Any:
    """The state after the last step; the states of other steps are not kept."""
    return list(_stretches(stretch, channels, layers, length_steps, last_only=True))[-1][1]


def _stretches(
    stretch: Stretch, channels: Channels, layers: Layers, length_steps: int, *, last_only: bool
) -> list[tuple[Tensor, Any]]:
    def compute(first: int, last: int, state: Any) -> tuple[Tensor | None, Any]:
        states, after = layers(channels(first, last), state)
        return None if last_only else states, after

    step = stretch.chunk_steps or length_steps
    found: list[Any] = []
    state = None
    for first in range(0, length_steps, step):
        part, state = stretch(compute, first, min(first + step, length_steps), state)
        found.append((part, state))
    return found
