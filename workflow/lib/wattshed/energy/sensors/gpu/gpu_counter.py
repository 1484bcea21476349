"""The energy counter of one GPU, checked at each reading."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from wattshed.energy.reading import JOULES_PER_KWH, Component
from wattshed.foundation.faults import one_line
from wattshed.foundation.vocabulary import Status

# What libraries answer where they have no value: all bits set, in 32 and 64 bits.
NO_VALUE = (2**32 - 1, 2**64 - 1)


class GpuCounter:
    """Energy since the counter was opened.

    A reading that fails, or is not a count, is missing, and the next one may be known again: the counter goes on. A
    counter that falls back is lost for good, because its earlier count is.

    ask: the raw count, raises what the library raises. maker: the library's name, for reasons. Raises ValueError if
    the first answer is not a count.
    """

    def __init__(
        self,
        name: str,
        ask: Callable[[], Any],
        maker: str,
        joules_per_count: float,
        source: str,
    ) -> None:
        self.name = name
        self._ask = ask
        self._maker = maker
        self._joules_per_count = joules_per_count
        self._source = source
        self._start = self._last = _count(ask())
        self._lost = ""

    def read(self) -> Component:
        if not self._lost:
            try:
                now = _count(self._ask())
            except Exception as error:  # the library's own errors, and those of an answer of another type
                return Component.missing(f"{self._maker}: {one_line(error)}")
            if now < self._last:
                self._lost = f"{self._maker}: the energy counter fell back, as after a reload of the driver"
            self._last = now
        if self._lost:
            return Component.missing(self._lost)
        kwh = (self._last - self._start) * self._joules_per_count / JOULES_PER_KWH
        return Component(kwh, Status.MEASURED, self._source)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _count(value: Any) -> float:
    if not is_number(value) or value < 0 or value in NO_VALUE:
        raise ValueError(f"the energy counter reads {value!r}, which is not a count")
    return float(value) if isinstance(value, float) else int(value)
