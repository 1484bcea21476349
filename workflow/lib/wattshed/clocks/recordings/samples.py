"""The frame of samples that power logs become: one row per reading of one GPU."""

import pandas as pd

# time_s: since the log's first sample; missing if the log has no clock. All shares are 0..1.
# energy_counter_j: a counter that only rises. Numbers that were not read are missing.
TYPES: dict[str, str] = {
    "time_s": "float64",
    "gpu": "string",
    "gpu_uuid": "string",
    "gpu_index": "Int64",
    "workload": "string",
    "power_w": "float64",
    "energy_counter_j": "float64",
    "temperature_c": "float64",
    "sm_clock_mhz": "float64",
    "memory_clock_mhz": "float64",
    "power_limit_w": "float64",
    "gpu_busy_share": "float64",
    "memory_busy_share": "float64",
    "sm_active_share": "float64",
    "sm_occupancy_share": "float64",
    "tensor_share": "float64",
    "dram_share": "float64",
    "throttled": "boolean",
}
COLUMNS = tuple(TYPES)
SHARES = tuple(name for name in COLUMNS if name.endswith("_share"))


def as_samples(columns: dict[str, object], rows: int) -> pd.DataFrame:
    """The frame of ``rows`` samples with all columns of :data:`COLUMNS`; those that are not given are missing."""
    index = pd.RangeIndex(rows)
    return pd.DataFrame(
        {
            name: pd.Series(
                columns.get(name, pd.NA if dtype in ("string", "Int64", "boolean") else float("nan")),
                index=index,
                dtype=dtype,
            )
            for name, dtype in TYPES.items()
        },
        index=index,
    )
