"""What a careful reader would doubt in a run, as flags that stay with it."""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

TRUNCATED = "truncated"
OVERLAP = "overlap"
CONSTANT_POWER = "constant power"
POWER_ABOVE_TDP = "power above TDP"
IDLE_GPU = "idle GPU"
CHANGED_GRID = "changed grid"
CLOCK_JUMP = "clock jump"
UNKNOWN_LOCATION = "unknown location"

# The same mean power to a millionth in so many runs comes from no meter: the emission report's 427 rows of 390 W.
SAME_POWER_RUNS = 3
SAME_POWER_DIGITS = 6
# Sockets exceed their TDP for moments; a run's mean more than a tenth above it is an accounting error.
TDP_MARGIN = 1.1
# A card of the last ten years at rest draws 5 to 75 W, and below 5 % utilisation it did not train anything.
IDLE_GPU_W = 20.0
IDLE_GPU_UTILISATION = 5.0
# NTP slews at most half a millisecond per second; more than 2 s is a step.
CLOCK_JUMP_S = 2.0


def add_flag(flags: pd.Series, where: np.ndarray, flag: str) -> pd.Series:
    """The flags with one more where ``where`` [n] is true; null where a run has none."""
    known = flags.fillna("").astype("string")
    there = pd.Series(np.asarray(where, dtype=bool), index=flags.index)
    has = known.str.contains(flag, regex=False)
    joined = known.where(~(there & ~has), (known + ", " + flag).str.removeprefix(", "))
    return joined.where(joined != "").astype("string")


def flag_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with a column ``flags``: comma-separated, null where there is nothing to doubt."""
    frame = runs.copy()
    flags = pd.Series(pd.array([pd.NA] * len(frame), dtype="string"), index=frame.index)
    for flag, where in (
        (TRUNCATED, frame["truncated"].fillna(False).to_numpy(dtype=bool)),
        (OVERLAP, frame["overlaps"].notna().to_numpy()),
        (CONSTANT_POWER, _constant_power(frame)),
        (POWER_ABOVE_TDP, _above_tdp(frame)),
        (IDLE_GPU, _idle_gpu(frame)),
        (CHANGED_GRID, _changed_grid(frame)),
        (CLOCK_JUMP, (frame["clock_jump_s"].abs() > CLOCK_JUMP_S).fillna(False).to_numpy(dtype=bool)),
    ):
        flags = add_flag(flags, where, flag)
    frame["flags"] = flags
    return frame


@cache
def socket_tdp_w() -> dict[str, float]:
    """Thermal design power [W] by processor name, from the table that CodeCarbon ships, read as data."""
    spec = importlib.util.find_spec("codecarbon")
    if spec is None or not spec.submodule_search_locations:
        return {}
    table = pd.read_csv(Path(spec.submodule_search_locations[0]) / "data/hardware/cpu_power.csv")
    tdp_w = pd.to_numeric(table["TDP"], errors="coerce")  # a few entries of the table are no numbers
    return dict(zip(table["Name"].str.strip(), tdp_w, strict=True))


def _constant_power(frame: pd.DataFrame) -> np.ndarray:
    """CodeCarbon's runs whose CPU power repeats to the last digit, within one processor and method."""
    power = frame["cpu_power_w"].round(SAME_POWER_DIGITS)
    same = power.groupby([frame["cpu_model"], frame["origin"], power], dropna=True).transform("size")
    foreign = frame["origin"] == "codecarbon csv"
    return (foreign & (same >= SAME_POWER_RUNS)).fillna(False).to_numpy(dtype=bool)


def _above_tdp(frame: pd.DataFrame) -> np.ndarray:
    tdp_w = frame["cpu_model"].map(_tdp_of).astype("float64")
    sockets = frame["cpu_sockets"].fillna(1).astype("float64")
    return (frame["cpu_power_w"] > TDP_MARGIN * tdp_w * sockets).fillna(False).to_numpy(dtype=bool)


@cache
def _tdp_of(model: object) -> float:
    """TDP of ``AMD Ryzen 5 5600X 6-Core Processor`` by the longest name of the table that it begins with."""
    if not isinstance(model, str):
        return np.nan
    table = socket_tdp_w()
    words = model.replace("(R)", "").replace("(TM)", "").replace(" CPU", "").split(" @")[0].split()
    for count in range(len(words), 1, -1):
        name = " ".join(words[:count])
        if name in table:
            return table[name]
    return np.nan


def _idle_gpu(frame: pd.DataFrame) -> np.ndarray:
    low_power = frame["gpu_power_w"] < IDLE_GPU_W
    low_use = frame["gpu_utilisation_percent"] < IDLE_GPU_UTILISATION
    return (frame["gpu_kwh"].notna() & (low_power | low_use)).fillna(False).to_numpy(dtype=bool)


def _changed_grid(frame: pd.DataFrame) -> np.ndarray:
    """Runs whose stated place is not that of most runs here: a VPN, or another machine's folder."""
    place = frame["country_iso"].astype("string") + "/" + frame["region"].astype("string").fillna("")
    counts = place.value_counts()
    if len(counts) < 2:
        return np.zeros(len(frame), dtype=bool)
    return (place.notna() & (place != counts.index[0])).fillna(False).to_numpy(dtype=bool)
