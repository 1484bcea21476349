"""Tables of numbers per run that a user states, as CSV of any dialect or as JSON of any usual shape."""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.accounts.tables.dialects import HEAD_BYTES, SEPARATORS, encoding_of
from wattshed.accounts.tables.numbers import Ambiguous, decimal_marks, plain_number
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.opening.regular_files import DAMAGED, read_regular, why

NO_VALUE = frozenset({"", "nan", "na", "n/a", "#n/a", "<na>", "null", "none", "-"})
SHAPES = (
    'a list of records ([{"run_id": "a", "mae": 5}, ...]), a mapping from runs to records ({"a": {"mae": 5}, ...}) or '
    "one record per line"
)


def read_records(path: Path | str, column: str) -> pd.DataFrame:
    """One row per run, with the column ``column`` as numbers.

    JSON or CSV, by content, compressed or not. JSON: a list of records, records line by line, a mapping from runs to
    records, whose keys become the column ``run_id`` (where the records name no run), or columns as pandas writes
    them. Raises :class:`Fault` for a file that cannot be read, a wrong shape, and a column that is missing or does not
    hold numbers.
    """
    try:
        content = read_regular(path)
    except DAMAGED as error:
        raise Fault(
            f"{path} cannot be read as CSV or JSON ({why(error)}): expected one row per run; correct the path, or "
            "export the file again."
        ) from error
    text = content.decode(encoding_of(content[:HEAD_BYTES]), errors="replace").removeprefix("\ufeff")
    if not text.strip():
        raise Fault(f"{path} is empty: expected one row per run as CSV or JSON; export it again.")
    frame = _json(path, text, column) if text.lstrip()[:1] in "[{" else _csv(path, text)
    if column not in frame:
        raise Fault(
            f"{path} has no column {column!r}, only {', '.join(map(str, frame.columns))}: rename the column."
        )
    numbers = pd.to_numeric(frame[column], errors="coerce")
    wrong = numbers.isna() & frame[column].notna() & (frame[column].astype("string").str.lower() != "nan")
    if wrong.any():
        value = frame[column][wrong].iloc[0]
        raise Fault(
            f"{path}, record {int(wrong.to_numpy().argmax()) + 1}: {column} is {value!r}, expected a number; "
            "correct it."
        )
    return frame.assign(**{column: numbers.astype("float64")})


def by_model_if_named_so(metrics: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The metrics with ``run_id`` renamed to ``model`` if what it holds are not the ids of runs, but their models."""
    if "run_id" not in metrics or "model" in metrics or "model" not in runs:
        return metrics
    names = metrics["run_id"].astype("string")
    if names.isin(runs["run_id"].dropna()).any() or not names.isin(runs["model"].dropna()).any():
        return metrics
    return metrics.rename(columns={"run_id": "model"})


def _json(path: Path | str, text: str, column: str) -> pd.DataFrame:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        value = _lines(text)
        if value is None:
            raise Fault(
                f"{path} cannot be read as JSON ({one_line(error)}): expected {SHAPES}; export it again."
            ) from error
    records = _records(value, column)
    if not records:
        raise Fault(f"{path} holds JSON of another shape: expected {SHAPES}; change its shape.")
    nested = [
        (name, cell) for record in records for name, cell in record.items() if isinstance(cell, dict | list)
    ]
    if nested:
        name, cell = nested[0]
        raise Fault(
            f"{path}: {name} is {json.dumps(cell)[:60]}, expected one number or text: {SHAPES}; change its shape."
        )
    return pd.DataFrame(records)


def _lines(text: str) -> list[Any] | None:
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def _records(value: Any, column: str) -> list[dict[str, Any]] | None:
    if isinstance(value, list):
        return value if all(isinstance(record, dict) for record in value) else None
    if not isinstance(value, dict):
        return None
    cells = value.get(column)
    if column in value and not isinstance(cells, dict | list):
        return [value]
    if isinstance(cells, list) and all(isinstance(other, list) for other in value.values()):
        same = {len(other) for other in value.values()}
        return (
            [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
            if len(same) == 1
            else None
        )
    if isinstance(cells, dict) and all(isinstance(other, dict) for other in value.values()):
        # As pandas writes a frame: column -> row -> value.
        return [{name: other.get(key) for name, other in value.items()} for key in cells]
    if all(isinstance(record, dict) for record in value.values()):
        return [
            record if {"run_id", "model"} & set(record) else {"run_id": run, **record}
            for run, record in value.items()
        ]
    if all(isinstance(number, int | float) or number is None for number in value.values()):
        # Run -> number, without a name of the number.
        return [{"run_id": run, column: number} for run, number in value.items()]
    return None


def _csv(path: Path | str, text: str) -> pd.DataFrame:
    lines = text.splitlines()
    while lines and (not lines[0].strip() or lines[0].strip().strip('"').lower().startswith("sep=")):
        lines = lines[1:]
    separator = max(SEPARATORS, key=lambda mark: lines[0].count(mark)) if lines else ","
    try:
        reader = csv.reader(lines, delimiter=separator)
        names = [name.strip() for name in next(reader, [])]
        rows = []
        for cells in reader:
            if len(cells) > len(names) and any(cells[len(names) :]):
                raise Fault(
                    f"{path}, row {reader.line_num} has {len(cells)} of {len(names)} columns: expected one cell per "
                    "column; correct the row, or quote texts that hold the separator."
                )
            if any(cells):
                rows.append([*cells, *[""] * (len(names) - len(cells))][: len(names)])
        return pd.DataFrame(rows, columns=names, dtype="object").apply(_numbers)
    except Ambiguous as error:
        raise Fault(
            f"{path}: in {str(error)!r} the mark may separate decimals or thousands: expected decimal points and no "
            "separators of thousands; save it so."
        ) from error
    except (ValueError, csv.Error) as error:
        raise Fault(
            f"{path} cannot be read as CSV ({one_line(error)}): expected one row per run; export it again."
        ) from error


def _numbers(column: pd.Series) -> pd.Series:
    """The column as numbers if all of its cells are; with decimal commas or points."""
    texts = [None if text.strip().lower() in NO_VALUE else text for text in column]
    marks = decimal_marks(text for text in texts if text)
    try:
        return pd.to_numeric(
            pd.Series([text and plain_number(text, marks) for text in texts], dtype="object")
        )
    except Ambiguous:
        raise
    except ValueError:
        return pd.Series(texts, dtype="object")
