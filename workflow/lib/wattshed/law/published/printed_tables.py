"""The source's Tables 9 and 10 of energies by layers and heads or width, as its released notebook prints them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from wattshed.law.published.printed_number import PrintedNumber
from wattshed.law.published.transformer_step import MODEL_A, TransformerSizes, step_energy_j

FOLDER = Path(__file__).parent
# Of Table 10; the paper does not state it, the notebook does.
HEADS_OF_WIDTHS = 6


@dataclass(frozen=True)
class PrintedCell:
    """One printed energy [J] and the sizes that it is of."""

    sizes: TransformerSizes
    printed: PrintedNumber

    @property
    def recomputed_j(self) -> float:
        return step_energy_j(self.sizes)

    @property
    def agrees(self) -> bool:
        """Whether the formulas give the printed value to its last digit."""
        return self.printed.distance(self.recomputed_j) == 0


def heads_table() -> list[PrintedCell]:
    """Table 9: 31 numbers of layers x 8 numbers of heads, for a width of 512."""
    return [
        PrintedCell(replace(MODEL_A, layers=layers, heads=heads), printed)
        for layers, heads, printed in _cells("heads_table.csv")
    ]


def width_table() -> list[PrintedCell]:
    """Table 10: 31 numbers of layers x 20 widths, with six heads."""
    return [
        PrintedCell(replace(MODEL_A, layers=layers, heads=HEADS_OF_WIDTHS, width=width), printed)
        for layers, width, printed in _cells("width_table.csv")
    ]


def _cells(name: str) -> Iterator[tuple[int, int, PrintedNumber]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        columns = [int(text) for text in next(rows)[1:]]
        for layers, *texts in rows:
            for column, text in zip(columns, texts, strict=True):
                yield int(layers), column, PrintedNumber(text)
