"""Table: the steps after a model's training, their errors and energy, and when each step has paid for itself."""

import math

import pandas as pd

from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
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
from wattshed.statistics.decisions import PAIRED_NOTE
from wattshed.statistics.geometric import GEOMETRIC_NOTE

NEVER = "never"
STEP_COLUMNS = [Column("Chain", width_cm=2.4), Column("Step", width_cm=3.2)]


def chains_tables(frame: pd.DataFrame, unit: str) -> dict[str, Table]:
    """Errors and energies, by file: one row per step of each chain; the base model is the control at every step.

    frame: rows of ``chains.parquet``; unit: of the errors.
    """
    return {table.name: table for table in (_errors_table(frame, unit), _costs_table(frame))}


def _errors_table(frame: pd.DataFrame, unit: str) -> Table:
    columns = [
        *STEP_COLUMNS,
        Column("RMSE later", unit, numeric=True),
        Column("Δ later", "%", numeric=True),
        Column(INTERVAL_TITLE, "%"),
        Column("RMSE test", unit, numeric=True),
        Column("Δ test", "%", numeric=True),
        Column(INTERVAL_TITLE, "%"),
    ]
    rows = [
        [
            *_step(row),
            decimals(row["later_rmse_mean"], 4),
            *_change(row, "later_rmse"),
            decimals(row["rmse_mean"], 4),
            *_change(row, "rmse"),
        ]
        for _, row in frame.iterrows()
    ]
    caption = (
        f"Chains of steps after training, {count_text(frame['n'])} seeds: errors on the held-out parts of the later "
        "months and on the test part, and their change against the base model (Δ)."
    )
    notes = [
        "The base model is the control at every step; seeds are paired.",
        f"Intervals of Δ: {PAIRED_NOTE}; with one seed over days alone.",
    ]
    absent = frame[frame["unavailable"].notna()]
    notes += [f"{row['lineage']}: not available here, {row['unavailable']}." for _, row in absent.iterrows()]
    notes += [
        f"{row['chain']} ends with a clock sweep of {row['lineage']}: see the table of clocks."
        for _, row in frame[frame["swept"]].iterrows()
    ]
    return Table("chains", caption, columns, rows, notes)


def _costs_table(frame: pd.DataFrame) -> Table:
    columns = [
        *STEP_COLUMNS,
        Column("Own", "J", numeric=True),
        Column("Sum", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
        Column("1,000 fc.", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
        Column("Step pays after", "forecasts", width_cm=2.4),
        Column("Chain pays after", "forecasts", width_cm=2.4),
    ]
    rows = []
    for _, row in frame.iterrows():
        mark = energy_mark(row["energy_status"])
        rows.append(
            [
                *_step(row),
                significant(row["own_j_mean"], mark=mark),
                significant(row["total_j_mean"], mark=mark),
                significant_interval(row["total_j_low"], row["total_j_high"]),
                significant(row["j_per_1000_mean"], mark=mark),
                significant_interval(row["j_per_1000_low"], row["j_per_1000_high"]),
                Cell(payback_text(row, "payback_forecasts")),
                Cell(payback_text(row, "chain_payback_forecasts")),
            ]
        )
    caption = (
        f"What the chains cost, {count_text(frame['n'])} seeds: energy to make each checkpoint out of the one before, "
        "in sum along the chain, and of 1,000 forecasts; after how many forecasts a step has paid for itself against "
        "the step before it, and all steps so far against the base model."
    )
    notes = [
        "A step that trains from initial weights without its checkpoint owes nothing to the steps before it: the sum "
        "begins with it.",
        "A forecast is that of one node from one origin, computed by the fastest back end that takes the network: "
        f"{_engines(frame)}.",
        "Never: a forecast takes no less energy than before. A dash: an energy is unknown, for example because its "
        "work was shorter than the sensor's resolution.",
        f"{GEOMETRIC_NOTE[0].upper()}{GEOMETRIC_NOTE[1:]}, over seeds.",
    ]
    return Table("chains_costs", caption, columns, rows, notes)


def payback_text(row: pd.Series, name: str) -> str:
    """``12,300 [9,100, 16,000]``, ``never``, or a dash for the base model and if an energy is unknown."""
    mean, low, high = (row[f"{name}_{part}"] for part in ("mean", "low", "high"))
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


def _step(row: pd.Series) -> list[Cell]:
    """The chain's name beside its base model, and the step."""
    return [
        Cell(row["chain"] if row["place"] == 0 else ""),
        Cell(("+ " if row["place"] else "") + row["step"]),
    ]


def _change(row: pd.Series, error: str) -> list[Cell]:
    if row["place"] == 0:
        return [Cell(MISSING), Cell(MISSING)]
    mean, low, high = (100 * row[f"{error}_change_share_{part}"] for part in ("mean", "low", "high"))
    return [decimals(mean, 1), interval(low, high, 1)]


def _engines(frame: pd.DataFrame) -> str:
    """``fused_cpu: stgnn; torch: stgnn+prune_half``."""
    known = frame.dropna(subset=["engine"]).drop_duplicates("lineage")
    return "; ".join(
        f"{engine}: {', '.join(rows['lineage'])}" for engine, rows in known.groupby("engine", sort=False)
    )


TABLE = TablePart(
    message="Make the tables of chains",
    caption="Chains of steps after training: their errors, their energy, and when they have paid for themselves.",
    inputs=("chains", "windows", "panel"),
    windows=("epoch", "fit", "update", "make", "fine_tune", "measure"),
    files=("chains", "chains_costs"),
    make=lambda inputs: chains_tables(inputs.frame("chains"), inputs.unit),
)
