"""Kernels of transformers and LSTMs on two GPUs, as the source of the laws recorded them (MIT)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.sizes import Numbers, Sizes, sizes_from

VALUE_BYTES = 4
Row = Mapping[str, float]


@dataclass(frozen=True)
class RecordedKernels:
    """All recorded sizes of one operation on one GPU; arrays are [points].

    flops, bytes_moved, time_s: of one call; width: the model's or hidden width, which groups the sizes;
    peak_flop_per_s: as the file states it.
    """

    gpu: str
    operation: str
    flops: Numbers
    bytes_moved: Numbers
    time_s: Numbers
    width: NDArray[np.int64]
    peak_flop_per_s: float

    @property
    def sizes(self) -> Sizes:
        """Sizes that the laws are fitted to."""
        return sizes_from(self.flops, self.bytes_moved)

    @property
    def efficiency(self) -> Numbers:
        """Rate as a fraction of the file's peak."""
        return self.flops / self.time_s / self.peak_flop_per_s


def _attention_values(row: Row) -> float:
    """Least values of scores or their output: two arrays [batch, length, width] and one [batch, length, length]."""
    length, width = row["seq_len"], row["d_model"]
    batch = row["FLOPs"] / (2 * length**2 * width)
    return batch * (2 * length * width + length**2)


def _projection_values(row: Row, columns: int) -> float:
    """Values of a linear layer from width to ``columns`` times the width."""
    width = row["d_model"]
    rows = row["FLOPs"] / (2 * columns * width**2)
    return rows * width + columns * width**2 + columns * rows * width


def _gate_values(row: Row, inner: float) -> float:
    """Values of four gates' product in one hour."""
    batch, units = row["batch_size"], row["hidden_size"]
    return batch * inner + 4 * inner * units + 4 * batch * units


# Values read and written by one call. The file's column memory_access is one number for all operations of a size, so it
# is not used; heads are not recorded, so scores are counted for one head, the least that they can be.
VALUES: Mapping[str, Callable[[Row], float]] = {
    "QKV Projections": lambda row: _projection_values(row, 3),
    "Final Projection": lambda row: _projection_values(row, 1),
    "Attention Scores": _attention_values,
    "Attention Output": _attention_values,
    "Activations": lambda row: 8 * row["batch_size"] * row["hidden_size"],
    "Cell Update": lambda row: 5 * row["batch_size"] * row["hidden_size"],
    "Hidden Update": lambda row: 3 * row["batch_size"] * row["hidden_size"],
    "compute_gates": lambda row: _gate_values(row, row["input_size"]),
    "hidden_gates": lambda row: _gate_values(row, row["hidden_size"]),
}
NUMBERS = {"transformer": ("seq_len", "d_model"), "lstm": ("batch_size", "input_size", "hidden_size")}
NAMED = {"transformer": "operation", "lstm": "component"}


def read_kernels(path: Path) -> list[RecordedKernels]:
    """The kernels of a file, by GPU and operation in their order; softmax is left out: its FLOPs are not counted there.

    Raises Fault for a file without the columns, and for a number that cannot be used.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns = set(reader.fieldnames or ())
            family = "transformer" if "d_model" in columns else "lstm"
            needed = {"source", "peak", "FLOPs", "elapsed_time_sec", NAMED[family], *NUMBERS[family]}
            if needed - columns:
                raise Fault(
                    f"{path}: the columns {', '.join(sorted(needed - columns))} are missing: expected the recorded "
                    "kernels of the source (dataForTransformerHEF.csv or dataForLstmHEF.csv)"
                )
            groups: dict[tuple[str, str], list[dict[str, float]]] = {}
            for number, row in enumerate(reader, start=2):
                if row[NAMED[family]] in VALUES:
                    read = _read(row, (*NUMBERS[family], "FLOPs", "elapsed_time_sec", "peak"), path, number)
                    groups.setdefault((row["source"], row[NAMED[family]]), []).append(read)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Fault(f"{path} cannot be read ({error}): give the file of recorded kernels") from error
    if not groups:
        raise Fault(f"{path} holds no operation that is known: expected {', '.join(VALUES)}")
    return [_kernels(path, *name, rows, NUMBERS[family][-1]) for name, rows in groups.items()]


def _read(row: Mapping[str, str], columns: tuple[str, ...], path: Path, number: int) -> dict[str, float]:
    read = {}
    for column in columns:
        try:
            read[column] = float(row[column])
        except (TypeError, ValueError):
            read[column] = float("nan")
        if not (np.isfinite(read[column]) and read[column] > 0):
            raise Fault(
                f"{path}, line {number}: {column} is {row[column]!r}: expected a number above 0; correct or remove it"
            )
    return read


def _kernels(
    path: Path, gpu: str, operation: str, rows: list[dict[str, float]], width: str
) -> RecordedKernels:
    peaks = {row["peak"] for row in rows}
    if len(peaks) > 1:
        raise Fault(f"{path}: {gpu} has several peaks ({', '.join(map(str, sorted(peaks)))}): expected one")
    return RecordedKernels(
        gpu,
        operation,
        np.array([row["FLOPs"] for row in rows]),
        VALUE_BYTES * np.array([VALUES[operation](row) for row in rows]),
        np.array([row["elapsed_time_sec"] for row in rows]),
        np.array([int(row[width]) for row in rows]),
        peaks.pop(),
    )
