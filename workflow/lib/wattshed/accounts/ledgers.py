"""Ledgers back from disk: what a job wrote, attempt by attempt, whether it was killed or not."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattshed.energy.ledger import SCHEMA
from wattshed.foundation.faults import Fault


@dataclass(frozen=True)
class Attempt:
    """One run of a job from its ``start`` on; ``end`` is None if it was killed."""

    start: dict[str, Any]
    windows: list[dict[str, Any]]
    end: dict[str, Any] | None


@dataclass(frozen=True)
class JobLedger:
    """A job's attempts in order. Energies are in kWh, masses in kg, as in the file."""

    path: Path
    attempts: list[Attempt]

    @property
    def truncated(self) -> bool:
        """The last attempt has no end: the job was killed and nobody resumed it to its end."""
        return self.attempts[-1].end is None


def read_ledger(path: Path | str) -> JobLedger:
    """Read one ledger file.

    A torn line is accepted where a kill leaves it: as the last one, or just before the ``start`` of the
    attempt that resumed. Any other unreadable line, and a foreign schema, raise :class:`Fault`.
    """
    place = Path(path)
    try:
        lines = place.read_bytes().decode("utf-8", errors="replace").splitlines()
    except FileNotFoundError as error:
        raise Fault(f"{place} does not exist: run the job that writes it first.") from error
    attempts: list[Attempt] = []
    torn: int | None = None
    for number, line in enumerate(lines, start=1):
        event = _parse(line)
        if event is None:
            if torn is not None:
                raise _unreadable(place, torn)
            torn = number
            continue
        if torn is not None and event["event"] != "start":
            raise _unreadable(place, torn)
        torn = None
        _take(event, attempts, f"{place}, line {number}")
    if not attempts:
        raise Fault(
            f"{place} has no readable start event: the job was killed before it began, or this is no ledger; "
            "delete it and run the job again."
        )
    return JobLedger(place, attempts)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _take(event: dict[str, Any], attempts: list[Attempt], where: str) -> None:
    kind = event["event"]
    if kind == "start":
        if event.get("schema") != SCHEMA:
            raise Fault(
                f"{where} has ledger schema {event.get('schema')}; expected {SCHEMA}: read it with the "
                "version of wattshed that wrote it."
            )
        attempts.append(Attempt(event, [], None))
    elif not attempts:
        raise Fault(f"{where} is a {kind} event before any start: expected a start event first.")
    elif kind == "window":
        attempts[-1].windows.append(event)
    elif kind == "end":
        attempts[-1] = Attempt(attempts[-1].start, attempts[-1].windows, event)
    else:
        raise Fault(f"{where} is an unknown event {kind!r}; expected start, window or end.")


def _unreadable(place: Path, number: int) -> Fault:
    return Fault(
        f"{place}, line {number} is not a JSON event; expected one whole event per line (only the line that "
        "a kill cut off may be torn): restore the file or delete it and run the job again."
    )
