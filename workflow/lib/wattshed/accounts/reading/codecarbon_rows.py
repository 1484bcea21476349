"""One run of a CodeCarbon CSV as a row of the runs frame, whatever CodeCarbon's version."""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from wattshed.accounts.marks.lower_bounds import GPU_ZERO
from wattshed.accounts.marks.scopes import OWN
from wattshed.accounts.reading.identities import identity
from wattshed.config.energy.places import factor_table
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Outcome, Stage, Status

CODECARBON = "codecarbon csv"
UNSAID = "codecarbon csv, which does not say how"
GUESS = "codecarbon csv, a flat guess for RAM"
ZERO = "codecarbon csv: exactly 0 kWh, which is impossible for a running part"
NO_GPU = "codecarbon csv: no GPU"
NO_COLUMN = "codecarbon csv: no such column"
# What this package's own export says behind its name.
OWN_ENERGY, KILLED = "own energy", "killed"
# Names of the run that are kept as labels.
NOTED = ("project_name", "experiment_id")
_encode = json.JSONEncoder(sort_keys=True).encode

Cells = Mapping[str, str]


def codecarbon_row(run_id: str, row: Cells, path: str, job: str, labels: Mapping[str, Any]) -> dict[str, Any]:
    """The run's row; energies [kWh] are those of the IT equipment: CodeCarbon's PUE is divided out again.

    row: cells by column, as :mod:`~wattshed.accounts.reading.foreign` has checked them.
    """
    get = row.get
    pue = number(get("pue")) or 1.0
    duration_s = number(row.get("duration"))
    cpu, cpu_source = _part(row.get("cpu_energy"), pue, UNSAID)
    ram, ram_source = _part(row.get("ram_energy"), pue, GUESS)
    gpu, gpu_source = _part(row.get("gpu_energy"), pue, UNSAID)
    if gpu is None and "gpu_energy" in row:
        gpu_source = GPU_ZERO if number(row.get("gpu_count")) else NO_GPU
    known = [kwh for kwh in (cpu, ram, gpu) if kwh is not None]
    # The sum may be known without its parts; a sum of 0 means that nothing was read.
    total = sum(known) if known else (float(row["energy_consumed"]) / pue or None)
    version = row.get("codecarbon_version") or "of unknown version"
    said = _said_by_us(version)
    own_energy, killed = OWN in said, KILLED in said
    noted = {name: row[name] for name in NOTED if identity(row.get(name))}
    if row.get("timestamp"):
        noted["timestamp"] = row["timestamp"]
    return {
        "origin": CODECARBON,
        "path": path,
        "run_id": run_id,
        "job": job,
        "stage": Stage.FOREIGN,
        **labels,
        "labels": _encode(noted),
        "started_utc": None,
        "began_utc": None,
        "ended_utc": None,  # the CSV's timestamp has no time zone
        "last_began_utc": None,
        "last_duration_s": None,
        "duration_s": duration_s,
        "clock_jump_s": None,
        "attempts": 1,
        "truncated": killed,
        "outcome": Outcome.KILLED if killed else Outcome.FINISHED,
        "outcome_reason": None,
        "energy_kwh": total,
        "energy_status": _status(total),
        "energy_scope": OWN if own_energy else None,
        "own_cpu_s": _own_cpu_s(row) if own_energy else None,
        "cpu_kwh": cpu,
        "cpu_status": _status(cpu),
        "cpu_source": cpu_source,
        "cpu_net_kwh": None,
        "ram_kwh": ram,
        "ram_status": _status(ram),
        "ram_source": ram_source,
        "ram_net_kwh": None,
        "gpu_kwh": gpu,
        "gpu_status": _status(gpu),
        "gpu_source": gpu_source,
        "gpu_net_kwh": None,
        "net_kwh": None,
        "idle_power_w": None,
        "idle_age_s": None,
        "cpu_power_w": number(row.get("cpu_power")) or None,
        "gpu_power_w": None if gpu is None or not duration_s else gpu * JOULES_PER_KWH / duration_s,
        "gpu_utilisation_percent": number(row.get("gpu_utilization_percent")) or None,
        "cpu_model": identity(row.get("cpu_model")),
        "cpu_sockets": None,
        "country_iso": _country(row),
        "region": (row.get("region") or "").lower() or None,
        "intensity_kg_per_kwh": _stated_factor(row),
        "intensity_source": f"codecarbon {version}, as the run stated",
        "stated_co2e_kg": number(row.get("emissions")),
        "host": None,
        "commit": None,
        "dirty": None,
        "machine": _machine(*(row.get(name) for name in HARDWARE)),
        "versions": None,
    }


