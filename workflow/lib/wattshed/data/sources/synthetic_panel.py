"""An invented panel: daily and weekly cycles, correlated neighbours, autocorrelated noise, spikes."""

from typing import Protocol

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from wattshed.data.panel import Panel
from wattshed.foundation.hours import HOUR_MINUTES, steps_per_hour

FIRST_HOUR = np.datetime64("2018-01-01T00:00:00", "s")
NODES_PER_MUNICIPALITY = 40
MUNICIPALITIES_PER_PROVINCE = 8
# Nodes are made block by block, so that memory never holds a second copy of the panel.
NODES_PER_BLOCK = 256
MEMORY_PER_HOUR, WEATHER_MEMORY = 0.8, 0.97
SPIKE_SHARE = 2e-4
OUTAGE_H = 6
TARIFFS = ("2.0A", "2.0DHA", "2.1A", "2.1DHA", "3.0A")
POWERS_KW = (2.3, 3.45, 4.6, 5.75, 6.9, 9.2)


class Invention(Protocol):
    """What is read from a settings block of this source."""

    @property
    def nodes(self) -> int: ...

    @property
    def hours(self) -> int: ...

    @property
    def step_minutes(self) -> int: ...

    @property
    def seed(self) -> int: ...

    @property
    def timezone(self) -> str: ...

    @property
    def missing_share(self) -> float: ...


def load(source: Invention) -> Panel:
    """Panel [T, nodes] in kWh of one step; the same source gives the same panel on every machine."""
    per_hour, count = steps_per_hour(source.step_minutes), source.nodes
    steps = source.hours * per_hour
    random = np.random.default_rng(source.seed)
    times = FIRST_HOUR + np.arange(steps) * np.timedelta64(source.step_minutes, "m")
    nodes = invent_nodes(count, random)
    municipality = pd.factorize(nodes["municipality"])[0]
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(source.timezone)
    # In an hourly panel the minutes of a zone's half hours are left out.
    hour = local.hour.to_numpy() if per_hour == 1 else (local.hour + local.minute / HOUR_MINUTES).to_numpy()
    places = municipality.max() + 1
    cycles = _cycles(hour, local.day_of_week.to_numpy(), places, _memory(WEATHER_MEMORY, per_hour), random)
    values = np.empty((steps, count), dtype=np.float32)
    observed = np.ones((steps, count), dtype=bool)
    for start in range(0, count, NODES_PER_BLOCK):
        block = slice(start, min(start + NODES_PER_BLOCK, count))
        values[:, block] = _loads(cycles[:, municipality[block]], per_hour, random)
        if source.missing_share > 0:
            nodes_of_block = block.stop - block.start
            lost = _outages(steps, OUTAGE_H * per_hour, nodes_of_block, source.missing_share, random)
            observed[:, block] = ~lost
            values[:, block][lost] = np.nan
    every = "" if per_hour == 1 else f" in steps of {source.step_minutes} minutes"
    return Panel(
        values=values,
        observed=observed,
        times=times,
        nodes=nodes,
        unit="kWh",
        timezone=source.timezone,
        source=f"synthetic ({count} nodes x {source.hours} h{every}, seed {source.seed})",
        synthetic=True,
        step_minutes=source.step_minutes,
        notes=("Invented data: accuracy on it says nothing about real data.",),
    )


def invent_nodes(count: int, random: np.random.Generator) -> pd.DataFrame:
    """Node table with the study's columns: province, municipality, contracted_tariff, p1..p6 [kW]."""
    municipality = random.integers(0, max(2, count // NODES_PER_MUNICIPALITY), count)
    province = municipality // MUNICIPALITIES_PER_PROVINCE
    power = random.choice(POWERS_KW, count)
    table = {
        "province": [f"province_{number:03d}" for number in province],
        "municipality": [f"municipality_{number:04d}" for number in municipality],
        "contracted_tariff": random.choice(TARIFFS, count, p=(0.5, 0.3, 0.1, 0.05, 0.05)),
        **{f"p{period}": power for period in range(1, 7)},
    }
    names = [f"synthetic_{number:06d}" for number in range(count)]
    return pd.DataFrame(table, index=pd.Index(names, name="node"))


def _cycles(
    hour: np.ndarray, weekday: np.ndarray, places: int, memory: float, random: np.random.Generator
) -> np.ndarray:
    """What the nodes of one municipality share [T, places]: morning and evening peak, weekend, weather.

    memory: of the weather, from one step to the next.
    """
    morning = random.normal(8, 1, places)
    evening = random.normal(20, 1.5, places)
    weekend = np.where(weekday[:, None] >= 5, random.uniform(1.0, 1.4, places), 1.0)
    day = 0.4 + 0.5 * _peak(hour[:, None] - morning, 1.5) + 1.0 * _peak(hour[:, None] - evening, 2.5)
    weather = _remembering(random.standard_normal((len(hour), places), dtype=np.float32), memory)
    return (day * weekend * np.exp(0.2 * weather)).astype(np.float32)


def _peak(distance_h: np.ndarray, width_h: float) -> np.ndarray:
    around_midnight = (distance_h + 12) % 24 - 12
    return np.exp(-0.5 * (around_midnight / width_h) ** 2)


def _remembering(noise: np.ndarray, memory: float) -> np.ndarray:
    """First-order autoregression of unit variance from white noise, along time [T, N]."""
    gain = np.array([np.sqrt(1 - memory**2)], dtype=np.float32)
    feedback = np.array([1, -memory], dtype=np.float32)
    return lfilter(gain, feedback, noise, axis=0)


def _memory(of_hour: float, per_hour: int) -> float:
    """The share of a value that is left after one step, from that after an hour."""
    return float(of_hour ** (1 / per_hour))


def _loads(cycle: np.ndarray, per_hour: int, random: np.random.Generator) -> np.ndarray:
    """Loads [T, N] around the cycle of each node's municipality, always positive."""
    size_kwh = np.exp(0.6 * random.standard_normal(cycle.shape[1], dtype=np.float32) - 1)
    noise = _remembering(
        random.standard_normal(cycle.shape, dtype=np.float32), _memory(MEMORY_PER_HOUR, per_hour)
    )
    loads = cycle * (size_kwh / np.float32(per_hour)) * np.exp(np.float32(0.35) * noise)
    spikes = random.random(cycle.shape, dtype=np.float32) < SPIKE_SHARE
    loads[spikes] *= random.uniform(5, 15, np.count_nonzero(spikes)).astype(np.float32)
    return loads


def _outages(steps: int, run: int, count: int, share: float, random: np.random.Generator) -> np.ndarray:
    """Lost cells [T, N] in runs of ``run`` steps; the first run is never lost, so every node has observed steps."""
    runs = random.random((-(-steps // run), count)) < share
    runs[0] = False
    return np.repeat(runs, run, axis=0)[:steps]
