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
    when = cells_of_time(rows, drawn) if drawn.form != "days" else {}
    times = [list(cells) for cells in zip(*when.values(), strict=True)]
    shown = {node: [number(value, drawn) for value in rows.shown[node]] for node in rows.shown}
    kept = {node: _kept(rows.shown[node], drawn) for node in rows.shown}
    days = rows.start.normalize()
    if drawn.form == "series":
        header = [*when, drawn.names[2]]
        tables = {
            node: (header, [[*times[row], shown[node][row]] for row in np.flatnonzero(kept[node])])
            for node in shown
        }
    else:
        parts = [days <= days[0], days > days[0]] if drawn.files == 2 else [np.ones(len(days), dtype=bool)]
        form = {"wide": _wide, "long": _long, "days": _days}[drawn.form]
        tables = {
            f"t{index}": form(
                list(when), times, shown, {node: kept[node] & part for node in kept}, part, days, drawn
            )
            for index, part in enumerate(parts)
        }
    packed = [
        _file(stem, header, _ordered(cells, drawn, random), drawn) for stem, (header, cells) in tables.items()
    ]
    return {f"data/{name}": content for name, content in packed}


Table = tuple[list[str], list[list[str]]]


def _wide(
    names: list[str],
    times: list[list[str]],
    shown: dict[str, list[str]],
    kept: dict[str, np.ndarray],
    part: np.ndarray,
    days: pd.DatetimeIndex,
    drawn: Drawn,
) -> Table:
    cells = [
        [*times[row], *(shown[node][row] for node in shown), *_more(drawn, "21")]
        for row in np.flatnonzero(part)
    ]
    return [*names, *shown, *_more(drawn, EXTRA)], cells


def _long(
    names: list[str],
    times: list[list[str]],
    shown: dict[str, list[str]],
    kept: dict[str, np.ndarray],
    part: np.ndarray,
    days: pd.DatetimeIndex,
    drawn: Drawn,
) -> Table:
    header = [drawn.names[1], *names, *_more(drawn, EXTRA), drawn.names[2]]
    return header, [
        [node, *times[row], *_more(drawn, "21"), shown[node][row]]
        for node in shown
        for row in np.flatnonzero(kept[node])
    ]


def _days(
    names: list[str],
    times: list[list[str]],
    shown: dict[str, list[str]],
    kept: dict[str, np.ndarray],
    part: np.ndarray,
    days: pd.DatetimeIndex,
    drawn: Drawn,
) -> Table:
    each = 1440 // drawn.minutes
    cells = [
        [node, text(days[row], drawn.day_format), *shown[node][row : row + each], *_more(drawn, "21")]
        for node in shown
        for row in np.flatnonzero(part)[::each]
    ]
    return [drawn.names[1], drawn.names[0] or "date", *columns_of_a_day(drawn), *_more(drawn, EXTRA)], cells


def _more(drawn: Drawn, cell: str) -> list[str]:
    return [cell] if drawn.extra_column else []


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


def _file(stem: str, header: list[str], cells: list[list[str]], drawn: Drawn) -> tuple[str, bytes]:
    if drawn.container == "parquet":
        return f"{stem}.parquet", _typed(header, cells, drawn)
    page = io.StringIO()
    for _ in range(drawn.title_lines):
        page.write("Readings of meters" + drawn.line_end)
    writer = csv.writer(page, delimiter=drawn.separator, lineterminator=drawn.line_end)
    end = [""] if drawn.trailing else []
    writer.writerows([*row, *end] for row in (header, *cells))
    content = page.getvalue().encode(drawn.encoding)
    if drawn.container == "gz":
        return f"{stem}.csv.gz", gzip.compress(content, mtime=0)
    if drawn.container == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"{stem}.csv", content)
        return f"{stem}.zip", packed.getvalue()
    return f"{stem}.csv", content


def _typed(header: list[str], cells: list[list[str]], drawn: Drawn) -> bytes:
    """A Parquet file: numbers as numbers, instants as times of their zone, and other times and nodes as texts."""
    frame = pd.DataFrame(cells, columns=header)
    time = drawn.names[0] or "date"
    texts = {"clock", drawn.names[1], *((time, drawn.names[0]) if drawn.clock != "unix" else ())}
    for place, name in enumerate(header):
        is_reading = place > 0 and drawn.form in ("wide", "series") and name != "clock"
        if drawn.clock == "offset" and name == drawn.names[0] and not is_reading:
            instants = pd.to_datetime(frame.iloc[:, place], utc=True).dt.tz_convert(drawn.zone)
            frame.isetitem(place, instants)
        elif is_reading or name not in texts:
            frame.isetitem(place, pd.to_numeric(frame.iloc[:, place], errors="coerce"))
    packed = io.BytesIO()
    frame.to_parquet(packed, index=False)
    return packed.getvalue()
