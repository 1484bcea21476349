"""Plausibility flags of runs."""

import numpy as np
import pandas as pd

from wattshed.accounts.marks.lower_bounds import NOT_METERED, missing_parts
from wattshed.energy.sensors.processor.processor_power import tdp_w
from wattshed.energy.share.usage import NOT_ALONE_CORES, NOT_ALONE_SHARE, SHORTEST_S

USED = ("own_cpu_s", "others_cpu_s", "duration_s")
GPU_USED = ("gpu_kwh", "machine_gpu_kwh")
TRUNCATED = "truncated"
OVERLAP = "overlap"
NOT_ALONE = "not alone"
CONSTANT_POWER = "constant power"
POWER_ABOVE_TDP = "power above TDP"
IDLE_GPU = "idle GPU"
CHANGED_GRID = "changed grid"
CLOCK_JUMP = "clock jump"
UNKNOWN_LOCATION = "unknown location"

# If this many runs have the same mean power to six digits, it was not measured: the emission report has 427
# rows of 390 W.
SAME_POWER_RUNS = 3
SAME_POWER_DIGITS = 6
# Among hundreds of runs some agree by chance; a constant occurs in far more than a hundredth of them.
SAME_POWER_SHARE = 0.01
# Sockets exceed their TDP for moments only: a run's mean more than a tenth above it is an accounting error.
TDP_MARGIN = 1.1
SERVERS = ("EPYC", "Xeon", "Opteron", "ThunderX", "Altra")
SERVER_SOCKETS = 2.0
# Idle cards of the last ten years draw 5 to 75 W; below 5 % utilisation a card did not train.
IDLE_GPU_W = 20.0
IDLE_GPU_UTILISATION = 5.0
# With fewer runs there is no usual place.
GRID_RUNS = 3
# NTP slews at most half a millisecond per second; more than 2 s is a step.
CLOCK_JUMP_S = 2.0


def add_flag(flags: pd.Series, where: np.ndarray, flag: str) -> pd.Series:
    """The flags with one more for the runs in ``where`` [n]; null for a run without flags."""
    known = flags.fillna("").astype("string")
    there = pd.Series(np.asarray(where, dtype=bool), index=flags.index)
    has = known.str.contains(flag, regex=False)
    joined = known.where(~(there & ~has), (known + ", " + flag).str.removeprefix(", "))
    return joined.where(joined != "").astype("string")


def flag_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with a column ``flags``: comma-separated, null if all is plausible."""
    missing = missing_parts(runs)
    found = {
        TRUNCATED: runs["truncated"].fillna(False).to_numpy(dtype=bool),
        OVERLAP: runs["overlaps"].notna().to_numpy(),
        NOT_ALONE: _not_alone(runs),
        CONSTANT_POWER: _constant_power(runs),
        POWER_ABOVE_TDP: _above_tdp(runs),
        IDLE_GPU: _idle_gpu(runs),
        CHANGED_GRID: _changed_grid(runs),
        CLOCK_JUMP: (runs["clock_jump_s"].abs() > CLOCK_JUMP_S).to_numpy(dtype=bool),
        **{reason: missing[reason].to_numpy(dtype=bool) for reason in NOT_METERED},
    }
    # Few combinations occur, so each is written once.
    code = np.zeros(len(runs), dtype=np.int64)
    for bit, where in enumerate(found.values()):
        code += where.astype(np.int64) << bit
    kinds, which = np.unique(code, return_inverse=True)
    words = [", ".join(flag for bit, flag in enumerate(found) if kind >> bit & 1) or None for kind in kinds]
    flags = pd.array(words, dtype="string").take(which)
    return runs.assign(flags=flags)


def _not_alone(runs: pd.DataFrame) -> np.ndarray:
    """Runs beside which others took more than a tenth of the busy time."""
    found = gpu_was_shared(runs)
    if set(USED) <= set(runs):
        found |= others_were_busy(*(runs[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in USED))
    return found


def others_were_busy(own_cpu_s: np.ndarray, others_cpu_s: np.ndarray, duration_s: np.ndarray) -> np.ndarray:
    """The rule of :func:`wattshed.energy.share.usage.was_alone` for many spans; false where it is not known."""
    busy_s = own_cpu_s + others_cpu_s
    return (
        (duration_s >= SHORTEST_S)
        & (others_cpu_s > NOT_ALONE_SHARE * busy_s)
        & (others_cpu_s > NOT_ALONE_CORES * duration_s)
    )


def gpu_was_shared(frame: pd.DataFrame) -> np.ndarray:
    """Whether others took more than a tenth of the energy of the GPUs; false where it is not known."""
    if not set(GPU_USED) <= set(frame):
        return np.zeros(len(frame), dtype=bool)
    own_kwh, all_kwh = (frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in GPU_USED)
    return np.asarray(own_kwh < (1 - NOT_ALONE_SHARE) * all_kwh)


def _constant_power(runs: pd.DataFrame) -> np.ndarray:
    """Runs of one processor with the same mean CPU power in many runs."""
    power = _to_digits(runs["cpu_power_w"].to_numpy(dtype=np.float64, na_value=np.nan))
    keys = [runs["cpu_model"].fillna(""), runs["host"].fillna(""), runs["origin"]]
    values = pd.Series(power, index=runs.index)
    of_processor = values.groupby(keys).transform("count")
    same = values.groupby([*keys, power], dropna=True).transform("size")
    return ((same >= SAME_POWER_RUNS) & (same >= SAME_POWER_SHARE * of_processor)).to_numpy(dtype=bool)


def _to_digits(values: np.ndarray) -> np.ndarray:
    """Rounded to :data:`SAME_POWER_DIGITS` significant digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        place = 10.0 ** (SAME_POWER_DIGITS - 1 - np.floor(np.log10(np.abs(values))))
        return np.where(np.isfinite(place), np.round(values * place) / place, values)


