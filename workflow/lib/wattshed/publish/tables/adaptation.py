"""Table: effect and cost of adapting to later months."""

import pandas as pd

from wattshed.accounts.comparison.strategy_means import strategy_means
from wattshed.accounts.standings.adaptation_outcomes import adaptation_outcomes
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import (
    MISSING,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
    significant,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.decisions import RULE_NOTE

# A strategy that never updates, and one without a control, change nothing that could be shown.
UNCHANGED = [Cell(MISSING)] * 3


def adaptation_table(summary: pd.DataFrame, days: pd.DataFrame, unit: str) -> Table:
    """Strategies side by side; errors and forgetting are better small, transfer (BWT, FWT) large.

    summary: ``adaptation.parquet``; days: all ``adaptation/{lineage}.days.parquet``; unit: of the errors.
    """
    frame = strategy_means(summary)
    changes = _changes(summary, days)
    several = "parent" in frame
    least = frame["prequential_rmse_mean"].min()
    rows = [
        [
            *([Cell(row["parent"])] if several else []),
            Cell(row["strategy"]),
            Cell(str(row["n"])),
            decimals(row["prequential_rmse_mean"], 4, best=bool(row["prequential_rmse_mean"] == least)),
            *changes.get(
                (row["parent"] if several else summary["parent"].iloc[0], row["strategy"]), UNCHANGED
            ),
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
        Column("Δ", "%", numeric=True),
        Column("95 % int.", "%"),
        Column("Outcome", width_cm=1.6),
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
        "Prequential: each month forecast before it is learned. Δ, outcome: its change against the same checkpoint "
        f"that is never updated; {RULE_NOTE}.",
        "ACC (mean error): after the last update, the mean over months of the RMSE on each month's held-out tail. "
        "The chains' RMSE later pools the hours of all these tails instead, so the two differ.",
        "BWT (backward transfer): fall of a month's error from just after it was learned to the end. FWT (forward "
        "transfer): by how much a month's error, before it is learned, is below that of the same checkpoint without "
        "any update (frozen); against an untrained network, nearly all of it would be the base training's. Positive is "
        "good.",
        "Forgotten: rise over the least error before. Base after: the first test part after the last update.",
    ]
    return Table("adaptation", caption, columns, rows, notes)


def _changes(summary: pd.DataFrame, days: pd.DataFrame) -> dict[tuple[str, str], list[Cell]]:
    """Cells of the change that updates bring, by parent and strategy."""
    return {
        (str(row["parent"]), str(row["strategy"])): [
            decimals(100 * row["change_share"], 1),
            interval(100 * row["change_low"], 100 * row["change_high"], 1),
            Cell(str(row["outcome"])),
        ]
        for row in adaptation_outcomes(summary, days).to_dict("records")
    }


TABLE = TablePart(
    message="Make the table of adaptation",
    caption="Effect of each adaptation strategy on the later months, and the cost of an update.",
    inputs=("adaptation", "adaptation_days", "windows", "panel"),
    windows=("update",),
    make=lambda inputs: adaptation_table(
        inputs.frame("adaptation"), inputs.frame("adaptation_days"), inputs.unit
    ),
)
