"""Cells of text as numbers in our units: units in cells or headers, missing values, decimal commas."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wattshed.clocks.recordings.delimited import Delimited
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.config.clocks.recording_columns import AMBIGUOUS_ENDINGS, QUANTITIES, UNITS, unit_of
from wattshed.foundation.faults import Fault

MISSING = pa.array(
    [
        *("", "N/A", "[N/A]", "n/a", "NA", "<NA>", "nan", "NaN", "NAN", "null", "None", "-", "--", "ERR!"),
        *("[Not Supported]", "Not Supported", "[Unknown Error]", "[GPU requires reset]"),
        *("[Insufficient Permissions]", "[Not Found]", "[Function Not Found]"),
    ]
)
THOUSANDS = r"^[-+]?[1-9]\d{0,2}(,\d{3})+$"
NUMBER_AND_UNIT = re.compile(r"^[-+]?[\d.,]+(?:[eE][-+]?\d+)?\s*([A-Za-z%°µμ]+)?$")
# nvidia-smi writes why it read nothing in brackets.
NOT_READ = r"(?i)^(\[[^\d\]]*\]|n/a|#n/a|<na>|na|nan|null|none|err!?|error|unknown error|not supported)$"


def numbers_of(
    cells: Delimited, theirs: str, ours: str, block: RecordingBlock, usual_unit: str | None = None
) -> np.ndarray:
    """A column as float64 in our unit, NaN where nothing was read.

    The unit is that of the cells or of the header (``power.draw [W]``), else ``block.units``, else ``usual_unit`` (that
    of the layout), else ours. Raises :class:`Fault`, with the line, for what is not a number or has another unit.
    """
    texts = _read_ones(pc.utf8_trim_whitespace(cells.texts(theirs)))
    try:
        return _numbers(cells, texts, theirs, ours, block, usual_unit)
    except Fault:
        # Rare spellings of what was not read; to look for them in every log would take as long as to read it.
        odd = pc.match_substring_regex(texts, NOT_READ)
        if not _any(odd):
            raise
    texts = pc.if_else(odd, pa.scalar(None, pa.string()), texts)
    return _numbers(cells, texts, theirs, ours, block, usual_unit)


def _numbers(
    cells: Delimited,
    texts: pa.ChunkedArray,
    theirs: str,
    ours: str,
    block: RecordingBlock,
    usual_unit: str | None,
) -> np.ndarray:
    found, plain = _without_unit(texts)
    # Some drivers write a unit behind what was not read.
    plain = _read_ones(plain)
    unit = found or _unit_in(theirs)
    factor = _factor(cells.path, ours, theirs, unit, block, usual_unit)
    if found and factor != 1.0 and _any(bare := pc.and_(pc.equal(plain, texts), pc.not_equal(plain, "0"))):
        _refuse(cells, theirs, texts, np.argmax(_bools(bare)))
    if cells.separator != "," or _any(pc.match_substring(plain, ",")):
        both = pc.and_(pc.match_substring(plain, ","), pc.match_substring(plain, "."))
        if _any(both):
            _refuse(cells, theirs, texts, np.argmax(_bools(both)))
        _refuse_thousands(cells, theirs, plain)
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


def _read_ones(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells, null where they say that nothing was read."""
    return pc.if_else(pc.is_in(texts, value_set=MISSING), pa.scalar(None, pa.string()), texts)


def _refuse_thousands(cells: Delimited, theirs: str, plain: pa.ChunkedArray) -> None:
    """Raise :class:`Fault` where all commas may part thousands: 1,250 is read as 1.25 only if another cell shows it."""
    grouped = pc.match_substring_regex(plain, THOUSANDS)
    others = pc.and_(pc.match_substring(plain, ","), pc.invert(grouped))
    if cells.separator == "," and _any(grouped) and not _any(others):
        row = int(np.argmax(_bools(grouped)))
        shown = plain[row].as_py()
        raise Fault(
            f"{cells.path}, line {cells.line(row)}: {theirs} is {shown!r}, which may be {shown.replace(',', '')} or "
            f"{shown.replace(',', '.', 1)}: expected numbers without separators of thousands; write them with a point."
        )


def _unit_in(theirs: str) -> str | None:
    """The unit in a column's name: ``power.draw [W]``, ``time (ms)``."""
    brackets = re.search(r"[\[(]([^\])]+)[\])]\s*$", theirs)
    return brackets[1].strip() if brackets else None


def _unit_at_end(theirs: str, quantity: str) -> str | None:
    """The unit that a name ends with: ``duration_ms``, ``energy_kWh``. ``_min`` and ``_h`` may mean something else."""
    ending = re.split(r"[_.\s-]", theirs.strip())[-1]
    unit = unit_of(ending, quantity)
    return unit if unit not in AMBIGUOUS_ENDINGS and theirs.strip() != ending else None


def words_of(cells: Delimited, theirs: str) -> pd.Series:
    """A column as text without outer blanks and quotes; missing where nothing was written."""
    texts = pc.utf8_trim(cells.texts(theirs), characters=' \t"')
    texts = pc.if_else(pc.is_in(texts, value_set=MISSING), pa.scalar(None, pa.string()), texts)
    return texts.dictionary_encode().to_pandas().astype("string").reset_index(drop=True)


def _without_unit(texts: pa.ChunkedArray) -> tuple[str | None, pa.ChunkedArray]:
    """The unit of the first cell that has one, and the cells without it."""
    for text in pc.drop_null(texts).slice(0, 1000).to_pylist():
        match = NUMBER_AND_UNIT.match(text)
        if match and match[1]:
            unit = match[1]
            with_unit = pc.ends_with(texts, unit)
            return unit, pc.if_else(
                with_unit, pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(texts, 0, -len(unit))), texts
            )
    return None, texts


def _factor(
    path: Path, ours: str, theirs: str, found: str | None, block: RecordingBlock, usual: str | None
) -> float:
    known = UNITS[QUANTITIES[ours]]
    if found is None:
        if ours in block.units:
            return block.factor(ours)
        return known[_unit_at_end(theirs, QUANTITIES[ours]) or usual or next(iter(known))]
    unit = unit_of(found, QUANTITIES[ours])
    if unit is None:
        raise Fault(
            f"{path}: {theirs} is in {found!r}: expected one of {', '.join(known)}; convert the column."
        )
    if block.units.get(ours, unit) != unit:
        raise Fault(
            f"{path}: {theirs} is in {unit} by the file, but in {block.units[ours]} by the key units: correct units."
        )
    return known[unit]


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
