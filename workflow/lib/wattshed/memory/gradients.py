"""Where the gradients of a step are kept, and how the weights are updated from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn


class Arithmetic(Protocol):
    """What is read of a step's precision. scaler: of the loss, None without one."""

    @property
    def scaler(self) -> object | None: ...

    def unscale(self, optimiser: torch.optim.Optimizer) -> None: ...

    def step(self, optimiser: torch.optim.Optimizer) -> None: ...


class ProjectsGradients(Protocol):
    def project(self, gradients: list[Tensor]) -> None: ...


class Gradients:
    """All gradients stay on the device until the optimiser has used them: the plain step.

    A mechanism overrides :meth:`collecting`, the context of the backward passes, and :meth:`update`.
    """

    def __init__(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        self.network = network
        self.optimiser = optimiser

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """The context of all backward passes of a step; no gradient is left from an earlier step."""
        self.optimiser.zero_grad(set_to_none=True)
        yield

    def update(
        self, clip_norm: float | None, precision: Arithmetic, hooks: ProjectsGradients | None = None
    ) -> Tensor:
        """Update the weights once; returns a number that is finite exactly if all gradients are.

        clip_norm: largest gradient norm, None for no limit; hooks: change the gradients before they are clipped.
        """
        precision.unscale(self.optimiser)
        if hooks is not None:
            hooks.project([weight.grad for weight in self.network.parameters() if weight.grad is not None])
        # An infinite limit does not change the gradient, but its norm says whether it is finite.
        norm = nn.utils.clip_grad_norm_(
            self.network.parameters(), math.inf if clip_norm is None else clip_norm
        )
        precision.step(self.optimiser)
        return norm


@contextmanager
def as_gradients_arrive(network: nn.Module, use: Callable[[Tensor], None]) -> Iterator[None]:
    """Backward passes in this block give each weight to ``use`` as soon as its gradient is complete."""
    hooks = [
        weight.register_post_accumulate_grad_hook(use)
        for weight in network.parameters()
        if weight.requires_grad
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
