"""Which decimal sign numbers in text have, where their signs can mean one thing only."""

import re
from collections.abc import Iterable

from wattshed.foundation.faults import Fault

# 1,234 and 1.234: a sign before exactly three digits can be of thousands or of decimals.
GROUPED = {sign: re.compile(rf"[+-]?[1-9]\d{{0,2}}(\{sign}\d{{3}})+") for sign in ",."}
FRACTION = {sign: re.compile(rf"[+-]?\d*\{sign}\d*([eE][+-]?\d+)?") for sign in ",."}
BOTH = re.compile(r"[+-]?\d{1,3}(?:([.,])\d{3})+(?!\1)([.,])\d*")
OTHER = {",": ".", ".": ","}


def recognise_decimal(cells: Iterable[str], separator: str | None, where: str) -> str | None:
    """The decimal sign of numbers in text; None where no cell has a sign.

    Cells that are not numbers are passed over. Raises :class:`Fault` where all signs can be of thousands as well; a
    table that commas separate has decimal points.
    """
    votes: set[str] = set()
    doubtful: dict[str, str] = {}
    for cell in cells:
        text = cell.strip()
        both = BOTH.fullmatch(text)
        if both:
            votes.add(both[2])
        for sign in ",.":
            if GROUPED[sign].fullmatch(text):
                if text.count(sign) > 1:
                    votes.add(OTHER[sign])
                else:
                    doubtful.setdefault(sign, text)
            elif FRACTION[sign].fullmatch(text) and text.strip("+-") != sign:
                votes.add(sign)
    if separator == "," and "." in doubtful:
        votes.add(".")
    if votes:
        return "." if "." in votes else ","
    if doubtful:
        sign, text = next(iter(doubtful.items()))
        plain = text.replace(sign, "")
        raise Fault(
            f"{where}: a cell {text!r} can be {plain} or {text.replace(sign, '.')}, and no other cell decides it; "
            f"expected numbers that can be read in one way: set data.source.decimal to {sign!r}, or "
            f"data.source.thousands to {sign!r}."
        )
    return None
