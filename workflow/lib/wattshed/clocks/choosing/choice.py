"""The clock of least energy under a slowdown limit, with its uncertainty, or the maximum and the reason."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from wattshed.clocks.choosing.curves import noise_from, power_law, running_median, time_law
from wattshed.clocks.contamination.usable import (
    LEAST_REPEATS,
    UsableSweep,
    refusal,
    speedup_refusal,
    typical_cv,
    usable_sweep,
    variation,
)
from wattshed.clocks.runs import COLUMNS
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Worth
from wattshed.statistics.levels import LEVEL

DRAWS = 1000
INTERVAL = (0.025, 0.975)
IMPLAUSIBLE_SAVING = 0.25
# The alarm above was calibrated up to this limit: real boards save 9 % (median) to 22 % (90th percentile).
CALIBRATED_SLOWDOWN = 0.05
DOUBTFUL_SPEEDUP = 0.05
KEEP = "no practical point: keep the maximum"

Verdict = Literal["use", "keep", "doubtful", "refused"]
Estimator = Literal["law", "median"]


@dataclass(frozen=True)
class ClockChoice:
    """The chosen clock and the reason. Shares are relative to the baseline; bounds are bootstrap 95 %
    intervals; those of savings hold for all clocks of the sweep together.

    status: ``use`` a lower clock; ``keep`` the maximum, because no lower clock saves enough; ``doubtful``: physics
    does not explain the saving; ``refused``: the sweep cannot be trusted, so no saving is stated. setting: the clock
    to run at, which is the maximum unless the status is ``use``.
    outcome: worth it, where the whole interval of the slowdown is within the limit and that of the saving above 0; not
    worth it, where no clock is within the limit or no saving is left; else undecided (:class:`Worth`).
    fitted: saving and slowdown of every lower clock, with intervals, as the choice is made by them.
    candidate: the clock of least energy under the limit that the numbers belong to, if there is one;
    its own bounds are the interval over which bootstrapped choices fall.
    estimator: ``law`` where T = a + b fmax/f and P = p0 + p1 (f/fmax)^k hold, else ``median``.
    """

    backend: str
    label: str
    gpu: str
    workload: str
    verdict: str
    status: Verdict
    outcome: str
    reason: str
    setting: int
    maximum: int
    max_slowdown_share: float
    seed: int
    baseline_protocol: str
    baseline_settings: tuple[int, ...]
    baseline_repeats: int
    baseline_time_s: float | None = None
    baseline_energy_j: float | None = None
    baseline_cv: float | None = None
    typical_cv: float | None = None
    estimator: Estimator | None = None
    candidate: int | None = None
    candidate_low: int | None = None
    candidate_high: int | None = None
    candidate_repeats: int | None = None
    saving_share: float | None = None
    saving_low: float | None = None
    saving_high: float | None = None
    slowdown_share: float | None = None
    slowdown_low: float | None = None
    slowdown_high: float | None = None
    fitted: tuple[dict[str, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``choice.json``: every number is finite or null."""
        return asdict(self) | {"baseline_settings": list(self.baseline_settings), "fitted": list(self.fitted)}


def choose_clock(frame: pd.DataFrame, max_slowdown_share: float, seed: int) -> ClockChoice:
    """Choose from one sweep (the columns of ``clocks.sweep.COLUMNS``; one GPU, one workload).

    Least energy over the clocks whose whole interval of the time is within (1 + max_slowdown_share) T_base. Raises
    :class:`Fault` for a table that is not a sweep; for a sweep that cannot be trusted the answer's status is
    ``refused``.
    """
    _check(frame, max_slowdown_share)
    sweep = usable_sweep(frame)
    first = frame.iloc[0]
    about: dict[str, Any] = {
        "backend": str(first["backend"]),
        "label": str(first["label"]),
        "gpu": str(first["gpu"]),
        "workload": str(first["workload"]),
        "maximum": sweep.maximum,
        "max_slowdown_share": max_slowdown_share,
        "seed": seed,
        "baseline_protocol": sweep.protocol,
        "baseline_settings": sweep.baseline_settings,
        "baseline_repeats": len(sweep.baseline),
    }
    problem = refusal(sweep)
    if problem is None:
        curves = _Curves(sweep, seed)
        problem = speedup_refusal(float((curves.slowdown[0]).min()))
    if problem is not None:
        return _keep(about, "refused", problem)
    about |= {
        "baseline_time_s": float(sweep.baseline["time_s"].median()),
        "baseline_energy_j": float(sweep.baseline["energy_j"].median()),
        "baseline_cv": variation(sweep.baseline["time_s"]),
        "typical_cv": typical_cv(sweep, "time_s"),
        "estimator": curves.estimator,
        "fitted": curves.fitted(),
    }
    candidate = curves.pick(max_slowdown_share)[0]
    if candidate < 0:
        return _keep(
            about,
            "keep",
            f"no lower clock is shown to stay within {max_slowdown_share:.1%} slowdown (the whole 95 % interval)",
            Worth.UNDECIDED if (curves.slowdown[0] <= max_slowdown_share).any() else Worth.NOT_WORTH_IT,
        )
    numbers = curves.describe(int(candidate), max_slowdown_share)
    about |= numbers
    doubt = _doubt(numbers, float(curves.slowdown[0].min()), max_slowdown_share)
    if doubt is not None:
        return _keep(about, "doubtful", doubt)
    if numbers["saving_low"] <= 0:
        return _keep(
            about,
            "keep",
            f"the saving at {numbers['candidate']} MHz may be nothing: its 95 % interval "
            f"{numbers['saving_low']:.1%} to {numbers['saving_high']:.1%} includes 0",
            Worth.UNDECIDED if numbers["saving_high"] > 0 else Worth.NOT_WORTH_IT,
        )
    setting = numbers["candidate"]
    return ClockChoice(
        verdict=f"use {setting} MHz",
        status="use",
        outcome=Worth.WORTH_IT,
        reason=f"least energy of the clocks within {max_slowdown_share:.1%} slowdown of the largest one, measured warm",
        setting=setting,
        **about,
    )


