"""Cells of readings as numbers, as far as an inspection can tell: their signs, and texts without a number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.data.dialects.missing import TEXTS

# Different numbers with and without a sign that show that it divides thousands.
LEAST_OF_EACH = 20
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([., ])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
SIGNED = re.compile(r"[+-]?\d*([.,])\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Signs:
    """How numbers are written. doubtful: a cell that could be two numbers, such as 1,234, where `decimal` is
    one of two possible signs; None where all are clear."""

    decimal: str | None = None
    thousands: str | None = None
    doubtful: str | None = None


def signs_of(columns: Sequence[Sequence[str]], separator: str | None) -> Signs:
    """The signs of decimals and thousands in the unique texts of readings, column by column."""
    decimal: set[str] = set()
    divides: set[str] = set()
    doubtful: dict[str, str] = {}
    for texts in columns:
        grouped, plain = [], []
        for text in texts:
            if (both := re.fullmatch(r"[+-]?\d{1,3}(?:([., ])\d{3})+(?!\1)([.,])\d+", text)) is not None:
                decimal.add(both[2])
                divides.add(both[1])
            elif (many := re.fullmatch(r"[+-]?[1-9]\d{0,2}(?:([., ])\d{3})(?:\1\d{3})+", text)) is not None:
                divides.add(many[1])
            elif (one := GROUPED.fullmatch(text)) is not None:
                grouped.append((one[1], text))
            elif (one := SIGNED.fullmatch(text)) is not None:
                decimal.add(one[1])
            elif text.lstrip("+-").isdigit():
                plain.append(text.lstrip("+-"))
        for sign, text in grouped:
            doubtful.setdefault(sign, text)
        # Beside decimals, whole numbers are rare and of any length; where thousands are divided, they are short.
        if min(len(grouped), len(plain)) >= LEAST_OF_EACH and all(len(text) <= 3 for text in plain):
            divides |= {sign for sign, _ in grouped}
    return _decided(decimal, divides, doubtful, separator)


def _decided(decimal: set[str], divides: set[str], doubtful: dict[str, str], separator: str | None) -> Signs:
    if len(decimal) == 1:
        (sign,) = decimal
        other = next((one for one in (*divides, *doubtful) if one != sign), None)
        return Signs(sign, other)
    if len(divides) == 1 and not decimal:
        return Signs(None, next(iter(divides)))
    if decimal or not doubtful:
        return Signs()
    sign, text = next(iter(doubtful.items()))
    if sign == " ":
        return Signs(None, " ")
    return Signs(".") if sign == "." and separator == "," else Signs(sign, doubtful=text)


def numbers_of(texts: pd.Series, signs: Signs) -> pd.Series:
    """float64 of trimmed texts; NaN where a text is not a number."""
    text = texts
    if signs.thousands is not None:
        text = text.str.replace(signs.thousands, "", regex=False)
    if signs.decimal == ",":
        text = text.str.replace(",", ".", regex=False)
    return pd.to_numeric(text, errors="coerce").replace([np.inf, -np.inf], np.nan)


def strange_texts(texts: pd.Series, numbers: pd.Series) -> dict[str, int]:
    """Texts that are neither numbers nor the usual signs of a missing reading, with their counts, most first."""
    strange = texts[numbers.isna().to_numpy()]
    counts = strange[~strange.str.lower().isin(TEXTS).to_numpy(bool)].value_counts()
    return {str(text): int(count) for text, count in counts.items()}
