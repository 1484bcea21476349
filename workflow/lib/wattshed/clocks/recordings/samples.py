"""The frame of samples that power logs become: one row per reading of one GPU."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.plausible import check_unit
from wattshed.clocks.recordings.reader import Note
from wattshed.clocks.recordings.stamps import check_forward
from wattshed.foundation.faults import Fault

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
# No GPU draws more; several do, or the reading is wrong.
MOST_POWER_W = 3000.0
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


def check_samples(path: Path, samples: pd.DataFrame, note: Note) -> None:
    """Raise :class:`Fault` if a log's readings cannot be those of a GPU, or its times go back.

    Every layout's samples are checked here, after they are in our units. Powers of 0 W become missing, which is noted:
    no GPU draws nothing, and drivers write 0 for what they could not read.
    """
    power = samples["power_w"].to_numpy()
    if (power < 0).any():
        row = int(np.argmax(power < 0))
        raise Fault(
            f"{path}: the power of sample {row + 1} is {power[row]:g} W: expected 0 or more; remove the line."
        )
    for name in (*SHARES, "power_w", "power_limit_w", "sm_clock_mhz", "memory_clock_mhz", "temperature_c"):
        check_unit(path, name, samples[name].to_numpy())
    far = power > MOST_POWER_W
    if far.any():
        row = int(np.argmax(far))
        raise Fault(
            f"{path}: the power of sample {row + 1} is {power[row]:g} W: expected up to {MOST_POWER_W:,.0f} W; correct "
            "or remove the line."
        )
    if (nothing := power == 0).any() and (power > 0).any():
        samples.loc[nothing, "power_w"] = np.nan
        note(f"{path}: the power of {int(nothing.sum())} samples is 0 W, which is taken as not read.")
    _name_throughout(samples)
    if samples["power_w"].isna().all() and samples["energy_counter_j"].isna().all():
        raise Fault(
            f"{path} holds neither a power nor an energy that was read: this GPU does not report them; "
            "record power.draw "
            "or the energy counter."
        )
    for rows in gpu_rows(samples):
        check_forward(samples["time_s"].to_numpy()[rows], rows, str(path))


def _name_throughout(samples: pd.DataFrame) -> None:
    """Fill a GPU's name or uuid where a row lacks it and the others of its index agree."""
    for name in ("gpu", "gpu_uuid"):
        lacking = samples[name].isna()
        if not lacking.any() or lacking.all() or samples["gpu_index"].isna().any():
            continue
        by_index = samples[~lacking].groupby("gpu_index")[name]
        known = by_index.first()[by_index.nunique() == 1]
        samples[name] = samples[name].fillna(samples["gpu_index"].map(known).astype("string"))


def gpu_rows(samples: pd.DataFrame) -> Iterator[np.ndarray]:
    """Positions of the rows of each GPU, ascending; GPUs differ by uuid, index or name."""
    codes = np.zeros(len(samples), dtype=np.int64)
    for name in ("gpu_uuid", "gpu_index", "gpu"):
        values = samples[name]
        if values.notna().any():
            found, known = pd.factorize(values)
            codes = codes * (len(known) + 1) + found + 1
    _, codes = np.unique(codes, return_inverse=True)
    for code in range(int(codes.max(initial=-1)) + 1):
        yield np.flatnonzero(codes == code)
