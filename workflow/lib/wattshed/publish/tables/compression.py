"""Table: smaller variants of a model, and whether they are worth it on this machine."""

import pandas as pd

from wattshed.accounts.comparison.variant_means import variant_means
from wattshed.compression.judge import BASELINE, WORTH_IT
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
    spaced_percent,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.decisions import PAIRED_NOTE
from wattshed.statistics.worth import WORTH_RULE


def compression_table(rows: pd.DataFrame, unit: str) -> Table:
    """Variants in the order of the study, the checkpoint that was compressed first.

    rows: ``compression.parquet``; unit: of the errors.
    """
    frame = variant_means(rows)
    several = "parent" in frame
    body = [
        [
            *([Cell(row["parent"])] if several else []),
            Cell(row["variant"] + (" (tuned)" if row["fine_tuned"] else "")),
            Cell(str(row["n"])),
            decimals(row["rmse_mean"], 4),
            decimals(100 * row["rmse_change_share_mean"], 1),
            interval(100 * row["rmse_change_share_low"], 100 * row["rmse_change_share_high"], 1)
            if row["verdict"] != BASELINE
            else Cell(MISSING),
            decimals(100 * row["mae_change_share_mean"], 1),
            decimals(row["parameters_mean"], 0),
            decimals(row["bytes_mean"] / 1024, 1),
            significant(1000 * row["latency_s_per_window_mean"]),
            significant(row["energy_j_per_1000_forecasts_mean"], mark=energy_mark(row["energy_status"])),
            Cell(row["verdict"], best=row["verdict"] == WORTH_IT),
        ]
        for _, row in frame.iterrows()
    ]
    columns = [
        *([Column("Checkpoint", width_cm=1.6)] if several else []),
        Column("Variant", width_cm=2.4),
        Column("n", numeric=True),
        Column("RMSE", unit, numeric=True),
        Column("ΔRMSE", "%", numeric=True),
        Column("95 % int.", "%"),
        Column("ΔMAE", "%", numeric=True),
        Column("Param.", numeric=True),
        Column("Size", "KiB", numeric=True),
        Column("Latency", "ms", numeric=True),
        Column("1,000 fc.", "J", numeric=True),
        Column("Verdict", width_cm=1.8),
    ]
    caption = (
        f"Compression of the trained model, mean over {count_text(frame['n'])} seeds, on this machine: test errors, "
        "size, latency of one window of all nodes, energy of 1,000 forecasts."
    )
    others = frame[frame["verdict"] != BASELINE]
    notes = [
        spaced_percent(f"{row['parent'] + ' ' if several else ''}{row['variant']}: {row['reason']}.")
        for _, row in others.iterrows()
    ]
    notes += [
        f"Verdict: {WORTH_RULE}.{_families(rows)}",
        f"Interval of ΔRMSE: {PAIRED_NOTE}; with one seed over days alone.",
    ]
    return Table("compression", caption, columns, body, notes)


def _families(rows: pd.DataFrame) -> str:
    """How many variants are tested together, and that controls are not among them."""
    if "corrected_for" not in rows:
        return ""
    judged = rows.dropna(subset=["corrected_for"]).drop_duplicates(["parent", "variant"])
    if judged.empty:
        return ""
    controls = judged["control"].astype("boolean").fillna(False)
    counts = judged.loc[~controls, ["parent", "corrected_for"]].drop_duplicates()
    told = ", ".join(
        f"{count}{f' of {parent}' if len(counts) > 1 else ''}"
        for parent, count in zip(counts["parent"], counts["corrected_for"], strict=True)
    )
    without = " Controls do not count: they are tested among themselves." if controls.any() else ""
    return f" Variants that are tested together: {told or 'none'}.{without}"


TABLE = TablePart(
    message="Make the table of compression",
    caption="Compressed variants: errors, size, latency, energy, and whether they are worth it on this machine.",
    inputs=("compression", "windows", "panel"),
    windows=("measure",),
    make=lambda inputs: compression_table(inputs.frame("compression"), inputs.unit),
)
