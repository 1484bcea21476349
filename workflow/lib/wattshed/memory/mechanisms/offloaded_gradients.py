"""Gradients that wait in host memory for the update."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from wattshed.memory.accounting.elsewhere import host_memory, moved
from wattshed.memory.gradients import Arithmetic, Gradients, ProjectsGradients, as_gradients_arrive


class OffloadedGradients(Gradients):
    """A hook on each parameter adds its gradient to a copy in host memory and frees it on the device.

    For the norm, and again for the update, one gradient at a time is brought back, where the optimiser can update one
    parameter alone. Host memory is pinned for a GPU, and kept from step to step.
    """

    def __init__(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        super().__init__(network, optimiser)
        # By identity: tensors compare element by element.
        self._host: dict[int, Tensor] = {}
        self._ready: dict[int, nn.Parameter] = {}

    @contextmanager
    def collecting(self) -> Iterator[None]:
        self._ready = {}
        with super().collecting(), as_gradients_arrive(self.network, self._put_away):
            yield

    def update(
        self, clip_norm: float | None, precision: Arithmetic, hooks: ProjectsGradients | None = None
    ) -> Tensor:
        step_one = getattr(self.optimiser, "step_one", None)
        # In the network's order, as the plain step adds up norms.
        ready = [weight for weight in self.network.parameters() if id(weight) in self._ready]
        if hooks is not None or precision.scaler is not None or step_one is None:
            for weight in ready:
                weight.grad = self._back(weight)
            return super().update(clip_norm, precision, hooks)
        if not ready:
            return torch.zeros((), device=next(self.network.parameters()).device)
        norm = torch.linalg.vector_norm(torch.stack([_norm_of(self._back(weight)) for weight in ready]))
        for weight in ready:
            weight.grad = self._back(weight)
            nn.utils.clip_grads_with_norm_(weight, math.inf if clip_norm is None else clip_norm, norm)
            step_one(weight)
            weight.grad = None
        return norm

    def _put_away(self, parameter: Tensor) -> None:
        gradient = parameter.grad
        assert gradient is not None
        assert isinstance(parameter, nn.Parameter)
        key = id(parameter)
        if key in self._ready:
            # Added up on the device, one gradient at a time, as the plain step does.
            gradient = self._back(parameter).add_(gradient)
        if key not in self._host:
            with host_memory():
                self._host[key] = torch.empty_like(gradient, device="cpu", pin_memory=gradient.is_cuda)
        moved(self._host[key])
        self._host[key].copy_(gradient, non_blocking=gradient.is_cuda)
        self._ready[key] = parameter
        # The allocator gives the gradient's memory away in the order of the stream: after the copy.
        parameter.grad = None

    def _back(self, parameter: nn.Parameter) -> Tensor:
        """A copy on the device of what waits; copies and hooks run in the order of one stream."""
        waiting = self._host[id(parameter)]
        return waiting.to(parameter.device, non_blocking=True, copy=True)


def _norm_of(gradient: Tensor) -> Tensor:
    """As :func:`torch.nn.utils.clip_grad_norm_` computes it on this device."""
    if gradient.is_cuda:
        return torch._foreach_norm([gradient])[0]
    return torch.linalg.vector_norm(gradient)
