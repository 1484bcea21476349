"""A study's figures computed again from raw outputs: forecasts, panel, ledgers and Snakemake's benchmark files.

Imports nothing of the package.
"""

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from scipy.stats import t as student

JOULES_PER_KWH = 3.6e6
BLOCK_DAYS = 4
EMPTY_FIT_S = 1e-5
# What a reader could forecast by hand.
NAIVE = ("persistence", "seasonal_24h", "seasonal_168h", "climatology")


@dataclass
class Study:
    """Raw outputs below ``results/{study}``."""

    folder: Path
    values: np.ndarray = field(init=False)
    observed: np.ndarray = field(init=False)
    times_s: np.ndarray = field(init=False)
    splits: dict[str, Any] = field(init=False)
    forecasts: dict[str, dict[str, np.ndarray]] = field(init=False)
    ledgers: list[list[dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        panel = load_file(self.folder / "data/panel.safetensors")
        self.values, self.observed = panel["values"].astype(float), panel["observed"]
        self.times_s = panel["times_s"]
        self.splits = json.loads((self.folder / "data/splits.json").read_text())
        self.forecasts = {
            path.stem: load_file(path) for path in (self.folder / "forecasts").glob("*.safetensors")
        }
        paths = sorted(self.folder.glob("ledger/**/*.jsonl"))
        self.ledgers = [[json.loads(line) for line in path.read_text().splitlines()] for path in paths]

    def windows(self, *names: str) -> Iterator[dict[str, Any]]:
        for events in self.ledgers:
            # Trainings at rolling origins are runs of their own.
            if events[0]["stage"] == "rolling":
                continue
            yield from (event for event in events if event["event"] == "window" and event["name"] in names)


def known_kwh(energy: dict[str, dict[str, Any]]) -> float:
    return sum(part["kwh"] for part in energy.values() if part["kwh"] is not None)


def geometric(values: list[float]) -> tuple[float, float | None, float | None]:
    """Geometric mean with Student's 95 % t interval of the logarithms; no ends for one value."""
    logs = np.log(np.asarray(values, dtype=float))
    mean = float(logs.mean())
    if len(logs) < 2:
        return math.exp(mean), None, None
    half = float(student.ppf(0.975, len(logs) - 1)) * float(logs.std(ddof=1)) / math.sqrt(len(logs))
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def arithmetic(values: list[float]) -> float:
    return float(np.mean(values))


def errors_by_seed(study: Study, model: str) -> dict[str, list[float]]:
    """RMSE, MAE, WAPE, R2 and MASE of every seed over the observed cells of the test part."""
    made = study.forecasts[model]
    train = slice(study.splits["train"]["start"], study.splits["train"]["stop"])
    pairs = study.observed[train][24:] & study.observed[train][:-24]
    change = np.where(pairs, np.abs(study.values[train][24:] - study.values[train][:-24]), 0)
    naive_scale = change.sum(axis=0) / pairs.sum(axis=0)
    seen, truth = _targets(study, made)
    found: dict[str, list[float]] = {name: [] for name in ("rmse", "mae", "wape", "r2", "mase")}
    for forecast in made["forecast"].astype(float):
        error = np.where(seen, forecast - truth, 0)
        counts = seen.sum(axis=(0, 1))
        own = np.where(seen, truth, 0)
        means = own.sum(axis=(0, 1)) / counts
        spread = (np.where(seen, truth - means, 0) ** 2).sum()
        found["rmse"].append(math.sqrt((error**2).sum() / counts.sum()))
        found["mae"].append(np.abs(error).sum() / counts.sum())
        found["wape"].append(np.abs(error).sum() / np.abs(own).sum())
        found["r2"].append(1 - (error**2).sum() / spread)
        found["mase"].append(float(np.mean(np.abs(error).sum(axis=(0, 1)) / counts / naive_scale)))
    return found


def errors_by_node(study: Study, model: str) -> np.ndarray:
    """RMSE by seed and node [S, N]."""
    made = study.forecasts[model]
    seen, truth = _targets(study, made)
    squared = np.where(seen, (made["forecast"].astype(float) - truth) ** 2, 0).sum(axis=(1, 2))
    return np.sqrt(squared / seen.sum(axis=(0, 1)))


def squares_by_day(study: Study, model: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of squared errors by seed and day [S, D], observed cells by day [D], and the days' numbers [D].

    A window belongs to the UTC day of its first target hour: the tiny study's calendar is UTC.
    """
    made = study.forecasts[model]
    seen, truth = _targets(study, made)
    squared = np.where(seen, (made["forecast"].astype(float) - truth) ** 2, 0).sum(axis=(2, 3))
    day, place = np.unique(study.times_s[made["origins"]] // 86400, return_inverse=True)
    sums = np.stack([np.bincount(place, weights=one, minlength=len(day)) for one in squared])
    return sums, np.bincount(place, weights=seen.sum(axis=(1, 2)).astype(float), minlength=len(day)), day


def _targets(study: Study, made: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    hours = made["origins"][:, None] + np.arange(made["forecast"].shape[2])
    return study.observed[hours], np.nan_to_num(study.values[hours])


def blocks_of(days: np.ndarray) -> np.ndarray:
    """Block of every day, counted in each stretch without a gap of two days or more.

    A stretch's last block of less than half its days joins the one before.
    """
    found: list[int] = []
    stretch: list[int] = []
    last = -1
    for day in [*days.tolist(), None]:
        if stretch and (day is None or day - stretch[-1] > BLOCK_DAYS // 2):
            own = [(one - stretch[0]) // BLOCK_DAYS for one in stretch]
            if own[-1] > 0 and 2 * own.count(own[-1]) < BLOCK_DAYS:
                own = [one - 1 if one == own[-1] else one for one in own]
            for place, one in enumerate(own):
                last += place == 0 or one != own[place - 1]
                found.append(last)
            stretch = []
        stretch.append(day)
    return np.array(found)


def day_interval(sums: np.ndarray, cells: np.ndarray, days: np.ndarray) -> tuple[float, float, float]:
    """RMSE, geometric over seeds, with its 95 % interval over blocks of days (jackknife, Efron and Stein 1981)."""
    block = blocks_of(days)
    log = float(np.mean([0.5 * math.log(seed.sum() / cells.sum()) for seed in sums]))
    left = [
        np.mean([0.5 * math.log(seed[block != one].sum() / cells[block != one].sum()) for seed in sums])
        for one in range(block.max() + 1)
    ]
    half = float(student.ppf(0.975, _day_freedom(sums, block))) * math.sqrt(_jackknife(left))
    return math.exp(log), math.exp(log - half), math.exp(log + half)


def _jackknife(left: list[float]) -> float:
    """Variance from the values without each block."""
    count, mean = len(left), sum(left) / len(left)
    return (count - 1) / count * sum((one - mean) ** 2 for one in left)


def _day_freedom(sums: np.ndarray, block: np.ndarray) -> float:
    """Effective number of blocks less one: a block counts by the square of its share of the error."""
    weights = [float(sums[:, block == one].sum()) ** 2 for one in range(block.max() + 1)]
    return max(1.0, sum(weights) ** 2 / sum(weight**2 for weight in weights) - 1)


def _spread(above: np.ndarray, below: np.ndarray, days: np.ndarray) -> tuple[float, float, float]:
    """Logarithm of the ratio of two RMSEs, its standard error over seeds and days, and degrees of freedom."""
    block = blocks_of(days)
    seeds = max(len(above), len(below))
    pairs = [(above[place % len(above)], below[place % len(below)]) for place in range(seeds)]
    logs = np.array([0.5 * math.log(upper.sum() / lower.sum()) for upper, lower in pairs])
    left = [
        float(
            np.mean(
                [
                    0.5 * math.log(upper[block != one].sum() / lower[block != one].sum())
                    for upper, lower in pairs
                ]
            )
        )
        for one in range(block.max() + 1)
    ]
    by_day = _jackknife(left)
    by_seed = float(logs.var(ddof=1)) / seeds if seeds > 1 else 0.0
    total = by_seed + by_day
    day_freedom = min(_day_freedom(above, block), _day_freedom(below, block))
    freedom = total**2 / (by_seed**2 / max(1, seeds - 1) + by_day**2 / day_freedom)
    return float(logs.mean()), math.sqrt(total), freedom


def change_interval(above: np.ndarray, below: np.ndarray, days: np.ndarray) -> tuple[float, float, float]:
    """Relative change of the RMSE, paired over seeds and days, with its 95 % interval."""
    log, error, freedom = _spread(above, below, days)
    half = float(student.ppf(0.975, freedom)) * error
    return math.exp(log) - 1, math.exp(log - half) - 1, math.exp(log + half) - 1


def p_value(above: np.ndarray, below: np.ndarray, days: np.ndarray) -> float:
    """Two-sided, of "both models have the same error"."""
    log, error, freedom = _spread(above, below, days)
    return float(2 * student.sf(abs(log) / error, freedom))


def ratio(above: list[float], below: list[float]) -> tuple[float, float | None, float | None]:
    """Ratio of geometric means with Welch's 95 % interval of the logarithms; no ends where a side has one value."""
    sides = [np.log(np.asarray(side, dtype=float)) for side in (above, below)]
    log = float(sides[0].mean() - sides[1].mean())
    if min(map(len, sides)) < 2:
        return math.exp(log), None, None
    parts = [float(side.var(ddof=1)) / len(side) for side in sides]
    freedom = sum(parts) ** 2 / sum(one**2 / (len(side) - 1) for one, side in zip(parts, sides, strict=True))
    half = float(student.ppf(0.975, freedom)) * math.sqrt(sum(parts))
    return math.exp(log), math.exp(log - half), math.exp(log + half)


def told_apart(p_values: dict[str, float], family: int) -> set[str]:
    """Which comparisons are significant at 5 % among ``family`` of them (Holm 1979)."""
    found: set[str] = set()
    for place, name in enumerate(sorted(p_values, key=lambda one: p_values[one])):
        if p_values[name] > 0.05 / (family - place):
            break
        found.add(name)
    return found


def trainings(study: Study, model: str) -> tuple[list[float], list[float]]:
    """Joules and own processor seconds of every training of a model; empty if there is nothing to fit."""
    joules: dict[tuple[Any, Any], float] = {}
    seconds: dict[tuple[Any, Any], float] = {}
    for event in study.windows("epoch", "fit"):
        if event["labels"]["model"] != model:
            continue
        if event["name"] == "fit" and event["duration_s"] / event["repeats"] < EMPTY_FIT_S:
            continue
        key = (event["labels"].get("seed"), event["labels"].get("trial"))
        joules[key] = joules.get(key, 0.0) + known_kwh(event["own"]) * JOULES_PER_KWH / event["repeats"]
        seconds[key] = seconds.get(key, 0.0) + event["use"]["own_cpu_s"] / event["repeats"]
    return list(joules.values()), list(seconds.values())


def forecast_joules(study: Study, model: str) -> list[float]:
    """Joules of 1,000 forecasts, one value per measured window."""
    return [
        known_kwh(event["own"]) * JOULES_PER_KWH / event["repeats"] / event["values"]["forecasts"] * 1000
        for event in study.windows("forecast")
        if event["labels"]["model"] == model
    ]


def stage_sums(study: Study) -> dict[str, dict[str, float]]:
    """Jobs, seconds, Wh by component, the machine's Wh and grams of CO2e by stage."""
    stages: dict[str, dict[str, float]] = {}
    for events in study.ledgers:
        start, end = events[0], events[-1]
        row = stages.setdefault(
            start["stage"], dict.fromkeys(("jobs", "s", "cpu", "ram", "own", "machine", "g"), 0.0)
        )
        own = known_kwh(end["own"])
        row["jobs"] += 1
        row["s"] += end["duration_s"]
        for part in ("cpu", "ram"):
            row[part] += (end["own"][part]["kwh"] or 0.0) * 1000
        row["own"] += own * 1000
        row["machine"] += known_kwh(end["energy"]) * 1000
        row["g"] += own * start["location"]["intensity_kg_per_kwh"] * 1000
    return stages


def benchmark_seconds(folder: Path) -> dict[str, tuple[float, float]]:
    """Wall and processor seconds of every job that Snakemake timed, by its place below ``benchmarks``."""
    found = {}
    for path in sorted(folder.rglob("*.tsv")):
        with path.open(newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        cpu = row["cpu_time"]
        found[path.relative_to(folder).as_posix()] = (
            float(row["s"]),
            float(cpu) if cpu not in ("NA", "-") else 0.0,
        )
    return found
