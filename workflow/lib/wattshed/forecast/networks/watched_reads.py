"""Values whose gradient is that of one place alone."""

from torch import Tensor


def read_alone(states: Tensor) -> Tensor:
    """The same values as a tensor of their own, whose gradient is that of one place alone."""
    return states.clone() if states.requires_grad else states.detach().clone().requires_grad_()
