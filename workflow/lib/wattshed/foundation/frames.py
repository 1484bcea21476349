"""Parquet files of earlier stages, checked against their digest; what cannot be read becomes one sentence."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import FRAME_DIGEST, frame_digest


def read_frame(path: Path | str, columns: Sequence[str] = ()) -> pd.DataFrame:
    """A Parquet file.

    columns: names that it must have. Raises :class:`Fault` if it is missing, no Parquet, altered, or lacks a column.
    """
    try:
        # Not memory-mapped: a file that is cut meanwhile would end the process.
        with pq.ParquetFile(path, memory_map=False) as file:
            table = file.read()
            # Parquet holds them twice, once inside Arrow's own schema: a damaged schema hides one of them.
            places = (file.metadata.metadata, table.schema.metadata)
        frame = table.to_pandas()
        digests = {place[FRAME_DIGEST] for place in places if place and FRAME_DIGEST in place}
        altered = bool(digests) and digests != {frame_digest(frame)}
    except FileNotFoundError as error:
        raise Fault(f"{path} does not exist: run the rule that makes it first.") from error
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise Fault(
            f"{path} cannot be read as Parquet ({reason}): it is damaged or not ours; delete it and run "
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


def read_frames(paths: list[Path]) -> pd.DataFrame:
    """Parquet files of one kind, one below the other."""
    return pd.concat([read_frame(path) for path in paths], ignore_index=True)
