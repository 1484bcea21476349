"""What a family's plug-in says its networks compute, checked: a wrong count would give a wrong energy in silence."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, Literal

from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.law.operations.forward import ForwardPass
from wattshed.law.operations.operation import Direction, Kind, Operation, expect_sizes

if TYPE_CHECKING:
    from wattshed.config.study import Study

AMOUNTS = ("flops", "bytes_moved", "backward_flops", "backward_bytes")


def counted(study: Study, name: str, what: Literal["count", "count_fit"], sizes: Any) -> Any:
    """The forward pass of a model's batch, or the operations of its fit in closed form; None if its family has none.

    Raises :class:`Fault` for sizes that the family cannot take, and for a plug-in whose function gives something else.
    What the function itself raises otherwise is a defect of the plug-in, and passes.
    """
    block = study.trained[name]
    function = getattr(plugins.load("family", block.form), what, None)
    if function is None:
        return None
    try:
        inspect.signature(function).bind(block, sizes)
    except (TypeError, ValueError) as error:
        raise _wrong(block.form, what, "cannot be called with settings and sizes") from error
    try:
        found = function(block, sizes)
    except ValueError as error:
        raise Fault(f"models.{name} cannot be counted: {error}.") from error
    if found is None:
        return None
    operations = found
    if what == "count":
        if not isinstance(found, ForwardPass):
            raise _wrong(block.form, what, f"gave {type(found).__name__} in place of a ForwardPass")
        operations = found.operations
    if not isinstance(operations, tuple) or not all(isinstance(one, Operation) for one in operations):
        raise _wrong(block.form, what, "gave operations that are not a tuple of Operation")
    if not operations and what == "count":
        raise _wrong(block.form, what, "gave no operation")
    try:
        if what == "count":
            expect_sizes("the forward pass", least=0, parameters=found.parameters, tensors=found.tensors)
        for one in operations:
            _check(one)
    except (TypeError, ValueError) as error:
        raise _wrong(block.form, what, f"gave a wrong count ({error})") from error
    return found


def _check(operation: Operation) -> None:
    """Raises ValueError or TypeError for an operation that none can be."""
    if not isinstance(operation.kind, Kind) or not isinstance(operation.direction, Direction):
        raise ValueError(f"{operation.kind!r} {operation.direction!r} is not of Kind and Direction")
    for name in AMOUNTS:
        amount = getattr(operation, name)
        if isinstance(amount, bool) or not math.isfinite(amount) or amount < 0:
            raise ValueError(f"{operation.kind}: {name} is {amount}")
    if not operation.flops and not operation.bytes_moved:
        raise ValueError(f"{operation.kind}: neither FLOPs nor bytes")
    what = str(operation.kind)
    expect_sizes(what, calls=operation.calls, dependent_steps=operation.dependent_steps)
    expect_sizes(
        what,
        least=0,
        rows=operation.rows,
        inner=operation.inner,
        columns=operation.columns,
        products=operation.products,
        tensors=operation.tensors,
    )


def _wrong(form: str, what: str, found: str) -> Fault:
    needed = "a ForwardPass with Operations" if what == "count" else "a tuple of Operations, or None"
    return Fault(
        f"the model family {form!r}: its {what} {found}: expected {what}(settings, sizes) to give {needed}, all "
        "numbers finite and none negative; correct the plug-in."
    )
