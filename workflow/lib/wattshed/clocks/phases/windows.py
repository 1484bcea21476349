"""Medians of activity over windows of real time, per GPU and workload of a power log."""

from collections.abc import Sequence

import pandas as pd

from wattshed.foundation.faults import Fault

KEYS = ("gpu", "gpu_uuid", "gpu_index", "workload")
# The median of one sample is its noise.
LEAST_SAMPLES = 2
# Times are sums of periods: one that ends a window shall not fall before its end by rounding.
ROUNDING = 1e-6


def with_period(samples: pd.DataFrame, period_s: float) -> pd.DataFrame:
    """Samples of a log without a clock, timed as if each GPU were sampled every ``period_s`` seconds.

    The period is an assumption of the caller: recorders that fall behind sample more slowly than they were told to.
    """
    timed = samples.copy()
    timed["time_s"] = samples.groupby(keys_of(samples), dropna=False, sort=False).cumcount() * period_s
    return timed


def window_medians(
    samples: pd.DataFrame, columns: Sequence[str], window_s: float, where: str
) -> pd.DataFrame:
    """One row per window with at least :data:`LEAST_SAMPLES` samples: the keys, ``window`` (its number), ``start_s``,
    ``end_s``, ``samples``, and the medians of ``columns`` and of ``power_w``; NaN where nothing was recorded.

    Raises :class:`Fault` for a log without times.
    """
    time_s = pd.to_numeric(samples["time_s"], errors="coerce") if "time_s" in samples else None
    if time_s is None or time_s.isna().any():
        raise Fault(
            f"{where}: samples have no times, and windows need real time: let the recorder add a time stamp, or "
            "state the sampling period in clocks.governor.period_s."
        )
    wanted = [column for column in (*columns, "power_w") if column in samples]
    table = samples[wanted].apply(pd.to_numeric, errors="coerce").astype("float64")
    keys = keys_of(samples)
    table[keys] = samples[keys]
    table["window"] = (time_s / window_s + ROUNDING).astype("int64")
    groups = table.groupby([*keys, "window"], dropna=False, sort=True)
    medians = groups[wanted].median()
    medians["samples"] = groups.size()
    medians = medians[medians["samples"] >= LEAST_SAMPLES].reset_index()
    if medians.empty:
        raise Fault(
            f"{where}: no window of {window_s:g} s holds {LEAST_SAMPLES} samples: raise clocks.governor.window_s or "
            "sample more often."
        )
    medians["start_s"] = medians["window"] * window_s
    medians["end_s"] = medians["start_s"] + window_s
    return medians


def keys_of(samples: pd.DataFrame) -> list[str]:
    """The columns that tell GPUs and workloads apart, as far as the log has them."""
    keys = [key for key in KEYS if key in samples]
    if not keys:
        raise Fault(
            "samples name neither a GPU nor a workload: expected a column gpu, gpu_index or workload."
        )
    return keys


def recorded_columns(samples: pd.DataFrame) -> list[str]:
    """Names of the columns that hold at least one value."""
    return [str(column) for column in samples if samples[column].notna().any()]
