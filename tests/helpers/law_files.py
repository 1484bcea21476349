"""The source's CSV files, made: laws, energies and durations whose evidence is known."""

import csv

import numpy as np

from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import A100, CODE_ENERGY, ENERGY_FILE_A100
from wattshed.law.published.reproducing.recorded_evidence import LSTM_COLUMNS, OPERATIONS

# The rows of parameters that really made the efficiencies, by operation.
EXCHANGED = {Kind.QKV: Kind.OUTPUT_PROJECTION, Kind.OUTPUT_PROJECTION: Kind.QKV}


def write_law_files(folder, *, swapped=True, noise_j=0.01, rows=40):
    """Write the three files. swapped: whether QKV and output projection follow each other's parameters."""
    random = np.random.default_rng(3)
    folder.mkdir(parents=True, exist_ok=True)
    kernels = []
    for kind, name in OPERATIONS.items():
        law = A100[EXCHANGED.get(kind, kind) if swapped else kind]
        for flops in np.geomspace(1e8, 3e12, rows):
            line = {"source": "NVIDIA A100 80GB PCIe", "operation": name, "FLOPs": flops}
            kernels.append(line | {"HEF": law.eta_percent(flops) + random.normal(0, 0.1)})
    _write(folder / "transformer_efficiency.csv", kernels)
    _write(folder / "transformer_energy.csv", [_step(random, noise_j) for _ in range(rows)])
    _write(folder / "lstm_energy.csv", [_lstm(random) for _ in range(rows)])
    return folder


def _step(random, noise_j):
    """One step of an A100: energy by the published regression; a thousandth of the time is in the four operations."""
    tokens, width = 10.0 ** random.uniform(3, 5), random.choice([64, 256, 1024])
    flops = {
        Kind.QKV: 6 * tokens * width**2,
        Kind.OUTPUT_PROJECTION: 2 * tokens * width**2,
        Kind.SCORES: 512 * tokens * width,
        Kind.ATTENTION_OUTPUT: 512 * tokens * width,
    }
    etas = {kind: ENERGY_FILE_A100.eta_percent(value) for kind, value in flops.items()}
    times = {kind: flops[kind] / (156e12 * etas[kind]) * 1e6 for kind in flops}
    energy = CODE_ENERGY.energy_j(times) + random.normal(0, noise_j)
    line = {"source": "a100", "peak": 156.0, "energy_joules": energy, "total_energy_kWh": 1.0}
    for kind, name in OPERATIONS.items():
        unit = 1e-6 if kind is Kind.ATTENTION_OUTPUT else 1.0
        line |= {
            f"FLOPs_{name}": flops[kind] / 1e12,
            f"HEF_{name}": etas[kind],
            f"duration_{name}": times[kind] * unit,
        }
    return line | {"duration": sum(times.values()) / 1e4 * 1000}


def _lstm(random):
    durations = random.uniform(3, 5, len(LSTM_COLUMNS))
    kwh = (20_000 - 3000 * durations[0] + 10 * durations[2]) / 3.6e6
    return {"energy_consumed_kWh": kwh} | dict(zip(LSTM_COLUMNS, durations, strict=True))


def _write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
