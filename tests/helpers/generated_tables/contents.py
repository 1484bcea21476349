"""Rows of a table as bytes: dialect, order, encoding and container."""

import csv
import gzip
import io
import zipfile

import numpy as np
import pandas as pd

from generated_tables.clocks import Clocked
from generated_tables.drawn import Drawn
from generated_tables.stamps import cells_of_time, columns_of_a_day, text

EXTRA = "Température [°C]"


def contents(rows: Clocked, drawn: Drawn, random: np.random.Generator) -> dict[str, bytes]:
    """Content by path of one file, of two that follow each other, or of one per node (`series`)."""
    values = rows.shown.reset_index(drop=True)
    when = (
        pd.DataFrame(cells_of_time(rows, drawn)) if drawn.form != "days" else pd.DataFrame(index=values.index)
    )
    days = rows.start.normalize()
    if drawn.form == "series":
        tables = {}
        for node in values:
            keep = _kept(values[node], drawn)
            header = [*when.columns, drawn.names[2]]
            cells = [[*when.loc[row], number(values.loc[row, node], drawn)] for row in values.index[keep]]
            tables[node] = (header, _ordered(cells, drawn, random))
        return {
            f"data/{name}": content
            for node, table in tables.items()
            for name, content in [_file(node, table, drawn)]
        }
    last = [days <= days[0], days > days[0]] if drawn.files == 2 else [np.ones(len(days), dtype=bool)]
    parts = {}
    for index, part in enumerate(last):
        header, cells = _cells(when[part], values[part], rows.start[part], drawn)
        parts[f"t{index}"] = (header, _ordered(cells, drawn, random))
    return {
        f"data/{name}": content
        for stem, table in parts.items()
        for name, content in [_file(stem, table, drawn)]
    }


def _cells(
    when: pd.DataFrame, values: pd.DataFrame, start: pd.DatetimeIndex, drawn: Drawn
) -> tuple[list[str], list[list[str]]]:
    extra = [EXTRA] if drawn.extra_column else []
    more = ["21"] if drawn.extra_column else []
    if drawn.form == "wide":
        numbers = values.map(lambda value: number(value, drawn))
        rows = [[*when.loc[row], *numbers.loc[row], *more] for row in values.index]
        return [*when.columns, *values.columns, *extra], rows
    if drawn.form == "long":
        header = [drawn.names[1], *when.columns, *extra, drawn.names[2]]
        return header, [
            [node, *when.loc[row], *more, number(values.loc[row, node], drawn)]
            for node in values
            for row in values.index[_kept(values[node], drawn)]
        ]
    header = [drawn.names[1], drawn.names[0] or "date", *columns_of_a_day(drawn), *extra]
    rows = []
    for node in values:
        for day, each in values[node].groupby(start.normalize().to_numpy()):
            cells = [number(value, drawn) for value in each]
            rows.append([node, text(pd.Timestamp(day), drawn.day_format), *cells, *more])
    return header, rows


def _kept(values: pd.Series, drawn: Drawn) -> np.ndarray:
    """Rows that are written: without a marker, a missing reading has no row."""
    return np.ones(len(values), dtype=bool) if drawn.marker is not None else values.notna().to_numpy()


def _ordered(rows: list[list[str]], drawn: Drawn, random: np.random.Generator) -> list[list[str]]:
    if drawn.order == "descending":
        return rows[::-1]
    return [rows[index] for index in random.permutation(len(rows))] if drawn.order == "shuffled" else rows


def number(value: float, drawn: Drawn) -> str:
    if np.isnan(value):
        return drawn.marker or ""
    shown = f"{value:,.3f}" if drawn.thousands else f"{value:.3f}"
    return shown.translate(str.maketrans({",": drawn.thousands or ",", ".": drawn.decimal}))


def _file(stem: str, table: tuple[list[str], list[list[str]]], drawn: Drawn) -> tuple[str, bytes]:
    page = io.StringIO()
    for _ in range(drawn.title_lines):
        page.write("Readings of meters" + drawn.line_end)
    writer = csv.writer(page, delimiter=drawn.separator, lineterminator=drawn.line_end)
    end = [""] if drawn.trailing else []
    writer.writerows([*row, *end] for row in (table[0], *table[1]))
    content = page.getvalue().encode(drawn.encoding)
    if drawn.container == "gz":
        return f"{stem}.csv.gz", gzip.compress(content, mtime=0)
    if drawn.container == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"{stem}.csv", content)
        return f"{stem}.zip", packed.getvalue()
    return f"{stem}.csv", content
