"""The content of a table, before it becomes LaTeX or HTML."""

import math
import re
from dataclasses import dataclass, field

import pandas as pd

ESTIMATED = "†"
SIMULATED = "‡"
CHECK = "✓"
RANK_UP, RANK_DOWN = "↑", "↓"
MISSING = "\u2013"
MARK_NOTES = {
    ESTIMATED: "estimated in whole or in part, not measured",
    SIMULATED: "simulated, without a real GPU",
}
INTERVAL_TITLE = "95 % interval"
SMALLEST_SHOWN = 0.001
# From here on, a power of ten is easier to read.
LARGEST_PLAIN = 1e5
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Column:
    """A column's header. ``numeric``: aligned at the decimal point; ``width_cm``: long text wraps at this width."""

    title: str
    unit: str = ""
    numeric: bool = False
    width_cm: float | None = None


@dataclass(frozen=True)
class Cell:
    """Text of one cell, a mark for how it is known, and whether it is the best of its column."""

    text: str
    mark: str = ""
    best: bool = False


@dataclass(frozen=True)
class Table:
    """``name``: the file's stem; ``caption``: the content with n; ``notes``: what a reader must know."""

    name: str
    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    notes: list[str] = field(default_factory=list)

    @property
    def all_notes(self) -> list[str]:
        """The notes, and the meaning of every mark that occurs."""
        used = "".join(cell.mark for row in self.rows for cell in row)
        return [*self.notes, *(f"{mark} {meaning}." for mark, meaning in MARK_NOTES.items() if mark in used)]


def decimals(value: float | None, places: int, *, mark: str = "", best: bool = False) -> Cell:
    """A number with fixed decimal places; a dash without a mark if it is unknown."""
    if value is None or pd.isna(value):
        return Cell(MISSING)
    return Cell(plain(value, places), mark, best)


def significant(value: float | None, *, mark: str = "", best: bool = False) -> Cell:
    """A number with three significant digits in plain decimals; tiny ones as ``< 0.001``."""
    if value is None or pd.isna(value):
        return Cell(MISSING)
    return Cell(significant_text(value), mark, best)


def interval(low: float | None, high: float | None, places: int) -> Cell:
    """``[low, high]``, or a dash if there is no interval, as with one run, or where all seeds are alike because nothing
    in the model is random."""
    if low is None or high is None or pd.isna(low) or pd.isna(high) or math.isclose(low, high, rel_tol=1e-9):
        return Cell(MISSING)
    return Cell(f"[{plain(low, places)}, {plain(high, places)}]")


def significant_interval(low: float | None, high: float | None) -> Cell:
    """``[low, high]`` with three significant digits each; tiny ones with a power of ten, ``[1.20, 3.40] × 10⁻⁵``."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return Cell(MISSING)
    if 0 < max(abs(low), abs(high)) < SMALLEST_SHOWN:
        return powers_interval(low, high)
    return Cell(f"[{significant_text(low)}, {significant_text(high)}]")


def plain(value: float, places: int) -> str:
    """Fixed decimals, and no minus before a zero."""
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def spaced_percent(text: str) -> str:
    """The text with a space before every percent sign, as in all tables: ``5.0 %``."""
    return re.sub(r"(?<=\d)%", " %", text)


def powers(value: float | None, *, mark: str = "") -> Cell:
    """Three significant digits, with a power of ten where plain decimals are long or vanish: ``7.44 × 10¹¹``."""
    if value is None or pd.isna(value):
        return Cell(MISSING)
    exponent = _power(value)
    return Cell(
        significant_text(value) if exponent is None else f"{value / 10.0**exponent:.2f}{_ten(exponent)}", mark
    )


def powers_interval(low: float | None, high: float | None) -> Cell:
    """``[7.00, 8.50] × 10¹¹``: both ends with the power of ten of the larger one, if it needs one."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return Cell(MISSING)
    exponent = _power(max(low, high, key=abs))
    if exponent is None:
        return significant_interval(low, high)
    ends = (plain(end / 10.0**exponent, 2) for end in (low, high))
    return Cell(f"[{', '.join(ends)}]{_ten(exponent)}")


def _power(value: float) -> int | None:
    """The power of ten of a number that plain decimals do not suit, else None."""
    if value == 0 or SMALLEST_SHOWN <= abs(value) < LARGEST_PLAIN:
        return None
    # Rounded first: 9.996e9 is 1.00 × 10¹⁰.
    return int(f"{value:.2e}".partition("e")[2])


def _ten(exponent: int) -> str:
    return f" \u00d7 10{str(exponent).translate(RAISED)}"


def significant_text(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) < SMALLEST_SHOWN:
        return f"< {SMALLEST_SHOWN}" if value > 0 else f"> -{SMALLEST_SHOWN}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return plain(value, places)


def count_text(counts: pd.Series) -> str:
    """``n = 3``, or the range where rows differ."""
    low, high = int(counts.min()), int(counts.max())
    return f"n = {low}" if low == high else f"n = {low} to {high}"


def blocks_text(count: int) -> str:
    return f"{count} block" if count == 1 else f"{count} blocks"
