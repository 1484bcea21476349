"""The content of a table, before it becomes LaTeX or HTML."""

import math
from dataclasses import dataclass, field

import pandas as pd

ESTIMATED = "†"
SIMULATED = "‡"
MISSING = "\u2013"
MARK_NOTES = {
    ESTIMATED: "estimated in whole or in part, not measured",
    SIMULATED: "simulated, without a real GPU",
}
INTERVAL_TITLE = "95 % interval"
SMALLEST_SHOWN = 0.001


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
    """``[low, high]``, or a dash if there is no interval, as with one run."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return Cell(MISSING)
    return Cell(f"[{plain(low, places)}, {plain(high, places)}]")


def significant_interval(low: float | None, high: float | None) -> Cell:
    """``[low, high]`` with three significant digits each."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return Cell(MISSING)
    return Cell(f"[{significant_text(low)}, {significant_text(high)}]")


def plain(value: float, places: int) -> str:
    """Fixed decimals, and no minus before a zero."""
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text


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
