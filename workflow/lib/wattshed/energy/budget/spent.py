"""What jobs have spent so far, straight from their ledgers: running, killed and finished ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattshed.energy.ledger.writing import SCHEMA
from wattshed.foundation.faults import Fault

# Where there is no GPU the ledger says so under this name, which is no gap in the account.
NO_GPU = "gpu"
# A job that ends meanwhile renames its ledger: then all are read once more.
LOOKS = 5
PATTERNS = ("*.jsonl", "*.jsonl.part")


@dataclass
class _Attempt:
    windows: list[dict[str, Any]] = field(default_factory=list)
    tick: dict[str, Any] | None = None
    end: dict[str, Any] | None = None


def spent_in(folder: Path) -> float:
    """Energy [kWh] of all ledgers below ``folder``; 0 for a folder without any.

    Raises :class:`Fault` as :func:`spent_of` does.
    """
    for _ in range(LOOKS):
        try:
            found = {path for pattern in PATTERNS for path in folder.rglob(pattern)}
            return sum(spent_of(path) for path in sorted(found))
        except FileNotFoundError:
            continue
    raise Fault(f"the ledgers in {folder} keep changing their names while they are read: run the job again.")


def spent_of(path: Path) -> float:
    """Energy [kWh] of one job over all its attempts, machine-wide and gross.

    A killed attempt counts to its last tick plus the outermost windows after it. Raises :class:`Fault` for a
    finished attempt in which a component is missing, another schema, and damage that no kill explains.
    """
    return sum(_attempt_kwh(attempt, path) for attempt in _attempts(path))


def missing_components(energy: Mapping[str, Any]) -> list[str]:
    """Components whose energy is not known, an absent GPU left out. energy: component -> its kWh or None."""
    return [name for name, kwh in energy.items() if kwh is None and name != NO_GPU]


def _attempts(path: Path) -> list[_Attempt]:
    attempts: list[_Attempt] = []
    torn = 0
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        event = _parse(line)
        if event is None or (torn and event["event"] != "start"):
            if torn:
                raise Fault(
                    f"{path}, line {torn} is not a JSON event, so what the study has spent is not known: expected "
                    "damage only where a kill cut a line off; restore the file or delete it and run its job again."
                )
            torn = number
            continue
        torn = 0
        _take(event, attempts, path)
    return attempts


def _take(event: dict[str, Any], attempts: list[_Attempt], path: Path) -> None:
    if event["event"] == "start":
        if event.get("schema") != SCHEMA:
            raise Fault(
                f"{path} has ledger schema {event.get('schema')}, so what the study has spent is not known: "
                f"expected {SCHEMA}; move the ledgers of another version of wattshed away."
            )
        attempts.append(_Attempt())
    elif not attempts:
        return
    elif event["event"] == "window":
        attempts[-1].windows.append(event)
    elif event["event"] == "tick":
        # A sensor that failed says null from then on; what it had counted was spent all the same.
        before = attempts[-1].tick or {"energy": {}}
        known = {name: kwh for name, kwh in event["energy"].items() if kwh is not None}
        attempts[-1].tick = {"at_s": event["at_s"], "energy": {**before["energy"], **known}}
    elif event["event"] == "end":
        attempts[-1].end = event


def _attempt_kwh(attempt: _Attempt, path: Path) -> float:
    if attempt.end is not None:
        energy = {name: part["kwh"] for name, part in attempt.end["energy"].items()}
        missing = missing_components(energy)
        if missing or all(kwh is None for kwh in energy.values()):
            raise Fault(
                f"{path} does not know the energy of {', '.join(missing) or 'any component'}, so a budget of the "
                "study cannot be kept: see wattshed doctor for the sensor and run the job again, or remove the budget."
            )
        return _sum(energy.values())
    kwh, after_s = 0.0, 0.0
    if attempt.tick is not None:
        kwh, after_s = _sum(attempt.tick["energy"].values()), attempt.tick["at_s"]
    later = _outermost(window for window in attempt.windows if window["start_s"] >= after_s)
    return kwh + sum(_sum(part["kwh"] for part in window["energy"].values()) for window in later)


def _outermost(windows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for window in sorted(windows, key=lambda w: (w["start_s"], -w["end_s"])):
        if not kept or window["end_s"] > kept[-1]["end_s"]:
            kept.append(window)
    return kept


def _sum(energies: Iterable[float | None]) -> float:
    return sum(kwh for kwh in energies if kwh is not None)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
