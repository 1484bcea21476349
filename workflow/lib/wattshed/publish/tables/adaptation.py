"""Table: what fine-tuning on later months brings and costs."""

import pandas as pd

from wattshed.accounts.runs.status import worst_status
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
    significant,
    status_mark,
)
from wattshed.statistics.intervals import METHOD_NOTE
from wattshed.statistics.summaries import summarise

METRICS = [
    "acc_rmse",
    "bwt_rmse",
    "fwt_rmse",
    "forgetting_share",
    "prequential_rmse",
    "base_rmse_after",
    "updates",
    "kwh_per_update",
]


def adaptation_summary(summary: pd.DataFrame) -> pd.DataFrame:
    """One row per strategy: n seeds, mean, low, high of every metric, and the status of its energy.

    ``updated`` says whether the strategy learns at all; one that does not has no energy to know.
    """
    frame = summarise(summary, "strategy", METRICS)
    groups = summary.groupby("strategy")
    frame["energy_status"] = frame["strategy"].map(groups["energy_status"].agg(worst_status))
    frame["updated"] = frame["strategy"].map(groups["updates"].max()) > 0
    return frame


def adaptation_table(summary: pd.DataFrame, unit: str) -> Table:
    """Strategies side by side; errors and forgetting are better small, transfer (BWT, FWT) large."""
    frame = adaptation_summary(summary)
    least = frame["prequential_rmse_mean"].min()
    rows = [
        [
            Cell(row["strategy"]),
            Cell(str(row["n"])),
            decimals(row["prequential_rmse_mean"], 4, best=bool(row["prequential_rmse_mean"] == least)),
            interval(row["prequential_rmse_low"], row["prequential_rmse_high"], 4),
            decimals(row["acc_rmse_mean"], 4),
            decimals(row["bwt_rmse_mean"], 4),
            decimals(row["fwt_rmse_mean"], 4),
            decimals(100 * row["forgetting_share_mean"], 1),
            decimals(row["base_rmse_after_mean"], 4),
            significant(row["kwh_per_update_mean"] * JOULES_PER_KWH, mark=status_mark(row["energy_status"]))
            if row["updated"]
            else Cell("none"),
        ]
        for _, row in frame.iterrows()
    ]
    columns = [
        Column("Strategy"),
        Column("n", numeric=True),
        Column("Prequential", unit, numeric=True),
        Column(INTERVAL_TITLE, unit),
        Column("ACC", unit, numeric=True),
        Column("BWT", unit, numeric=True),
        Column("FWT", unit, numeric=True),
        Column("Forgotten", "%", numeric=True),
        Column("Base after", unit, numeric=True),
        Column("Per update", "J", numeric=True),
    ]
    caption = (
        f"Continual learning over the later months, RMSE, mean over {count_text(frame['n'])} seeds; least "
        "prequential error in bold."
    )
    notes = [
        "Prequential: each month forecast before it is learned. ACC: held-out tails of all months after the last "
        "update. BWT, FWT: "
        "backward and forward transfer, positive is good. Forgotten: rise over the least error before. Base after: the "
        "first test part after the last update.",
        f"{METHOD_NOTE}, over seeds.",
    ]
    return Table("adaptation", caption, columns, rows, notes)


def matrix_table(matrix: pd.DataFrame, strategy: str, unit: str) -> Table:
    """The matrix R[i, j] of one strategy: held-out RMSE of task j after i months, mean over seeds."""
    part = matrix[(matrix["strategy"] == strategy) & (matrix["phase"] == "held_out")]
    means = part.pivot_table(index="learned", columns="task", values="rmse", aggfunc="mean", sort=False)
    rows = [
        [Cell(str(learned)), *(decimals(value, 4) for value in values)]
        for learned, values in zip(means.index, means.to_numpy(), strict=True)
    ]
    columns = [
        Column("Months learned"),
        *(Column(str(task), unit, True) for task in means.columns),
    ]
    caption = (
        f"Strategy {strategy}: RMSE on each task's held-out tail after so many months were learned, mean over "
        f"n = {part['seed'].nunique()} seeds."
    )
    return Table(f"matrix-{strategy}", caption, columns, rows)
