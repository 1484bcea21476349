"""Runs as a text file for Prometheus, such as the textfile collector of node_exporter reads."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.accounts.marks.lower_bounds import lower_bound
from wattshed.energy.reading import COMPONENTS, JOULES_PER_KWH
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.writing import write_text

LOWER_BOUND = "lower_bound"
# Labels of every sample; ``job`` and ``instance`` are Prometheus' own.
LABELS = {
    "run": "job",
    "run_id": "run_id",
    "stage": "stage",
    "model": "model",
    "seed": "seed",
    "data_country": "data_country",
    "season": "season",
    "host": "host",
}


def write_prometheus(runs: pd.DataFrame, path: Path) -> None:
    """Write :func:`prometheus_text`; the file appears complete or not at all.

    node_exporter reads files whose names end in ``.prom`` only. Raises :class:`Fault` if it cannot be written.
    """
    if path.is_dir():
        raise Fault(f"{path} is a folder: expected the name of a file; name one in it.")
    try:
        write_text(path, prometheus_text(runs))
    except OSError as error:
        raise Fault(
            f"{path} cannot be written ({error.strerror or one_line(error)}): expected a folder that this user may "
            "write, with room; name another file."
        ) from error


def prometheus_text(runs: pd.DataFrame) -> str:
    """The exposition format 0.0.4: one sample per run and quantity that is known; an unknown one has no sample.

    runs: after :func:`~wattshed.accounts.emissions.emissions.add_emissions`. Energies are those attributed to the
    runs, without PUE; the mass includes it.
    """
    marked = runs.assign(**{LOWER_BOUND: lower_bound(runs).astype("float64")})
    rows = [{str(name): value for name, value in run.items()} for run in marked.to_dict("records")]
    labels = _labels(rows)
    lines: list[str] = []
    for name, kind, text, samples in (
        ("wattshed_energy_joules_total", "counter", "Energy of a run by component, without PUE.", _energies),
        ("wattshed_duration_seconds", "gauge", "How long a run lasted.", _durations),
        (
            "wattshed_co2e_kilograms",
            "gauge",
            "Mass of CO2e of a run: energy x PUE x a yearly or hourly factor.",
            _masses,
        ),
        ("wattshed_end_timestamp_seconds", "gauge", "When a run ended, in seconds since 1970.", _ends),
        (
            "wattshed_truncated",
            "gauge",
            "1 if a run was killed.",
            _truncated,
        ),
        (
            "wattshed_lower_bound",
            "gauge",
            "1 if the energy is a lower bound: the run was killed, or a part of the machine was not metered.",
            _lower_bounds,
        ),
    ):
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        for run, of_run in zip(rows, labels, strict=True):
            for more, value in samples(run):
                lines.append(f"{name}{{{_written({**of_run, **more})}}} {value!r}")
    return "\n".join(lines) + "\n"


Samples = Iterator[tuple[dict[str, str], float]]


def _energies(run: Mapping[str, Any]) -> Samples:
    known = False
    for part in COMPONENTS:
        kwh = _number(run.get(f"attributed_{part}_kwh"))
        if kwh is not None:
            known = True
            yield {"component": part, "status": str(run.get(f"{part}_status"))}, kwh * JOULES_PER_KWH
    # A CSV may state the sum alone; else the sum is left to Prometheus, so that nothing counts twice.
    if not known and (kwh := _number(run.get("attributed_kwh"))) is not None:
        yield {"component": "all", "status": str(run.get("energy_status"))}, kwh * JOULES_PER_KWH


def _durations(run: Mapping[str, Any]) -> Samples:
    if (duration_s := _number(run.get("duration_s"))) is not None:
        yield {}, duration_s


def _masses(run: Mapping[str, Any]) -> Samples:
    if (kg := _number(run.get("co2e_kg"))) is not None:
        yield {}, kg


def _ends(run: Mapping[str, Any]) -> Samples:
    ended = run.get("ended_utc")
    if isinstance(ended, str):
        yield {}, datetime.fromisoformat(ended).timestamp()


def _truncated(run: Mapping[str, Any]) -> Samples:
    truncated = run.get("truncated")
    if truncated is not None and not pd.isna(truncated):
        yield {}, float(bool(truncated))


def _lower_bounds(run: Mapping[str, Any]) -> Samples:
    yield {}, run[LOWER_BOUND]


def _labels(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Labels of every run; runs that they do not tell apart get a number, because no series may occur twice."""
    found = []
    seen: dict[tuple[str, ...], int] = {}
    for run in rows:
        labels = {
            label: str(run[column])
            for label, column in LABELS.items()
            if run.get(column) is not None and not pd.isna(run[column])
        }
        key = tuple(sorted(f"{label}={value}" for label, value in labels.items()))
        again = seen[key] = seen.get(key, 0) + 1
        found.append(labels if again == 1 else {**labels, "number": str(again)})
    return found


def _written(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    # Lone surrogates come from names that are not UTF-8.
    text = value.encode("utf-8", "replace").decode()
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
