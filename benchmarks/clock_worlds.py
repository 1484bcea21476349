"""Invented GPUs and workloads at random, and ways to look for their best clock, for benchmarks/clock_trials.py."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose_cell
from wattshed.clocks.runs import COLUMNS, TYPES
from wattshed.clocks.sweeping.plan import plan_order, spread_clocks
from wattshed.clocks.sweeping.search import next_settings
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.search import SearchBlock
from wattshed.config.clocks.simulated import SimulatedBlock

GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class World:
    """One invented GPU with one workload, and the limit under which its best setting is wanted."""

    simulated: SimulatedBlock
    max_slowdown_share: float
    seed: int

    @property
    def limits(self) -> Limits:
        return Limits(self.max_slowdown_share)

    def open(self) -> SimulatedClocks:
        return SimulatedClocks(self.simulated, self.seed)

    @property
    def has_knee(self) -> bool:
        return self.simulated.knee_share > 0


def draw_world(
    seed: int, noise_cv: float, clocks: int, *, knob: str = "clock", limit: float | None = None
) -> World:
    """``clocks``: number of legal settings. Every other law is drawn, over the ranges that the page states."""
    random = np.random.default_rng([seed, 12])
    maximum = int(random.integers(1300, 2001))
    step = max(1, min(500, round(maximum * (1 - random.uniform(0.29, 0.45)) / max(1, clocks - 1))))
    power_w, constant = random.uniform(60, 500), random.uniform(0.15, 0.6)
    highest = round(power_w * random.uniform(0.85, 1.3))
    limit_step = max(1, round(highest * random.uniform(0.4, 0.6) / max(1, clocks - 1)))
    drawn = {
        "compute_share": random.uniform(0.1, 0.95),
        "exponent": random.uniform(1.25, 3.5),
        "knee_share": _perhaps(random, 1 / 3, 0.5, 0.95),
        "steepness": random.uniform(1, 2.2),
        "voltage_floor_share": _perhaps(random, 1 / 4, 0.35, 0.65),
        "idle_share": _perhaps(random, 1 / 4, 0.02, 0.3),
        "call_s": float(np.exp(random.uniform(np.log(0.001), np.log(2)))),
    }
    slowdown = float(random.uniform(0, 0.15))
    return World(
        SimulatedBlock(
            gpu="simulated, drawn",
            knob=knob,
            minimum_mhz=maximum - step * (clocks - 1) if knob == "clock" else maximum - 60 * 15,
            maximum_mhz=maximum,
            step_mhz=step if knob == "clock" else 15,
            lowest_limit_w=highest - limit_step * (clocks - 1) if knob == "power_limit" else 100,
            highest_limit_w=highest if knob == "power_limit" else 400,
            limit_step_w=limit_step if knob == "power_limit" else 25,
            p0_w=power_w * constant,
            p1_w=power_w * (1 - constant),
            idle_w=power_w * constant * 0.5,
            noise_cv=noise_cv,
            **drawn,
        ),
        slowdown if limit is None else limit,
        seed,
    )


def _perhaps(random: np.random.Generator, chance: float, low: float, high: float) -> float:
    value = random.uniform(low, high)
    return float(value) if random.random() < chance else 0.0


class Bench:
    """Measures settings of a world and keeps the rows."""

    def __init__(self, world: World, block: ClocksBlock) -> None:
        self.gpu, self.block = world.open(), block
        self.legal = self.gpu.settings()
        self._rows: list[tuple[object, ...]] = []

    def measure(self, settings: Sequence[int]) -> None:
        gpu = self.gpu
        for setting in settings:
            gpu.lock(int(setting))
            reading = gpu.measure(_nothing, self.block.min_point_s)
            order = len(self._rows) + 1
            self._rows.append(
                (
                    gpu.name,
                    gpu.label,
                    gpu.gpu,
                    None,
                    "drawn",
                    gpu.knob.name,
                    int(setting),
                    reading.applied,
                    order,
                    order,
                    order > self.block.warm_up_repeats,
                    reading.time_s,
                    reading.energy_j,
                    reading.energy_j / reading.time_s,
                    reading.energy_by,
                    reading.throttled,
                    reading.temperature_c,
                )
            )

    @property
    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self._rows, columns=list(COLUMNS)).astype(TYPES)

    @property
    def windows(self) -> int:
        return len(self._rows)


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Found:
    """setting: recommended; windows: measured, warm-up included; stop: why the search ended.

    doubted: a setting was named, but held back because it saves more than real GPUs do; ``setting`` is then the maximum
    and ``named`` the setting. status: of the choice.
    """

    setting: int
    windows: int
    stop: str
    frame: pd.DataFrame
    status: str = "use"
    named: int | None = None


def chosen(world: World, bench: "Bench", stop: str) -> Found:
    """The choice that the pipeline and the command make from the windows of ``bench``."""
    choice = choose_cell(bench.frame, world.limits, seed=bench.block.seed)
    named = choice.candidate if choice.status == "doubtful" else choice.setting
    return Found(choice.setting, bench.windows, stop, bench.frame, choice.status, named)


def search(world: World, **search_settings: object) -> Found:
    """The adaptive search of the library; keywords are keys of ``clocks.search``, or points."""
    points = search_settings.pop("points", 12)
    block = ClocksBlock(seed=world.seed, points=points, search=SearchBlock(**search_settings))
    bench = Bench(world, block)
    while (step := next_settings(bench.frame, bench.legal, block, world.limits)).stop is None:
        bench.measure(step.settings)
    return chosen(world, bench, step.stop)


def planned(world: World, points: int, repeats: int) -> Found:
    """Every one of ``points`` settings ``repeats`` times; 0 points for all settings."""
    bench = Bench(world, ClocksBlock(seed=world.seed))
    settings = spread_clocks(bench.legal, points) if 0 < points < len(bench.legal) else bench.legal
    bench.measure([bench.legal[-1], *plan_order(settings, repeats, world.seed)])
    return chosen(world, bench, "planned")


def golden(world: World, repeats: int) -> Found:
    """Golden-section search on mean energies, without intervals; a mean time above the limit is as bad as no end."""
    block = ClocksBlock(seed=world.seed)
    bench = Bench(world, block)
    legal = bench.legal
    bench.measure([legal[-1]] * (repeats + 1))
    limit_s = (1 + world.max_slowdown_share) * _means(bench)["time_s"][legal[-1]]
    known: dict[int, float] = {}

    def cost(place: int) -> float:
        if place not in known:
            bench.measure([legal[place]] * repeats)
            means = _means(bench).loc[legal[place]]
            # Below the limit energy decides; above it a search must go up again.
            known[place] = means["energy_j"] if means["time_s"] <= limit_s else 1e9 * means["time_s"]
        return known[place]

    low, high = 0, len(legal) - 1
    while high - low > 2:
        left = round(high - GOLDEN * (high - low))
        right = max(left + 1, round(low + GOLDEN * (high - low)))
        if cost(left) < cost(right):
            high = right
        else:
            low = left
    for place in range(low, high + 1):
        cost(place)
    best = min(known, key=lambda place: known[place])
    setting = legal[best] if known[best] < 1e6 else legal[-1]
    return Found(setting, bench.windows, "bracket of one step", bench.frame)


def _means(bench: Bench) -> pd.DataFrame:
    frame = bench.frame
    return frame[frame["warm"]].groupby("setting")[["time_s", "energy_j"]].mean()


def judged(world: World, found: Found) -> dict[str, object]:
    """Against the truth: regret_share of energy, and whether the limit is kept."""
    gpu = world.open()
    oracle = gpu.oracle(world.max_slowdown_share)
    top = gpu.settings()[-1]
    setting = found.setting if found.named is None else found.named
    slowdown = gpu.true_time_s(setting) / gpu.true_time_s(top) - 1
    return {
        "regret_share": gpu.true_energy_j(setting) / gpu.true_energy_j(oracle) - 1,
        "run_regret_share": gpu.true_energy_j(found.setting) / gpu.true_energy_j(oracle) - 1,
        "kept": slowdown <= world.max_slowdown_share + 1e-12,
        "lower": setting < top,
        "status": found.status,
        "saving_share": 1 - gpu.true_energy_j(setting) / gpu.true_energy_j(top),
        "windows": found.windows,
        "legal": len(gpu.settings()),
        "narrow": found.stop.startswith("interval"),
        "knee": world.has_knee,
    }
