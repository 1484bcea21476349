"""Table: what an update costs, what it saves per joule, and how much is forgotten, for RMSE and MAE."""

import pandas as pd

from wattshed.accounts.comparison.strategy_means import strategy_means
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import (
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    significant,
    significant_interval,
)
from wattshed.publish.typesetting.table_part import TablePart

MILLI = 1000


def updates_table(summary: pd.DataFrame, unit: str) -> Table:
    """Cost of one update with its interval, saved error per joule, forgetting in the unit and relative.

    summary: ``adaptation.parquet``; unit: of the errors.
    """
    frame = strategy_means(summary)
    several = "parent" in frame
    rows = [
        [
            *([Cell(row["parent"])] if several else []),
            Cell(row["strategy"]),
            *(
                [
                    significant(
                        row["kwh_per_update_mean"] * JOULES_PER_KWH, mark=energy_mark(row["energy_status"])
                    ),
                    significant_interval(
                        row["kwh_per_update_low"] * JOULES_PER_KWH,
                        row["kwh_per_update_high"] * JOULES_PER_KWH,
                    ),
                    significant(row["s_per_update_mean"]),
                ]
                if row["updated"]
                else [Cell("none"), Cell("none"), Cell("none")]
            ),
            significant(MILLI * row["saved_rmse_per_j_mean"]),
            significant_interval(MILLI * row["saved_rmse_per_j_low"], MILLI * row["saved_rmse_per_j_high"]),
            decimals(row["forgetting_rmse_mean"], 4),
            decimals(100 * row["forgetting_share_mean"], 1),
            decimals(row["forgetting_mae_mean"], 4),
            decimals(100 * row["forgetting_mae_share_mean"], 1),
            decimals(row["prequential_mae_mean"], 4),
            decimals(row["acc_mae_mean"], 4),
            decimals(row["bwt_mae_mean"], 4),
            decimals(row["fwt_frozen_mae_mean"], 4),
            decimals(row["fwt_rmse_mean"], 4),
        ]
        for _, row in frame.iterrows()
    ]
    columns = [
        *([Column("Checkpoint", width_cm=2.4)] if several else []),
        Column("Strategy"),
        Column("Per update", "J", numeric=True),
        Column("95 % int.", "J"),
        Column("Time", "s", numeric=True),
        Column("Saved", f"m{unit}/J", numeric=True),
        Column("95 % int.", f"m{unit}/J"),
        Column("Forgotten RMSE", unit, numeric=True),
        Column("", "%", numeric=True),
        Column("Forgotten MAE", unit, numeric=True),
        Column("", "%", numeric=True),
        Column("Prequential MAE", unit, numeric=True),
        Column("ACC MAE", unit, numeric=True),
        Column("BWT MAE", unit, numeric=True),
        Column("FWT MAE", unit, numeric=True),
        Column("FWT of a random network", unit, numeric=True),
    ]
    caption = (
        f"What one month's update costs, and further measures, mean over {count_text(frame['n'])} seeds."
    )
    notes = [
        "Saved: fall of the prequential RMSE against the same seed without updates, per joule of the updates that "
        "can change it, in thousandths of the unit; negative where updates raise the error. Each month is forecast "
        "before it is learned, so that an update counts only if a later month has an observed value: the last month's "
        "never does. The interval is over seeds alone, not over months or days. Forgotten: rise of a month's error, "
        "from its least one to the last, in the unit and in per cent of the least one; negative where later months "
        "improved it.",
        "FWT against the network without updates; its last column against an untrained network, in RMSE.",
    ]
    notes += _engines(frame)
    return Table("updates", caption, columns, rows, notes)


def _engines(frame: pd.DataFrame) -> list[str]:
    """A note on what computed the updates, where strategies differ in it."""
    known = frame.dropna(subset=["engine"])
    if known["engine"].nunique() < 2:
        return []
    names = known["strategy"] if "parent" not in frame else known["parent"] + "+" + known["strategy"]
    groups = names.groupby(known["engine"], sort=False)
    told = "; ".join(f"{engine}: {', '.join(some)}" for engine, some in groups)
    return [
        f"Updates were computed by different back ends, so that their energies differ by these too. {told}."
    ]


TABLE = TablePart(
    message="Make the table of updates",
    caption="Cost of an update, saved error per joule, forgetting of RMSE and MAE.",
    inputs=("adaptation", "windows", "panel"),
    windows=("update",),
    in_report_only=True,
    make=lambda inputs: updates_table(inputs.frame("adaptation"), inputs.unit),
)
