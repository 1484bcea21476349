"""The source ``table``: the user's own panel in one CSV or Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from wattshed.config.data.sources import Clock, SourceBlock, Timezone
from wattshed.data.sources.source import DataSource, Files, SimpleSource
from wattshed.data.sources.table_checks import check
from wattshed.data.sources.table_names import MissingCell, Name
from wattshed.data.sources.table_paths import expand

if TYPE_CHECKING:
    from wattshed.data.panel import Panel


class Settings(SourceBlock):
    """The user's own panel as it came: CSV, Parquet or a workbook, in one file or many."""

    kind: Literal["table"] = Field(default="table", description="Your own panel.")
    path: str | list[str] = Field(
        description="CSV, text, Parquet or .xlsx file, also as .gz or as .zip with one file in it. A pattern such as "
        "homes/*.csv, or a list, names several files of one panel."
    )
    form: Literal["long", "wide", "series", "days"] | None = Field(
        default=None,
        description="`long`: one row per node and time; `wide`: one row per time, one column per node; `series`: each "
        "file is one node; `days`: one row per node and day, one column per time of day. Empty: read from the "
        "header.",
    )
    time_column: Name | list[Name] | None = Field(
        default=None,
        description="Column of times; several are joined, such as [date, time] or [year, month, day]. Empty: a usual "
        "name such as time, date, timestamp or ds.",
    )
    hour_column: Name | None = Field(
        default=None,
        description="Column with the number of the hour of the day, where `time_column` holds the date.",
    )
    period_column: Name | None = Field(
        default=None,
        description="Column with the number of the period of the day, from 1, where `time_column` holds the date.",
    )
    hours_from: Literal[0, 1] | None = Field(
        default=None, description="Number of the first hour of a day. Empty: read from the numbers."
    )
    hour_numbers: Literal["elapsed", "clock"] | None = Field(
        default=None,
        description="`elapsed`: hours are counted from local midnight, 23 or 25 on days of a clock change; `clock`: "
        "they are hours of the wall clock. Empty: read from the days of a clock change.",
    )
    first_time: str | None = Field(
        default=None,
        description="Time of the first row of a file without times; its rows are one `resolution` apart.",
    )
    node_column: Name | None = Field(
        default=None,
        description="Column of node names (long, days). Empty: a usual name such as node or meter.",
    )
    value_column: Name | None = Field(
        default=None,
        description="Column of readings (long, series). Empty: a usual name such as value or kWh.",
    )
    node_pattern: str | None = Field(
        default=None,
        description="Regular expression with one group that takes the node from the name of its file (series). Empty: "
        "the name without its ending.",
    )
    columns: list[Name] | None = Field(
        default=None,
        min_length=1,
        description="Names or patterns of the columns that are nodes (wide). Empty: all others.",
    )
    exclude: list[Name] = Field(
        default=[],
        description="Names or patterns of what is left out: columns that are not nodes (wide), such as weather; nodes "
        "of the other forms, such as a test meter or one without readings.",
    )
    rows: dict[Name, Name | list[Name]] = Field(
        default={}, description="Only rows in which these columns have these texts are read."
    )
    times_in: Clock | None = Field(
        default=None,
        description="Clock in which the file is written: an IANA zone, or an offset such as +01:00. Empty: `timezone`. "
        "Times that state an offset need none.",
    )
    timezone: Timezone = Field(default="UTC", description="Time zone of the nodes' calendar.")
    dst: Literal["doubled", "skipped", "none"] | None = Field(
        default=None,
        description="For files with 24 hours on every day, also where the clock changes. `doubled`: the autumn hour "
        "holds the sum of both hours; `skipped`: the second of them is missing; `none`: the file's clock keeps to "
        "standard time all year. Empty: the file has 23 and 25 hours.",
    )
    stamp: Literal["start", "end"] | None = Field(
        default=None,
        description="Whether a time names the start or the end of its reading. Empty: the start, unless the column is "
        "called Hour Ending or the like; needed where all times lie a second or a minute before a whole reading.",
    )
    time_format: str | None = Field(
        default=None, description="Format of times in strptime's letters, or unix (seconds), or unix_ms."
    )
    day_first: bool | None = Field(
        default=None,
        description="Whether 01/02/2021 is in February. Empty: where all times can be read in one way only.",
    )
    separator: str | None = Field(default=None, description="Between cells. Empty: read from the file.")
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal sign. Empty: read from the file."
    )
    thousands: str | None = Field(
        default=None, min_length=1, max_length=1, description="Sign between thousands. Empty: there is none."
    )
    encoding: str | None = Field(
        default=None,
        description="Encoding of text, such as cp1252. Empty: UTF-8, or what the file's first bytes say.",
    )
    skip_rows: int = Field(default=0, ge=0, description="Lines above the header.")
    sheet: str | None = Field(default=None, description="Sheet of a workbook; needed where it has several.")
    missing: list[MissingCell] = Field(
        default=[],
        description="Further texts and numbers that stand for a missing reading, such as -9999. An empty cell, NA, "
        "N/A, NaN, null, None, -, n/e and the like always do: data/README.md lists them.",
    )
    resolution: str | None = Field(
        default=None,
        description="Time between readings of the file, such as 15min, 30min or 1h; `irregular` for a log whose "
        "readings hold until the next one. Empty: the typical spacing.",
    )
    longest_hold_s: float = Field(
        default=300.0, gt=0, description="Longest time that a reading of an irregular log holds [s]."
    )
    quantity: Literal["energy", "power", "register", "level"] | None = Field(
        default=None,
        description="What a reading is: `energy` of its interval (summed), mean `power` (averaged), a cumulative "
        "`register` (differences are taken), or another `level` such as a speed (averaged). Empty: energy or "
        "power, as "
        "`unit` says.",
    )
    unit: str = Field(
        default="kWh", min_length=1, description="Unit of the file's readings, e.g. kWh, W or mph."
    )
    panel_unit: str | None = Field(
        default=None,
        min_length=1,
        description="Unit of the panel, of one step; power is converted to energy and back. Empty: the file's unit.",
    )
    step_minutes: Literal[5, 10, 15, 20, 30, 60] = Field(
        default=60,
        description="Step of the panel [min]. Finer readings are summed or averaged; a step that is not covered whole "
        "is unobserved.",
    )
    node_table: str | None = Field(
        default=None,
        description="CSV or Parquet file with a column `node` and columns that describe the nodes.",
    )
    edge_list: str | None = Field(
        default=None, description="CSV or Parquet file with columns source, target, weight."
    )

    @model_validator(mode="after")
    def _keys_agree(self) -> Self:
        check(self)
        return self


def files(settings: Settings) -> Files:
    """The table's files; a pattern without a match as it is, so that a message names it."""
    nodes = {"nodes": settings.node_table} if settings.node_table else {}
    found = expand(settings.path)
    return {"table": found[0] if len(found) == 1 else found, **nodes}


def edge_list(settings: Settings) -> str | None:
    return settings.edge_list


def load(settings: Settings, root: Path, wheel: Path | None) -> Panel:
    from wattshed.data.sources.table_panel import load

    return load(settings, root)


SOURCE: DataSource = SimpleSource(Settings, load, files, edge_list)
