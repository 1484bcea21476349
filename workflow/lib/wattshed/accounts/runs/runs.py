"""Ledgers as rows: one per job, one per measured window."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.accounts.marks.lower_bounds import not_metered
from wattshed.accounts.marks.run_marks import mark_runs
from wattshed.accounts.reading.frame_types import INTEGERS, LABELS, SAMPLED_PREFIX, VALUE_PREFIX, typed_frame
from wattshed.accounts.runs.alone import add_alone
from wattshed.accounts.runs.basis import LEDGER
from wattshed.accounts.runs.totals import energy_columns
from wattshed.devices.present_gpus import gpu_unread
from wattshed.energy.ledger.attempts import (
    NO_USE,
    Use,
    attempt_duration_s,
    job_duration_s,
    job_energy,
    job_own,
    job_use,
    net_kwh,
)
from wattshed.energy.ledger.reading import Attempt, JobLedger, read_ledger
from wattshed.energy.reading import COMPONENTS, JOULES_PER_KWH
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Outcome, Stage

INTEGER_LABELS = tuple(name for name in LABELS if name in INTEGERS)
COVERED = tuple(f"covered_{part}_kwh" for part in COMPONENTS)
# Stages whose windows belong to no training of the study's models.
APART = (Stage.ROLLING, Stage.CALIBRATION, Stage.MEMORY)
UTILISATION = "_utilisation_percent"
_encode = json.JSONEncoder(sort_keys=True).encode


def runs_and_windows(
    paths: Iterable[Path | str], further: Iterable[dict[str, Any]] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both frames, each ledger read once: see :func:`runs_frame` and :func:`windows_frame`.

    The windows are :func:`without_apart`. further: rows of runs that have no windows, such as superseded ones.
    """
    found = _rows(paths, windows=True)
    runs = mark_runs(typed_frame([*(run for run, _ in found), *further]))
    return runs, without_apart(_windows(found))


def runs_frame(paths: Iterable[Path | str]) -> pd.DataFrame:
    """One row per job over all its attempts, marked by :func:`mark_runs`.

    Energies in kWh per component with status and source, null where missing (see :func:`energy_columns`); processor
    seconds of the job and of others, mean memory [GiB]; duration in s. Raises :class:`Fault` for no ledger at all or
    an unreadable one.
    """
    return mark_runs(typed_frame([run for run, _ in _rows(paths, windows=False)]))


def windows_frame(paths: Iterable[Path | str]) -> pd.DataFrame:
    """One row per window, killed attempts included.

    Energies [kWh] and ``duration_s`` are totals over ``repeats``. Numbers that the job noted are in columns
    ``value_...``, means of what was sampled in ``sampled_...``; a window's own labels replace its job's. ``lacks``:
    which parts of the machine its job did not meter, null if none. Raises :class:`Fault` as :func:`runs_frame` does,
    and where no window closed.
    """
    return _windows(_rows(paths, windows=True))


def without_apart(windows: pd.DataFrame) -> pd.DataFrame:
    """The windows without those of rolling origins, calibrations and memory levels.

    Rolling origins train the study's models again on other parts: whatever takes a mean over trainings would mix them
    up. A calibration's kernels and steps belong to no model. The energy of both counts in the runs; that of rolling
    origins by origin in ``rolling.origins.parquet``.
    """
    if "stage" not in windows or not windows["stage"].isin(APART).any():
        return windows
    return windows[~windows["stage"].isin(APART)].reset_index(drop=True)


