"""Texts of single times whose shape is recognised: flags, ends of days, offsets; dates are read by ``dates``."""

import re

import numpy as np
import pandas as pd

from wattshed.data.clock.dates import DAY_S, read_dates
from wattshed.data.clock.places import Places
from wattshed.data.clock.rules import ClockRules
from wattshed.foundation.faults import Fault

MIDNIGHT_24 = re.compile(r"(?<!\d)24:00(?=(?::00(?:\.0+)?)?(?!\d|:))")
# ERCOT marks the hour that comes twice; the order of rows tells which it is.
FLAG = r"\s*(?:DST|\*)$"
OFFSET = (
    r"(?:\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?|T\d{2}(?:\d{2}(?:\d{2}(?:[.,]\d+)?)?)?)(?:\s*[AaPp]\.?[Mm]\.?)?"
    r"(\s*(?:[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?))$"
)


def read_words(words: pd.Series, rules: ClockRules, places: Places) -> tuple[np.ndarray, bool]:
    """Seconds since 1970 [U] of texts [U], and whether they have an offset and are therefore UTC.

    Raises :class:`Fault` for texts that cannot be read, or only some of which have an offset.
    """
    words = words.str.replace(FLAG, "", regex=True)
    words, late = without_24(words)
    offset = words.str.extract(OFFSET)[0]
    aware = offset.notna().to_numpy()
    if bool((aware != aware[0]).any()):
        cell = int(np.argmax(aware != aware[0]))
        raise Fault(
            f"{places.at_cell(cell)}: time {words.iloc[cell]!r} has {'a' if aware[cell] else 'no'} UTC offset, unlike "
            "the rows before it; expected all with or all without: write them in one way."
        )
    if not aware[0]:
        return read_dates(words, rules, places) + DAY_S * late, False
    bare = pd.Series([word[: -len(end)] for word, end in zip(words, offset, strict=True)])
    return read_dates(bare, rules, places) + DAY_S * late - _offset_s(offset), True


def without_24(words: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Texts with 00:00 in place of 24:00, and bool [U] of those whose day is the next one."""
    late = words.str.contains(MIDNIGHT_24).to_numpy(dtype=bool)
    if late.any():
        words = words.str.replace(MIDNIGHT_24, "00:00", regex=True)
    return words, late


def _offset_s(offsets: pd.Series) -> np.ndarray:
    """Seconds ahead of UTC [U]; 0 of Z, UTC and GMT."""
    kinds, codes = offsets.str.strip().unique(), pd.factorize(offsets.str.strip())[0]
    sizes = []
    for kind in kinds:
        match = re.fullmatch(r"([+-])(\d{2}):?(\d{2})?", kind)
        size = 0 if match is None else 3600 * int(match[2]) + 60 * int(match[3] or 0)
        sizes.append(-size if match is not None and match[1] == "-" else size)
    return np.asarray(sizes, dtype=np.int64)[codes]