def _above_tdp(runs: pd.DataFrame) -> np.ndarray:
    models, names = pd.factorize(runs["cpu_model"])
    socket_w = np.array([tdp_w(name) or np.nan for name in names] + [np.nan])[models]
    # A server of unknown socket count may have two.
    sockets = np.array([SERVER_SOCKETS if _is_server(name) else 1.0 for name in names] + [1.0])[models]
    sockets = runs["cpu_sockets"].fillna(pd.Series(sockets, index=runs.index)).to_numpy(dtype=np.float64)
    power_w = runs["cpu_power_w"].to_numpy(dtype=np.float64, na_value=np.nan)
    return power_w > TDP_MARGIN * socket_w * sockets


def _is_server(model: str) -> bool:
    return any(word in model for word in SERVERS)


def _idle_gpu(runs: pd.DataFrame) -> np.ndarray:
    low_power = runs["gpu_power_w"] < IDLE_GPU_W
    low_use = runs["gpu_utilisation_percent"] < IDLE_GPU_UTILISATION
    return (runs["gpu_kwh"].notna() & (low_power | low_use)).to_numpy(dtype=bool)


def _changed_grid(runs: pd.DataFrame) -> np.ndarray:
    """Runs whose place is not that of most runs of their model, or of their folder if no model is named.

    Causes are a VPN or another machine's folder. If a model has too few runs, those of its origin are taken.
    """
    place = runs["country_iso"].astype("string") + "/" + runs["region"].astype("string").fillna("")
    folder = runs["path"].astype("string").str.replace(r"[^/\\]*$", "", regex=True)
    kin = runs["model"].astype("string").fillna(folder)
    origin = runs["origin"].astype("string")
    own = _usual(place, origin + "/" + kin, GRID_RUNS)
    usual = own.fillna(_usual(place, origin, 1))
    return (place.notna() & usual.notna() & (place != usual)).fillna(False).to_numpy(dtype=bool)


def _usual(place: pd.Series, group: pd.Series, least: int) -> pd.Series:
    """Per run the place of more than half of its group; null if there is none, or fewer runs than ``least``."""
    known = pd.DataFrame({"place": place, "group": group}).dropna()
    counts = known.value_counts(["group", "place"]).reset_index(name="n")
    counts["of"] = counts.groupby("group")["n"].transform("sum")
    most = counts[(2 * counts["n"] > counts["of"]) & (counts["of"] >= least)]
    return group.map(most.set_index("group")["place"]).astype("string")