def _said_by_us(version: str) -> set[str]:
    """What this package's own export says behind its name: whose energy it is, and whether the run was killed."""
    if not version.startswith("wattshed ") or "(" not in version:
        return set()
    words = {word.strip() for word in version.partition("(")[2].rstrip(")").split(";")}
    return ({OWN} if OWN_ENERGY in words else set()) | ({KILLED} if KILLED in words else set())


def _own_cpu_s(row: Cells) -> float | None:
    parts = [number(row.get(name)) for name in ("cpu_utilization_percent", "cpu_count", "duration")]
    percent, cores, duration_s = parts
    return percent / 100 * cores * duration_s if percent and cores and duration_s else None


def number(text: str | None) -> float | None:
    """The finite number in a text, else None."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


# Columns that describe a machine, in the order of _machine's arguments.
HARDWARE = (
    *("cpu_model", "cpu_count", "ram_total_size", "os", "python_version"),
    *("gpu_model", "gpu_count", "tracking_mode"),
)


@lru_cache(maxsize=1024)
def _machine(
    cpu_model: str | None,
    cpu_count: str | None,
    memory_gib: str | None,
    system: str | None,
    python: str | None,
    gpu_model: str | None,
    gpu_count: str | None,
    tracking_mode: str | None,
) -> str:
    """The machine as JSON, as ledgers describe theirs; what a CSV's version does not say is left out.

    CodeCarbon names several GPUs in one text, such as ``2 x NVIDIA A100``.
    """
    name = identity(gpu_model)
    machine: dict[str, Any] = {"processor": identity(cpu_model)}
    said: dict[str, Any] = {
        "gpus": None if gpu_model is None else [{"name": name}] if name else [],
        "logical_cores": number(cpu_count),
        "memory_gib": number(memory_gib),
        "system": identity(system),
        "python": identity(python),
        "gpu_count": number(gpu_count),
        "tracking_mode": identity(tracking_mode),
    }
    return _encode(machine | {name: value for name, value in said.items() if value is not None})


def _part(text: str | None, pue: float, source: str) -> tuple[float | None, str]:
    """Energy of the IT equipment [kWh] and its source."""
    kwh = number(text)
    if kwh is None:
        return None, NO_COLUMN
    if kwh == 0:
        return None, ZERO
    return kwh / pue, source if pue == 1 else f"{source}; its PUE of {pue:g} divided out"


def _country(row: Cells) -> str | None:
    """The ISO code; versions before 0.2 wrote the country's name alone."""
    code = identity(row.get("country_iso_code"))
    if code or "country_iso_code" in row:
        return code
    return _iso_codes().get((row.get("country_name") or row.get("country") or "").strip().lower())


@lru_cache(maxsize=1)
def _iso_codes() -> dict[str, str]:
    table = factor_table("global_energy_mix.json")
    names = {str(entry["country_name"]).lower(): iso for iso, entry in table.items()}
    return names | {iso.lower(): iso for iso in table}


def _stated_factor(row: Cells) -> float | None:
    kg, kwh = number(row.get("emissions")), number(row.get("energy_consumed"))
    return kg / kwh if kg is not None and kwh else None


def _status(kwh: float | None) -> Status:
    """CodeCarbon does not say how it obtained an energy, so none counts as measured."""
    return Status.MISSING if kwh is None else Status.ESTIMATED
