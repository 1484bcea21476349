"""Ledgers for tests with invented energies, written by the real writer in schema 2, which knows no own energy."""

import json
from pathlib import Path

from wattshed.energy.ledger.writing import Ledger

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
    ledger: Ledger,
    job: str,
    stage: str,
    labels: dict,
    *,
    minute: int = 0,
    host: str = "test-host",
    record_id: str | None = None,
) -> None:
    ledger.append(
        "start",
        schema=2,
        **({"record_id": record_id} if record_id else {}),
        job=job,
        stage=stage,
        labels=labels,
        started_utc=f"2026-01-05T{8 + minute // 60:02d}:{minute % 60:02d}:00.000+00:00",
        machine={**MACHINE, "host": host},
        versions={"wattshed": "0.1.0", "torch": "2.13.0"},
        commit={"commit": "0123abcd", "dirty": False},
        environment_sha256="0" * 64,
        config_sha256=None,
        batch_job={"slurm_job_id": None, "cgroup": None},
        location={
            "country_iso": "ESP",
            "region": None,
            "intensity_kg_per_kwh": 0.17405,
            "intensity_source": "codecarbon 3.3.2 yearly mix 2023, ESP",
        },
    )


def sensors(ledger: Ledger, *, minute: int = 0, idle_w: dict | None = None) -> None:
    """CPU and RAM estimated, no GPU; metering begins with the minute."""
    known = energy(1.0)
    idle = None
    if idle_w is not None:
        idle = {
            "power_w": idle_w,
            "status": {name: known[name]["status"] for name in idle_w},
            "source": {name: known[name]["source"] for name in idle_w},
            "measured_utc": "2026-01-05T07:00:00+00:00",
            "age_s": 3600.0,
            "duration_s": 3.0,
            "busy_share": 0.01,
        }
    ledger.append(
        "sensors",
        sensors=[
            {"component": name, "status": part["status"], "source": part["source"], "resolution_s": 0.1}
            for name, part in known.items()
        ],
        idle=idle,
        idle_missing=None if idle else "not measured",
        began_utc=f"2026-01-05T{8 + minute // 60:02d}:{minute % 60:02d}:00.000+00:00",
    )


def tick(ledger: Ledger, at_s: float, kwh: float) -> None:
    """Cumulative energy since metering began."""
    ledger.append("tick", at_s=at_s, energy={name: part["kwh"] for name, part in energy(kwh).items()})


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


def end(ledger: Ledger, kwh: float | None, *, duration_s: float = 30.0, minute: int = 0, jump_s: float = 0.0,
        **more) -> None:  # fmt: skip
    ledger.append(
        "end",
        ended_utc=f"2026-01-05T{8 + minute // 60:02d}:{minute % 60:02d}:{duration_s % 60:06.3f}+00:00",
        duration_s=duration_s,
        energy=energy(kwh, **more),
        clock_jump_s=jump_s,
        outcome="finished",
        reason=None,
        exit_code=None,
    )
    ledger.finish()


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]
