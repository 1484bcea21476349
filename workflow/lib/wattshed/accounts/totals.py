"""Energies of windows and attempts as flat columns; a missing part makes no zero."""

from collections.abc import Iterable, Mapping
from typing import Any

from wattshed.accounts.ledgers import Attempt, JobLedger
from wattshed.energy.reading import JOULES_PER_KWH

COMPONENTS = ("cpu", "ram", "gpu")
# An energy as the ledger holds it: component -> {kwh, status, source}.
Energy = Mapping[str, Mapping[str, Any]]
NOT_RECORDED = {"kwh": None, "status": "missing", "source": "not recorded"}


def energy_columns(energy: Energy, net: Energy | None = None) -> dict[str, Any]:
    """``energy_kwh, energy_status``, and kWh, status, source of CPU, RAM and all GPUs together; net beside gross.

    The sum is over what is known and None if nothing is: a missing sensor is never a zero.
    """
    parts = _by_kind(energy)
    nets = _by_kind(net or {})
    known = [part for part in parts.values() if part["kwh"] is not None]
    columns: dict[str, Any] = {
        "energy_kwh": sum(part["kwh"] for part in known) if known else None,
        "energy_status": _status(known),
    }
    for name, part in parts.items():
        columns[f"{name}_kwh"] = part["kwh"]
        columns[f"{name}_status"] = part["status"]
        columns[f"{name}_source"] = part["source"]
        columns[f"{name}_net_kwh"] = nets[name]["kwh"]
    # Net of a part only is no net energy of the whole.
    known_nets = [nets[name]["kwh"] for name, part in parts.items() if part["kwh"] is not None]
    whole = bool(known_nets) and all(kwh is not None for kwh in known_nets)
    columns["net_kwh"] = sum(known_nets) if whole else None
    return columns


def attempt_energy(attempt: Attempt) -> Energy:
    """Energy since the attempt began: an ended one's total, a killed one's last tick and what closed after it."""
    if attempt.end is not None:
        energy: Energy = attempt.end["energy"]
        return energy
    windows = attempt.windows
    if not attempt.ticks:
        return sum_energies(window["energy"] for window in outermost(windows))
    tick = attempt.ticks[-1]
    described = {part["component"]: part for part in attempt.sensors.get("sensors", [])}
    so_far = {
        name: {**described.get(name, NOT_RECORDED), "kwh": kwh}
        if kwh is not None
        else {"kwh": None, "status": "missing", "source": described.get(name, NOT_RECORDED)["source"]}
        for name, kwh in tick["energy"].items()
    }
    later = [window for window in outermost(windows) if window["start_s"] >= tick["at_s"]]
    return sum_energies([so_far, *(window["energy"] for window in later)])


def attempt_duration_s(attempt: Attempt) -> float:
    """Seconds that an attempt lasted; a killed one to its last tick or closed window."""
    if attempt.end is not None:
        return float(attempt.end["duration_s"])
    ends = [window["end_s"] for window in attempt.windows] + [tick["at_s"] for tick in attempt.ticks]
    return float(max(ends, default=0.0))


def attempt_net(attempt: Attempt) -> Energy:
    return net_energy(attempt_energy(attempt), attempt.sensors.get("idle"), attempt_duration_s(attempt))


def net_energy(gross: Energy, idle: Mapping[str, Any] | None, duration_s: float) -> Energy:
    """Gross less idle power times duration, where both come from the same source; else missing."""
    if idle is None:
        return {name: {**part, "kwh": None, "status": "missing"} for name, part in gross.items()}
    net = {}
    for name, part in gross.items():
        if part["kwh"] is None or idle["source"].get(name) != part["source"]:
            net[name] = {**part, "kwh": None, "status": "missing"}
        else:
            kwh = part["kwh"] - idle["power_w"][name] * duration_s / JOULES_PER_KWH
            net[name] = {**part, "kwh": kwh}
    return net


def sum_energies(energies: Iterable[Energy]) -> Energy:
    """Sum per component; missing as soon as one part is, estimated as soon as one part is."""
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for energy in energies:
        for name, part in energy.items():
            parts.setdefault(name, []).append(part)
    return {name: _sum(found) for name, found in parts.items()}


def outermost(windows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Windows that lie in no other, so that nested ones are not counted twice."""
    kept: list[dict[str, Any]] = []
    for window in sorted(windows, key=lambda w: (w["start_s"], -w["end_s"])):
        if not kept or window["end_s"] > kept[-1]["end_s"]:
            kept.append(window)
    return kept


def job_energy(ledger: JobLedger) -> tuple[Energy, Energy]:
    """Gross and net energy of all attempts together."""
    gross = sum_energies(attempt_energy(attempt) for attempt in ledger.attempts)
    return gross, sum_energies(attempt_net(attempt) for attempt in ledger.attempts)


def job_duration_s(ledger: JobLedger) -> float:
    """Seconds over all attempts."""
    return sum(attempt_duration_s(attempt) for attempt in ledger.attempts)


def _by_kind(energy: Energy) -> dict[str, Mapping[str, Any]]:
    gpus = [part for name, part in energy.items() if name.startswith("gpu")]
    return {
        "cpu": energy.get("cpu", NOT_RECORDED),
        "ram": energy.get("ram", NOT_RECORDED),
        "gpu": _sum(gpus) if gpus else NOT_RECORDED,
    }


def _sum(parts: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    if len(parts) == 1:
        return parts[0]
    source = "; ".join(dict.fromkeys(part["source"] for part in parts))
    if any(part["kwh"] is None for part in parts):
        return {"kwh": None, "status": "missing", "source": source}
    return {"kwh": sum(part["kwh"] for part in parts), "status": _status(parts), "source": source}


def _status(known: list[Mapping[str, Any]]) -> str:
    if not known:
        return "missing"
    return "measured" if all(part["status"] == "measured" for part in known) else "estimated"
