"""Evidence from the source's released CSV files."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.faults import Fault, one_line
from wattshed.law.energy.deleted_lstm import deletion, read_all_lstm_energies
from wattshed.law.energy.models import energy_model
from wattshed.law.energy.points import EnergyPoints
from wattshed.law.energy.recorded import read_lstm_energy
from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import (
    A100,
    CODE_ENERGY,
    ENERGY_FILE_A100,
    FLOPS_PER_TFLOP,
    RTX_2080_TI,
)
from wattshed.law.published.reproducing.evidence import Evidence, Fit, LstmSteps
from wattshed.law.published.reproducing.row import Basis
from wattshed.law.published.transformer_step import PSEUDO_US_PER_S

# Each file under our name and under the source's.
FILES = {
    "kernels": ("transformer_efficiency.csv", "dataForTransformerHEF.csv"),
    "steps": ("transformer_energy.csv", "SubsetDataForTransformer_energyModel.csv"),
    "lstm": ("lstm_energy.csv", "SubsetDataForLSTM_energyModel.csv"),
}
# Without this one, what it says of the LSTM is cited.
LSTM_KERNELS = ("lstm_efficiency.csv", "dataForLstmHEF.csv")
OPERATIONS = {
    Kind.QKV: "QKV Projections",
    Kind.SCORES: "Attention Scores",
    Kind.ATTENTION_OUTPUT: "Attention Output",
    Kind.OUTPUT_PROJECTION: "Final Projection",
}
DEVICES = {"A100": ("A100", A100), "RTX 2080 Ti": ("2080 Ti", RTX_2080_TI)}
LSTM_COLUMNS = ("duration_Activations", "duration_Cell_Update", "duration_Gates", "duration_Hidden_Update")
# The source's split: a fifth is the test part, shuffled with this seed.
SEED, TEST_SHARE = 42, 0.2
MICRO = 1e-6

Columns = Mapping[str, np.ndarray]


def recorded_evidence(folder: Path) -> Evidence:
    """Evidence from the released files in a folder.

    Raises :class:`Fault` if the folder or a file is missing, a file lacks a column or has text in place of a number, or
    its numbers give no finite result. The numbers of all points are cited also here: their file was not released.
    """
    if not folder.is_dir():
        raise Fault(f"{folder} is not a folder: expected the source's CSV files in it; correct --data.")
    try:
        # A file of few rows, or with zeros or huge numbers, would else end as NaN in a verdict.
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            return _evidence(folder)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise Fault(
            f"the numbers of the CSV files in {folder} give no finite result ({one_line(error)}): expected the "
            "source's files with all of their rows; get them again."
        ) from error


def _evidence(folder: Path) -> Evidence:
    kernels = _read(folder, "kernels", ("FLOPs", "HEF"), ("source", "operation"))
    durations = [f"duration_{name}" for name in OPERATIONS.values()]
    laws = [f"{what}_{name}" for what in ("FLOPs", "HEF") for name in OPERATIONS.values()]
    numbers = ("energy_joules", "duration", "peak", "total_energy_kWh", *durations, *laws)
    steps = _read(folder, "steps", numbers, ("source",))
    lstm = _read(folder, "lstm", ("energy_consumed_kWh", *LSTM_COLUMNS), ())
    times = _durations(steps)
    energy, second = steps["energy_joules"], steps["source"] != "a100"
    predicted = np.full(len(energy), CODE_ENERGY.intercept_j)
    for kind, factor in CODE_ENERGY.j_per_us.items():
        predicted += factor * times[kind]
    intercept, mean = _lstm(lstm)
    power = energy / steps["duration"]
    raw_output = steps[f"duration_{OPERATIONS[Kind.ATTENTION_OUTPUT]}"]
    return Evidence(
        basis=Basis.RECORDED,
        fits=_fits(kernels),
        kept_r2=(r2(energy, predicted),),
        correlation=float(np.corrcoef(times[Kind.SCORES], times[Kind.ATTENTION_OUTPUT])[0, 1]),
        projections_correlation=float(np.corrcoef(times[Kind.QKV], times[Kind.OUTPUT_PROJECTION])[0, 1]),
        output_unit=float(np.median(raw_output / times[Kind.SCORES])),
        explained_share=float(np.mean(sum(times.values()) / PSEUDO_US_PER_S / steps["duration"])),
        power_w=float(power.mean()),
        power_spread_w=float(power.std(ddof=1)),
        file_kwh=float(steps["total_energy_kWh"].mean()),
        step_kwh=float(energy.mean() / JOULES_PER_KWH),
        peak_2080_tflops=float(np.median(steps["peak"][second]))
        if second.any()
        else Evidence.peak_2080_tflops,
        lstm_intercept_j=intercept,
        lstm_mean_j=mean,
        one_law_error=_one_law_error(steps),
        lstm_steps=_lstm_steps(folder),
    )


def r2(measured: np.ndarray, predicted: np.ndarray) -> float:
    """Coefficient of determination."""
    residual = float(((measured - predicted) ** 2).sum())
    return 1 - residual / float(((measured - measured.mean()) ** 2).sum())


def _durations(steps: Columns) -> dict[Kind, np.ndarray]:
    """Pseudo-microseconds by operation; the file has another unit for the attention output."""
    times = {kind: steps[f"duration_{name}"] for kind, name in OPERATIONS.items()}
    unit = float(np.median(times[Kind.ATTENTION_OUTPUT] / times[Kind.SCORES]))
    return times | {Kind.ATTENTION_OUTPUT: times[Kind.ATTENTION_OUTPUT] / (MICRO if unit < 1e-3 else 1.0)}


def _fits(kernels: Columns) -> dict[tuple[str, Kind], Fit]:
    """R2 of the efficiencies of each device in the file, by both rows of parameters."""
    fits = {}
    for device, (text, parameters) in DEVICES.items():
        for kind, other in ((Kind.QKV, Kind.OUTPUT_PROJECTION), (Kind.OUTPUT_PROJECTION, Kind.QKV)):
            rows = np.char.find(kernels["source"], text) >= 0
            rows &= kernels["operation"] == OPERATIONS[kind]
            if rows.any():
                measured, flops = kernels["HEF"][rows], kernels["FLOPs"][rows]
                own, exchanged = (
                    np.array([parameters[row].eta_percent(float(one)) for one in flops])
                    for row in (kind, other)
                )
                fits[device, kind] = Fit(r2(measured, own), r2(measured, exchanged))
    return fits


def _one_law_error(steps: Columns) -> float:
    """Largest relative deviation of the A100's efficiencies from one law for all four operations."""
    rows = steps["source"] == "a100"
    errors = []
    for name in OPERATIONS.values():
        stated = steps[f"HEF_{name}"][rows]
        law = [ENERGY_FILE_A100.eta_percent(one * FLOPS_PER_TFLOP) for one in steps[f"FLOPs_{name}"][rows]]
        errors.append(np.abs(np.array(law) / stated - 1))
    return float(np.concatenate(errors).max(initial=0.0))


