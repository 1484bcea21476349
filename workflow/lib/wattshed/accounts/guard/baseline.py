"""A stored record of the guard: a versioned JSON file."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattshed import __version__
from wattshed.accounts.guard.records import Energy, GuardRecord, ModelRecord
from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import write_json

SCHEMA = 2
# A large power station makes that much in an hour: an epoch of more was not measured.
MOST_KWH = 1e6


def write_baseline(path: Path | str, baseline: GuardRecord) -> None:
    """Write what :func:`read_baseline` reads; notes are left out."""
    models = {name: asdict(record) for name, record in baseline.models.items()}
    about = {
        "schema": SCHEMA,
        "wattshed": __version__,
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": baseline.machine,
        "commit": baseline.commit,
        "dirty": baseline.dirty,
    }
    write_json(path, {**about, "models": models})


def read_baseline(path: Path | str) -> GuardRecord:
    """Raises :class:`Fault` for a file that is missing, of another version or not a baseline."""
    try:
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Fault(
            f"{path} does not exist: expected a baseline to compare with; write one with --update."
        ) from error
    except (OSError, ValueError) as error:
        raise _no_baseline(path, str(error)) from error
    if not isinstance(stored, dict) or stored.get("schema") != SCHEMA:
        version = stored.get("schema") if isinstance(stored, dict) else None
        raise _no_baseline(path, f"its schema is {version}, expected {SCHEMA}")
    try:
        models = {
            name: ModelRecord(
                **{
                    **record,
                    "epochs": [_energy(row) for row in record["epochs"]],
                    "forecasts": [_energy(row) for row in record["forecasts"]],
                }
            )
            for name, record in stored["models"].items()
        }
        return GuardRecord(_machine_of(stored["machine"]), stored["commit"], stored["dirty"], models)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _no_baseline(path, f"{type(error).__name__}: {error}") from error


def _energy(row: dict[str, Any]) -> Energy:
    energy = Energy(**row)
    for kwh in (energy.kwh, energy.net_kwh, energy.machine_kwh):
        if kwh is not None and (isinstance(kwh, bool) or not -MOST_KWH < kwh < MOST_KWH):
            raise ValueError(f"energy of seed {energy.seed}, number {energy.number} is {kwh} kWh")
    if not energy.kwh > 0:
        raise ValueError(f"energy of seed {energy.seed}, number {energy.number} is {energy.kwh} kWh")
    return energy


def _machine_of(stored: Any) -> dict[str, Any]:
    """Raises TypeError if it is not a description of a machine."""
    if not isinstance(stored, dict):
        raise TypeError(f"machine is {stored!r}")
    return stored


def _no_baseline(path: Path | str, why: str) -> Fault:
    return Fault(
        f"{path} is not a baseline of this version ({why}): restore the file, or write a new one with --update."
    )
