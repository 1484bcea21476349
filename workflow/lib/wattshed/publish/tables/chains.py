"""Table: what is done with a trained model step by step, what it costs, and when it has paid for itself."""

import math

import pandas as pd

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
    significant_interval,
    significant_text,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.geometric import GEOMETRIC_NOTE

NEVER = "never"


def chains_table(frame: pd.DataFrame, unit: str) -> Table:
    """One row per step of each chain, the base model first; it is the control at every step.

    frame: rows of ``chains.parquet``; unit: of the errors.
    """
    rows = []
    for _, row in frame.iterrows():
        mark = energy_mark(row["energy_status"])
        rows.append(
            [
                Cell(row["chain"] if row["place"] == 0 else ""),
                Cell(("+ " if row["place"] else "") + row["step"]),
                decimals(row["later_rmse_mean"], 4),
                _change(row, "later_rmse"),
                _change_interval(row, "later_rmse"),
                _change(row, "rmse"),
                significant(row["own_j_mean"], mark=mark),
                significant(row["total_j_mean"], mark=mark),
                significant(row["j_per_1000_mean"], mark=mark),
                significant_interval(row["j_per_1000_low"], row["j_per_1000_high"]),
                Cell(payback_text(row)),
            ]
        )
    columns = [
        Column("Chain", width_cm=2.4),
        Column("Step", width_cm=3.0),
        Column("RMSE later", unit, numeric=True),
        Column("Δ later", "%", numeric=True),
        Column("95 % int.", "%"),
        Column("Δ test", "%", numeric=True),
        Column("Made for", "J", numeric=True),
        Column("Sum", "J", numeric=True),
        Column("1,000 fc.", "J", numeric=True),
        Column("95 % int.", "J"),
        Column("Pays after", "forecasts", width_cm=2.6),
    ]
    caption = (
        f"Chains of steps after training, {count_text(frame['n'])} seeds: errors on the later months' held-out parts "
        "and their change against the base model (Δ; also on the test part), energy to make each checkpoint and in "
        "sum along the chain, energy of 1,000 forecasts, and the number of forecasts after which a step has paid for "
        "itself."
    )
    notes = [
        "The base model is the control at every step; seeds are paired.",
        f"A forecast is that of one node from one origin. Computed by the fastest back end that takes the network: "
        f"{_engines(frame)}.",
        f"{GEOMETRIC_NOTE[0].upper()}{GEOMETRIC_NOTE[1:]}, over seeds.",
    ]
    absent = frame[frame["unavailable"].notna()]
    notes += [f"{row['lineage']}: not available here, {row['unavailable']}." for _, row in absent.iterrows()]
    return Table("chains", caption, columns, rows, notes)


def payback_text(row: pd.Series) -> str:
    """``12,300 [9,100, 16,000]``, ``never``, or a dash for the base model and where an energy is unknown."""
    mean, low, high = (row[f"payback_forecasts_{part}"] for part in ("mean", "low", "high"))
    if pd.isna(mean):
        return MISSING
    if math.isinf(mean):
        return NEVER
    return _count(mean) if pd.isna(low) else f"{_count(mean)} [{_count(low)}, {_count(high)}]"


def _count(forecasts: float) -> str:
    """A number of forecasts with three significant digits."""
    if math.isinf(forecasts):
        return NEVER
    if forecasts < 1000:
        return significant_text(forecasts)
    digits = math.floor(math.log10(forecasts)) - 2
    return f"{round(forecasts, -digits):,.0f}"


def _change(row: pd.Series, error: str) -> Cell:
    return Cell(MISSING) if row["place"] == 0 else decimals(100 * row[f"{error}_change_share_mean"], 1)


def _change_interval(row: pd.Series, error: str) -> Cell:
    low, high = (100 * row[f"{error}_change_share_{part}"] for part in ("low", "high"))
    return interval(low, high, 1)


TABLE = TablePart(
    message="Make the table of chains",
    caption="Chains of steps after training: errors, energy, and after how many forecasts a step has paid for itself.",
    inputs=("chains", "panel"),
    make=lambda inputs: chains_table(inputs.frame("chains"), inputs.unit),
)


def _engines(frame: pd.DataFrame) -> str:
    """``fused_cpu: stgnn; torch: stgnn+prune_half``."""
    known = frame.dropna(subset=["engine"]).drop_duplicates("lineage")
    return "; ".join(
        f"{engine}: {', '.join(rows['lineage'])}" for engine, rows in known.groupby("engine", sort=False)
    )
