"""Reads Parquet files of earlier stages and checks their digest; a file that cannot be read raises a Fault."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.writing import FRAME_DIGEST, frame_digest

# Columns that tell one kind of result from the others.
COLUMNS: dict[str, tuple[str, ...]] = {
    "adaptation": ("acc_rmse", "acting_kwh", "engine"),
    "adaptation_days": ("strategy", "task", "day", "squared"),
    "chains": ("chain", "swept"),
    "claims": ("claim", "claimed", "verdict"),
    "classes": ("classes", "log_loss", "brier"),
    "checkpoints": ("lineage", "seed", "control", "total_j", "unavailable"),
    "checks": ("check", "validation_rmse"),
    "compared": ("later_rmse", "measured_as", "uses_parent", "control"),
    "compared_days": ("lineage", "part", "day", "squared"),
    "compression": ("verdict",),
    "compared_predictions": ("quantity", "predicted_j", "measured_j", "why_none"),
    "curves": ("validation_rmse", "kwh_mean"),
    "days": ("part", "squared", "cells"),
    "epochs": ("epoch", "train_loss"),
    "frontier": ("dominated",),
    "ladder": ("step", "rmse_mean", "tuning_kwh"),
    "law_sweep": ("family", "factor", "value", "measured_j", "predicted_j"),
    "memory_steps": ("level", "length", "predicted_peak_bytes", "measured_peak_bytes", "why_none"),
    "memory_timeline": ("level", "place", "phase", "operation", "live_bytes"),
    "matrices": ("phase", "task", "learned"),
    "origins": ("first_day", "validation_rmse", "training_kwh"),
    "parts": ("slow", "quick"),
    "phases": ("phase", "true_phase", "setting", "start_s"),
    "prediction_standings": ("split", "policy", "picker", "words"),
    "predictions": ("split", "picker", "gpu", "workload", "kept"),
    "quality": ("coverage_share", "sentinel_share", "suspect_reason"),
    "reproduction": ("printed", "recomputed", "verdict"),
    "rolled": ("origin", "part", "day", "squared"),
    "rolling": ("origins", "won", "outcome"),
    "runs": ("origin", "outcome", "energy_kwh"),
    "scores": ("scope", "rmse"),
    "sensitivity": ("view", "rmse"),
    "sensitivity_days": ("part", "squared", "cells"),
    "sweep": ("setting", "warm"),
    "targets": ("target", "reached"),
    "techniques": ("base", "to_error_share", "verdict"),
    "windows": ("window", "energy_kwh"),
}


def read_frame(path: Path | str, columns: Sequence[str] = ()) -> pd.DataFrame:
    """A Parquet file.

    columns: names that it must have. Raises :class:`Fault` if it is missing, not Parquet, altered, or lacks a column.
    """
    try:
        # Not memory-mapped: if the file were truncated while it is read, the process would crash.
        with pq.ParquetFile(path, memory_map=False) as file:
            table = file.read()
            # Parquet stores the names twice, once inside Arrow's schema; a damaged schema can lack some of
            # them.
            places = (file.metadata.metadata, table.schema.metadata)
        frame = table.to_pandas()
        digests = {place[FRAME_DIGEST] for place in places if place and FRAME_DIGEST in place}
        altered = bool(digests) and digests != {frame_digest(frame)}
    except FileNotFoundError as error:
        raise Fault(f"{path} does not exist: run the rule that makes it first.") from error
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise Fault(
            f"{path} cannot be read as Parquet ({one_line(error)}): it is damaged or wattshed did not write it; "
            "delete it and run "
            "snakemake again."
        ) from error
    if altered:
        raise Fault(
            f"{path} was altered after it was written (its digest differs): delete it and run snakemake again."
        )
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise Fault(
            f"{path} has no column {missing[0]!r}: expected {', '.join(columns)}; delete it and run snakemake again."
        )
    return frame


def read_frames(paths: list[Path], columns: Sequence[str] = ()) -> pd.DataFrame:
    """Parquet files of one kind, concatenated."""
    return pd.concat([read_frame(path, columns) for path in paths], ignore_index=True)
