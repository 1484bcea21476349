"""CodeCarbon CSVs for tests, with the values of the emission report."""

import csv

COLUMNS = [
    *("timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate"),
    *("cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed"),
    *("country_name", "country_iso_code", "region", "cpu_model", "gpu_count", "gpu_model"),
    *("tracking_mode", "pue", "codecarbon_version"),
]


def row(run_id, **changes):
    """A run of the emission report: 390 W on a 65 W processor, an idle GPU, Germany."""
    base = {
        "timestamp": "2025-06-01T10:00:00",
        "run_id": run_id,
        "duration": 3600.0,
        "cpu_power": 390.0,
        "cpu_energy": 0.39,
        "gpu_power": 11.5,
        "gpu_energy": 0.0115,
        "ram_power": 10.0,
        "ram_energy": 0.01,
        "energy_consumed": 0.4115,
        "emissions": 0.4115 * 0.38095,
        "country_name": "Germany",
        "country_iso_code": "DEU",
        "cpu_model": "AMD Ryzen 5 5600X 6-Core Processor",
        "gpu_count": 1,
        "gpu_model": "1 x NVIDIA GeForce RTX 4070 SUPER",
        "pue": 1.0,
        "codecarbon_version": "3.0.4",
    }
    return {**dict.fromkeys(COLUMNS, ""), **base, **changes}


def write(path, *rows, columns=COLUMNS):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path
