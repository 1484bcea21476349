"""Table: smaller variants of the trained model, and whether they are worth it here."""

import pandas as pd

from wattshed.accounts.runs.status import worst_status
from wattshed.publish.typesetting.table import (
    MISSING,
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
    "rmse",
    "mae",
    "rmse_change_share",
    "mae_change_share",
    "parameters",
    "bytes",
    "latency_s_per_window",
    "energy_j_per_1000_forecasts",
]
BASELINE = "baseline"
WORTH = "worth it here"
UNAVAILABLE = "not available here"


def compression_summary(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per variant: n seeds, mean, low, high of every number, verdict and reason over all seeds.

    A variant is worth it only if it is so for every seed; the reason is that of the seed that decides.
    """
    frame = summarise(rows, "variant", METRICS)
    verdicts = {variant: _verdict(group) for variant, group in rows.groupby("variant")}
    frame["verdict"] = [verdicts[variant][0] for variant in frame["variant"]]
    frame["reason"] = [verdicts[variant][1] for variant in frame["variant"]]
    frame["fine_tuned"] = frame["variant"].map(rows.groupby("variant")["fine_tuned"].any()).astype("boolean")
    frame["energy_status"] = frame["variant"].map(rows.groupby("variant")["energy_status"].agg(worst_status))
    return frame


def compression_table(rows: pd.DataFrame, unit: str) -> Table:
    """Variants in the order in which they were made, the full model first."""
    frame = compression_summary(rows)
    body = [
        [
            Cell(row["variant"] + (" (tuned)" if row["fine_tuned"] is True else "")),
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
            significant(row["energy_j_per_1000_forecasts_mean"], mark=status_mark(row["energy_status"])),
            Cell(row["verdict"], best=row["verdict"] == WORTH),
        ]
        for _, row in frame.iterrows()
    ]
    columns = [
        Column("Variant"),
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
    notes = [
        f"{row['variant']}: {row['reason']}." for _, row in frame.iterrows() if row["verdict"] != BASELINE
    ]
    return Table("compression", caption, columns, body, [*notes, f"{METHOD_NOTE}, over seeds."])


def _verdict(group: pd.DataFrame) -> tuple[str, str]:
    against = group[group["verdict"] != WORTH]
    deciding = group.iloc[0] if against.empty else against.iloc[0]
    reason = str(deciding["reason"])
    if len(group) > 1 and deciding["verdict"] not in (BASELINE, UNAVAILABLE):
        reason += (
            f" (seed {deciding['seed']}; worth it for {len(group) - len(against)} of {len(group)} seeds)"
        )
    return str(deciding["verdict"]), reason
