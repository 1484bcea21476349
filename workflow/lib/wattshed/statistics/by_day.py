"""Errors by seed and day of several forecasts of the same cells: what the decision rule takes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattshed.foundation.faults import Fault
from wattshed.statistics.decisions import (
    Spread,
    day_blocks,
    error_spread,
    ratio_spread,
    unpaired_spread,
)

# Column with a day's sum of errors, and the power of their mean that is the error.
ERRORS = {"rmse": ("squared", 0.5), "mae": ("absolute", 1.0)}


@dataclass(frozen=True)
class ErrorsByDay:
    """Sums of errors by seed and day [S, D] of each forecast, on the days that all of them have.

    cells: observed cells by day [D]; blocks: block of each day [D]; power: of the mean that is the error.
    """

    sums: Mapping[str, NDArray[np.float64]]
    seeds: Mapping[str, tuple[int, ...]]
    cells: NDArray[np.float64]
    blocks: NDArray[np.int64]
    power: float

    def error(self, name: str) -> Spread:
        """Logarithm of one forecast's error."""
        return error_spread(self.sums[name], self.cells, self.blocks, self.power)

    def against(self, name: str, other: str) -> Spread:
        """Logarithm of one error over another. Seeds are paired where both have two or more of them."""
        above, below = self.sums[name], self.sums[other]
        own, others = self.seeds[name], self.seeds[other]
        common = [seed for seed in own if seed in others]
        if own == others or len(own) == 1 or len(others) == 1:
            return ratio_spread(above, below, self.blocks, self.power)
        if len(common) < 2:
            return unpaired_spread(above, below, self.blocks, self.power)
        rows = [[seeds.index(seed) for seed in common] for seeds in (own, others)]
        return ratio_spread(above[rows[0]], below[rows[1]], self.blocks, self.power)


def errors_by_day(rows: pd.DataFrame, by: str, error: str, what: str) -> ErrorsByDay:
    """The errors of each value of one column.

    rows: columns ``seed, day (YYYY-MM-DD), squared, absolute, cells`` and ``by``; error: ``rmse`` or ``mae``; what:
    names the rows in a message. Raises :class:`Fault` if a day comes twice, and if no day is common.
    """
    column, power = ERRORS[error]
    sums = rows[rows["cells"] > 0]
    twice = sums[sums.duplicated([by, "seed", "day"])]
    if len(twice):
        one = twice.iloc[0]
        raise Fault(
            f"{what} have {one['day']} of {one[by]}, seed {one['seed']}, twice: expected each day once; one file was "
            "copied over another: delete both and run snakemake again."
        )
    by_cells = sums.groupby("day")["cells"]
    unlike = by_cells.min() < by_cells.max()
    if unlike.any():
        raise Fault(
            f"{what} count different cells on {unlike.idxmax()}: expected the same observed cells for all of them; "
            "forecast and score again."
        )
    tables = {
        str(name): own.pivot(index="seed", columns="day", values=column) for name, own in sums.groupby(by)
    }
    complete = [{str(day) for day in table.dropna(axis=1)} for table in tables.values()]
    common = sorted(set.intersection(*complete)) if complete else []
    if not common:
        raise Fault(
            f"{what} have no day in common: expected errors by day of all of them; forecast and score again."
        )
    ordinals = pd.to_datetime(pd.Series(common)).to_numpy().astype("datetime64[D]").astype(np.int64)
    cells = sums.drop_duplicates("day").set_index("day")["cells"]
    return ErrorsByDay(
        sums={name: table[common].to_numpy(dtype="float64") for name, table in tables.items()},
        seeds={name: tuple(int(seed) for seed in table.index) for name, table in tables.items()},
        cells=cells.reindex(common).to_numpy(dtype="float64"),
        blocks=day_blocks(ordinals),
        power=power,
    )
