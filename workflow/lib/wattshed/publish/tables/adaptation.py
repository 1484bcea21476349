"""Table: effect and cost of adapting to later months."""

import pandas as pd

from wattshed.accounts.comparison.strategy_means import strategy_means
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
    significant,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE


def adaptation_table(summary: pd.DataFrame, unit: str) -> Table:
    """Strategies side by side; errors and forgetting are better small, transfer (BWT, FWT) large.

    summary: ``adaptation.parquet``; unit: of the errors.
    """
    frame = strategy_means(summary)
    several = "parent" in frame
    least = frame["prequential_rmse_mean"].min()
    rows = [
        [
            *([Cell(row["parent"])] if several else []),
            Cell(row["strategy"]),
            Cell(str(row["n"])),
            decimals(row["prequential_rmse_mean"], 4, best=bool(row["prequential_rmse_mean"] == least)),
            interval(row["prequential_rmse_low"], row["prequential_rmse_high"], 4),
            decimals(row["acc_rmse_mean"], 4),
            decimals(row["bwt_rmse_mean"], 4),
            decimals(row["fwt_frozen_rmse_mean"], 4),
            decimals(100 * row["forgetting_share_mean"], 1),
            decimals(row["base_rmse_after_mean"], 4),
            significant(row["kwh_per_update_mean"] * JOULES_PER_KWH, mark=energy_mark(row["energy_status"]))
            if row["updated"]
            else Cell("none"),
        ]
        for _, row in frame.iterrows()
    ]
    columns = [
        *([Column("Checkpoint", width_cm=2.4)] if several else []),
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
        "Prequential: each month forecast before it is learned.",
        "ACC (mean error): after the last update, the mean over months of the RMSE on each month's held-out tail. "
        "The chains' RMSE later pools the hours of all these tails instead, so the two differ.",
        "BWT (backward transfer): fall of a month's error from just after it was learned to the end. FWT (forward "
        "transfer): by how much a month's error, before it is learned, is below that of the same checkpoint without "
        "any update (frozen); against an untrained network, nearly all of it would be the base training's. Positive is "
        "good.",
        "Forgotten: rise over the least error before. Base after: the first test part after the last update.",
        f"{METHOD_NOTE}, over seeds.",
    ]
    return Table("adaptation", caption, columns, rows, notes)


TABLE = TablePart(
    message="Make the table of adaptation",
    caption="Effect of each adaptation strategy on the later months, and the cost of an update.",
    inputs=("adaptation", "windows", "panel"),
    windows=("update",),
    make=lambda inputs: adaptation_table(inputs.frame("adaptation"), inputs.unit),
)
