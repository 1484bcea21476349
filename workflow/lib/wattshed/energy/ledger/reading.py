"""The one reader of ledgers: what a job wrote, attempt by attempt, killed or not."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from wattshed.energy.ledger.writing import SCHEMA
from wattshed.foundation.faults import Fault
from wattshed.foundation.opening.regular_files import DAMAGED, read_regular, why

EVENTS = "start, sensors, window, tick or end"


@dataclass
class Attempt:
    """One run of a job from its ``start`` on; ``end`` is None if it was killed or still runs."""

    start: dict[str, Any]
    sensors: dict[str, Any] = field(default_factory=dict)
    windows: list[dict[str, Any]] = field(default_factory=list)
    ticks: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] | None = None

    @property
    def began_utc(self) -> str:
        """When metering began, second 0 of its times; the attempt's start if it was killed before metering."""
        began: str = self.sensors.get("began_utc") or self.start["started_utc"]
        return began


@dataclass(frozen=True)
class JobLedger:
    """A job's attempts in order. Energies are in kWh, as in the file. torn: its last line was cut off by a kill."""

    path: Path
    attempts: list[Attempt]
    torn: bool = False

    @property
    def truncated(self) -> bool:
        """The last attempt has no end: the job was killed, and no later attempt finished it."""
        return self.torn or not self.attempts or self.attempts[-1].end is None


def read_ledger(path: Path | str) -> JobLedger:
    """Read one ledger file that holds at least one attempt.

    Raises :class:`Fault` for a missing or unreadable file, for one without an attempt, and as :func:`parse_ledger`.
    """
    place = Path(path)
    try:
        content = read_regular(path)
    except FileNotFoundError as error:
        raise Fault(f"{place} does not exist: run the job that writes it first.") from error
    except DAMAGED as error:
        raise Fault(
            f"{place} cannot be read ({why(error)}): expected a ledger that this user may read; change its rights, or "
            "restore the file."
        ) from error
    ledger = parse_ledger(content, place)
    if not ledger.attempts:
        raise Fault(
            f"{place} has no readable start event: the job was killed before it began, or this is not a ledger; "
            "delete it and run the job again."
        )
    return ledger


def parse_ledger(content: bytes, place: Path) -> JobLedger:
    """The attempts in a ledger's bytes; none if the job was killed, or read, before its first line was written.

    A torn line is accepted where a kill leaves one: at the end of the file, or directly before the ``start`` of the
    next attempt. It may be cut within a character. Raises :class:`Fault` for any other unreadable line, an unknown
    event, an event before any start, and another schema. place: for these sentences.
    """
    events, torn = _whole_events(content), False
    if events is None:
        events, torn = _events_but_torn(content.splitlines(), place)
    attempts: list[Attempt] = []
    for number, event in events:
        _take(event, attempts, place, number)
    return JobLedger(place, attempts, torn)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a finite number")


# The writer refuses NaN and infinity: in a file they are damage.
_decode = json.JSONDecoder(parse_constant=_refuse).decode


def _whole_events(content: bytes) -> list[tuple[int, dict[str, Any]]] | None:
    """All events of an undamaged file, else None. Parsing all lines at once is twice as fast as one by one."""
    lines = content.rstrip(b"\n").count(b"\n") + 1
    try:
        events = _decode(f"[{content.decode().rstrip(chr(10)).replace(chr(10), ',')}]")
    except (ValueError, RecursionError):
        return None
    if len(events) != lines or not all(isinstance(event, dict) and "event" in event for event in events):
        return None
    return list(enumerate(events, start=1))


def _events_but_torn(lines: list[bytes], place: Path) -> tuple[list[tuple[int, dict[str, Any]]], bool]:
    """Events with their line numbers, and whether the last line is torn."""
    events: list[tuple[int, dict[str, Any]]] = []
    torn: int | None = None
    for number, line in enumerate(lines, start=1):
        event = _parse(line)
        if torn is not None and (event is None or event["event"] != "start"):
            raise Fault(
                f"{place}, line {torn} is not a JSON event; expected one whole event per line (only the line that "
                "a kill cut off may be torn): restore the file or delete it and run the job again."
            )
        torn = number if event is None else None
        if event is not None:
            events.append((number, event))
    return events, torn is not None


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = _decode(line.decode())
    except (ValueError, RecursionError):
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