def ledger_rows(path: Path | str, *, windows: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A ledger's run and, if asked for, its windows; raises :class:`Fault` for one that cannot be read."""
    ledger = read_ledger(path)
    try:
        return _run_row(ledger), _window_rows(ledger) if windows else []
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Fault(
            f"{path} lacks a field that every ledger has ({error!r}): expected the fields of docs/ledger.md; restore "
            "the file, or delete it and run its job again."
        ) from error


Rows = list[tuple[dict[str, Any], list[dict[str, Any]]]]


def _rows(paths: Iterable[Path | str], *, windows: bool) -> Rows:
    found = [ledger_rows(path, windows=windows) for path in sorted(map(str, paths))]
    if not found:
        raise Fault("no ledger was given: expected the ledgers of at least one measured job; name them.")
    return found


def _windows(found: Rows) -> pd.DataFrame:
    rows = [window for _, closed in found for window in closed]
    if not rows:
        raise Fault(
            "the ledgers hold no closed window: every job was killed in its first one; run them again."
        )
    lacks = not_metered(typed_frame([run for run, _ in found]))
    of_windows = lacks.repeat([len(closed) for _, closed in found]).reset_index(drop=True)
    return add_alone(typed_frame(rows).assign(lacks=of_windows))


def _run_row(ledger: JobLedger) -> dict[str, Any]:
    first, last = ledger.attempts[0], ledger.attempts[-1]
    start, end = last.start, last.end or {}
    gross, net = job_energy(ledger)
    energies = energy_columns(gross, net, job_own(ledger))
    use = job_use(ledger)
    duration_s = job_duration_s(ledger)
    idle = last.sensors.get("idle") or {}
    idle_w = [watts for watts in idle.get("power_w", {}).values() if watts is not None]
    machine = start["machine"]
    location = start["location"]
    return {
        "origin": LEDGER,
        "path": str(ledger.path),
        "run_id": None,
        "record_id": first.start.get("record_id"),
        "outer_record": first.start.get("outer_record"),
        "job": start["job"],
        "stage": start["stage"],
        **_label_columns(start["labels"]),
        "started_utc": first.start["started_utc"],
        "began_utc": first.began_utc,
        "ended_utc": end.get("ended_utc"),
        "last_began_utc": last.began_utc,
        "last_duration_s": attempt_duration_s(last),
        "duration_s": duration_s,
        "clock_jump_s": end.get("clock_jump_s"),
        "attempts": len(ledger.attempts),
        "truncated": ledger.truncated,
        "outcome": Outcome.KILLED if ledger.truncated else end.get("outcome"),
        "outcome_reason": end.get("reason"),
        **energies,
        **_covered(last),
        **use,
        "gpus": sum(name.startswith("gpu") and part["kwh"] is not None for name, part in gross.items()),
        "gpu_unread": gpu_unread(gross, machine),
        "constants": _encode(last.sensors.get("constants", {})),
        "idle_power_w": sum(idle_w) if idle_w else None,
        "idle_age_s": idle.get("age_s"),
        "cpu_power_w": _mean_power_w(energies["machine_cpu_kwh"], duration_s),
        "gpu_power_w": _mean_power_w(energies["machine_gpu_kwh"], duration_s),
        "gpu_utilisation_percent": _gpu_utilisation_percent(ledger.attempts),
        "cpu_model": machine.get("processor"),
        "cpu_sockets": machine.get("sockets"),
        "country_iso": location["country_iso"],
        "region": location.get("region"),
        "intensity_kg_per_kwh": location.get("intensity_kg_per_kwh"),
        "intensity_source": location.get("intensity_source"),
        "stated_co2e_kg": None,
        "host": machine["host"],
        "boot_id": machine.get("boot_id"),
        "commit": start["commit"]["commit"],
        "dirty": start["commit"]["dirty"],
        "machine": _encode(machine),
        "versions": _encode(start["versions"]),
    }


def _window_rows(ledger: JobLedger) -> list[dict[str, Any]]:
    rows = []
    for number, attempt in enumerate(ledger.attempts, start=1):
        start, idle = attempt.start, attempt.sensors.get("idle")
        job, stage, labels = start["job"], start["stage"], start["labels"]
        for window in attempt.windows:
            energy, duration_s = window["energy"], window["duration_s"]
            row = {
                "job": job,
                "stage": stage,
                "attempt": number,
                "window": window["name"],
                **_label_columns({**labels, **window["labels"]}),
                "repeats": window["repeats"],
                "start_s": window["start_s"],
                "end_s": window["end_s"],
                "duration_s": duration_s,
                **energy_columns(energy, net_kwh(energy, idle, duration_s), window.get("own")),
                **_use_columns(window.get("use", NO_USE)),
            }
            for name, value in window["values"].items():
                row[_value_column(name)] = value
            for name, spread in window.get("sampled", {}).items():
                if "mean" in spread:
                    row[_sampled_column(name)] = spread["mean"]
            rows.append(row)
    return rows


def _covered(attempt: Attempt) -> dict[str, float | None]:
    """Own energy [kWh] that later jobs of the same process count too."""
    covered = (attempt.end or {}).get("covered") or {}
    kwhs: dict[str, float | None] = dict.fromkeys(COVERED)
    for name, kwh in covered.items():
        column = f"covered_{'gpu' if name.startswith('gpu') else name}_kwh"
        if kwh is not None and column in kwhs:
            kwhs[column] = (kwhs[column] or 0.0) + kwh
    return kwhs


def _use_columns(use: Use) -> dict[str, float | None]:
    return {"own_cpu_s": use["own_cpu_s"], "others_cpu_s": use["others_cpu_s"]}


@cache
def _value_column(name: str) -> str:
    return VALUE_PREFIX + name


@cache
def _sampled_column(name: str) -> str:
    return f"{SAMPLED_PREFIX}{name}_mean"


def _label_columns(labels: dict[str, Any]) -> dict[str, Any]:
    """Labels that tables group by get their own columns; all stay together in the column ``labels``."""
    columns: dict[str, Any] = {name: labels.get(name) for name in LABELS}
    for name in INTEGER_LABELS:
        value = columns[name]
        if value is not None and type(value) is not int:
            # A user may give "seed" any value: one that is not a whole number stays in ``labels`` alone.
            columns[name] = int(value) if isinstance(value, str) and value.isdecimal() else None
    columns["labels"] = _encode(labels)
    return columns


def _gpu_utilisation_percent(attempts: list[Attempt]) -> float | None:
    """Mean over all samples of all GPUs in all windows."""
    total = samples = 0.0
    for attempt in attempts:
        for window in attempt.windows:
            for name, spread in window.get("sampled", {}).items():
                if name.startswith("gpu") and name.endswith(UTILISATION) and "mean" in spread:
                    total += spread["mean"] * spread["n"]
                    samples += spread["n"]
    return total / samples if samples else None


def _mean_power_w(kwh: float | None, duration_s: float) -> float | None:
    return None if kwh is None or duration_s <= 0 else kwh * JOULES_PER_KWH / duration_s