class _Curves:
    """Slowdown and saving [B, C] of the clocks below the maximum; draw 0 is the data itself."""

    def __init__(self, sweep: UsableSweep, seed: int) -> None:
        groups = [group for _, group in sweep.rows.groupby("setting")]
        clocks = np.array([group["setting"].iloc[0] for group in groups], dtype=float)
        counts = np.array([len(group) for group in groups])
        columns = ("time_s", "power_w", "energy_j")
        drawn = _draw([group[list(columns)].to_numpy() for group in groups], seed)
        medians = np.stack([np.median(draws, axis=1) for draws in drawn], axis=1)
        times_s, powers_w, energies_j = (medians[:, :, column] for column in range(3))

        repeats = int(np.median(counts))
        time = time_law(clocks, times_s, counts, noise_from(typical_cv(sweep, "time_s"), repeats))
        power = power_law(clocks, powers_w, counts, noise_from(typical_cv(sweep, "power_w"), repeats))
        self.estimator: Estimator
        # In a sweep that ran from one end to the other, drift would bias a fit over all clocks: use medians
        # only.
        if sweep.protocol == "interleaved" and time.fits and power.fits:
            self.estimator = "law"
            time_s, energy_j = time.values, time.values * power.values
            base_s, base_j = time_s[:, -1], energy_j[:, -1]
        else:
            self.estimator = "median"
            time_s, energy_j = running_median(clocks, times_s), running_median(clocks, energies_j)
            near = np.isin(clocks, sweep.baseline_settings)
            pooled = np.concatenate(
                [draws for draws, chosen in zip(drawn, near, strict=True) if chosen], axis=1
            )
            base_s, base_j = np.median(pooled[:, :, 0], axis=1), np.median(pooled[:, :, 2], axis=1)
        lower = clocks < sweep.maximum
        self.clocks_mhz = clocks[lower].astype(int)
        self.counts = counts[lower]
        self.slowdown = (time_s / base_s[:, None] - 1)[:, lower]
        self.saving = (1 - energy_j / base_j[:, None])[:, lower]
        repeats_by_clock = np.append(self.counts, len(sweep.baseline))
        self.saving_bounds = joint_bounds(self.saving, repeats_by_clock, pooled=self.estimator == "median")
        self.slowdown_bounds = tuple(np.quantile(self.slowdown, INTERVAL, axis=0))

    def pick(self, max_slowdown_share: float) -> np.ndarray:
        """Column of the best clock under the limit in each draw; -1 where no clock is under it.

        A clock is under the limit if the whole interval of its slowdown is.
        """
        shown = self.slowdown_bounds[1] <= max_slowdown_share
        allowed = (self.slowdown <= max_slowdown_share) & (self.counts >= LEAST_REPEATS) & shown
        best = np.where(allowed, self.saving, -np.inf).argmax(axis=1) if allowed.size else np.array([0])
        return np.where(allowed.any(axis=1), best, -1)

    def fitted(self) -> tuple[dict[str, float], ...]:
        """Per clock below the maximum: ``setting``, and ``saving`` and ``slowdown`` with ``_share, _low, _high``."""
        rows = []
        for column, clock in enumerate(self.clocks_mhz):
            row: dict[str, float] = {"setting": int(clock)}
            for name, draws, bounds in self._named():
                row |= {
                    f"{name}_share": float(draws[0, column]),
                    f"{name}_low": float(bounds[0][column]),
                    f"{name}_high": float(bounds[1][column]),
                }
            rows.append(row)
        return tuple(rows)

    def describe(self, column: int, max_slowdown_share: float) -> dict[str, Any]:
        picks = self.pick(max_slowdown_share)
        picked_mhz = self.clocks_mhz[picks[picks >= 0]]
        # Clocks come in steps, so the interval's ends are clocks that bootstrap draws chose.
        low_mhz, high_mhz = np.quantile(picked_mhz, INTERVAL, method="nearest")
        row = self.fitted()[column]
        return {
            "candidate": row.pop("setting"),
            "candidate_low": int(low_mhz),
            "candidate_high": int(high_mhz),
            "candidate_repeats": int(self.counts[column]),
            **row,
        }

    def _named(self) -> tuple[tuple[str, np.ndarray, tuple[np.ndarray, np.ndarray]], ...]:
        return (
            ("saving", self.saving, self.saving_bounds),
            ("slowdown", self.slowdown, self.slowdown_bounds),
        )


