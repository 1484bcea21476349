"""A corpus of runs for the aggregation benchmark: half ledgers of eight windows, half foreign CSVs."""

import json
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

MODELS = [f"model_{letter}" for letter in "abcdefghijklm"]
COUNTRIES, SEASONS = ("DE", "DK", "ES", "HU"), ("summer", "winter")
WINDOWS = 8
START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = (
    "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,"
    "cpu_energy,gpu_energy,ram_energy,energy_consumed,water_consumed,country_name,country_iso_code,region,"
    "cloud_provider,cloud_region,os,python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,"
    "longitude,latitude,ram_total_size,tracking_mode,on_cloud,pue,wue"
)


def write_corpus(folder: Path, runs: int) -> None:
    """``runs`` runs below ``folder``, made the same every time; about one job in ten overlaps another."""
    draw = random.Random(runs)
    for number in range(runs):
        model, seed = MODELS[number % len(MODELS)], number // len(MODELS)
        if number % 2:
            place = folder / "csv" / model / COUNTRIES[number % 4] / SEASONS[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"run{number}_emissions.csv").write_text(_csv(number, draw))
        else:
            place = folder / "ledger" / f"{number // 2000:03d}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{model}-{seed}.jsonl").write_text(_ledger(number, model, seed, draw))


def _ledger(number: int, model: str, seed: int, draw: random.Random) -> str:
    # Twenty hosts, one job after the other on each; in every twentieth round they begin before the last has ended.
    turn = number // 40
    began = START + timedelta(seconds=100 * turn - (20 if turn % 20 == 1 else 0))
    energy = {
        "cpu": {"kwh": 0.0, "status": "estimated", "source": "codecarbon cpu_load"},
        "ram": {"kwh": 0.0, "status": "estimated", "source": "codecarbon 5 W per module"},
        "gpu0": {"kwh": 0.0, "status": "measured", "source": "nvml energy counter"},
    }
    described = [{"component": name, **part, "resolution_s": 0.1} for name, part in energy.items()]
    idle = {
        "power_w": {"cpu": 4.0, "ram": 20.0, "gpu0": 60.0},
        "status": {name: part["status"] for name, part in energy.items()},
        "source": {name: part["source"] for name, part in energy.items()},
        "measured_utc": began.isoformat(),
        "age_s": 60.0,
        "duration_s": 3.0,
        "busy_share": 0.01,
    }
    machine = {
        "host": f"node{(number // 2) % 20:02d}",
        "processor": "AMD EPYC 7763 64-Core Processor",
        "system": "Linux 6.1",
        "logical_cores": 128,
        "memory_gib": 256.0,
        "python": "3.12.3",
        "gpus": [{"index": 0, "uuid": "GPU-0", "name": "NVIDIA A100", "driver": "550", "power_limit_w": 400}],
    }
    location = {
        "country_iso": "DEU",
        "region": None,
        "intensity_kg_per_kwh": 0.38,
        "intensity_source": "codecarbon 3.3.2 yearly mix 2023, DEU",
    }
    events: list[dict] = [
        {
            "event": "start",
            "schema": 2,
            "job": f"train_{model}-{seed}",
            "stage": "training",
            "labels": {"model": model, "seed": seed},
            "started_utc": began.isoformat(),
            "machine": machine,
            "versions": {"wattshed": "0.1.0", "torch": "2.13.0", "numpy": "2.4.6"},
            "commit": {"commit": "0" * 40, "dirty": False},
            "environment_sha256": "0" * 64,
            "config_sha256": "0" * 64,
            "batch_job": {"slurm_job_id": str(number), "cgroup": None},
            "location": location,
        },
        {
            "event": "sensors",
            "sensors": described,
            "idle": idle,
            "idle_missing": None,
            "began_utc": began.isoformat(),
        },
    ]

    def spent(kwh: float) -> dict:
        shares = {"cpu": 0.2, "ram": 0.1, "gpu0": 0.7}
        return {name: {**part, "kwh": kwh * shares[name]} for name, part in energy.items()}

    total = 0.0
    for epoch in range(1, WINDOWS + 1):
        kwh = 1e-3 * draw.uniform(0.9, 1.1)
        total += kwh
        events.append(
            {
                "event": "window",
                "name": "epoch",
                "labels": {"epoch": epoch},
                "repeats": 1,
                "start_s": 10.0 * epoch - 10,
                "end_s": 10.0 * epoch,
                "duration_s": 10.0,
                "energy": spent(kwh),
                "values": {"train_loss": 1 / epoch, "validation_rmse": 0.7 + 1 / epoch},
            }
        )
        parts = {name: part["kwh"] for name, part in spent(total).items()}
        events.append({"event": "tick", "at_s": 10.0 * epoch - 0.5, "energy": parts})
    events.append(
        {
            "event": "end",
            "ended_utc": (began + timedelta(seconds=82)).isoformat(),
            "duration_s": 82.0,
            "energy": spent(total * 1.02),
            "clock_jump_s": 0.0,
            "outcome": "finished",
            "reason": None,
            "exit_code": None,
        }
    )
    return "".join(json.dumps(event) + "\n" for event in events)


def _csv(number: int, draw: random.Random) -> str:
    kwh = draw.uniform(0.01, 0.5)
    cells = {
        # One after the other, so that they are not taken for ranks of one run.
        "timestamp": (START + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%S"),
        "project_name": "p",
        "run_id": f"id-{number}",
        "duration": 3600,
        "emissions": kwh * 0.38,
        "cpu_power": 30 + draw.random(),
        "gpu_power": 150,
        "ram_power": 10,
        "cpu_energy": 0.2 * kwh,
        "gpu_energy": 0.7 * kwh,
        "ram_energy": 0.1 * kwh,
        "energy_consumed": kwh,
        "country_name": "Germany",
        "country_iso_code": "DEU",
        "codecarbon_version": "3.3.2",
        "cpu_model": "AMD Ryzen 5 5600X 6-Core Processor",
        "gpu_count": 1,
        "gpu_model": "RTX 4070",
        "pue": 1.0,
    }
    return COLUMNS + "\n" + ",".join(str(cells.get(name, "")) for name in COLUMNS.split(",")) + "\n"


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1]), int(sys.argv[2]))
