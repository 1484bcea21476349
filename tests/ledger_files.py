"""Ledgers for tests, written by the real writer with invented energies."""

import json
from pathlib import Path

from wattshed.energy.ledger import SCHEMA, Ledger

MACHINE = {
    "host": "test-host",
    "system": "Linux 6.1",
    "processor": "Test CPU",
    "logical_cores": 2,
    "physical_cores": 2,
    "memory_gib": 24.0,
    "python": "3.11.7",
}


def energy(kwh: float | None, gpu: tuple[float | None, str] = (None, "missing")) -> dict:
    """CPU and RAM estimated (three quarters and one quarter), the GPU as given."""
    if kwh is None:
        return {"cpu": {"kwh": None, "status": "missing", "source": "no sensor"}}
    return {
        "cpu": {"kwh": 0.75 * kwh, "status": "estimated", "source": "codecarbon cpu_load"},
        "ram": {"kwh": 0.25 * kwh, "status": "estimated", "source": "codecarbon 5 W per module"},
        "gpu": {"kwh": gpu[0], "status": gpu[1], "source": "nvml"},
    }


def start(
    ledger: Ledger, job: str, stage: str, labels: dict, *, minute: int = 0, host: str = "test-host"
) -> None:
    ledger.append(
        "start",
        schema=SCHEMA,
        job=job,
        stage=stage,
        labels=labels,
        started_utc=f"2026-01-05T{8 + minute // 60:02d}:{minute % 60:02d}:00.000+00:00",
        machine={**MACHINE, "host": host},
        versions={"wattshed": "0.1.0", "torch": "2.13.0"},
        commit={"commit": "0123abcd", "dirty": False},
        location={"country_iso": "ESP", "region": None},
    )


def window(ledger: Ledger, name: str, kwh: float | None, *, labels: dict | None = None, values: dict | None = None,
           repeats: int = 1, start_s: float = 0.0, end_s: float = 1.0, **more) -> None:  # fmt: skip
    ledger.append(
        "window",
        name=name,
        labels=labels or {},
        repeats=repeats,
        start_s=start_s,
        end_s=end_s,
        duration_s=end_s - start_s,
        energy=energy(kwh, **more),
        values=values or {},
    )


def end(ledger: Ledger, kwh: float | None, *, duration_s: float = 30.0, minute: int = 0, factor: float | None = 0.2,
        **more) -> None:  # fmt: skip
    ledger.append(
        "end",
        ended_utc=f"2026-01-05T{8 + minute // 60:02d}:{minute % 60:02d}:{duration_s % 60:06.3f}+00:00",
        duration_s=duration_s,
        energy=energy(kwh, **more),
        co2e_kg=None if kwh is None or factor is None else kwh * factor,
        intensity_kg_per_kwh=factor,
        intensity_source="codecarbon 3.3.2 yearly mix, ESP",
    )
    ledger.finish()


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]
