"""What the jobs of a study have spent so far, for its budget: finished, killed, running and superseded ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattshed.energy.ledger.attempts import attempt_energy, attempt_own
from wattshed.energy.ledger.reading import Attempt, parse_ledger
from wattshed.energy.ledger.records import is_ledger, record_id_of, same_files
from wattshed.foundation.faults import Fault

# A machine without a GPU has this component in its ledger as missing: no energy is left out.
NO_GPU = "gpu"
# A job that ends meanwhile renames its ledger; all ledgers are then read again, at most this many times.
LOOKS = 5


def spent_in(folder: Path) -> float:
    """Energy [kWh] of all ledgers and records below ``folder``, each job once; 0 for a folder without any.

    Raises :class:`Fault` as :func:`spent_of` does.
    """
    for _ in range(LOOKS):
        try:
            found = sorted(path for path in folder.rglob("*.jsonl*") if is_ledger(path))
            jobs: dict[str, float] = {}
            for same in same_files(found):
                # A copy of a record is as long as its ledger, or shorter if the job went on.
                job = record_id_of(same[0]) or str(same[0])
                jobs[job] = max(jobs.get(job, 0.0), spent_of(same[0]))
            return sum(jobs.values())
        except FileNotFoundError:
            continue
    raise Fault(f"the ledgers in {folder} keep changing their names while they are read: run the job again.")


def spent_of(path: Path) -> float:
    """Own energy [kWh] of one job over all its attempts; the machine's for one that does not know its own.

    The energy of an attempt is that of :func:`attempt_own`; components that a killed attempt does not know count
    nothing. Raises :class:`Fault` for a finished attempt with an unknown component, and for a ledger that cannot be
    read; FileNotFoundError where there is none.
    """
    ledger = parse_ledger(path.read_bytes(), path)
    try:
        return sum(_attempt_kwh(attempt, path) for attempt in ledger.attempts)
    except (KeyError, TypeError, AttributeError) as error:
        raise Fault(
            f"{path} lacks a field that every ledger has ({error!r}), so what the study has spent is not known: "
            "restore the file, or delete it and run its job again."
        ) from error


def missing_components(energy: Mapping[str, Any]) -> list[str]:
    """Components whose energy is not known, except an absent GPU. energy: component -> its kWh or None."""
    return [name for name, kwh in energy.items() if kwh is None and name != NO_GPU]


def _attempt_kwh(attempt: Attempt, path: Path) -> float:
    own = attempt_own(attempt)
    energy = {name: part["kwh"] for name, part in (attempt_energy(attempt) if own is None else own).items()}
    known = [kwh for kwh in energy.values() if kwh is not None]
    missing = missing_components(energy)
    if attempt.end is not None and (missing or not known):
        raise Fault(
            f"{path} does not know the energy of {', '.join(missing) or 'any component'}, so a budget of the "
            "study cannot be kept: see wattshed doctor for the sensor, then delete this file and run the job again, or "
            "remove the budget."
        )
    return sum(known)
