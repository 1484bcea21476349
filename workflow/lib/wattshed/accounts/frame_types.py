"""Columns of runs and windows with types that do not depend on which rows happen to be there."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
import pyarrow as pa

LABELS = ("model", "seed", "epoch", "strategy", "task", "variant", "data_country", "season")
VALUE_PREFIX = "value_"
SAMPLED_PREFIX = "sampled_"
INTEGERS = {"seed", "epoch", "attempts", "attempt", "repeats"}
BOOLEANS = {"truncated", "dirty"}
NUMBERS = {"cpu_sockets"}
UNITS = ("_kwh", "_kg", "_s", "_w", "_l", "_percent", "_per_kwh")


def column_type(name: str) -> pa.DataType:
    """Arrow type of a column by its name: units and prefixes mean numbers, what is not known is text."""
    if name in INTEGERS:
        return pa.int64()
    if name in BOOLEANS:
        return pa.bool_()
    if name in NUMBERS or name.endswith(UNITS) or name.startswith((VALUE_PREFIX, SAMPLED_PREFIX)):
        return pa.float64()
    return pa.string()


def typed_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as an Arrow table; a column that a row lacks is null there."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = []
    for name in names:
        kind = column_type(name)
        values = [row.get(name) for row in rows]
        if pa.types.is_string(kind):
            values = [value if value is None or isinstance(value, str) else str(value) for value in values]
        columns.append(pa.array(values, type=kind))
    return pa.table(columns, names=names)


def typed_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a frame; nulls stay nulls and never become zeros."""
    return to_frame([typed_table(rows)])


def to_frame(tables: Iterable[pa.Table]) -> pd.DataFrame:
    """Tables one below the other, missing columns filled with nulls."""
    whole = pa.concat_tables(list(tables), promote_options="default")
    nullable = {pa.string(): pd.StringDtype(), pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = whole.to_pandas(types_mapper=nullable.get)
    return frame
