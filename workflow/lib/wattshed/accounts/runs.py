"""Ledgers as tidy frames: one row per job, one row per measured window."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.accounts.ledgers import JobLedger, read_ledger
from wattshed.accounts.overlaps import overlapping_jobs
from wattshed.accounts.totals import COMPONENTS, job_duration_s, job_reading, reading_from_json
from wattshed.energy.reading import Reading
from wattshed.foundation.faults import Fault

# Labels that tables group by get their own columns; all labels stay together in the column `labels`.
LABEL_TYPES = {
    "model": "string",
    "seed": "Int64",
    "epoch": "Int64",
    "strategy": "string",
    "task": "string",
    "variant": "string",
}
VALUE_PREFIX = "value_"


def runs_frame(paths: Iterable[Path | str]) -> pd.DataFrame:
    """One row per job over all its attempts.

    Energies in kWh per component with status and source, null where missing; mass in kg; duration in s.
    ``overlaps`` names the jobs that ran on the same host at the same time, whose machine-wide energies
    therefore contain each other. Raises :class:`Fault` for no ledger at all or an unreadable one.
    """
    rows = [_run_row(read_ledger(path)) for path in sorted(map(str, paths))]
    if not rows:
        raise Fault("no ledger was given: expected the ledgers of at least one measured job; name them.")
    frame = _typed(pd.DataFrame(rows))
    frame["overlaps"] = overlapping_jobs(frame).astype("string")
    return frame


def windows_frame(paths: Iterable[Path | str]) -> pd.DataFrame:
    """One row per window, killed attempts included.

    Energies [kWh] and ``duration_s`` are totals over ``repeats``. Numbers that the job noted stand in columns
    ``value_...``; a window's own labels go before its job's.
    """
    rows = [row for path in sorted(map(str, paths)) for row in _window_rows(read_ledger(path))]
    if not rows:
        raise Fault(
            "the ledgers hold no closed window: every job was killed in its first one; run them again."
        )
    return _typed(pd.DataFrame(rows))


def _run_row(ledger: JobLedger) -> dict[str, Any]:
    start = ledger.attempts[-1].start
    end = ledger.attempts[-1].end or {}
    reading = job_reading(ledger)
    factor = end.get("intensity_kg_per_kwh")
    return {
        "job": start["job"],
        "stage": start["stage"],
        **_labels(start["labels"]),
        "started_utc": ledger.attempts[0].start["started_utc"],
        "ended_utc": end.get("ended_utc"),
        "duration_s": job_duration_s(ledger),
        "attempts": len(ledger.attempts),
        "truncated": ledger.truncated,
        **_energy_columns(reading),
        # Over all attempts, where the ledger's own end speaks of the last one only.
        "co2e_kg": None if factor is None or reading.kwh is None else reading.kwh * factor,
        "intensity_kg_per_kwh": factor,
        "intensity_source": end.get("intensity_source"),
        "country_iso": start["location"]["country_iso"],
        "region": start["location"].get("region"),
        "host": start["machine"]["host"],
        "commit": start["commit"]["commit"],
        "dirty": start["commit"]["dirty"],
        "machine": json.dumps(start["machine"], sort_keys=True),
        "versions": json.dumps(start["versions"], sort_keys=True),
    }


def _window_rows(ledger: JobLedger) -> list[dict[str, Any]]:
    return [
        {
            "job": attempt.start["job"],
            "stage": attempt.start["stage"],
            "attempt": number,
            "window": window["name"],
            **_labels({**attempt.start["labels"], **window["labels"]}),
            "repeats": window["repeats"],
            "start_s": window["start_s"],
            "end_s": window["end_s"],
            "duration_s": window["duration_s"],
            **_energy_columns(reading_from_json(window["energy"])),
            **{VALUE_PREFIX + name: value for name, value in window["values"].items()},
        }
        for number, attempt in enumerate(ledger.attempts, start=1)
        for window in attempt.windows
    ]


def _labels(labels: dict[str, Any]) -> dict[str, Any]:
    return {**{name: labels.get(name) for name in LABEL_TYPES}, "labels": json.dumps(labels, sort_keys=True)}


def _energy_columns(reading: Reading) -> dict[str, Any]:
    columns: dict[str, Any] = {"energy_kwh": reading.kwh, "energy_status": reading.status}
    for name in COMPONENTS:
        component = reading.components.get(name)
        columns[f"{name}_kwh"] = component.kwh if component else None
        columns[f"{name}_status"] = component.status if component else "missing"
        columns[f"{name}_source"] = component.source if component else "not recorded"
    return columns


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Column types that do not depend on which jobs happen to be there; nulls stay nulls."""
    types: dict[str, str] = {name: kind for name, kind in LABEL_TYPES.items() if name in frame}
    for column in frame:
        name = str(column)
        if name.endswith(("_kwh", "_kg", "_s")) or name.startswith(VALUE_PREFIX):
            types[name] = "float64"
        elif name.endswith(("_utc", "_status", "_source", "_iso")) or name in ("region", "host", "commit"):
            types[name] = "string"
        elif name == "dirty":
            types[name] = "boolean"
    return frame.astype(types)
