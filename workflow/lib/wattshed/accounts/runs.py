"""Ledgers as rows: one per job, one per measured window."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.accounts.frame_types import LABELS, SAMPLED_PREFIX, VALUE_PREFIX, typed_frame
from wattshed.accounts.ledgers import JobLedger, read_ledger
from wattshed.accounts.run_marks import mark_runs
from wattshed.accounts.totals import (
    attempt_duration_s,
    energy_columns,
    job_duration_s,
    job_energy,
    net_energy,
)
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.faults import Fault

LEDGER = "ledger"


def runs_frame(paths: Iterable[Path | str]) -> pd.DataFrame:
    """One row per job over all its attempts, marked by :func:`mark_runs`.

    Energies in kWh per component with status and source, machine-wide and gross, null where missing; net where idle
    power is known; duration in s. Raises :class:`Fault` for no ledger at all or an unreadable one.
    """
    rows = [run_row(read_ledger(path)) for path in sorted(map(str, paths))]
    if not rows:
        raise Fault("no ledger was given: expected the ledgers of at least one measured job; name them.")
    return mark_runs(typed_frame(rows))


def windows_frame(paths: Iterable[Path | str]) -> pd.DataFrame:
    """One row per window, killed attempts included.

    Energies [kWh] and ``duration_s`` are totals over ``repeats``. Numbers that the job noted stand in columns
    ``value_...``, means of what was sampled in ``sampled_...``; a window's own labels go before its job's.
    """
    rows = [row for path in sorted(map(str, paths)) for row in window_rows(read_ledger(path))]
    if not rows:
        raise Fault(
            "the ledgers hold no closed window: every job was killed in its first one; run them again."
        )
    return typed_frame(rows)


def run_row(ledger: JobLedger) -> dict[str, Any]:
    first, last = ledger.attempts[0], ledger.attempts[-1]
    start, end = last.start, last.end or {}
    gross, net = job_energy(ledger)
    energies = energy_columns(gross, net)
    duration_s = job_duration_s(ledger)
    idle = last.sensors.get("idle") or {}
    machine = start["machine"]
    location = start["location"]
    return {
        "origin": LEDGER,
        "path": str(ledger.path),
        "run_id": None,
        "job": start["job"],
        "stage": start["stage"],
        **label_columns(start["labels"]),
        "started_utc": first.start["started_utc"],
        "began_utc": first.began_utc,
        "ended_utc": end.get("ended_utc"),
        "last_began_utc": last.began_utc,
        "last_duration_s": attempt_duration_s(last),
        "duration_s": duration_s,
        "clock_jump_s": end.get("clock_jump_s"),
        "attempts": len(ledger.attempts),
        "truncated": ledger.truncated,
        "outcome": end.get("outcome", "killed"),
        "outcome_reason": end.get("reason"),
        **energies,
        "idle_power_w": sum(idle["power_w"].values()) if idle else None,
        "idle_age_s": idle.get("age_s"),
        "cpu_power_w": _mean_power_w(energies["cpu_kwh"], duration_s),
        "gpu_power_w": _mean_power_w(energies["gpu_kwh"], duration_s),
        "gpu_utilisation_percent": None,
        "cpu_model": machine.get("processor"),
        "cpu_sockets": None,
        "country_iso": location["country_iso"],
        "region": location.get("region"),
        "intensity_kg_per_kwh": location.get("intensity_kg_per_kwh"),
        "intensity_source": location.get("intensity_source"),
        "stated_co2e_kg": None,
        "host": machine["host"],
        "commit": start["commit"]["commit"],
        "dirty": start["commit"]["dirty"],
        "machine": json.dumps(machine, sort_keys=True),
        "versions": json.dumps(start["versions"], sort_keys=True),
    }


def window_rows(ledger: JobLedger) -> list[dict[str, Any]]:
    rows = []
    for number, attempt in enumerate(ledger.attempts, start=1):
        idle = attempt.sensors.get("idle")
        for window in attempt.windows:
            net = net_energy(window["energy"], idle, window["duration_s"])
            rows.append(
                {
                    "job": attempt.start["job"],
                    "stage": attempt.start["stage"],
                    "attempt": number,
                    "window": window["name"],
                    **label_columns({**attempt.start["labels"], **window["labels"]}),
                    "repeats": window["repeats"],
                    "start_s": window["start_s"],
                    "end_s": window["end_s"],
                    "duration_s": window["duration_s"],
                    **energy_columns(window["energy"], net),
                    **{VALUE_PREFIX + name: value for name, value in window["values"].items()},
                    **{
                        f"{SAMPLED_PREFIX}{name}_mean": spread["mean"]
                        for name, spread in window.get("sampled", {}).items()
                        if "mean" in spread
                    },
                }
            )
    return rows


def label_columns(labels: dict[str, Any]) -> dict[str, Any]:
    """Labels that tables group by get their own columns; all stay together in the column ``labels``."""
    return {**{name: labels.get(name) for name in LABELS}, "labels": json.dumps(labels, sort_keys=True)}


def _mean_power_w(kwh: float | None, duration_s: float) -> float | None:
    return None if kwh is None or duration_s <= 0 else kwh * JOULES_PER_KWH / duration_s
