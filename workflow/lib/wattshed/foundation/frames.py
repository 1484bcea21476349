"""Parquet files of earlier stages, read with a sentence where they cannot be."""

from pathlib import Path

import pandas as pd

from wattshed.foundation.faults import Fault


def read_frame(path: Path | str) -> pd.DataFrame:
    """A Parquet file; raises :class:`Fault` if it is missing or no Parquet."""
    try:
        return pd.read_parquet(path)
    except FileNotFoundError as error:
        raise Fault(f"{path} does not exist: run the rule that makes it first.") from error
    except (OSError, ValueError) as error:
        raise Fault(
            f"{path} cannot be read as Parquet ({error}): it is truncated or not ours; delete it and run "
            "snakemake again."
        ) from error


def read_frames(paths: list[Path]) -> pd.DataFrame:
    """Parquet files of one kind, one below the other."""
    return pd.concat([read_frame(path) for path in paths], ignore_index=True)
