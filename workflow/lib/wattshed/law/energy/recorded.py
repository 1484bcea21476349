"""The energies that the source of the laws released (MIT), as points; read without pandas."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.energy.points import EnergyPoints
from wattshed.law.energy.published_regression import (
    ACTIVATIONS,
    CELL,
    FINAL,
    GATES,
    HIDDEN,
    OUTPUT,
    QKV,
    SCORES,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRANSFORMER_FILE, LSTM_FILE = "transformer_energy.csv", "lstm_energy.csv"
TRANSFORMER_ROWS, LSTM_ROWS = 1576, 741
TRANSFORMER_DURATIONS = {
    QKV: "duration_QKV Projections",
    SCORES: "duration_Attention Scores",
    FINAL: "duration_Final Projection",
    OUTPUT: "duration_Attention Output",
}
LSTM_DURATIONS = {
    ACTIVATIONS: "duration_Activations",
    CELL: "duration_Cell_Update",
    GATES: "duration_Gates",
    HIDDEN: "duration_Hidden_Update",
}
TRANSFORMER_SIZES = (
    "seq_length",
    "batch_size",
    "num_layers",
    "d_model",
    "num_attention_heads",
    "peak",
    "num_repeats",
)
TRANSFORMER_GROUPS = {
    "architecture": "model",
    "GPU": "source",
    "layers": "num_layers",
    "d_model": "d_model",
    "seq": "seq_length",
}
LSTM_SIZES = ("batch_size", "input_size", "hidden_size")
GPU_NAMES = {"a100": "A100", "grid": "RTX 2080 Ti"}
# This column is in another unit than the others of its file.
OUTPUT_UNIT = 1e6
JOULES_PER_KWH = 3.6e6


def read_transformer_energy(path: Path) -> EnergyPoints:
    """Steps of BERT and GPT models on two GPUs: 1,576 rows that the source kept by the error of its own model.

    Energies are one reading of the GPU's power times the time of the step, for ``num_repeats`` steps; durations are
    computed from FLOPs in pseudo-microseconds. Raises Fault for a file, a column or a number that is not there.
    """
    rows = read_rows(
        path,
        {*TRANSFORMER_DURATIONS.values(), *TRANSFORMER_SIZES, "model", "source", "energy_joules", "duration"},
    )
    durations = number_table(path, rows, TRANSFORMER_DURATIONS.values())
    durations[:, list(TRANSFORMER_DURATIONS).index(OUTPUT)] *= OUTPUT_UNIT
    groups = {
        group: np.array([GPU_NAMES.get(row[column], row[column]) for row in rows])
        for group, column in TRANSFORMER_GROUPS.items()
    }
    groups["configuration"] = joined_groups(groups, ("architecture", "GPU", "layers", "d_model"))
    return EnergyPoints(
        source=path.name,
        predictors=durations,
        predictor_names=tuple(TRANSFORMER_DURATIONS),
        energy_j=number_table(path, rows, ["energy_joules"])[:, 0],
        sizes=number_table(path, rows, TRANSFORMER_SIZES),
        size_names=TRANSFORMER_SIZES,
        measured_time_s=number_table(path, rows, ["duration"])[:, 0],
        groups=groups,
        selected_by_outcome=True,
    )


def read_lstm_energy(path: Path) -> EnergyPoints:
    """Steps of LSTM layers on an A100: 741 rows, energies of GPU, CPU and memory by CodeCarbon.

    No time of a step is in the file. It does not say that steps were left out, but the source's file of efficiencies
    holds them (:mod:`wattshed.law.energy.deleted_lstm`): they are those that the regression misses.
    """
    rows = read_rows(path, {*LSTM_DURATIONS.values(), *LSTM_SIZES, "energy_consumed_kWh", "component"})
    groups = {column: np.array([row[column] for row in rows]) for column in (*LSTM_SIZES, "component")}
    groups["configuration"] = joined_groups(groups, LSTM_SIZES)
    return EnergyPoints(
        source=path.name,
        predictors=number_table(path, rows, LSTM_DURATIONS.values()),
        predictor_names=tuple(LSTM_DURATIONS),
        energy_j=number_table(path, rows, ["energy_consumed_kWh"])[:, 0] * JOULES_PER_KWH,
        sizes=number_table(path, rows, LSTM_SIZES),
        size_names=LSTM_SIZES,
        groups=groups,
        selected_by_outcome=True,
    )


def read_rows(path: Path, columns: set[str]) -> list[dict[str, str]]:
    """Rows of a CSV file by column; Fault where it cannot be read, is empty or lacks a column."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            present = set(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Fault(
            f"{path} cannot be read as CSV ({type(error).__name__}): give the released file of energies."
        ) from error
    if missing := sorted(columns - present):
        raise Fault(f"{path} has no column {missing[0]!r}: give the released file with all of its columns.")
    if not rows:
        raise Fault(f"{path} holds no rows: give the released file of energies.")
    return rows


def number_table(path: Path, rows: list[dict[str, str]], columns: Collection[str]) -> NDArray[np.float64]:
    """Numbers [N, columns] of rows; Fault for a cell that holds none."""
    table = np.empty((len(rows), len(columns)))
    for place, column in enumerate(columns):
        for number, row in enumerate(rows):
            try:
                table[number, place] = float(row[column])
            except (TypeError, ValueError):
                raise Fault(
                    f"{path}, row {number + 1}: {column} is {row[column]!r}, but a number is needed: correct the file."
                ) from None
    return table


def joined_groups(groups: Mapping[str, NDArray], names: tuple[str, ...]) -> NDArray:
    """One label per row from several groups."""
    return np.array([" ".join(map(str, row)) for row in zip(*(groups[name] for name in names), strict=True)])
