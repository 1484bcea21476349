"""What a claim is, how it is measured here, and the rule of its verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from wattshed.foundation.faults import Fault
from wattshed.statistics.decisions import Spread
from wattshed.statistics.intervals import Interval

if TYPE_CHECKING:
    from wattshed.accounts.claims.results import Results


class Verdict(StrEnum):
    """How a claim and a measurement agree."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not measured here"


class Topic(StrEnum):
    """What a claim is about; one table each, in this order."""

    ENERGY = "energy"
    TIME_AND_SIZE = "time and size"
    MEMORY = "memory"
    ERRORS = "errors"
    LATER_MONTHS = "learning from later months"


@dataclass(frozen=True)
class Bounds:
    """The values with which a claim holds, both ends included; None for an open end."""

    low: float | None = None
    high: float | None = None

    def verdict(self, measured: Interval) -> Verdict:
        """Holds if the whole interval lies within, does not hold if all of it lies outside, else undecided.

        Without an interval, as with one seed, nothing is decided.
        """
        if measured.low is None or measured.high is None:
            return Verdict.UNDECIDED
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if low <= measured.low and measured.high <= high:
            return Verdict.HOLDS
        return Verdict.FAILS if measured.high < low or measured.low > high else Verdict.UNDECIDED


@dataclass(frozen=True)
class Finding:
    """One measurement of a claim.

    of: what was measured, such as a checkpoint's lineage; measured: in the claim's unit; where: the table, figure or
    section of this study that shows it; exact: whether chance has no part in it, as in a size.
    """

    of: str
    measured: Interval
    where: str
    exact: bool = False


@dataclass(frozen=True)
class Claim:
    """One number that a document claims.

    claim: a short name, unique in its document; place: section or table of the document; says: the claim in words;
    claimed: the value as the document gives it; unit: of the bounds and of what is measured; bounds: with which values
    it holds; measure: what this study found, or why it did not measure the claim, as a part of a sentence.
    """

    claim: str
    topic: Topic
    place: str
    says: str
    claimed: str
    unit: str
    bounds: Bounds
    measure: Callable[[Results], Sequence[Finding] | str]


@dataclass(frozen=True)
class Source:
    """A plug-in: a document and its claims. Raises :class:`Fault` if two claims have one name.

    of_readings: whether they are about forecasts of readings, so that a study of classes measures none of them.
    """

    document: str
    claims: tuple[Claim, ...]
    of_readings: bool = False

    def __post_init__(self) -> None:
        names = [claim.claim for claim in self.claims]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise Fault(
                f"the claims of {self.document!r} name {twice[0]!r} twice: expected each name once; rename one."
            )


def exactly(value: float) -> Interval:
    """A number without spread, such as a count of parameters."""
    return Interval(value, value, value, 1)


def change_percent(ratio: float) -> float:
    """The change in per cent that a ratio to a control means; below 0 is less than the control."""
    return 100 * (ratio - 1)


def change_interval(ratio: Interval) -> Interval:
    """The same of an interval."""
    ends = [None if value is None else change_percent(value) for value in (ratio.mean, ratio.low, ratio.high)]
    return Interval(ends[0], ends[1], ends[2], ratio.n)


def percent_interval(spread: Spread) -> Interval:
    """The change in per cent that a paired test over seeds and blocks of days found; without bounds for one seed."""
    change = spread.change()
    ends = [None if value is None else 100 * value for value in (change.mean, change.low, change.high)]
    low, high = ends[1:] if spread.seeds > 1 else (None, None)
    return Interval(ends[0], low, high, change.n)


def upper_end(finding: Finding) -> float:
    """How far a measurement may lie up: its upper bound, without one its mean."""
    measured = finding.measured
    value = measured.mean if measured.high is None else measured.high
    return -math.inf if value is None else value


def not_measured(reason: str) -> Callable[[Results], str]:
    """How a claim is measured that no stage measures."""
    return lambda results: reason
