"""AdamW without torch's compiler."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of torch's optimisers as it was before decorators that import ``torch._dynamo``."""
    plain: Callable[..., Any] = inspect.unwrap(method)
    return plain


class EagerAdamW(AdamW):
    """:class:`torch.optim.AdamW`, the same to the byte.

    torch's optimisers import its compiler on first use, though nothing here is compiled: a second of every job.
    """

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        return _plain(AdamW.step)(self, closure)

    @torch.no_grad()
    def step_one(self, parameter: nn.Parameter) -> None:
        """Update one parameter alone, bit for bit as :meth:`step` would with the same gradient."""
        groups = self.param_groups
        group = self._group_of(parameter)
        try:
            self.param_groups = [{**group, "params": [parameter]}]
            self.step()
        finally:
            self.param_groups = groups

    def _group_of(self, parameter: nn.Parameter) -> dict[str, Any]:
        for group in self.param_groups:
            if any(one is parameter for one in group["params"]):
                return group
        raise ValueError(f"the optimiser has no parameter of the shape {list(parameter.shape)}")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        _plain(AdamW.add_param_group)(self, param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        _plain(AdamW.zero_grad)(self, set_to_none)

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = _plain(AdamW.state_dict)(self)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        _plain(AdamW.load_state_dict)(self, state_dict)
