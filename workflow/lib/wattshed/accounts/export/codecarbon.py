"""Runs as CodeCarbon's CSVs, in the layout ``<model>/<country>/<season>/<run>_emissions.csv``."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.accounts.marks.scopes import OWN
from wattshed.accounts.runs.own_exports import run_identity, writer_text
from wattshed.config.energy.places import factor_table
from wattshed.energy.reading import COMPONENTS, JOULES_PER_KWH
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.writing import write_text

# Those of CodeCarbon 3.3, in its order.
COLUMNS = (
    *("timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate"),
    *("cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed"),
    *("water_consumed", "country_name", "country_iso_code", "region", "cloud_provider", "cloud_region", "os"),
    *(
        "python_version",
        "codecarbon_version",
        "cpu_count",
        "cpu_model",
        "gpu_count",
        "gpu_model",
        "longitude",
    ),
    *("latitude", "ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent"),
    *("ram_utilization_percent", "ram_used_gb", "on_cloud", "pue", "wue"),
)
UNKNOWN = "unknown"
TIME = "%Y-%m-%dT%H:%M:%S"
LAYOUT = ("model", "data_country", "season")
SUFFIX = "_emissions.csv"
LONGEST_NAME = 100


def write_codecarbon(runs: pd.DataFrame, folder: Path, *, pue: float = 1.0) -> list[Path]:
    """Write one file per run and return their paths; existing files of the same runs are replaced.

    runs: after :func:`~wattshed.accounts.emissions.emissions.add_emissions` with the same ``pue``. Energies are those
    attributed to the runs, times PUE, as CodeCarbon writes them; the reader of this package divides it out again. A
    part that is not known is 0, as CodeCarbon writes it, and an unknown mass is empty. Raises :class:`Fault` if the
    folder cannot be written.
    """
    written: list[Path] = []
    taken: set[str] = set()
    for run in runs.to_dict("records"):
        cells = codecarbon_cells({str(name): value for name, value in run.items()}, pue=pue)
        places = [_safe(run.get(name)) for name in LAYOUT]
        path = folder.joinpath(
            *places, f"{_free(_safe(run.get('job')), places, str(cells['run_id']), taken)}{SUFFIX}"
        )
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerow(cells)
        try:
            write_text(path, text.getvalue())
        except OSError as error:
            raise Fault(
                f"{path} cannot be written ({error.strerror or one_line(error)}): expected a folder that this user may "
                "write, with room; name another one."
            ) from error
        written.append(path)
    return written


def codecarbon_cells(run: Mapping[str, Any], *, pue: float = 1.0) -> dict[str, Any]:
    """The cells of one run by CodeCarbon's columns; empty where the run does not say."""
    machine = _mapping(run.get("machine"))
    noted = _mapping(run.get("labels"))
    duration_s = _number(run.get("duration_s"))
    energies = {part: _with_pue(_number(run.get(f"attributed_{part}_kwh")), pue) for part in COMPONENTS}
    total = sum(kwh for kwh in energies.values() if kwh is not None)
    if not total:  # an old CSV may state the sum alone
        total = _with_pue(_number(run.get("attributed_kwh")), pue) or 0.0
    mass = _number(run.get("co2e_kg"))
    country = _text(run.get("place_iso")) or _text(run.get("country_iso"))
    gpus = [str(gpu.get("name") or "GPU") for gpu in machine.get("gpus") or [] if isinstance(gpu, dict)]
    power = {
        part: kwh / pue * JOULES_PER_KWH / duration_s
        for part, kwh in energies.items()
        if kwh is not None and duration_s
    }
    cells = {
        "timestamp": _ended(run, noted),
        "project_name": noted.get("project_name") or noted.get("project") or "wattshed",
        "run_id": _text(run.get("run_id")) or run_identity(run),
        "experiment_id": noted.get("experiment_id") or _text(run.get("stage")),
        "duration": duration_s,
        "emissions": mass,
        "emissions_rate": mass / duration_s if mass is not None and duration_s else None,
        "energy_consumed": total,
        "water_consumed": _number(run.get("water_l")) or 0.0,
        "country_name": factor_table("global_energy_mix.json").get(country, {}).get("country_name", ""),
        "country_iso_code": country,
        "region": _text(run.get("place_region")) or _text(run.get("region")),
        "os": machine.get("system"),
        "python_version": machine.get("python"),
        "codecarbon_version": writer_text(run),
        "cpu_count": machine.get("logical_cores"),
        "cpu_model": _text(run.get("cpu_model")),
        "gpu_count": machine.get("gpu_count") or len(gpus) or machine.get("gpus_present"),
        "gpu_model": ", ".join(_counted(gpus)),
        "ram_total_size": machine.get("memory_gib"),
        "tracking_mode": machine.get("tracking_mode")
        or ("process" if run.get("energy_scope") == OWN else "machine"),
        "cpu_utilization_percent": _own_use_percent(run, machine, duration_s),
        "gpu_utilization_percent": _number(run.get("gpu_utilisation_percent")) or 0.0,
        "ram_utilization_percent": 0.0,
        "ram_used_gb": 0.0,
        "on_cloud": "N",
        "pue": pue,
        "wue": 0,
    }
    for part in COMPONENTS:
        cells[f"{part}_energy"] = energies[part] or 0.0
        cells[f"{part}_power"] = power.get(part, 0.0)
    if (stated_w := _number(run.get("cpu_power_w"))) is not None:
        cells["cpu_power"] = stated_w
    return {name: "" if cells.get(name) is None else cells[name] for name in COLUMNS}


