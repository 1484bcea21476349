"""Sums of energies that keep what is known of them: a missing part makes no zero."""

from collections.abc import Iterable
from typing import Any

from wattshed.accounts.ledgers import Attempt, JobLedger
from wattshed.energy.reading import Component, Reading

COMPONENTS = ("cpu", "ram", "gpu")


def reading_from_json(energy: dict[str, dict[str, Any]]) -> Reading:
    """The ``energy`` field of an event as a :class:`Reading` (kWh)."""
    return Reading({name: Component(c["kwh"], c["status"], c["source"]) for name, c in energy.items()})


def sum_readings(readings: Iterable[Reading]) -> Reading:
    """Sum per component; missing as soon as one part is, estimated as soon as one part is."""
    parts: dict[str, list[Component]] = {}
    for reading in readings:
        for name, component in reading.components.items():
            parts.setdefault(name, []).append(component)
    return Reading({name: _sum_components(components) for name, components in parts.items()})


def job_reading(ledger: JobLedger) -> Reading:
    """Energy of all attempts: an ended one's total, a killed one's closed windows."""
    return sum_readings(_attempt_reading(attempt) for attempt in ledger.attempts)


def job_duration_s(ledger: JobLedger) -> float:
    """Seconds over all attempts; a killed one counts to the end of its last closed window."""
    return sum(
        attempt.end["duration_s"]
        if attempt.end
        else max((window["end_s"] for window in attempt.windows), default=0.0)
        for attempt in ledger.attempts
    )


def outermost(windows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Windows that lie in no other, so that nested ones are not counted twice."""
    kept: list[dict[str, Any]] = []
    for window in sorted(windows, key=lambda w: (w["start_s"], -w["end_s"])):
        if not kept or window["end_s"] > kept[-1]["end_s"]:
            kept.append(window)
    return kept


def _attempt_reading(attempt: Attempt) -> Reading:
    if attempt.end is not None:
        return reading_from_json(attempt.end["energy"])
    return sum_readings(reading_from_json(window["energy"]) for window in outermost(attempt.windows))


def _sum_components(components: list[Component]) -> Component:
    source = "; ".join(dict.fromkeys(component.source for component in components))
    known = [component.kwh for component in components if component.kwh is not None]
    if len(known) < len(components):
        return Component(None, "missing", source)
    measured = all(component.status == "measured" for component in components)
    return Component(sum(known), "measured" if measured else "estimated", source)
