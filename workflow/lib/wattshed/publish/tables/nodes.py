"""Table: spread of the error over the nodes."""

import pandas as pd

from wattshed.accounts.comparison.accuracy_means import QUANTILES, node_quantiles
from wattshed.publish.typesetting.table import Cell, Column, Table, decimals
from wattshed.publish.typesetting.table_part import TablePart

# Decimal places.
METRICS = {"rmse": 4, "mase": 3}


def nodes_table(scores: pd.DataFrame, unit: str) -> Table:
    """10th, 50th and 90th percentile over the nodes of RMSE and MASE."""
    summary = node_quantiles(scores)
    rows = [
        [
            Cell(row["model"]),
            *[
                decimals(row[f"{metric}_p{round(100 * quantile)}"], places)
                for metric, places in METRICS.items()
                for quantile in QUANTILES
            ],
        ]
        for row in summary.to_dict("records")
    ]
    columns = [Column("Model")]
    for name, of in (("RMSE", unit), ("MASE", "")):
        columns += [Column(f"{name} {round(100 * quantile)} %", of, numeric=True) for quantile in QUANTILES]
    caption = (
        f"Errors of single nodes on the test part: 10th, 50th and 90th percentile over n = {summary['nodes'].max()} "
        "nodes of each node's mean over seeds, sorted by median RMSE."
    )
    return Table("nodes", caption, columns, rows, [])


TABLE = TablePart(
    message="Make the table of errors by node",
    caption="Spread of the test errors over the nodes.",
    inputs=("scores", "panel"),
    make=lambda inputs: nodes_table(inputs.frame("scores"), inputs.unit),
)
