"""Tables: errors on every month after each month that was learned, one table per strategy."""

import pandas as pd

from wattshed.foundation.vocabulary import Phase
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.table import Cell, Column, Table, decimals
from wattshed.publish.typesetting.table_part import TablePart

TASKS_NOTE = (
    "base is the test part of the base period, which no strategy learns; CL_1 is the first later month, CL_2 the "
    "second, and so on. Row 0: before any of them was learned."
)


def matrix_table(matrix: pd.DataFrame, strategy: str, unit: str, parent: str = "") -> Table:
    """The matrix R[i, j] of one strategy: held-out RMSE of task j after i months, mean over seeds.

    matrix: rows of ``adaptation/*.parquet``, of one parent; unit: of the errors; parent: the adapted
    checkpoint, named in the caption if given.
    """
    part = matrix[(matrix["strategy"] == strategy) & (matrix["phase"] == Phase.HELD_OUT)]
    means = part.pivot_table(index="learned", columns="task", values="rmse", aggfunc="mean", sort=False)
    rows = [
        [Cell(str(learned)), *(decimals(value, 4) for value in values)]
        for learned, values in zip(means.index, means.to_numpy(), strict=True)
    ]
    columns = [
        Column("Months learned"),
        *(Column(str(task), unit, True) for task in means.columns),
    ]
    of_parent = f" on {parent}" if parent else ""
    caption = (
        f"Strategy {strategy}{of_parent}: RMSE on each task's held-out tail after each number of learned "
        "months, "
        f"mean over n = {part['seed'].nunique()} seeds."
    )
    return Table("-".join(filter(None, ["matrix", parent, strategy])), caption, columns, rows, [TASKS_NOTE])


def _make(inputs: Inputs) -> dict[str, Table]:
    """Strategies that update the network, in the order of the summary."""
    summary, matrix = inputs.frame("adaptation"), inputs.frame("matrices")
    several = "parent" in summary and summary["parent"].nunique() > 1
    tables = {}
    for parent in summary["parent"].unique() if several else [""]:
        rows = summary[summary["parent"] == parent] if several else summary
        cells = matrix[matrix["parent"] == parent] if several else matrix
        updated = rows.groupby("strategy", sort=False)["updates"].max()
        for strategy in updated[updated > 0].index:
            table = matrix_table(cells, str(strategy), inputs.unit, parent)
            tables[table.name] = table
    return tables


TABLE = TablePart(
    message="Make the matrices of errors",
    caption="Errors on every month after each month that was learned.",
    inputs=("adaptation", "matrices", "panel"),
    in_report_only=True,
    make=_make,
)
