"""Simulated sweeps with a contamination of a known size, and clean ones, to measure how often detectors find them.

Every trial invents a GPU and a workload: compute share 0.1 to 1, exponent 1.25 to 3.5, p0 50 to 150 W, p1 100 to 250 W,
noise 1 to 3 %. A sweep has 12 clocks five times (sparse) or all 61 three times (full), in random rounds with the
maximum between them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from wattshed.clocks.backends.planned_sweep import planned_sweep
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.contamination.detection import DetectorName
from wattshed.config.clocks.simulated import SimulatedBlock
from wattshed.config.clocks.simulated_faults import FaultsBlock, HeatBlock

WINDOW_S = 5.0
SPARSE_CLOCKS, SPARSE_REPEATS, FULL_REPEATS, ORDERED_REPEATS = 12, 5, 3, 3
NOISE_CV = (0.01, 0.03)


@dataclass
class Trial:
    """One invented GPU and its plan. A kind of contamination changes ``laws``, ``plan`` or, afterwards, the rows."""

    seed: int
    full: bool
    laws: dict[str, Any] = field(default_factory=dict)
    plan: list[int] = field(default_factory=list)
    window_s: float = WINDOW_S
    warm_up: int = 0

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        draw = self.random.uniform
        self.laws = {
            "noise_cv": draw(*NOISE_CV),
            "compute_share": draw(0.1, 1),
            "exponent": draw(1.25, 3.5),
            "p0_w": draw(50, 150),
            "p1_w": draw(100, 250),
        }
        legal = SimulatedClocks(SimulatedBlock(), 0).settings()
        places = (
            np.linspace(0, len(legal) - 1, len(legal) if self.full else SPARSE_CLOCKS).round().astype(int)
        )
        self.settings = [legal[place] for place in places]
        self.plan = _rounds(self.settings, FULL_REPEATS if self.full else SPARSE_REPEATS, self.random)

    def gpu(self) -> SimulatedClocks:
        """A new GPU by the laws, with the trial's seed."""
        return SimulatedClocks(SimulatedBlock(**self.laws), self.seed)

    def sweep(self) -> pd.DataFrame:
        """The plan, measured: one row per window (``clocks.runs.COLUMNS``)."""
        return planned_sweep(self.gpu(), self.plan, self.window_s, self.warm_up)

    @property
    def duration_h(self) -> float:
        """Time of the plan, in windows of ``window_s`` [h]."""
        return len(self.plan) * self.window_s / 3600


@dataclass(frozen=True)
class Kind:
    """One way to spoil a sweep.

    detector: the one that must find it. what: the size in words, with ``{}`` for the number. sizes: those of the table.
    claimed: the range of sizes within which it must be found. changes_saving: whether it is an error of measurement,
    which moves the stated saving, and not another workload. spoil: makes the rows from a trial and a size.
    """

    detector: DetectorName
    what: str
    sizes: tuple[float, ...]
    claimed: tuple[float, float]
    changes_saving: bool
    spoil: Callable[[Trial, float], pd.DataFrame]

    def claimed_size(self, random: np.random.Generator) -> float:
        """A size within the claimed range, uniform in its logarithm."""
        low, high = self.claimed
        return low if low == high else float(np.exp(random.uniform(np.log(low), np.log(high))))


def _rounds(settings: list[int], repeats: int, random: np.random.Generator) -> list[int]:
    """Rounds of all settings in random order, with the maximum at the start and middle of each and at the very end."""
    *others, maximum = settings
    half, plan = len(others) // 2, []
    for _ in range(repeats):
        mixed = [int(one) for one in random.permutation(others)]
        plan += [maximum, *mixed[:half], maximum, *mixed[half:]]
    return [*plan, maximum]


def _clean(trial: Trial) -> pd.DataFrame:
    return trial.sweep()


def _clean_hot(trial: Trial) -> pd.DataFrame:
    """A GPU that 20 windows of warm-up at mixed settings brought to the temperature of the sweep."""
    trial.laws["heat"] = HeatBlock(resistance_k_per_w=0.15, leakage_per_k=0.008, time_constant_s=25.0)
    trial.plan = [int(one) for one in trial.random.permutation(trial.plan)[:20]] + trial.plan
    trial.warm_up = 20
    return trial.sweep()


def _clean_limits(trial: Trial) -> pd.DataFrame:
    """Power limits from 100 W up in steps of 25 W; the larger ones exceed what the workload draws."""
    trial.laws |= {"knob": "power_limit", "highest_limit_w": 300}
    trial.plan = _rounds(list(trial.gpu().settings()), SPARSE_REPEATS, trial.random)
    return trial.sweep()


def _cold(trial: Trial, factor: float) -> pd.DataFrame:
    windows = trial.random.uniform(0.5, 3)
    trial.laws["faults"] = FaultsBlock(cold_factor=factor, cold_windows=windows)
    return trial.sweep()


def _cold_repeats(trial: Trial, factor: float) -> pd.DataFrame:
    """As where every setting begins with a new process: its first repeat is slower, at idle power."""
    rows = trial.sweep()
    first = ~rows.duplicated("setting")
    more_s = rows.loc[first, "time_s"] * (factor - 1)
    rows.loc[first, "time_s"] += more_s
    rows.loc[first, "energy_j"] += more_s * SimulatedBlock().idle_w
    return rows.assign(power_w=rows["energy_j"] / rows["time_s"])


def _cold_ordered(trial: Trial, factor: float) -> pd.DataFrame:
    """The published sweeps: from the maximum down, each setting three times, the first runs during a download."""
    trial.plan = [one for one in reversed(trial.settings) for _ in range(ORDERED_REPEATS)]
    return _cold(trial, factor)


