"""One check of a recommendation, and what all checks together say."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Result = Literal["pass", "fail", "not judged"]


@dataclass(frozen=True)
class Check:
    """found, expected: as text with units. must: whether a recommendation fails with it; else it is a warning."""

    name: str
    passed: bool
    found: str
    expected: str
    words: str
    must: bool = True


@dataclass(frozen=True)
class Validation:
    """What the checks of one choice say; numbers are those that the validator found itself, shares of the baseline.

    result: ``pass`` if all checks that must hold do, ``fail`` if one does not, ``not judged`` where there is nothing to
    recompute or the choice itself states that the sweep cannot be trusted.
    """

    gpu: str
    gpu_uuid: str | None
    workload: str
    knob: str
    status: str
    setting: int | None
    result: Result
    reason: str
    checks: tuple[Check, ...] = ()
    method: str | None = None
    saving_share: float | None = None
    saving_low: float | None = None
    saving_high: float | None = None
    slowdown_share: float | None = None
    slowdown_low: float | None = None
    slowdown_high: float | None = None
    power_saving_share: float | None = None

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.must and not check.passed)

    @property
    def warnings(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.must and not check.passed)

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``validation.json``: every number is finite or null."""
        return asdict(self) | {"checks": [asdict(check) for check in self.checks]}


def percent(share: float) -> str:
    """A share (1 is all) in percent, for sentences."""
    return f"{100 * share:.1f} %"


def span(low: float, high: float) -> str:
    """A range of shares in percent, for sentences."""
    return f"{100 * low:.1f} to {100 * high:.1f} %"