def _own_use_percent(run: Mapping[str, Any], machine: Mapping[str, Any], duration_s: float | None) -> float:
    """The job's own processor time, of all cores."""
    own_s, cores = _number(run.get("own_cpu_s")), _number(machine.get("logical_cores"))
    return 100 * own_s / (cores * duration_s) if own_s is not None and cores and duration_s else 0.0


def _with_pue(kwh: float | None, pue: float) -> float | None:
    return None if kwh is None else kwh * pue


def _ended(run: Mapping[str, Any], noted: Mapping[str, Any]) -> str:
    """CodeCarbon's time stamp, which has no time zone: UTC; a foreign run's own."""
    if noted.get("timestamp"):
        return str(noted["timestamp"])
    ended, began = _text(run.get("ended_utc")), _text(run.get("last_began_utc"))
    if ended:
        return pd.Timestamp(ended).strftime(TIME)
    if not began:
        return ""
    lasted_s = _number(run.get("last_duration_s")) or 0.0
    return (pd.Timestamp(began) + pd.Timedelta(lasted_s, "s")).strftime(TIME)


def _counted(gpus: list[str]) -> list[str]:
    """As CodeCarbon writes them: ``2 x NVIDIA A100``; a text that has a count already stays as it is."""
    named = dict.fromkeys(gpus)
    return [name if re.match(r"\d+ x ", name) else f"{gpus.count(name)} x {name}" for name in named]


def _safe(value: Any) -> str:
    """A folder or file name for any text; texts that differ stay different."""
    text = _text(value)
    if not text:
        return UNKNOWN
    plain = re.sub(r"[^\w.+=@-]+", "_", text)[:LONGEST_NAME].lstrip(".-") or "_"
    while len(plain.encode()) > LONGEST_NAME:
        plain = plain[:-1]
    if plain == text and plain != UNKNOWN:
        return plain
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _free(name: str, places: list[str], run_id: str, taken: set[str]) -> str:
    """The name, or with the run's id if it is taken, also by one that differs in capital letters alone."""
    for candidate in (
        name,
        f"{name}-{run_id[:8]}",
        f"{name}-{run_id}",
        *(f"{name}-{run_id}-{n}" for n in range(1000)),
    ):
        key = "/".join([*places, candidate]).lower()
        if key not in taken:
            taken.add(key)
            return _file_safe(candidate)
    raise Fault(
        f"more than 1,000 runs are called {name!r} and have one run_id: expected one each; name them."
    )


def _file_safe(name: str) -> str:
    return name if re.fullmatch(r"[\w.+=@-]+", name) else re.sub(r"[^\w.+=@-]+", "_", name)


def _mapping(text: Any) -> dict[str, Any]:
    value = json.loads(text) if isinstance(text, str) else {}
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
