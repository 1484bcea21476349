"""Ledgers back from disk: what a job wrote, attempt by attempt, whether it was killed or not."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattshed.energy.ledger import SCHEMA
from wattshed.foundation.faults import Fault

EVENTS = "start, sensors, window, tick or end"


@dataclass
class Attempt:
    """One run of a job from its ``start`` on; ``end`` is None if it was killed."""

    start: dict[str, Any]
    sensors: dict[str, Any] = field(default_factory=dict)
    windows: list[dict[str, Any]] = field(default_factory=list)
    ticks: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] | None = None

    @property
    def began_utc(self) -> str:
        """When metering began, the second 0 of its times; the start where it was killed before."""
        began: str = self.sensors.get("began_utc") or self.start["started_utc"]
        return began


@dataclass(frozen=True)
class JobLedger:
    """A job's attempts in order. Energies are in kWh, as in the file."""

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
        _take(event, attempts, place, number)
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


def _take(event: dict[str, Any], attempts: list[Attempt], place: Path, number: int) -> None:
    kind = event["event"]
    if kind == "start":
        if event.get("schema") != SCHEMA:
            raise Fault(
                f"{place}, line {number} has ledger schema {event.get('schema')}; expected {SCHEMA}: read it with the "
                "version of wattshed that wrote it."
            )
        attempts.append(Attempt(event))
        return
    if not attempts:
        raise Fault(
            f"{place}, line {number} is a {kind} event before any start: expected a start event first."
        )
    attempt = attempts[-1]
    if kind == "window":
        attempt.windows.append(event)
    elif kind == "tick":
        attempt.ticks.append(event)
    elif kind == "sensors":
        attempt.sensors = event
    elif kind == "end":
        attempt.end = event
    else:
        raise Fault(f"{place}, line {number} is an unknown event {kind!r}; expected {EVENTS}.")


def _unreadable(place: Path, number: int) -> Fault:
    return Fault(
        f"{place}, line {number} is not a JSON event; expected one whole event per line (only the line that "
        "a kill cut off may be torn): restore the file or delete it and run the job again."
    )
