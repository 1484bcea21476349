"""Small tables of a user's own, written over the clock changes of 2021, for inspections."""

from pathlib import Path

import numpy as np
import pandas as pd

from layouts.truth import EUROPE, readings, wall


def hourly(zone: str = "Europe/Madrid", days=EUROPE, nodes=("a", "b"), minutes: int = 60) -> pd.DataFrame:
    """Readings by UTC start; see :func:`layouts.truth.readings`."""
    return readings(zone, days, minutes, list(nodes))


def wide(fine: pd.DataFrame, zone: str, *, late: int = 0, name: str = "time") -> pd.DataFrame:
    """One column per node, and the wall times of a zone; late: minutes from a reading's start to its label."""
    labels = wall(fine.index, zone) + pd.Timedelta(minutes=late)
    table = fine.reset_index(drop=True)
    table.insert(0, name, labels.strftime("%Y-%m-%d %H:%M"))
    return table


def write(table: pd.DataFrame, path: Path, **keys) -> Path:
    table.to_csv(path, index=False, **keys)
    return path


def months(count: int = 3, nodes: int = 3) -> pd.DataFrame:
    """Hourly readings of some months in UTC, with the course of a day, as a wide table with `utc_timestamp`."""
    times = pd.date_range("2021-01-01", periods=24 * 30 * count, freq="h")
    random = np.random.default_rng(7)
    course = 1 + 0.6 * np.sin((times.hour.to_numpy() - 8) / 24 * 2 * np.pi)
    table = pd.DataFrame(
        {f"home {n}": (course * random.lognormal(0, 0.2, len(times))).round(3) for n in range(nodes)}
    )
    table.insert(0, "utc_timestamp", times.strftime("%Y-%m-%d %H:%M"))
    return table
