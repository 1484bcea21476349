"""The limits of a choice document, read with suspicion: what is missing or absurd is a failed check, not an error."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattshed.clocks.validating.checks import Check


@dataclass(frozen=True)
class StatedLimits:
    """Shares; ``lowest`` and ``highest`` are of the maximum setting."""

    max_slowdown_share: float
    lowest_share: float = 0.0
    highest_share: float = 1.0
    least_saving_share: float = 0.0


def number(value: Any) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def stated_limits(choice: Mapping[str, Any]) -> StatedLimits | None:
    """The limits that a choice states; None where the slowdown limit is missing or not a share."""
    block = choice.get("limits")
    block = block if isinstance(block, Mapping) else choice
    slowdown = number(block.get("max_slowdown_share"))
    lowest, highest, least = (
        default if block.get(name) is None else number(block[name])
        for name, default in (("lowest_share", 0.0), ("highest_share", 1.0), ("least_saving_share", 0.0))
    )
    if slowdown is None or lowest is None or highest is None or least is None:
        return None
    if not (0 <= slowdown < 1 and 0 <= lowest <= highest <= 1 and 0 <= least < 1):
        return None
    return StatedLimits(slowdown, lowest, highest, least)


def check_asked(stated: StatedLimits, asked: Mapping[str, float | None]) -> Check:
    """Whether the choice was made under the limits that were asked for; keys as in the document's ``limits``."""
    wrong = [
        name
        for name, value in asked.items()
        if value is not None and abs(getattr(stated, name) - value) > 1e-9
    ]
    return Check(
        "asked limits",
        not wrong,
        ", ".join(f"{name} = {getattr(stated, name):g}" for name in wrong or asked),
        ", ".join(f"{name} = {asked[name]:g}" for name in wrong)
        if wrong
        else "the limits that were asked for",
        "the choice was made under the limits that were asked for",
    )
