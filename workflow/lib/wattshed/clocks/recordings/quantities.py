"""Cells of text as numbers in our units: units in cells or headers, missing values, decimal commas."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wattshed.clocks.recordings.delimited import Delimited
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.config.clocks.recording_columns import QUANTITIES, UNITS
from wattshed.foundation.faults import Fault

MISSING = pa.array(
    [
        *("", "N/A", "[N/A]", "n/a", "NA", "<NA>", "nan", "NaN", "NAN", "null", "None", "-", "--", "ERR!"),
        *("[Not Supported]", "Not Supported", "[Unknown Error]", "[GPU requires reset]"),
        *("[Insufficient Permissions]", "[Not Found]", "[Function Not Found]"),
    ]
)
NUMBER_AND_UNIT = re.compile(r"^[-+]?[\d.,]+(?:[eE][-+]?\d+)?\s*([A-Za-z%]+)?$")
SYMBOLS = {"%": "percent", "°C": "C"}


def numbers_of(
    cells: Delimited, theirs: str, ours: str, block: RecordingBlock, usual_unit: str | None = None
) -> np.ndarray:
    """A column as float64 in our unit, NaN where nothing was read.

    The unit is that of the cells or of the header (``power.draw [W]``), else ``block.units``, else ``usual_unit`` (that
    of the layout), else ours. Raises :class:`Fault`, with the line, for what is not a number or has another unit.
    """
    texts = pc.utf8_trim_whitespace(cells.texts(theirs))
    found, plain = _without_unit(texts)
    header = re.search(r"\[([^\]]+)\]\s*$", theirs)
    unit = found or (header[1] if header else None)
    factor = _factor(cells.path, ours, SYMBOLS.get(unit or "", unit), block, usual_unit)
    plain = pc.if_else(pc.is_in(plain, value_set=MISSING), pa.scalar(None, pa.string()), plain)
    if cells.separator != "," or _any(pc.match_substring(plain, ",")):
        both = pc.and_(pc.match_substring(plain, ","), pc.match_substring(plain, "."))
        if _any(both):
            _refuse(cells, theirs, texts, np.argmax(_bools(both)))
        plain = pc.replace_substring(plain, ",", ".")
    try:
        values = pc.cast(plain, pa.float64())
    except pa.ArrowInvalid:
        read = pd.to_numeric(plain.to_pandas(), errors="coerce").to_numpy(float)
        _refuse(cells, theirs, texts, np.argmax(np.isnan(read) & ~_bools(pc.is_null(plain))))
    numbers = values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy()
    if np.isinf(numbers).any():
        _refuse(cells, theirs, texts, np.argmax(np.isinf(numbers)))
    return np.asarray(numbers, dtype=np.float64) * factor


def words_of(cells: Delimited, theirs: str) -> pd.Series:
    """A column as text without outer blanks and quotes; missing where nothing was written."""
    texts = pc.utf8_trim(cells.texts(theirs), characters=' \t"')
    texts = pc.if_else(pc.is_in(texts, value_set=MISSING), pa.scalar(None, pa.string()), texts)
    return texts.dictionary_encode().to_pandas().astype("string").reset_index(drop=True)


def _without_unit(texts: pa.ChunkedArray) -> tuple[str | None, pa.ChunkedArray]:
    """The unit of the first cell that has one, and the cells without it."""
    for text in texts.slice(0, 1000).to_pylist():
        match = NUMBER_AND_UNIT.match(text)
        if match and match[1]:
            unit = match[1]
            with_unit = pc.ends_with(texts, unit)
            return unit, pc.if_else(
                with_unit, pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(texts, 0, -len(unit))), texts
            )
    return None, texts


def _factor(path: Path, ours: str, found: str | None, block: RecordingBlock, usual: str | None) -> float:
    known = UNITS[QUANTITIES[ours]]
    if found is None:
        return block.factor(ours) if ours in block.units else known[usual or next(iter(known))]
    if found not in known:
        raise Fault(
            f"{path}: {ours} is in {found!r}: expected one of {', '.join(known)}; convert the column."
        )
    if block.units.get(ours, found) != found:
        raise Fault(
            f"{path}: {ours} is in {found} by the file, but in {block.units[ours]} by the key units: correct units."
        )
    return known[found]


def _any(flags: pa.ChunkedArray) -> bool:
    return bool(pc.any(flags).as_py())


def _bools(flags: pa.ChunkedArray) -> np.ndarray:
    return flags.to_pandas().fillna(False).to_numpy(bool)


def _refuse(cells: Delimited, theirs: str, texts: pa.ChunkedArray, row: np.intp) -> None:
    raise Fault(
        f"{cells.path}, line {cells.line(int(row))}: {theirs} is {texts[int(row)].as_py()!r}; expected a "
        "finite number, "
        "in one unit throughout: correct or remove the line."
    )
