"""Table: how the error spreads over the nodes."""

from typing import Any

import pandas as pd

from wattshed.publish.typesetting.table import Cell, Column, Table, decimals

QUANTILES = (0.1, 0.5, 0.9)
METRICS = {"rmse": 4, "mase": 3}


def node_quantiles(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per model, least median RMSE first: quantiles over nodes of each node's mean over seeds."""
    nodes = scores[scores["scope"] == "node"].groupby(["model", "node"], as_index=False)[list(METRICS)].mean()
    rows = []
    for model, part in nodes.groupby("model"):
        row: dict[str, Any] = {"model": model, "nodes": len(part)}
        for metric in METRICS:
            for quantile in QUANTILES:
                row[f"{metric}_p{round(100 * quantile)}"] = part[metric].quantile(quantile)
        rows.append(row)
    return pd.DataFrame(rows).sort_values("rmse_p50", ignore_index=True)


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
