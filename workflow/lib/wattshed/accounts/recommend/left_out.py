"""Which single limit is to blame where no checkpoint keeps all of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from wattshed.accounts.recommend.limits import Limits, Recommendation

# Limits by their name, and what the setting becomes without one. An error is never so many times that of the reference.
LEFT_OUT: dict[str, dict[str, Any]] = {
    "errors": {"error_rise_share": 1e9},
    "R2": {"r2_floor": None},
    "time": {"latency_s": None},
    "bytes": {"size_bytes": None},
}


def blamed_limits(
    found: Recommendation, choose: Callable[[Limits, Sequence[float]], list[Recommendation]]
) -> dict[str, str]:
    """What would be chosen without one of the limits, by its name; only limits that alone are to blame."""
    limits, blamed = found.limits, {}
    for name, keys in LEFT_OUT.items():
        if all(getattr(limits, key) is None for key in keys):
            continue
        (loose,) = choose(replace(limits, **keys), [limits.forecasts])
        if loose.chosen is not None:
            blamed[name] = loose.chosen
    return blamed
