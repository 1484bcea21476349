"""What an attempt of a job spent, from its own total or, where it was killed, from what it left behind."""

from collections.abc import Iterable, Mapping
from typing import Any

from wattshed.energy.ledger.reading import Attempt, JobLedger
from wattshed.energy.reading import JOULES_PER_KWH

# An energy as the ledger holds it: component -> {kwh, status, source}.
Part = Mapping[str, Any]
Energy = Mapping[str, Part]
NOT_RECORDED: Part = {"kwh": None, "status": "missing", "source": "not recorded"}


def attempt_energy(attempt: Attempt) -> Energy:
    """Energy since metering began [kWh]: an ended attempt's total, or a killed one's lower bound.

    A killed attempt spent at least what its last tick says and what the outermost windows after it say.
    """
    return _spent(attempt)[0]


def attempt_duration_s(attempt: Attempt) -> float:
    """Seconds that an attempt lasted; a killed one to its last tick or closed window."""
    if attempt.end is not None:
        return float(attempt.end["duration_s"])
    ends = [window["end_s"] for window in attempt.windows] + [tick["at_s"] for tick in attempt.ticks]
    return float(max(ends, default=0.0))


def job_energy(ledger: JobLedger) -> tuple[Energy, dict[str, float | None]]:
    """Gross energy of all attempts together, and net kWh per component, None where not known."""
    spent = [(*_spent(attempt), attempt.sensors.get("idle")) for attempt in ledger.attempts]
    if len(spent) == 1:
        gross, seconds, idle = spent[0]
        return gross, net_kwh(gross, idle, seconds)
    gross = sum_energies(energy for energy, _, _ in spent)
    net: dict[str, float | None] = {}
    for energy, seconds, idle in spent:
        for name, kwh in net_kwh(energy, idle, seconds).items():
            before = net.get(name, 0.0)
            net[name] = None if kwh is None or before is None else before + kwh
    return gross, net


def job_duration_s(ledger: JobLedger) -> float:
    """Seconds over all attempts."""
    return sum(attempt_duration_s(attempt) for attempt in ledger.attempts)


def net_kwh(gross: Energy, idle: Mapping[str, Any] | None, duration_s: float) -> dict[str, float | None]:
    """Gross less idle power times duration [kWh], where both come from the same source; else None."""
    if idle is None:
        return dict.fromkeys(gross)
    power_w, source = idle["power_w"], idle["source"]
    net: dict[str, float | None] = {}
    for name, part in gross.items():
        watts, kwh = power_w.get(name), part["kwh"]
        known = kwh is not None and watts is not None and source.get(name) == part["source"]
        net[name] = kwh - watts * duration_s / JOULES_PER_KWH if known else None
    return net


def sum_energies(energies: Iterable[Energy]) -> Energy:
    """Sum per component; missing as soon as one part is, estimated as soon as one part is."""
    parts: dict[str, list[Part]] = {}
    for energy in energies:
        for name, part in energy.items():
            parts.setdefault(name, []).append(part)
    return {name: sum_parts(found) for name, found in parts.items()}


def sum_parts(parts: list[Part]) -> Part:
    """One energy of several; missing as soon as one is."""
    if len(parts) == 1:
        return parts[0]
    source = "; ".join(dict.fromkeys(part["source"] for part in parts))
    if any(part["kwh"] is None for part in parts):
        return {"kwh": None, "status": "missing", "source": source}
    measured = all(part["status"] == "measured" for part in parts)
    kwh = sum(part["kwh"] for part in parts)
    return {"kwh": kwh, "status": "measured" if measured else "estimated", "source": source}


def disjoint(windows: Iterable[dict[str, Any]]) -> list[tuple[dict[str, Any], float]]:
    """Outermost windows, each with the share of its time that no earlier one covers.

    Nested windows would be counted twice, and of two that overlap the common part.
    """
    kept: list[tuple[dict[str, Any], float]] = []
    covered_s = float("-inf")
    for window in sorted(windows, key=lambda w: (w["start_s"], -w["end_s"])):
        start_s, end_s = window["start_s"], window["end_s"]
        if end_s <= covered_s:
            continue
        kept.append((window, 1.0 if start_s >= covered_s else (end_s - covered_s) / (end_s - start_s)))
        covered_s = end_s
    return kept


def _spent(attempt: Attempt) -> tuple[Energy, float]:
    """Energy, and the seconds in which it was spent."""
    if attempt.end is not None:
        return attempt.end["energy"], attempt.end["duration_s"]
    so_far: dict[str, list[Part]] = {}
    seconds = 0.0
    if attempt.ticks:
        tick = attempt.ticks[-1]
        seconds = tick["at_s"]
        described = {part["component"]: part for part in attempt.sensors.get("sensors", [])}
        so_far = {
            name: [_ticked(kwh, described.get(name, NOT_RECORDED))] for name, kwh in tick["energy"].items()
        }
    for window, share in disjoint(w for w in attempt.windows if w["start_s"] >= seconds):
        seconds += share * window["duration_s"]
        for name, part in window["energy"].items():
            so_far.setdefault(name, []).append(_shared(part, share))
    return {name: _at_least(parts, ticked=bool(attempt.ticks)) for name, parts in so_far.items()}, seconds


def _ticked(kwh: float | None, described: Part) -> Part:
    if kwh is None:
        return {"kwh": None, "status": "missing", "source": described["source"]}
    status = described["status"] if described["status"] != "missing" else "estimated"
    return {"kwh": kwh, "status": status, "source": described["source"]}


def _shared(part: Part, share: float) -> Part:
    if share == 1 or part["kwh"] is None:
        return part
    return {**part, "kwh": share * part["kwh"], "status": "estimated"}


def _at_least(parts: list[Part], *, ticked: bool) -> Part:
    """Sum of what is known: a window too short to be read takes nothing from what was read before it."""
    if ticked and parts[0]["kwh"] is None:
        return parts[0]
    return sum_parts([part for part in parts if part["kwh"] is not None] or parts[:1])