def joint_bounds(draws: np.ndarray, repeats: np.ndarray, *, pooled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Bounds [C] that hold for all clocks together with 95 %, since the one that saves most is picked by the same data.

    draws: [B, C], row 0 the data itself, the others resamples; repeats: of each clock; pooled: whether all clocks are
    taken to scatter alike, as where each is known by its own few repeats and not by a law of all. Bootstrap with the
    largest studentised deviation over all clocks (Westfall and Young 1993, single step). Means of resamples of n
    repeats vary too little by the factor sqrt((n - 1) / n); for medians of few repeats the correction is larger than
    needed.
    """
    few = int(repeats[repeats > 1].min(initial=max(2, int(repeats.max()))))
    deviations = (draws[1:] - draws[0]) * math.sqrt(few / (few - 1))
    spread = deviations.std(axis=0)
    if pooled and (known := spread[spread > 0]).size:
        # A clock that scatters more keeps its own.
        spread = np.maximum(spread, np.sqrt(np.square(known).mean()))
    with np.errstate(invalid="ignore"):
        largest = np.nan_to_num(np.abs(deviations) / spread).max(axis=1, initial=0.0)
    half = float(np.quantile(largest, LEVEL)) * spread
    return draws[0] - half, draws[0] + half


def _draw(groups: list[np.ndarray], seed: int) -> list[np.ndarray]:
    """For each clock [n, 3] the data and ``DRAWS`` resamples of its repeats: [1 + DRAWS, n, 3]."""
    random = np.random.default_rng(seed)
    return [
        np.concatenate([rows[None], rows[random.integers(len(rows), size=(DRAWS, len(rows)))]])
        for rows in groups
    ]


def _doubt(numbers: dict[str, Any], fastest_slowdown: float, max_slowdown_share: float) -> str | None:
    if fastest_slowdown < -DOUBTFUL_SPEEDUP:
        return (
            f"doubtful: a lower clock is {-fastest_slowdown:.1%} faster than the maximum, which no clock "
            "explains; measure again, interleaved and warm"
        )
    if max_slowdown_share <= CALIBRATED_SLOWDOWN and numbers["saving_share"] > IMPLAUSIBLE_SAVING:
        return (
            f"doubtful: a saving of {numbers['saving_share']:.1%} is over {IMPLAUSIBLE_SAVING:.0%}, more "
            f"than real GPUs save within {max_slowdown_share:.1%} slowdown; check the baseline"
        )
    return None


def _keep(
    about: dict[str, Any], status: Verdict, reason: str, outcome: Worth = Worth.UNDECIDED
) -> ClockChoice:
    return ClockChoice(
        verdict=KEEP, status=status, outcome=outcome, reason=reason, setting=about["maximum"], **about
    )


def _check(frame: pd.DataFrame, max_slowdown_share: float) -> None:
    lacking = [column for column in COLUMNS if column not in frame]
    if lacking:
        raise Fault(f"the sweep has no column {', '.join(lacking)}: expected the output of sweep_clocks.")
    if frame.empty:
        raise Fault("the sweep has no rows: expected the output of sweep_clocks; run it again.")
    if frame[["gpu", "workload"]].drop_duplicates().shape[0] > 1:
        raise Fault("the sweep mixes GPUs or workloads: expected one of each; choose for each separately.")
    for column in ("setting", "time_s", "energy_j", "power_w"):
        wrong = frame.index[~((frame[column] > 0) & np.isfinite(frame[column]))]
        if len(wrong):
            raise Fault(
                f"the sweep's row {wrong[0]} has {column} {frame[column][wrong[0]]}; expected a positive "
                "number: measure again."
            )
    if not 0 <= max_slowdown_share < 1:
        raise Fault(
            f"the slowdown limit is {max_slowdown_share}; expected a share from 0 up to 1, such as 0.05."
        )