def _lstm(columns: Columns) -> tuple[float, float]:
    """Intercept of the regression on raw durations, and mean energy, of the source's training part [J]."""
    energy_j = columns["energy_consumed_kWh"] * JOULES_PER_KWH
    order = np.random.RandomState(SEED).permutation(len(energy_j))
    training = order[math.ceil(TEST_SHARE * len(energy_j)) :]
    if not training.size:
        raise ValueError("no LSTM step is left for the training part")
    design = np.column_stack([np.ones(len(training)), *(columns[name][training] for name in LSTM_COLUMNS)])
    solved, *_ = np.linalg.lstsq(design, energy_j[training], rcond=None)
    return float(solved[0]), float(energy_j[training].mean())


def _lstm_steps(folder: Path) -> LstmSteps:
    """All LSTM steps of the A100 against those that the file of energies keeps."""
    everything = _found(folder, LSTM_KERNELS)
    energies = _found(folder, FILES["lstm"])
    if everything is None or energies is None:
        return LstmSteps()
    points, kept = read_all_lstm_energies(everything, read_lstm_energy(energies))
    model = energy_model("least_squares")

    def own_r2(some: EnergyPoints) -> float:
        return r2(some.energy_j, model.fit(some).predict(some))

    return LstmSteps(
        Basis.RECORDED,
        len(points),
        int(kept.sum()),
        own_r2(points),
        own_r2(points.take(kept)),
        deletion(points, kept, model).deleted_beyond,
    )


def _found(folder: Path, names: Sequence[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read(folder: Path, file: str, numbers: Sequence[str], texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Columns of one of the files."""
    path = _found(folder, FILES[file])
    if path is None:
        raise Fault(
            f"{folder} has no file {' or '.join(FILES[file])}: expected the source's CSV files; correct --data."
        )
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Fault(
            f"{path} cannot be read as CSV ({error}): expected the source's file; get it again."
        ) from error
    present = rows[0] if rows else {}
    lacking = [name for name in (*numbers, *texts) if name not in present]
    if lacking:
        raise Fault(
            f"{path} has no {'column ' + repr(lacking[0]) if rows else 'rows'}: expected the source's file; "
            "get it again."
        )
    found = {name: np.array([row[name] for row in rows], dtype=str) for name in texts}
    for name in numbers:
        found[name] = np.array([_number(row[name], path, name, line) for line, row in enumerate(rows, 2)])
    return found


def _number(text: str, path: Path, column: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Fault(
            f"{path}, line {line}, has {text!r} in column {column!r}: expected a number; get the file again."
        )
    return value
