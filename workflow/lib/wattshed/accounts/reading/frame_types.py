"""Types of the columns of runs and windows, which do not depend on the rows."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from wattshed.energy.ledger.scalars import readable
from wattshed.foundation.faults import Fault

LABELS = (
    "model",
    "lineage",
    "seed",
    "epoch",
    "strategy",
    "task",
    "variant",
    "data_country",
    "season",
    "trial",
)
VALUE_PREFIX = "value_"
SAMPLED_PREFIX = "sampled_"
# Numbers that jobs note in their windows.
VALIDATION_RMSE = "value_validation_rmse"
FORECASTS = "value_forecasts"
INTEGERS = {"seed", "epoch", "trial", "attempts", "attempt", "repeats"}
BOOLEANS = {"truncated", "dirty", "gpu_unread"}
NUMBERS = {"cpu_sockets", "gpus"}
UNITS = ("_kwh", "_kg", "_gib", "_s", "_w", "_l", "_percent", "_per_kwh")

WRONG = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError)


def column_type(name: str) -> pa.DataType:
    """Arrow type of a column by its name: units and prefixes mean numbers; other columns are text."""
    if name in INTEGERS:
        return pa.int64()
    if name in BOOLEANS:
        return pa.bool_()
    if name in NUMBERS or name.endswith(UNITS) or name.startswith((VALUE_PREFIX, SAMPLED_PREFIX)):
        return pa.float64()
    return pa.string()


def typed_table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows as an Arrow table; a column that a row lacks is null there.

    Raises :class:`Fault` for a value that is not of its column's type.
    """
    # Rows with the same columns are converted together, and put back into their order at the end.
    alike: dict[tuple[str, ...], list[int]] = {}
    for number, row in enumerate(rows):
        alike.setdefault(tuple(row), []).append(number)
    tables = [_table(names, [rows[number] for number in numbers]) for names, numbers in alike.items()]
    if len(tables) < 2:
        return tables[0] if tables else pa.table({})
    order = np.argsort(np.concatenate(list(alike.values())))
    return pa.concat_tables(tables, promote_options="default").take(order)


def typed_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a frame; nulls stay nulls and never become zeros."""
    return to_frame([typed_table(rows)])


def to_frame(tables: Iterable[pa.Table]) -> pd.DataFrame:
    """Concatenated tables; missing columns are filled with nulls."""
    whole = pa.concat_tables(list(tables), promote_options="default")
    nullable = {pa.string(): pd.StringDtype(), pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = whole.to_pandas(types_mapper=nullable.get)
    return frame


def _table(names: tuple[str, ...], rows: list[dict[str, Any]]) -> pa.Table:
    turned = zip(*(row.values() for row in rows), strict=True)
    columns = [_column(name, values, rows) for name, values in zip(names, turned, strict=True)]
    return pa.table(columns, names=list(names))


def _column(name: str, values: Sequence[Any], rows: Sequence[dict[str, Any]]) -> pa.Array:
    kind = column_type(name)
    try:
        return pa.array(values, type=kind)
    except WRONG:
        if pa.types.is_string(kind):
            return pa.array([None if value is None else readable(str(value)) for value in values], type=kind)
    for value, row in zip(values, rows, strict=True):
        try:
            pa.array([value], type=kind)
        except WRONG as error:
            raise Fault(
                f"{row.get('path') or row.get('job')}: {name} is {value!r}; expected {kind}; correct the file that "
                "holds it."
            ) from error
    raise AssertionError(f"{name} fails as a column and not in any row")
