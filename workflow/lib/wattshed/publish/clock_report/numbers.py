"""Numbers of clock pages as text: shares in per cent with their intervals, and plain quantities."""

import math
from collections.abc import Mapping
from typing import Any

from wattshed.publish.typesetting.table import plain

MISSING = "–"


def percent(share: Any, places: int = 1) -> str:
    """``12.3 %``; a dash where it is not known."""
    return MISSING if not _known(share) else f"{_signed(plain(100 * share, places))} %"


def interval(values: Mapping[str, Any] | Any, name: str = "") -> str:
    """``12.3 % [10.1, 14.2]`` of the keys or attributes ``{name_}share``, ``low`` and ``high``."""
    get = values.get if isinstance(values, Mapping) else lambda key: getattr(values, key, None)
    prefix = f"{name}_" if name else ""
    share, low, high = (get(f"{prefix}{part}") for part in ("share", "low", "high"))
    if not _known(share):
        return MISSING
    if low is None or high is None or not (_known(low) and _known(high)):
        return percent(share)
    ends = (_signed(plain(100 * end, 1)) for end in (low, high))
    return f"{percent(share)} [{', '.join(ends)}]"


def quantity(value: Any) -> str:
    """Four significant digits, without powers of ten below ten million."""
    if value is None or not _known(value):
        return MISSING
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.4g}"


def capital(sentence: str) -> str:
    """The sentence with a capital letter, and the rest as it is."""
    return sentence[:1].upper() + sentence[1:]


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _signed(text: str) -> str:
    """A true minus sign, which is as wide as a plus."""
    return text.replace("-", "−")
