"""Gradients that are used and freed one by one inside the backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from wattshed.foundation.faults import Fault
from wattshed.memory.gradients import Arithmetic, Gradients, ProjectsGradients, as_gradients_arrive


class StepsOne(Protocol):
    def step_one(self, parameter: nn.Parameter) -> None:
        """Update one parameter from its gradient."""
        ...


class ReleasedGradients(Gradients):
    """A hook on each parameter updates it and frees its gradient.

    torch calls the hook once in a backward pass, when all uses of the parameter have added to its gradient: also of a
    parameter that is used twice. No operation before it in the backward pass reads its old value then.
    """

    def __init__(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        super().__init__(network, optimiser)
        if not hasattr(optimiser, "step_one"):
            raise Fault(
                f"the memory mechanism gradient_release updates weights one by one, which {type(optimiser).__name__} "
                "does not offer: expected an optimiser with step_one; leave the mechanism out."
            )
        self._one: StepsOne = optimiser
        self._finite: Tensor | None = None
        self._updated = 0

    @contextmanager
    def collecting(self) -> Iterator[None]:
        self._finite, self._updated = None, 0
        with super().collecting(), as_gradients_arrive(self.network, self._use):
            try:
                yield
            except torch.OutOfMemoryError as error:
                if self._updated:
                    # The step cannot be done again with batches from host memory, as otherwise.
                    raise Fault(
                        f"memory ran out in the middle of an update, after {self._updated} weights had taken theirs: "
                        "expected room for a whole backward pass; lower the recipe's batch, or take gradient_offload "
                        "in place of gradient_release."
                    ) from error
                raise

    def update(
        self, clip_norm: float | None, precision: Arithmetic, hooks: ProjectsGradients | None = None
    ) -> Tensor:
        """All updates are done already."""
        if self._finite is None:
            return torch.zeros((), device=next(self.network.parameters()).device)
        return self._finite

    def _use(self, parameter: Tensor) -> None:
        gradient = parameter.grad
        assert gradient is not None
        # Zero for a finite gradient, NaN for any other.
        finite = 0 * torch.linalg.vector_norm(gradient)
        self._finite = finite if self._finite is None else self._finite + finite
        assert isinstance(parameter, nn.Parameter)
        self._one.step_one(parameter)
        self._updated += 1
        parameter.grad = None
