"""Operations of any torch module, from the operators that torch runs: so that a model of one's own is predicted too."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from wattshed.calibration.torch_counts import (
    flops_of,
    products_apart,
    refuse_hidden,
    run_backward,
    scalar,
    unchanged,
)
from wattshed.foundation.faults import Fault
from wattshed.law.operations.elementwise import LAYER_NORM, SOFTMAX
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.operations.updates import adamw, clipping

# Operators by a word in their names, in this order; products are told apart by their own function.
KINDS = (
    ("softmax", Kind.SOFTMAX),
    ("norm", Kind.NORMALISATION),
    ("embedding", Kind.EMBEDDING),
    ("loss", Kind.LOSS),
)
# FLOPs per value of the output, forward and backward; one for all others.
VALUE_FLOPS = {Kind.SOFTMAX: SOFTMAX, Kind.NORMALISATION: LAYER_NORM}
# They write nothing.
EMPTY = ("empty", "new_empty", "empty_like", "empty_strided", "new_empty_strided")


def operations_of_module(module: nn.Module, *inputs: Any, training: bool = True) -> tuple[Operation, ...]:
    """Operations of one call, equal ones counted as ``calls`` of one.

    training: with the backward pass from the sum of all outputs, clipping and AdamW; else the forward pass alone,
    without gradients. FLOPs of products are those of :func:`torch_flops`; other operators count some per value of
    their output, which that function counts as none. Views cost nothing.

    What it cannot know: which steps wait for one another (``dependent_steps`` is 1: a recurrent layer is its products,
    hour by hour), whether torch will fuse operators, loss and drawing of batches, and what a batched product is for:
    one with a wider result than its inner size counts as attention's scores, any other as its output. Branches count as
    these inputs take them. The module's weights, gradients and buffers stay as they are.

    Raises :class:`Fault` for an operator that hides products, and for a training without trained weights.
    """
    record = _Record()
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    if training and not weights:
        raise Fault(
            "the module has no trained weights, so that it has no training step: expected at least one; count it with "
            "training=False."
        )
    with unchanged(module), products_apart(), torch.set_grad_enabled(training), record:
        outputs = module(*inputs)
        if training:
            with record.paused():
                loss = scalar(outputs)
            record.direction = Direction.BACKWARD
            run_backward(module, loss, inputs)
    refuse_hidden(record.operators)
    found = tuple(replace(one, calls=calls) for one, calls in record.counted.items())
    if not training:
        return found
    parameters = sum(weight.numel() for weight in weights)
    return (*found, clipping(parameters, len(weights)), adamw(parameters, len(weights)))


class _Record(TorchDispatchMode):
    """Counts the operations that run, in the order of their first calls."""

    def __init__(self) -> None:
        super().__init__()
        self.operators: set[Any] = set()
        self.counted: Counter[Operation] = Counter()
        self.direction = Direction.FORWARD
        self._runs = True

    def paused(self) -> _Pause:
        return _Pause(self)

    def run(self, runs: bool) -> None:
        self._runs = runs

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        result = func(*args, **given)
        if self._runs:
            operator = func._overloadpacket
            self.operators.add(operator)
            operation = _operation(func, args, given, result, self.direction)
            if operation is not None:
                self.counted[operation] += 1
        return result


class _Pause:
    """What runs inside is not counted."""

    def __init__(self, record: _Record) -> None:
        self._record = record

    def __enter__(self) -> None:
        self._record.run(False)

    def __exit__(self, *_: object) -> None:
        self._record.run(True)


def _operation(
    func: Any, args: Any, kwargs: dict[str, Any], result: Any, direction: Direction
) -> Operation | None:
    """The operation of one call; None for a view and for memory without values."""
    read = [one for one in _flat([*args, *kwargs.values()]) if isinstance(one, Tensor)]
    written = [one for one in _flat([result]) if isinstance(one, Tensor)]
    name = str(func._overloadpacket).split(".")[-1]
    if not written or name in EMPTY or (not func._schema.is_mutable and _is_view(read, written)):
        return None
    moved = sum(_bytes(one) for one in [*read, *written])
    flops = flops_of(func._overloadpacket, args, kwargs, result)
    if flops is not None:
        return _product(name, read, flops, moved, direction)
    kind = next((kind for word, kind in KINDS if word in name), Kind.ELEMENTWISE)
    each = VALUE_FLOPS.get(kind, (1, 1))[direction == Direction.BACKWARD]
    # A sum or a loss reads more values than it writes.
    values = max(one.numel() for one in [*read, *written])
    return Operation(kind, each * values, moved, direction)


def _product(name: str, read: list[Tensor], flops: int, bytes_moved: int, direction: Direction) -> Operation:
    if "conv" in name:
        return Operation(Kind.CONVOLUTION, flops, bytes_moved, direction)
    left, right = read[-2:]
    if left.layout != torch.strided or right.layout != torch.strided:
        return Operation(Kind.GRAPH_AGGREGATION, flops, bytes_moved, direction)
    rows, inner, columns = left.shape[-2], left.shape[-1], right.shape[-1]
    products = left.shape[0] if left.dim() == 3 else 1
    kind = Kind.LINEAR
    if left.dim() == 3:
        kind = Kind.SCORES if columns >= inner else Kind.ATTENTION_OUTPUT
    return Operation(
        kind,
        flops,
        bytes_moved,
        direction,
        rows=rows,
        inner=inner,
        columns=columns,
        products=products,
    )


def _is_view(read: list[Tensor], written: list[Tensor]) -> bool:
    """Whether the results lie in the memory of what was read."""
    places = {_place(one) for one in read}
    return all(_place(one) in places for one in written)


def _place(tensor: Tensor) -> int:
    values = tensor if tensor.layout == torch.strided else tensor.values()
    return values.untyped_storage().data_ptr()


def _bytes(tensor: Tensor) -> int:
    if tensor.layout == torch.strided:
        return tensor.numel() * tensor.element_size()
    # Each stored entry has its index.
    return int(tensor._nnz()) * (tensor.element_size() + 8)


def _flat(nested: Any) -> list[Any]:
    if isinstance(nested, (list, tuple)):
        return [one for part in nested for one in _flat(part)]
    return [nested]
