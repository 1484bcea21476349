"""Which token-level models a sweep measures: one size at a time around a base."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wattshed.config.energy.law import FACTORS, Factor, LawSweepBlock, TokenFamily
from wattshed.law.operations.tokens import TokenSizes


@dataclass(frozen=True)
class SweepPoint:
    """One size of one family. value: of the factor."""

    family: TokenFamily
    factor: Factor
    value: int
    sizes: TokenSizes


def planned_points(sweep: LawSweepBlock) -> Iterator[SweepPoint]:
    """Every point, family by family and factor by factor. A recurrent family has no heads, and so no such points."""
    base = sweep.base
    sizes = TokenSizes(
        base.batch,
        base.length,
        base.width,
        base.layers,
        base.heads,
        base.feed_forward * base.width,
        base.vocabulary,
    )
    for family in sweep.families:
        for factor in FACTORS:
            if factor == "heads" and family != "transformer":
                continue
            values: list[int] = getattr(sweep, factor)
            for value in values:
                yield SweepPoint(family, factor, value, _with(sizes, factor, value, base.feed_forward))


def _with(sizes: TokenSizes, factor: Factor, value: int, feed_forward: int) -> TokenSizes:
    changed = replace(sizes, **{factor: value})
    # The feed-forward part grows with the width.
    return replace(changed, feed_forward=feed_forward * changed.width)
