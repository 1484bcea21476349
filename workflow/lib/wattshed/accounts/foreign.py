"""Other people's CodeCarbon CSVs as rows of the runs frame."""

import csv
import json
import math
from pathlib import Path
from typing import Any

from wattshed.accounts.frame_types import LABELS
from wattshed.energy.reading import JOULES_PER_KWH

CODECARBON = "codecarbon csv"
NEEDED = ("run_id", "emissions", "energy_consumed")
SUFFIX = "_emissions"
UNSAID = "codecarbon csv, which does not say how"
GUESS = "codecarbon csv, a flat guess for RAM"


class NotCodeCarbon(Exception):
    """A CSV without the columns of CodeCarbon: somebody else's file."""


def foreign_rows(path: Path, root: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of one file, one per ``run_id``, and sentences on rows that cannot be used.

    CodeCarbon's rows are cumulative within a run and a file may hold several runs, appended when the program ran
    again: the last row of each ``run_id`` counts, and runs are never merged. The layout
    ``<model>/<country>/<season>/<run>_emissions.csv`` below ``root`` gives labels. Energies contain CodeCarbon's
    PUE, which is divided out again. Raises :class:`NotCodeCarbon`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        return [], [f"{path} cannot be read ({error.strerror}): give this user the right to read it."]
    lines = text.splitlines()
    header = next(csv.reader(lines[:1]), [])
    if not set(NEEDED) <= set(header):
        raise NotCodeCarbon
    labels = _labels(path, root)
    last: dict[str, dict[str, Any]] = {}
    problems = []
    for number, cells in enumerate(csv.reader(lines[1:]), start=2):
        if not cells:
            continue
        row = dict(zip(header, cells, strict=False))
        if len(cells) != len(header):
            problems.append(
                f"{path}, row {number} has {len(cells)} of {len(header)} columns: a torn row is left out."
            )
            continue
        wrong = _wrong_number(row)
        if wrong:
            problems.append(f"{path}, row {number}: {wrong}: the row is left out.")
            continue
        last[row["run_id"] or f"{path.stem} row {number}"] = row
    rows = [_run_row(run_id, row, path, labels) for run_id, row in last.items()]
    if not rows and not problems:
        problems.append(f"{path} has a header and no row: a run that was killed before CodeCarbon wrote one.")
    return rows, problems


def _labels(path: Path, root: Path) -> dict[str, Any]:
    labels: dict[str, Any] = dict.fromkeys(LABELS)
    folders = path.relative_to(root).parts[:-1] if path.is_relative_to(root) else ()
    if len(folders) >= 3:
        labels.update(zip(("model", "data_country", "season"), folders[-3:], strict=True))
    elif folders:
        labels["model"] = folders[0]
    return labels


def _wrong_number(row: dict[str, Any]) -> str | None:
    for name in ("duration", "energy_consumed", "cpu_energy", "gpu_energy", "ram_energy"):
        value = _number(row.get(name))
        if value is not None and not (math.isfinite(value) and value >= 0):
            return f"{name} is {row[name]}, expected a number that is not negative"
        if value is None and row.get(name):
            return f"{name} is {row[name]!r}, expected a number"
    if _number(row.get("energy_consumed")) is None:
        return "energy_consumed is empty, expected kWh"
    return None


def _run_row(run_id: str, row: dict[str, Any], path: Path, labels: dict[str, Any]) -> dict[str, Any]:
    pue = _number(row.get("pue")) or 1.0
    duration_s = _number(row.get("duration"))
    cpu, ram = (_kwh(row.get(f"{name}_energy"), pue) for name in ("cpu", "ram"))
    gpu, gpu_source = _gpu(row, pue)
    known = [kwh for kwh in (cpu, ram, gpu) if kwh is not None]
    total = sum(known) if known else (_number(row.get("energy_consumed")) or 0.0) / pue
    return {
        "origin": CODECARBON,
        "path": str(path),
        "run_id": run_id,
        "job": path.stem.removesuffix(SUFFIX),
        "stage": "foreign",
        **labels,
        "labels": "{}",
        "started_utc": None,
        "began_utc": None,
        "ended_utc": row.get("timestamp") or None,
        "last_began_utc": None,
        "last_duration_s": None,
        "duration_s": duration_s,
        "clock_jump_s": None,
        "attempts": 1,
        "truncated": False,
        "outcome": "finished",
        "outcome_reason": None,
        "energy_kwh": total,
        "energy_status": "estimated",
        "cpu_kwh": cpu,
        "cpu_status": "estimated" if cpu is not None else "missing",
        "cpu_source": UNSAID,
        "cpu_net_kwh": None,
        "ram_kwh": ram,
        "ram_status": "estimated" if ram is not None else "missing",
        "ram_source": GUESS,
        "ram_net_kwh": None,
        "gpu_kwh": gpu,
        "gpu_status": "estimated" if gpu is not None else "missing",
        "gpu_source": gpu_source,
        "gpu_net_kwh": None,
        "net_kwh": None,
        "idle_power_w": None,
        "idle_age_s": None,
        "cpu_power_w": _number(row.get("cpu_power")),
        "gpu_power_w": _power_w(gpu, duration_s),
        "gpu_utilisation_percent": _number(row.get("gpu_utilization_percent")) or None,
        "cpu_model": row.get("cpu_model") or None,
        "cpu_sockets": None,
        "country_iso": row.get("country_iso_code") or None,
        "region": (row.get("region") or "").lower() or None,
        "intensity_kg_per_kwh": _stated_factor(row),
        "intensity_source": f"codecarbon {row.get('codecarbon_version') or 'of unknown version'}, as the run stated",
        "stated_co2e_kg": _number(row.get("emissions")),
        "host": None,
        "commit": None,
        "dirty": None,
        "machine": json.dumps(_machine(row), sort_keys=True),
        "versions": None,
    }


def _gpu(row: dict[str, Any], pue: float) -> tuple[float | None, str]:
    """CodeCarbon notes 0 kWh for no GPU and for a GPU whose counter it cannot read alike."""
    kwh = _kwh(row.get("gpu_energy"), pue)
    if not _number(row.get("gpu_count")):
        return None, "codecarbon csv: no GPU"
    if not kwh:
        return None, "codecarbon csv: a GPU with exactly 0 kWh, as where its counter cannot be read"
    return kwh, UNSAID


def _machine(row: dict[str, Any]) -> dict[str, Any]:
    gpu = row.get("gpu_model")
    return {"processor": row.get("cpu_model") or None, "gpus": [{"name": gpu}] if gpu else []}


def _stated_factor(row: dict[str, Any]) -> float | None:
    kg, kwh = _number(row.get("emissions")), _number(row.get("energy_consumed"))
    return kg / kwh if kg is not None and kwh else None


def _kwh(text: Any, pue: float) -> float | None:
    value = _number(text)
    return None if value is None else value / pue


def _power_w(kwh: float | None, duration_s: float | None) -> float | None:
    return None if kwh is None or not duration_s else kwh * JOULES_PER_KWH / duration_s


def _number(text: Any) -> float | None:
    if text is None or text == "":
        return None
    try:
        return float(text)
    except ValueError:
        return None
