"""The energy of an attempt of a job: its own total, or a lower bound if it was killed.

This is the only rule for killed attempts. The accounts and the budgets of a study both use it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from wattshed.energy.ledger.reading import Attempt, JobLedger
from wattshed.energy.reading import above_idle_kwh, worst_status
from wattshed.foundation.vocabulary import Status

# An energy as the ledger holds it: component -> {kwh, status, source}.
Part = Mapping[str, Any]
Energy = Mapping[str, Part]
# Use as the ledger holds it: processor seconds of the job and of others, and mean memory.
Use = dict[str, float | None]
NO_USE: Use = {"own_cpu_s": None, "others_cpu_s": None, "own_memory_gib": None, "used_memory_gib": None}
NOT_RECORDED: Part = {"kwh": None, "status": Status.MISSING, "source": "not recorded"}


def attempt_energy(attempt: Attempt) -> Energy:
    """Energy since metering began [kWh]: an ended attempt's total, or a killed one's lower bound.

    A killed attempt spent at least what its last tick states and what the outermost windows that began after it
    state. Of windows that overlap the common time counts once, by the earlier window. A component that the last tick
    does not know counts to the last tick that knew it.
    """
    return _spent(attempt)[0]


def attempt_own(attempt: Attempt) -> Energy | None:
    """The job's own energy by the same rules; None in ledgers of schema 2, which do not know it."""
    if attempt.start.get("schema") == 2:
        return None
    return _spent(attempt, "own")[0]


def attempt_use(attempt: Attempt) -> Use:
    """Processor seconds of the job and of others, and mean memory [GiB]; of a killed attempt, as far as written."""
    if attempt.end is not None:
        return _known_use(attempt.end.get("use", {}))
    last: dict[str, Any] = attempt.ticks[-1] if attempt.ticks else {"at_s": 0.0}
    found = _known_use(last.get("use", {}))
    for window, share in disjoint(w for w in attempt.windows if w["start_s"] >= last["at_s"]):
        use = window.get("use", {})
        for name in ("own_cpu_s", "others_cpu_s"):
            if use.get(name) is not None:
                found[name] = (found[name] or 0.0) + share * use[name]
        for name in ("own_memory_gib", "used_memory_gib"):
            found[name] = use.get(name) if found[name] is None else found[name]
    return found


def _known_use(use: Mapping[str, Any]) -> Use:
    return {name: use.get(name) for name in NO_USE}


def job_own(ledger: JobLedger) -> Energy | None:
    """Own energy of all attempts together; None if one does not know it."""
    found = [attempt_own(attempt) for attempt in ledger.attempts]
    known = [own for own in found if own is not None]
    if len(known) < len(found) or not known:
        return None
    return known[0] if len(known) == 1 else sum_energies(known)


def job_use(ledger: JobLedger) -> Use:
    """Processor seconds over all attempts, and mean memory over their time; None where one does not know it."""
    uses = [(attempt_use(attempt), attempt_duration_s(attempt)) for attempt in ledger.attempts]
    if len(uses) == 1:
        return uses[0][0]
    total_s = sum(seconds for _, seconds in uses)
    found: dict[str, float | None] = {}
    for name in NO_USE:
        values = [use[name] for use, _ in uses]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            found[name] = None
        elif name.endswith("_s"):
            found[name] = sum(known)
        elif total_s > 0:
            found[name] = sum(value * s for value, (_, s) in zip(known, uses, strict=True)) / total_s
        else:
            found[name] = known[-1]
    return found


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


def net_kwh(
    gross: Energy, idle: Mapping[str, Any] | None, duration_s: float | Mapping[str, float]
) -> dict[str, float | None]:
    """Gross less idle power times duration [kWh] per component, None where either is unknown.

    duration_s: in which the gross energy was spent, one number for all components or one for each.
    """
    if idle is None:
        return dict.fromkeys(gross)
    power_w, source = idle["power_w"], idle["source"]
    return {
        name: above_idle_kwh(
            part["kwh"],
            part["source"],
            power_w.get(name),
            source.get(name),
            duration_s[name] if isinstance(duration_s, Mapping) else duration_s,
        )
        for name, part in gross.items()
    }


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
    status = worst_status(part["status"] for part in parts)
    kwh = None if status == Status.MISSING else sum(part["kwh"] for part in parts)
    return {"kwh": kwh, "status": status, "source": source}


def disjoint(windows: Iterable[dict[str, Any]]) -> list[tuple[dict[str, Any], float]]:
    """Outermost windows, each with the share of its time that no earlier one covers.

    So nested windows are not counted twice, nor the common part of two windows that overlap.
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


def _spent(attempt: Attempt, which: Literal["energy", "own"] = "energy") -> tuple[Energy, dict[str, float]]:
    """Energy per component, and the seconds in which it was spent."""
    if attempt.end is not None:
        energy: Energy = attempt.end[which]
        return energy, dict.fromkeys(energy, attempt.end["duration_s"])
    last_s = attempt.ticks[-1]["at_s"] if attempt.ticks else 0.0
    parts, seconds = _ticked(attempt, which)
    for window, share in disjoint(w for w in attempt.windows if w["start_s"] >= last_s):
        for name, part in window[which].items():
            parts.setdefault(name, []).append(_shared(part, share))
            if part["kwh"] is not None:
                seconds[name] = seconds.get(name, 0.0) + share * window["duration_s"]
    return {name: _at_least(found) for name, found in parts.items()}, {
        name: seconds.get(name, 0.0) for name in parts
    }


def _ticked(attempt: Attempt, which: str) -> tuple[dict[str, list[Part]], dict[str, float]]:
    """Per component the energy of the last tick that knows it, and that tick's time.

    A sensor that failed is null in later ticks: what it had counted was spent all the same, and is only an estimate
    of the whole.
    """
    described = {part["component"]: part for part in attempt.sensors.get("sensors", [])}
    parts: dict[str, list[Part]] = {}
    seconds: dict[str, float] = {}
    for tick in attempt.ticks:
        for name, kwh in tick[which].items():
            source = described.get(name, NOT_RECORDED)
            if kwh is not None:
                known = source["status"] != Status.MISSING
                status = source["status"] if known else Status.ESTIMATED
                parts[name] = [{"kwh": kwh, "status": status, "source": source["source"]}]
                seconds[name] = tick["at_s"]
            elif name in seconds:
                parts[name] = [{**parts[name][0], "status": Status.ESTIMATED}]
            else:
                parts[name] = [{"kwh": None, "status": Status.MISSING, "source": source["source"]}]
    return parts, seconds


def _shared(part: Part, share: float) -> Part:
    if share == 1 or part["kwh"] is None:
        return part
    return {**part, "kwh": share * part["kwh"], "status": Status.ESTIMATED}


def _at_least(parts: list[Part]) -> Part:
    """Sum of the known parts: a window too short to be read does not hide what was read before it."""
    return sum_parts([part for part in parts if part["kwh"] is not None] or parts[:1])
