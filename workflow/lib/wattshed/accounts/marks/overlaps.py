"""Jobs that shared a machine: each metered the whole of it, so that its energy is shared out among them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.accounts.marks.energy_curves import EnergyCurve, attempt_curves
from wattshed.accounts.marks.scopes import OWN, with_scope
from wattshed.energy.ledger.attempts import attempt_duration_s
from wattshed.energy.ledger.reading import JobLedger, read_ledger
from wattshed.energy.ledger.scalars import unreadable
from wattshed.energy.reading import COMPONENTS
from wattshed.foundation.faults import Fault

MACHINE_SHARES = tuple(f"machine_attributed_{name}_kwh" for name in COMPONENTS)
# On a server a job may overlap thousands of others: only the first are named.
NAMED_JOBS = 20


@dataclass(frozen=True)
class _Job:
    """spans: begin and end of its attempts [s since 1970]; curves: what it read; None if its ledger is unreadable."""

    row: int
    spans: list[tuple[float, float]]
    curves: list[EnergyCurve] | None


def share_overlaps(runs: pd.DataFrame, read: Callable[[Path], JobLedger] = read_ledger) -> pd.DataFrame:
    """The runs with ``overlaps`` (names of the jobs at the same time, or null), ``machine_attributed_*_kwh`` and
    ``attributed_*_kwh``.

    Jobs overlap where their spans [began, began + duration] on a machine do; the monotonic duration counts, so a
    jump of the wall clock makes no run longer. A machine is known by its boot, because containers have names of
    their own. Its time is cut at every begin and end; in each piece its energy is the mean of what its jobs read,
    shared among them by their own processor seconds, or equally where one does not know them; a GPU is shared by
    those that read the same one. A run that met no other keeps what it read. Only ledgers of overlapping jobs are
    read again; if one changed in between, its share is null. ``attributed_*_kwh`` may be summed: the job's own energy
    where it is known, else its share of the machine's.
    """
    frame = with_scope(runs)
    names: list[str | None] = [None] * len(frame)
    shared = {
        name: frame[f"machine_{name}_kwh"].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        for name in COMPONENTS
    }
    paths, job_names = frame["path"].tolist(), frame["job"].tolist()
    for cluster in _clusters(frame):
        jobs = [_job(row, Path(unreadable(paths[row])), read) for row in cluster]
        met = _meetings(jobs)
        shares = _shares([(job.row, curve) for job in jobs for curve in job.curves or ()])
        for job in jobs:
            if job.curves is not None and not met[job.row]:
                continue
            # The exact spans of an unreadable job are unknown, but not its cluster.
            others = met[job.row] if job.curves is not None else set(cluster[: NAMED_JOBS + 2]) - {job.row}
            names[job.row] = _listed({job_names[row] for row in others})
            for name in COMPONENTS:
                own = shared[name]
                if not np.isnan(own[job.row]):
                    own[job.row] = np.nan if job.curves is None else shares.get((job.row, name), np.nan)
    for name, column in zip(COMPONENTS, MACHINE_SHARES, strict=True):
        frame[column] = shared[name]
    frame["overlaps"] = pd.array(names, dtype="string")
    # A foreign run may have a sum without components.
    sums = frame[list(MACHINE_SHARES)].sum(axis=1, min_count=1)
    whole = sums.where(frame["overlaps"].notna() | sums.notna(), frame["machine_kwh"])
    frame["machine_attributed_kwh"] = whole
    is_own = frame["energy_scope"] == OWN
    for name in COMPONENTS:
        share = frame[f"machine_attributed_{name}_kwh"]
        frame[f"attributed_{name}_kwh"] = frame[f"{name}_kwh"].where(is_own, share)
    frame["attributed_kwh"] = frame["energy_kwh"].where(is_own, whole)
    return frame


def _clusters(frame: pd.DataFrame) -> Iterator[list[int]]:
    """Positions of runs that are joined by overlaps on a machine, two or more at a time."""
    began = _seconds(frame["began_utc"])
    # Attempts of a resumed job may lie far apart: the span ends with the last one.
    ended = _seconds(frame["last_began_utc"]) + frame["last_duration_s"].to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    hosts, _ = pd.factorize(frame["boot_id"].fillna(frame["host"]))
    rows = np.flatnonzero((hosts >= 0) & ~np.isnan(began) & ~np.isnan(ended))
    rows = rows[np.lexsort((began[rows], hosts[rows]))]
    host = pd.Series(hosts[rows])
    until = pd.Series(ended[rows]).groupby(host).cummax().groupby(host).shift(1).to_numpy()
    joins = began[rows] < until
    for cluster in np.split(rows, np.flatnonzero(~joins)[1:]):
        if len(cluster) > 1:
            yield cluster.tolist()


def _seconds(times: pd.Series) -> np.ndarray:
    parsed = pd.to_datetime(times, utc=True, format="ISO8601")
    seconds = parsed.astype("datetime64[ns, UTC]").astype("int64").to_numpy() / 1e9
    return np.where(parsed.isna(), np.nan, seconds)


def _job(row: int, path: Path, read: Callable[[Path], JobLedger]) -> _Job:
    try:
        ledger = read(path)
    except Fault:  # a job that ends meanwhile has renamed its ledger
        return _Job(row, [], None)
    began_s = [datetime.fromisoformat(attempt.began_utc).timestamp() for attempt in ledger.attempts]
    attempts = list(zip(began_s, ledger.attempts, strict=True))
    spans = [(start_s, start_s + attempt_duration_s(attempt)) for start_s, attempt in attempts]
    return _Job(
        row, spans, [curve for start_s, attempt in attempts for curve in attempt_curves(attempt, start_s)]
    )


def _meetings(jobs: list[_Job]) -> dict[int, set[int]]:
    """Rows of the jobs that ran at the same time as each, at most one more than are named."""
    met: dict[int, set[int]] = {job.row: set() for job in jobs}
    running: list[tuple[float, int]] = []
    for start_s, end_s, row in sorted((*span, job.row) for job in jobs for span in job.spans):
        running = [(until_s, other) for until_s, other in running if until_s > start_s]
        if end_s > start_s:
            for _, other in running:
                for one, two in ((row, other), (other, row)):
                    if one != two and len(met[one]) <= NAMED_JOBS:
                        met[one].add(two)
            running.append((end_s, row))
    return met


def _listed(names: set[str]) -> str:
    listed = ", ".join(sorted(names)[:NAMED_JOBS])
    return f"{listed} and more" if len(names) > NAMED_JOBS else listed


def _shares(curves: list[tuple[int, EnergyCurve]]) -> dict[tuple[int, str], float]:
    """Attributed energy [kWh] per run and component."""
    shares: dict[tuple[int, str], float] = {}
    by_meter: dict[str, list[tuple[int, EnergyCurve]]] = {}
    for row, curve in curves:
        by_meter.setdefault(curve.meter, []).append((row, curve))
    for same in by_meter.values():
        cuts = np.unique([at_s for _, curve in same for at_s in (curve.at_s[0], curve.at_s[-1])])
        read_kwh, readers, used_s = np.zeros(len(cuts)), np.zeros(len(cuts)), np.zeros(len(cuts))
        spans = [np.searchsorted(cuts, curve.at_s[[0, -1]]) for _, curve in same]
        for (_, curve), (first, last) in zip(same, spans, strict=True):
            read_kwh[first:last] += np.diff(np.interp(cuts[first : last + 1], curve.at_s, curve.kwh))
            readers[first:last] += 1
            used_s[first:last] += _used_s(curve, cuts[first : last + 1])
        mean_kwh = read_kwh / np.maximum(readers, 1)
        # Equal shares where the processor seconds of one are unknown, or all are zero.
        equal = ~(used_s > 0)
        for (row, curve), (first, last) in zip(same, spans, strict=True):
            own_s = _used_s(curve, cuts[first : last + 1])
            with np.errstate(divide="ignore", invalid="ignore"):
                weights = np.where(equal[first:last], 1 / readers[first:last], own_s / used_s[first:last])
            key = (row, curve.component)
            shares[key] = shares.get(key, 0.0) + float((weights * mean_kwh[first:last]).sum())
    return shares


def _used_s(curve: EnergyCurve, cuts: np.ndarray) -> np.ndarray:
    """Own processor seconds between cuts, NaN if unknown."""
    if curve.own_cpu_s is None:
        return np.full(len(cuts) - 1, np.nan)
    used: np.ndarray = np.diff(np.interp(cuts, curve.at_s, curve.own_cpu_s))
    return used
