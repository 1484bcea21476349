"""Tables: every checkpoint with its errors and size, and with what it costs."""

import pandas as pd

from wattshed.accounts.recommend.means import checkpoint_means
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    significant,
    significant_interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.geometric import GEOMETRIC_NOTE

NAME = Column("Checkpoint", width_cm=4.2)
BYTES_PER_KIB = 1024
MS_PER_S = 1000


def checkpoints_tables(frame: pd.DataFrame, unit: str) -> dict[str, Table]:
    """Errors and sizes, times, and energies, by file. frame: ``checkpoints.parquet``; unit: of the errors."""
    means = checkpoint_means(frame)
    notes = [
        f"{row['lineage']}: not available here, {row['unavailable']}."
        for _, row in means[means["unavailable"].notna()].iterrows()
    ]
    made = (_errors(means, unit, notes), _times(means, notes), _energies(means, notes))
    return {table.name: table for table in made}


def _errors(means: pd.DataFrame, unit: str, notes: list[str]) -> Table:
    columns = [
        NAME,
        Column("n", numeric=True),
        Column("RMSE", unit, numeric=True),
        Column("MAE", unit, numeric=True),
        Column("WAPE", "%", numeric=True),
        Column("MASE", numeric=True),
        Column("R²", numeric=True),
        Column("RMSE later", unit, numeric=True),
        Column("Param.", numeric=True),
        Column("Size", "KiB", numeric=True),
        Column("Mult.-adds", "10³", numeric=True),
    ]
    rows = [
        [
            Cell(str(row["lineage"])),
            Cell(str(row["n"])),
            decimals(row["rmse_mean"], 4),
            decimals(row["mae_mean"], 4),
            decimals(100 * row["wape_mean"], 1),
            decimals(row["mase_mean"], 3),
            decimals(row["r2_mean"], 3),
            decimals(row["later_rmse_mean"], 4),
            decimals(row["parameters_mean"], 0),
            decimals(row["bytes_mean"] / BYTES_PER_KIB, 1),
            significant(row["multiply_adds_per_forecast_mean"] / 1000),
        ]
        for _, row in means.iterrows()
    ]
    caption = (
        f"Every compared checkpoint, mean over {count_text(means['n'])} seeds: errors on the test part and on the "
        "held-out parts of later months, size, and multiply-adds of one forecast of one node."
    )
    counted = (
        "Multiply-adds: those of matrix products. Element-wise work is left out, and so is the neighbours' aggregate "
        "of networks on pairs, which is made once per series."
    )
    return Table("checkpoints", caption, columns, rows, [*notes, counted])


def _times(means: pd.DataFrame, notes: list[str]) -> Table:
    columns = [
        NAME,
        Column("1 window", "ms", numeric=True),
        Column(INTERVAL_TITLE, "ms"),
        Column("32 windows", "ms", numeric=True),
        Column("Stream", "ms/h", numeric=True),
        Column("Peak", "KiB", numeric=True),
        Column("CPU", "%", numeric=True),
        Column("GPU", "%", numeric=True),
    ]
    rows = [
        [
            Cell(str(row["lineage"])),
            significant(MS_PER_S * row["latency_s_per_window_mean"]),
            significant_interval(*(MS_PER_S * row[f"latency_s_per_window_{end}"] for end in ("low", "high"))),
            significant(MS_PER_S * row["latency_s_per_32_windows_mean"]),
            significant(MS_PER_S * row["latency_s_per_streamed_hour_mean"]),
            significant(row["peak_torch_bytes_32_windows_mean"] / BYTES_PER_KIB),
            significant(100 * row["cpu_use_share_mean"]),
            significant(100 * row["gpu_use_share_mean"]),
        ]
        for _, row in means.iterrows()
    ]
    caption = (
        f"Time and memory of the forecasts of every compared checkpoint on this machine, mean over "
        f"{count_text(means['n'])} seeds: median times of one window of all nodes, of 32 windows in one call and of a "
        "stream's next step, measured in turns of random order, each right after untimed calls of the same network; "
        "memory; use of the processor and of GPUs."
    )
    explained = [
        "Peak: what torch allocates at most for 32 windows, without weights and series; a dash where a kernel "
        "computes, whose own memory torch does not see. CPU: share of the job's cores while forecasts were metered, "
        "less where others used the machine; GPU: of the visible cards.",
        "A dash: unknown, or not offered, as a stream is only by networks that were trained on sequences.",
    ]
    return Table("checkpoints_times", caption, columns, rows, [*notes, *explained])


def _energies(means: pd.DataFrame, notes: list[str]) -> Table:
    columns = [
        NAME,
        Column("Epoch", "J", numeric=True),
        Column("Own", "J", numeric=True),
        Column("Chain", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
        Column("1,000 fc.", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
    ]
    rows = []
    for _, row in means.iterrows():
        making, forecasts = energy_mark(row["making_status"]), energy_mark(row["energy_status"])
        rows.append(
            [
                Cell(str(row["lineage"])),
                significant(row["j_per_epoch_mean"], mark=making),
                significant(row["own_j_mean"], mark=making),
                significant(row["total_j_mean"], mark=making),
                significant_interval(row["total_j_low"], row["total_j_high"]),
                significant(row["energy_j_per_1000_forecasts_mean"], mark=forecasts),
                significant_interval(*(row[f"energy_j_per_1000_forecasts_{end}"] for end in ("low", "high"))),
            ]
        )
    caption = (
        f"Energy of every compared checkpoint on this machine, mean over {count_text(means['n'])} seeds: of an epoch, "
        "of its own making, of its whole chain, and of 1,000 forecasts of one node."
    )
    explained = [
        "Chain: the sum of the steps that led to it, from the last one on that trained from initial weights without "
        "its checkpoint. A dash: unknown, or none: only base models are trained in epochs.",
        f"{GEOMETRIC_NOTE[0].upper()}{GEOMETRIC_NOTE[1:]}, over seeds.",
    ]
    return Table("checkpoints_energies", caption, columns, rows, [*notes, *explained])


TABLE = TablePart(
    message="Make the tables of checkpoints",
    caption="Every compared checkpoint: its errors and size, and what it costs on this machine.",
    inputs=("checkpoints", "windows", "panel"),
    windows=("epoch", "fit", "update", "make", "fine_tune", "measure"),
    files=("checkpoints", "checkpoints_times", "checkpoints_energies"),
    make=lambda inputs: checkpoints_tables(inputs.frame("checkpoints"), inputs.unit),
)