def _drift(trial: Trial, share: float) -> pd.DataFrame:
    trial.laws["faults"] = FaultsBlock(drift_share_per_h=share / trial.duration_h)
    return trial.sweep()


def _warming(trial: Trial, resistance: float) -> pd.DataFrame:
    """A GPU that begins at ambient temperature, with a time constant of a fifth of the sweep."""
    trial.laws["heat"] = HeatBlock(
        resistance_k_per_w=resistance, leakage_per_k=0.008, time_constant_s=trial.duration_h * 3600 / 5
    )
    return trial.sweep()


def _ordered(trial: Trial, swapped_share: float) -> pd.DataFrame:
    """Up or down, repeats together or in passes, half of them with the maximum measured again and again."""
    way = -1 if trial.random.random() < 0.5 else 1
    settings = sorted(trial.settings, reverse=way < 0)
    if trial.random.random() < 0.5:
        plan = [one for one in settings for _ in range(ORDERED_REPEATS)]
    else:
        plan = settings * ORDERED_REPEATS
    for _ in range(round(swapped_share * len(plan) / 2)):
        one, other = trial.random.integers(len(plan), size=2)
        plan[one], plan[other] = plan[other], plan[one]
    if trial.random.random() < 0.5:
        maximum = max(settings)
        plan = [
            maximum,
            *(run for at, one in enumerate(plan, 1) for run in ([one, maximum] if at % 6 == 0 else [one])),
        ]
    trial.plan = plan
    return trial.sweep()


def _locked(trial: Trial, noise_cv: float) -> pd.DataFrame:
    """Half of the sweeps do not know the applied clock."""
    stuck = int(trial.random.choice(trial.settings))
    reads = bool(trial.random.random() < 0.5)
    trial.laws |= {"noise_cv": noise_cv, "faults": FaultsBlock(stuck_mhz=stuck, reads_applied=reads)}
    return trial.sweep()


def _locked_unread(trial: Trial, noise_cv: float) -> pd.DataFrame:
    stuck = int(trial.random.choice(trial.settings))
    trial.laws |= {"noise_cv": noise_cv, "faults": FaultsBlock(stuck_mhz=stuck, reads_applied=False)}
    return trial.sweep()


def _idle(trial: Trial, idle_share: float) -> pd.DataFrame:
    trial.laws["idle_share"] = idle_share
    return trial.sweep()


def _whole_seconds(trial: Trial, call_s: float) -> pd.DataFrame:
    """One call per window, timed by whole seconds."""
    trial.laws |= {"call_s": call_s, "faults": FaultsBlock(time_quantum_s=1.0)}
    trial.window_s = 0.1
    return trial.sweep()


CLEAN: dict[str, Callable[[Trial], pd.DataFrame]] = {
    "clocks": _clean,
    "clocks of a GPU that is warm, with temperatures": _clean_hot,
    "power limits": _clean_limits,
}
KINDS: dict[str, Kind] = {
    "cold start": Kind(
        "cold_first_run", "first window {:g} times as slow, fading over 0.5 to 3 windows",
        (1.02, 1.05, 1.1, 1.15, 1.2, 1.3, 2, 10), (1.3, 10), True, _cold,
    ),
    "cold first repeats": Kind(
        "cold_first_run", "first repeat of every setting {:g} times as slow",
        (1.02, 1.03, 1.05, 1.1, 1.3, 2), (1.1, 10), True, _cold_repeats,
    ),
    "cold start of an ordered sweep": Kind(
        "cold_first_run", "first window {:g} times as slow, fading over 0.5 to 3 windows, from the maximum down",
        (1.1, 1.3, 1.5, 2, 5, 10), (2, 10), True, _cold_ordered,
    ),
    "drift": Kind(
        "drift", "time grows by {:.0%} over the sweep",
        (0.01, 0.02, 0.03, 0.05, 0.1, 0.2), (0.1, 0.2), True, _drift,
    ),
    "warming up": Kind(
        "drift", "{:g} K/W from ambient on, leakage 0.8 % of p0 per K",
        (0.02, 0.05, 0.1, 0.15, 0.2), (0.15, 0.3), False, _warming,
    ),
    "order": Kind(
        "order", "{:.0%} of the runs swapped at random",
        (0.0, 0.05, 0.1, 0.2, 0.5), (0.0, 0.0), False, _ordered,
    ),
    "locked clock": Kind(
        "locked_clock", "noise {:.0%}; the applied clock is read in half of the sweeps",
        (0.01, 0.03, 0.05), (0.01, 0.03), False, _locked,
    ),
    "locked clock, not read": Kind(
        "locked_clock", "noise {:.0%}; the applied clock is never read",
        (0.01, 0.02, 0.03, 0.04, 0.05, 0.08), (0.01, 0.03), False, _locked_unread,
    ),
    "idle GPU": Kind(
        "idle_gpu", "GPU idle in {:.0%} of the time at the maximum",
        (0.2, 0.4, 0.6, 0.7, 0.8, 0.9), (0.8, 0.95), False, _idle,
    ),
    "whole seconds": Kind(
        "whole_seconds", "calls of {:g} s at the maximum",
        (3, 8.5, 20, 40, 80, 160), (3, 20), True, _whole_seconds,
    ),
}  # fmt: skip


def saving_share(rows: pd.DataFrame, setting: int) -> float:
    """Saving at a setting from the medians of all runs, as somebody would state it who does not look for faults."""
    energy_j = rows.groupby("setting")["energy_j"].median()
    return float(1 - energy_j[setting] / energy_j.iloc[-1])
