"""Parts of a network whose forward pass runs again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

from wattshed.forecast.network import Network
from wattshed.foundation.faults import Fault

# Products of matrices: most of a part's time.
PRODUCTS = frozenset(
    {
        torch.ops.aten.mm.default,
        torch.ops.aten.bmm.default,
        torch.ops.aten.addmm.default,
        torch.ops.aten.baddbmm.default,
        torch.ops.aten._scaled_dot_product_flash_attention.default,
        torch.ops.aten._scaled_dot_product_efficient_attention.default,
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default,
    }
)


def recompute(network: Network, groups: Sequence[str], *, keeps_products: bool, chunk_steps: int) -> None:
    """Compute parts of the network again in backward passes, in place; applied twice, it acts once.

    groups: of ``network.memory_parts().recomputed``, empty for all. chunk_steps: of parts that can be computed in
    chunks of steps, 0 for all steps at once. Raises :class:`Fault` for a group that the network lacks, and if it has
    none.
    """
    known = network.memory_parts().recomputed
    chosen = list(groups) or list(known)
    unknown = [group for group in chosen if group not in known]
    if unknown or not known:
        missing = repr(unknown[0]) if unknown else "none to compute again"
        raise Fault(
            f"the memory mechanism checkpointing finds of {type(network).__name__}'s parts {missing}: expected some of "
            f"{', '.join(known) or 'graph, attention, recurrent, feed_forward'}; correct groups, or leave it out."
        )
    for group in chosen:
        for name in known[group]:
            part: Any = network.get_submodule(name)
            if hasattr(part, "chunk_steps"):
                part.chunk_steps = chunk_steps or None
            # An attribute of the module hides the method of its class. Names of tensors, and types that others ask for,
            # stay as they are.
            part.forward = Recomputed(
                part, keeps_products=keeps_products and not _changes_products(group, part)
            )


def _changes_products(group: str, part: nn.Module) -> bool:
    """Whether results of matrix products are changed in place: torch's recurrent layers make gates of them, and what
    was kept would hold the gates."""
    return group == "recurrent" or any(isinstance(inner, nn.RNNBase) for inner in part.modules())


class Recomputed:
    """The forward pass of a module, which runs again in the backward pass. A copy of the module has a copy of it."""

    def __init__(self, module: nn.Module, *, keeps_products: bool) -> None:
        self._module = module
        self._keeps_products = keeps_products

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        forward: Callable[..., Any] = type(self._module).forward
        if not (torch.is_grad_enabled() and self._module.training):
            return forward(self._module, *inputs, **named)
        return checkpoint(
            forward,
            self._module,
            *inputs,
            use_reentrant=False,
            preserve_rng_state=True,
            context_fn=self._contexts,
            **named,
        )

    def _contexts(self) -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
        """Of the first and of the second forward pass."""
        first: AbstractContextManager[Any] = nullcontext()
        again: AbstractContextManager[Any] = nullcontext()
        if self._keeps_products:
            first, again = create_selective_checkpoint_contexts(_policy)
        return first, _both(unchanged_buffers(self._module), again)


def _policy(context: Any, operation: Any, *inputs: Any, **named: Any) -> CheckpointPolicy:
    return CheckpointPolicy.MUST_SAVE if operation in PRODUCTS else CheckpointPolicy.PREFER_RECOMPUTE


@contextmanager
def _both(outer: AbstractContextManager[Any], inner: AbstractContextManager[Any]) -> Iterator[None]:
    with outer, inner:
        yield


@contextmanager
def unchanged_buffers(module: nn.Module) -> Iterator[None]:
    """What the block does to buffers is undone: running statistics of batch normalisation would else be updated twice
    for each batch. The buffers themselves are not touched, since autograd may keep them."""
    kept: list[tuple[dict[str, Tensor | None], str, Tensor]] = []
    for part in module.modules():
        if not part.training:
            continue
        for name, buffer in part._buffers.items():
            if buffer is not None and buffer.layout == torch.strided:
                kept.append((part._buffers, name, buffer))
    for buffers, name, buffer in kept:
        buffers[name] = buffer.clone()
    try:
        yield
    finally:
        for buffers, name, buffer in kept:
            buffers[name] = buffer
