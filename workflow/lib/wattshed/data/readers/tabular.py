"""CSV and Parquet files of unknown quality, read with row numbers for the messages."""

import csv
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from wattshed.data.dialects.look import text
from wattshed.foundation.faults import Fault, one_line

# As pandas reads them where it is not told otherwise.
MISSING = (
    *(
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
    ),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)


def read_frame(path: Path, text_columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV or Parquet file; the index holds the row numbers that an editor shows (header is row 1).

    ``text_columns`` stay text without blanks around it (``007`` and ``NA`` are names, the float 26.0 is ``26``).
    Raises :class:`Fault` for a missing, empty, corrupt or ragged file and for repeated column names.
    """
    if not path.is_file():
        raise Fault(f"{path} does not exist; expected a CSV or Parquet file: correct the path in the config.")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            frame = pd.read_parquet(path)
            frame = frame.reset_index() if frame.index.name else frame.reset_index(drop=True)
        else:
            header = _header(path)
            with warnings.catch_warnings():
                # pandas only warns if the first row is longer than the header.
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame = pd.read_csv(
                    path,
                    dtype=dict.fromkeys(text_columns, "str"),
                    # A node may be called NA or null.
                    keep_default_na=False,
                    na_values={name: MISSING for name in header if name not in text_columns},
                    skip_blank_lines=False,
                    index_col=False,
                )
    except pd.errors.EmptyDataError as error:
        raise Fault(
            f"{path} is empty; expected a header and readings: fill it or correct the path."
        ) from error
    except (
        pd.errors.ParserError,
        pd.errors.ParserWarning,
        pa.ArrowException,
        UnicodeDecodeError,
        OSError,
    ) as error:
        kind = "Parquet" if path.suffix.lower() in (".parquet", ".pq") else "CSV"
        raise Fault(
            f"{path} cannot be read as {kind} ({one_line(error)}); expected a complete, well-formed file: make it "
            "again."
        ) from error
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    for name in text_columns:
        if name in frame.columns:
            texts = frame[name].map(text).astype("str")
            frame[name] = texts.mask(texts == "")
    frame = frame.dropna(how="all")
    if frame.empty:
        raise Fault(f"{path} has no rows below its header; expected readings: fill it or correct the path.")
    return frame


def _header(path: Path) -> list[str]:
    """Names of the columns; raises :class:`Fault` for a name that comes twice."""
    # pandas would silently rename the second one.
    with path.open(newline="", encoding="utf-8-sig") as file:
        header = next(csv.reader(file), [])
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise Fault(
            f"{path}: row 1: column {repeated[0]!r} occurs twice; expected unique column names: rename one."
        )
    return header


def require_columns(frame: pd.DataFrame, columns: tuple[str, ...], path: Path) -> None:
    """Raise :class:`Fault` unless the frame has all of ``columns``."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        found = ", ".join(map(str, frame.columns[:6])) + (", ..." if len(frame.columns) > 6 else "")
        raise Fault(
            f"{path}: row 1: no column {missing[0]!r} in the header ({found}); expected "
            f"{', '.join(columns)}, separated by commas: correct the header."
        )


def numbers(column: pd.Series, path: Path) -> np.ndarray:
    """A column as float64, NaN where empty.

    Raises :class:`Fault`, with the row, for text, infinities and values that do not fit the panel's 32-bit floats.
    """
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = (np.isnan(values) & column.notna().to_numpy()) | np.isinf(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise Fault(
            f"{path}: row {column.index[row]}, column {column.name!r}: {str(column.iloc[row])!r} is not a number; "
            "expected a number with a decimal point, or an empty cell if there is no reading: correct the "
            "cell."
        )
    large = np.abs(values) > np.finfo(np.float32).max
    if large.any():
        row = int(np.argmax(large))
        raise Fault(
            f"{path}: row {column.index[row]}, column {column.name!r}: {values[row]:g} does not fit 32-bit floats; "
            f"expected at most {np.finfo(np.float32).max:.1e}: correct the cell or leave it empty."
        )
    return values
