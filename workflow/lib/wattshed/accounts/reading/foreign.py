"""CSVs of CodeCarbon as rows of the runs frame."""

import csv
import io
import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from wattshed.accounts.reading.frame_types import LABELS
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Outcome, Stage, Status

CODECARBON = "codecarbon csv"
NEEDED = {"run_id", "emissions", "energy_consumed"}
SUFFIX = "_emissions"
UNSAID = "codecarbon csv, which does not say how"
GUESS = "codecarbon csv, a flat guess for RAM"
ZERO = "codecarbon csv: exactly 0 kWh, which is impossible for a running part"
NO_GPU = "codecarbon csv: no GPU"
# CodeCarbon writes 0 both for a missing counter and for no energy (its issue 1316).
GPU_ZERO = "codecarbon csv: a GPU with exactly 0 kWh, as where its counter cannot be read"
COUNTED = ("duration", "energy_consumed", "cpu_energy", "gpu_energy", "ram_energy")
# A larger difference between the parts and their sum cannot come from rounding.
SUM_TOLERANCE = 0.01
_encode = json.JSONEncoder(sort_keys=True).encode


class NotCodeCarbon(Exception):
    """A CSV without the columns of CodeCarbon."""


def foreign_rows(path: Path, root: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of one file, one per ``run_id``, and sentences on what cannot be used.

    CodeCarbon's rows are cumulative within a run and a file may hold several runs, appended when the program ran
    again: the last row of each ``run_id`` counts, and runs are never merged. The layout
    ``<model>/<country>/<season>/<run>_emissions.csv`` below ``root`` gives labels. Energies [kWh] contain
    CodeCarbon's PUE, which is divided out again. Raises :class:`NotCodeCarbon`.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(1 << 16)
            if not all(name.encode() in first for name in NEEDED):
                raise NotCodeCarbon  # not read further: other CSVs may be large
            text = (first + file.read()).decode("utf-8-sig", errors="replace")
    except OSError as error:
        return [], [f"{path} cannot be read ({error.strerror}): give this user the right to read it."]
    reader = csv.reader(io.StringIO(text, newline=""))
    header: list[str] = []
    last: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not header or (cells[0] == header[0] and set(cells) >= NEEDED):
                header = cells  # again in files that were concatenated
                _check_header(header)
                continue
            _take(cells, header, f"{path}, row {reader.line_num}", last, problems)
    except _Tasks:
        return [], [f"{path} holds the tasks of runs, whose own rows count: it is left out."]
    except csv.Error as error:
        problems.append(f"{path}, row {reader.line_num}: {error}: the rest of the file is left out.")
    for run_id, row in last.items():
        if doubt := _doubtful_sum(row):
            problems.append(f"{path}, run {run_id}: {doubt}")
    labels = _labels(str(path.parent), str(root))
    rows = [_run_row(run_id, row, path, labels) for run_id, row in last.items()]
    if not rows and not problems:
        problems.append(f"{path} has a header and no row: a run that was killed before CodeCarbon wrote one.")
    return rows, problems


class _Tasks(Exception):
    """A file of ``start_task`` and ``stop_task``: its rows are parts of runs."""


def _check_header(header: list[str]) -> None:
    if not set(header) >= NEEDED:
        raise NotCodeCarbon
    if "task_name" in header:
        raise _Tasks


def _take(
    cells: list[str], header: list[str], place: str, last: dict[str, dict[str, str]], problems: list[str]
) -> None:
    if len(cells) != len(header):
        problems.append(f"{place} has {len(cells)} of {len(header)} columns: a torn row is left out.")
        return
    row = dict(zip(header, cells, strict=True))
    wrong = _wrong(row)
    if wrong:
        problems.append(f"{place}: {wrong}: the row is left out.")
        return
    run_id = row["run_id"] or place
    before = last.get(run_id)
    if before and float(row["energy_consumed"]) < float(before["energy_consumed"]):
        problems.append(
            f"{place}: the energy of run {run_id} falls from {before['energy_consumed']} to {row['energy_consumed']} "
            "kWh, so that its rows are not cumulative: the last one is taken; check that it is the run's."
        )
    last[run_id] = row


def _wrong(row: dict[str, str]) -> str | None:
    for name in COUNTED:
        text = row.get(name)
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            return f"{name} is {text!r}, expected a number"
        if not 0 <= value < math.inf:
            return f"{name} is {text}, expected a number that is not negative"
    if not row["energy_consumed"]:
        return "energy_consumed is empty, expected kWh"
    pue = row.get("pue")
    if pue and not 1 <= (_number(pue) or math.nan) < math.inf:
        return f"pue is {pue}, expected a number from 1"
    return None


def _doubtful_sum(row: dict[str, str]) -> str | None:
    parts = [_number(row.get(f"{name}_energy")) for name in ("cpu", "ram", "gpu")]
    if None in parts:
        return None
    kwh = sum(filter(None, parts))
    if math.isclose(kwh, float(row["energy_consumed"]), rel_tol=SUM_TOLERANCE):
        return None
    return f"its parts sum to {kwh:g} kWh and energy_consumed says {row['energy_consumed']}: the parts are taken."


@lru_cache(maxsize=1024)
def _labels(folder: str, root: str) -> dict[str, Any]:
    labels: dict[str, Any] = dict.fromkeys(LABELS)
    folders = Path(folder).relative_to(root).parts if Path(folder).is_relative_to(root) else ()
    if len(folders) >= 3:
        labels.update(zip(("model", "data_country", "season"), folders[-3:], strict=True))
    elif folders:
        labels["model"] = folders[0]
    return labels


def _run_row(run_id: str, row: dict[str, str], path: Path, labels: dict[str, Any]) -> dict[str, Any]:
    pue = _number(row.get("pue")) or 1.0
    duration_s = _number(row.get("duration"))
    cpu, cpu_source = _part(row.get("cpu_energy"), pue, UNSAID)
    ram, ram_source = _part(row.get("ram_energy"), pue, GUESS)
    gpu, gpu_source = _part(row.get("gpu_energy"), pue, UNSAID)
    if gpu is None:
        gpu_source = GPU_ZERO if _number(row.get("gpu_count")) else NO_GPU
    known = [kwh for kwh in (cpu, ram, gpu) if kwh is not None]
    # The sum may be known without its parts; a sum of 0 means that nothing was read.
    total = sum(known) if known else (float(row["energy_consumed"]) / pue or None)
    version = row.get("codecarbon_version") or "of unknown version"
    noted = {name: row[name] for name in ("timestamp", "project_name", "experiment_id") if row.get(name)}
    return {
        "origin": CODECARBON,
        "path": str(path),
        "run_id": run_id,
        "job": path.stem.removesuffix(SUFFIX),
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
        "truncated": False,
        "outcome": Outcome.FINISHED,
        "outcome_reason": None,
        "energy_kwh": total,
        "energy_status": _status(total),
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
        "cpu_power_w": _number(row.get("cpu_power")),
        "gpu_power_w": None if gpu is None or not duration_s else gpu * JOULES_PER_KWH / duration_s,
        "gpu_utilisation_percent": _number(row.get("gpu_utilization_percent")) or None,
        "cpu_model": row.get("cpu_model") or None,
        "cpu_sockets": None,
        "country_iso": row.get("country_iso_code") or None,
        "region": (row.get("region") or "").lower() or None,
        "intensity_kg_per_kwh": _stated_factor(row),
        "intensity_source": f"codecarbon {version}, as the run stated",
        "stated_co2e_kg": _number(row.get("emissions")),
        "host": None,
        "commit": None,
        "dirty": None,
        "machine": _machine(row.get("cpu_model"), row.get("gpu_model")),
        "versions": None,
    }


@lru_cache(maxsize=1024)
def _machine(cpu_model: str | None, gpu_model: str | None) -> str:
    gpus = [{"name": gpu_model}] if gpu_model else []
    return _encode({"processor": cpu_model or None, "gpus": gpus})


def _part(text: str | None, pue: float, source: str) -> tuple[float | None, str]:
    """Energy of the IT equipment [kWh] and its source."""
    kwh = _number(text)
    if kwh is None:
        return None, "codecarbon csv: no such column"
    if kwh == 0:
        return None, ZERO
    return kwh / pue, source if pue == 1 else f"{source}; its PUE of {pue:g} divided out"


def _stated_factor(row: dict[str, str]) -> float | None:
    kg, kwh = _number(row["emissions"]), _number(row["energy_consumed"])
    return kg / kwh if kg is not None and kwh else None


def _number(text: str | None) -> float | None:
    """The finite number in a text, else None."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _status(kwh: float | None) -> Status:
    """CodeCarbon does not say how it obtained an energy, so none counts as measured."""
    return Status.MISSING if kwh is None else Status.ESTIMATED
