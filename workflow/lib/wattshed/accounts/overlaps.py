"""Jobs that shared a host: each metered the whole machine, so its energy is split among them, never added."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.accounts.ledgers import JobLedger, read_ledger
from wattshed.accounts.totals import COMPONENTS, attempt_duration_s, attempt_energy

ATTRIBUTED = tuple(f"attributed_{name}_kwh" for name in COMPONENTS)


@dataclass(frozen=True)
class _Curve:
    """What one attempt read of one meter, as cumulative energy over time.

    meter: ``cpu``, ``ram`` or a GPU, by its UUID where that is known, so that other GPUs are not shared.
    at_s: seconds since 1970, rising; kwh: cumulative, same length.
    """

    row: int
    meter: str
    at_s: np.ndarray
    kwh: np.ndarray

    def between(self, start_s: float, end_s: float) -> float:
        low, high = np.interp([start_s, end_s], self.at_s, self.kwh)
        return float(high - low)


def share_overlaps(runs: pd.DataFrame, read: Callable[[Path], JobLedger] = read_ledger) -> pd.DataFrame:
    """The runs with ``overlaps`` (names of the jobs at the same time, or null) and ``attributed_*_kwh``.

    Jobs overlap where their spans [began, began + duration] on a host do; the monotonic duration counts, so a
    jump of the wall clock makes no run longer. A host's time is cut at every begin and end; in each piece the
    machine's energy is the mean of what its jobs read, shared equally among them. A run that was alone keeps its
    own energy. Only ledgers that overlap are read again.
    """
    frame = runs.copy()
    attributed = {
        column: frame[f"{name}_kwh"].to_numpy(dtype=np.float64, copy=True)
        for name, column in zip(COMPONENTS, ATTRIBUTED, strict=True)
    }
    names: list[set[str]] = [set() for _ in range(len(frame))]
    paths = frame["path"].tolist()
    jobs = frame["job"].tolist()
    for cluster in _clusters(frame):
        curves = [curve for row in cluster for curve in _curves(row, read(Path(paths[row])))]
        shares = _shares(curves)
        for row in cluster:
            mine = [curve for curve in curves if curve.row == row]
            names[row] = {
                jobs[other.row]
                for other in curves
                if other.row != row and any(_meet(curve, other) for curve in mine)
            }
        met = [row for row in cluster if names[row]]
        for row in met:
            for name, column in zip(COMPONENTS, ATTRIBUTED, strict=True):
                if not np.isnan(attributed[column][row]):
                    attributed[column][row] = shares.get((row, name), 0.0)
    frame["overlaps"] = pd.array([", ".join(sorted(found)) or None for found in names], dtype="string")
    for column, kwh in attributed.items():
        frame[column] = kwh
    frame["attributed_kwh"] = frame[list(ATTRIBUTED)].sum(axis=1, min_count=1)
    return frame


def _clusters(frame: pd.DataFrame) -> Iterator[list[int]]:
    """Positions of runs that are joined by overlaps on a host, two or more at a time."""
    began = _seconds(frame["began_utc"])
    # Attempts of a resumed job may lie far apart: its span reaches to the end of the last.
    ended = _seconds(frame["last_began_utc"]) + frame["last_duration_s"].to_numpy(dtype=np.float64)
    hosts = [None if pd.isna(host) else str(host) for host in frame["host"]]
    order = np.lexsort((began, pd.factorize(frame["host"])[0]))
    cluster: list[int] = []
    until = -np.inf
    host: object = None
    for position in order:
        row = int(position)
        if hosts[row] is None or np.isnan(began[row]):
            continue
        if hosts[row] == host and began[row] < until:
            cluster.append(row)
            until = max(until, ended[row])
            continue
        if len(cluster) > 1:
            yield cluster
        cluster, host, until = [row], hosts[row], ended[row]
    if len(cluster) > 1:
        yield cluster


def _seconds(times: pd.Series) -> np.ndarray:
    parsed = pd.to_datetime(times, utc=True, format="ISO8601")
    seconds = parsed.astype("datetime64[ns, UTC]").astype("int64").to_numpy() / 1e9
    return np.where(parsed.isna(), np.nan, seconds)


def _curves(row: int, ledger: JobLedger) -> Iterator[_Curve]:
    for attempt in ledger.attempts:
        began_s = datetime.fromisoformat(attempt.began_utc).timestamp()
        uuids = {f"gpu{gpu['index']}": gpu["uuid"] for gpu in attempt.start["machine"].get("gpus", [])}
        total = attempt_energy(attempt)
        for name, part in total.items():
            if part["kwh"] is None:
                continue
            points = {0.0: 0.0, attempt_duration_s(attempt): float(part["kwh"])}
            for tick in attempt.ticks:
                if tick["energy"].get(name) is not None:
                    points.setdefault(tick["at_s"], tick["energy"][name])
            at_s = np.array(sorted(points))
            kwh = np.maximum.accumulate(np.array([points[at] for at in sorted(points)]))
            yield _Curve(row, uuids.get(name, name), began_s + at_s, kwh)


def _shares(curves: list[_Curve]) -> dict[tuple[int, str], float]:
    """Attributed energy [kWh] per run and component."""
    shares: dict[tuple[int, str], float] = {}
    for meter in {curve.meter for curve in curves}:
        same = [curve for curve in curves if curve.meter == meter]
        component = meter if meter in COMPONENTS else "gpu"
        cuts = np.unique(np.concatenate([curve.at_s[[0, -1]] for curve in same]))
        for start_s, end_s in itertools.pairwise(cuts):
            there = [curve for curve in same if curve.at_s[0] <= start_s and curve.at_s[-1] >= end_s]
            if not there:
                continue
            machine_kwh = sum(curve.between(start_s, end_s) for curve in there) / len(there)
            for curve in there:
                key = (curve.row, component)
                shares[key] = shares.get(key, 0.0) + machine_kwh / len(there)
    return shares


def _meet(one: _Curve, other: _Curve) -> bool:
    return bool(one.meter == other.meter and one.at_s[0] < other.at_s[-1] and other.at_s[0] < one.at_s[-1])
