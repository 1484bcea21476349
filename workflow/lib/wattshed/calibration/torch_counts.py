"""FLOPs of any torch module as torch's FlopCounterMode counts them, with its wrong counts put right.

Layers are counted by their products: cuDNN and oneDNN compute a whole recurrent layer in one operator, and the CPU's
fused attention is one as well, of which the counter knows nothing. They are turned off while it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from wattshed.foundation.faults import Fault

Formula = Callable[..., int]
TOTAL = "total"
# Operators with these words hide products; without a formula, their count is unknown.
HIDING = ("rnn", "lstm", "gru", "quantized", "packed", "mkldnn", "onednn", "flash", "efficient_attention")


def torch_flops(module: nn.Module, *inputs: Any, backward: bool = False) -> dict[str, int]:
    """FLOPs of one call by operator, such as ``aten.addmm``, and their ``total``.

    backward: of the backward pass alone, from the sum of all outputs to the trained weights and to those inputs that
    need a gradient. The module's weights, gradients and buffers stay as they are. Raises :class:`Fault` for an operator
    that hides products from the counter, and where no output needs a gradient.
    """
    counter = FlopCounterMode(display=False, custom_mapping=dict(formulas()))
    seen = _Seen()
    with unchanged(module), products_apart(), seen, counter:
        outputs = scalar(module(*inputs), needs_gradient=backward)
        forward = _by_operator(counter)
        if backward:
            run_backward(module, outputs, inputs)
    both = _by_operator(counter)
    refuse_hidden(seen.operators)
    found = {name: count - forward.get(name, 0) for name, count in both.items()} if backward else both
    counted = {name: count for name, count in sorted(found.items()) if count}
    return {**counted, TOTAL: sum(counted.values())}


def formulas() -> dict[Any, Formula]:
    """FLOPs of operators that torch's counter does not know, or counts as if they were others."""
    return {
        torch.ops.aten._sparse_addmm: _sparse_addmm,
        # The counter takes every matrix for a full one.
        torch.ops.aten.mm: _mm,
        # The counter multiplies the gradient of grouped weights by the groups.
        torch.ops.aten.convolution_backward: _convolution_backward,
    }


def flops_of(operator: Any, args: Any, kwargs: Any, out: Any) -> int | None:
    """FLOPs of one call of an operator; None if no formula knows it."""
    formula: Formula | None = formulas().get(operator) or flop_registry.get(operator)
    return None if formula is None else int(formula(*args, **kwargs, out_val=out))


def refuse_hidden(operators: set[Any]) -> None:
    """Raises :class:`Fault` for operators that hide products from the counter."""
    for operator in sorted(operators - {*flop_registry, *formulas()}, key=str):
        if any(word in str(operator) for word in HIDING):
            raise Fault(
                f"the FLOPs of the operator {operator} are unknown, because it hides its products: expected a module "
                "of plain products; count it by formula, or replace the layer."
            )


@contextmanager
def products_apart() -> Iterator[None]:
    """Recurrent layers and attention run as separate products."""
    fast = torch.backends.mha.get_fastpath_enabled()
    with ExitStack() as stack:
        stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        torch.backends.mha.set_fastpath_enabled(False)
        stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        stack.enter_context(_without_onednn())
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        yield


@contextmanager
def unchanged(module: nn.Module) -> Iterator[None]:
    """Buffers, such as running means, and the state of random numbers are afterwards what they were."""
    buffers = [(buffer, buffer.clone()) for buffer in module.buffers() if buffer.layout == torch.strided]
    with torch.random.fork_rng():
        yield
    with torch.no_grad():
        for buffer, before in buffers:
            buffer.copy_(before)


def scalar(outputs: Any, *, needs_gradient: bool = True) -> Tensor:
    """The sum of all floating-point outputs, however they are nested.

    Raises :class:`Fault` if a gradient is needed and no output has one.
    """
    found = [one for one in _tensors(outputs) if one.is_floating_point()]
    learned = [one for one in found if one.requires_grad]
    if needs_gradient and not learned:
        raise Fault(
            "no output of the module needs a gradient, so that it has no backward pass: expected trained weights; "
            "count its forward pass alone."
        )
    return torch.stack([one.sum() for one in learned or found]).sum() if found else torch.zeros(())


def run_backward(module: nn.Module, loss: Tensor, inputs: Any) -> None:
    """The backward pass to trained weights and to inputs that need a gradient, whose own gradients stay as they are."""
    leaves = [one for one in (*module.parameters(), *_tensors(inputs)) if one.requires_grad and one.is_leaf]
    before = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    try:
        loss.backward()
    finally:
        for leaf, gradient in zip(leaves, before, strict=True):
            leaf.grad = gradient


class _Seen(TorchDispatchMode):
    """Notes which operators ran."""

    def __init__(self) -> None:
        super().__init__()
        self.operators: set[Any] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operators.add(func._overloadpacket)
        return func(*args, **(kwargs or {}))


@contextmanager
def _without_onednn() -> Iterator[None]:
    # The context manager of torch.backends.mkldnn warns about GPUs of another maker.
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


def _by_operator(counter: FlopCounterMode) -> dict[str, int]:
    counts = counter.get_flop_counts().get("Global", {})
    return {str(operator): int(count) for operator, count in counts.items()}


def _tensors(nested: Any) -> list[Tensor]:
    if isinstance(nested, Tensor):
        return [nested]
    if isinstance(nested, dict):
        nested = list(nested.values())
    return [one for part in nested for one in _tensors(part)] if isinstance(nested, (list, tuple)) else []


def _raw(formula: Formula) -> Formula:
    """The counter then gives tensors in place of their shapes."""
    formula._get_raw = True  # type: ignore[attr-defined]
    return formula


def _entries(matrix: Tensor) -> int:
    """Entries that a product reads: all of a full matrix, the stored ones of a sparse one."""
    return matrix.numel() if matrix.layout == torch.strided else int(matrix._nnz())


@_raw
def _mm(left: Tensor, right: Tensor, *_: Any, **__: Any) -> int:
    """left: [m, k]; right: [k, n]; either may be sparse."""
    if right.layout == torch.strided:
        return 2 * _entries(left) * right.shape[1]
    return 2 * left.shape[0] * _entries(right)


@_raw
def _sparse_addmm(_: Tensor, sparse: Tensor, dense: Tensor, *__: Any, **___: Any) -> int:
    """sparse: [m, k]; dense: [k, n]."""
    return 2 * _entries(sparse) * dense.shape[1]


@_raw
def _convolution_backward(
    slope: Tensor, values: Tensor, weight: Tensor, *rest: Any, output_mask: Any = None, **__: Any
) -> int:
    """slope: of the output [batch, outputs, ...]; weight: [outputs, inputs / groups, ...].

    One product as large as the forward pass for the input's gradient, and one for the weights'. A transposed
    convolution applies its weights at the places of its input.
    """
    transposed, mask = rest[4], rest[7] if output_mask is None else output_mask
    places = (values if transposed else slope)[0, 0].numel()
    return 2 * len(slope) * places * weight.numel() * (int(mask[0]) + int(mask[1]))
