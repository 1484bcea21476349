"""The sweep's table on disk."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from wattshed.foundation.faults import Fault


def read_sweep(path: Path | str) -> pd.DataFrame:
    """Read a sweep's Parquet; raises :class:`Fault` where it is missing, truncated or no Parquet."""
    try:
        return pd.read_parquet(path)
    except FileNotFoundError as error:
        raise Fault(f"{path} does not exist: run the rule sweep_clocks first.") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise Fault(
            f"{path} cannot be read as Parquet ({error}): it is truncated or not ours; delete it and run "
            "snakemake again."
        ) from error
