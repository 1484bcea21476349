"""One row of the reproduction table."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from wattshed.law.published.printed_number import PrintedNumber
from wattshed.law.published.reproducing.verdicts import Judgement, Verdict, judge, relative_error

# Documents: the older read-me with its own law, and the final paper with the code and read-me of its release.
README, PAPER = "readme", "paper"
DOCUMENTS = {README: "older read-me", PAPER: "final paper and its release"}


# From here on an error is shown as a factor.
FACTOR_SHARE = 8.0


class Basis(StrEnum):
    """What the recomputed value comes from."""

    FORMULA = "formula"
    RECORDED = "recorded data"
    CITED = "cited"


@dataclass(frozen=True)
class Row:
    """A published number against what its formula or its data give.

    source: ``readme`` or ``paper``; place: section or table; printed: the number's text, None if the source does not
    state it; value: the same as a number; recomputed: None without any formula; error_share: by how much the recomputed
    value is above the printed one, as a share of it; unselected: the same measure on all points, where the source's is
    on selected ones.
    """

    source: str
    place: str
    quantity: str
    unit: str
    printed: str | None
    value: float | None
    recomputed: float | None
    error_share: float | None
    unselected: float | None
    verdict: Verdict
    reason: str
    basis: Basis

    def to_json(self) -> dict[str, Any]:
        """With the document's name; enumerations as their texts."""
        found = asdict(self) | {"document": DOCUMENTS[self.source]}
        return {key: str(value) if isinstance(value, StrEnum) else value for key, value in found.items()}


def error_text(share: float | None) -> str:
    """A relative error in per cent, from ten times on as a factor, and a dash where it is unknown."""
    if share is None or math.isnan(share):
        return "\u2013"
    if share >= FACTOR_SHARE:
        return f"× {1 + share:.4g}"
    text = f"{100 * share:+.1f} %"
    return "0.0 %" if text in ("+0.0 %", "-0.0 %") else text


def made_row(
    source: str,
    place: str,
    quantity: str,
    unit: str,
    printed: str,
    recomputed: float | None,
    *,
    judgement: Judgement | None = None,
    others: Mapping[str, float] | None = None,
    exchanged: Mapping[str, float] | None = None,
    because: str = "",
    unselected: float | None = None,
    basis: Basis = Basis.FORMULA,
) -> Row:
    """A row with its verdict.

    judgement: of another rule than :func:`judge`; because: said after the reason.
    """
    number = PrintedNumber(printed)
    if judgement is None:
        assert recomputed is not None
        judgement = judge(number, recomputed, others, exchanged)
    return Row(
        source,
        place,
        quantity,
        unit,
        printed,
        number.value,
        recomputed,
        None if recomputed is None else relative_error(number, recomputed),
        unselected,
        judgement.verdict,
        f"{judgement.reason}{f'; {because}' if because else ''}",
        basis,
    )


def unstated_row(
    source: str, place: str, quantity: str, unit: str, found: float, reason: str, basis: Basis
) -> Row:
    """A row of what the source does not state and a reader must know."""
    return Row(
        source, place, quantity, unit, None, None, found, None, None, Verdict.NOT_STATED, reason, basis
    )
