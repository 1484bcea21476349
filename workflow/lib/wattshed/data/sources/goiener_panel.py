"""The source study's smart meters: GoiEner, Zenodo 7362094, CC BY 4.0, hourly kWh.

Layout: one tar in zstd for each period with one CSV (``timestamp, kWh, imputed``) for each meter, named by the
meter's SHA-256; ``metadata.csv`` with one row for each ``user``.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from wattshed.data.panel import Panel
from wattshed.data.readers.hourly import hours_of, utc_seconds
from wattshed.data.readers.tabular import read_frame, require_columns
from wattshed.data.readers.zenodo import download
from wattshed.data.readers.zstd_tar import stream_members
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.hours import HOUR_S

URL = "https://zenodo.org/api/records/7362094/files/{name}/content"
MD5 = {
    "metadata.csv": "1876a8fe4f0c22080e9c7936e1b0cfde",
    "imp-pre.tzst": "77d549a1dd9fec438505930750e712db",
    "imp-in.tzst": "dc593839ad812c0dc2d854894097bc13",
    "imp-post.tzst": "1ff85d89fee75da33756c6b7bdbf7a7e",
}
CALENDAR = "Europe/Madrid"
NODE_COLUMNS = ("province", "municipality", "contracted_tariff", "p1", "p2", "p3", "p4", "p5", "p6")


class Archive(Protocol):
    """What is read from a settings block of this source."""

    @property
    def folder(self) -> str: ...

    @property
    def period(self) -> str: ...

    @property
    def start(self) -> date | None: ...

    @property
    def end(self) -> date | None: ...

    @property
    def min_coverage(self) -> float: ...

    @property
    def max_nodes(self) -> int | None: ...

    @property
    def timezone(self) -> str: ...


@dataclass(frozen=True)
class Meter:
    """One meter's hours without gaps: kWh float32 [hours], NaN where unknown, and whether each was measured."""

    name: str
    first_hour: int
    kwh: np.ndarray
    measured: np.ndarray

    @property
    def stop_hour(self) -> int:
        return self.first_hour + len(self.kwh)


def fetch(source: Archive, root: Path, url: str = URL, md5: dict[str, str] | None = None) -> None:
    """Download metadata.csv and the period's archive into the source's folder (about 0.8 GB), resumable."""
    for name in ("metadata.csv", f"{source.period}.tzst"):
        download(url.format(name=name), root / source.folder / name, (md5 or MD5)[name])


def load(source: Archive, root: Path) -> Panel:
    """Panel of the meters with enough measured hours, in the order of their names.

    Imputed hours keep their value and count as unobserved. Raises :class:`Fault` for a truncated archive, an invalid
    CSV in it, a repeated user, and if no meter has enough measured hours.
    """
    folder = root / source.folder
    archive = folder / f"{source.period}.tzst"
    meters = [
        meter
        for name, content in stream_members(archive, ".csv")
        if (meter := read_meter(content, name, archive, source)) is not None
    ]
    if not meters:
        raise Fault(f"{archive} holds no reading from start to end; expected CSVs of meters: widen the days.")
    first = _hour(source.start) if source.start else min(meter.first_hour for meter in meters)
    stop = _hour(source.end) if source.end else max(meter.stop_hour for meter in meters)
    needed = source.min_coverage * (stop - first)
    read = len(meters)
    meters = sorted(
        (meter for meter in meters if meter.measured.sum() >= needed), key=lambda meter: meter.name
    )
    meters = meters[: source.max_nodes]
    if not meters:
        raise Fault(
            f"{archive}: none of {read} meters has measured {source.min_coverage:.0%} of the {stop - first} hours; "
            "expected at least one: lower data.source.min_coverage or narrow start and end."
        )
    values, observed = _fill(meters, first, stop)
    names = [meter.name for meter in meters]
    nodes = read_metadata(folder / "metadata.csv", names)
    unknown = int(nodes["province"].isna().sum())
    return Panel(
        values=values,
        observed=observed,
        times=(HOUR_S * np.arange(first, stop)).astype("datetime64[s]"),
        nodes=nodes,
        unit="kWh",
        timezone=CALENDAR,
        source=f"goiener {source.period} (Zenodo 7362094)",
        notes=(
            f"{len(names)} of {read} meters with at least {source.min_coverage:.0%} measured hours.",
            f"Time stamps without a zone were read in {source.timezone}.",
            f"{unknown} meters have no province in metadata.csv.",
        ),
    )


def _hour(day: date) -> int:
    return int(np.datetime64(day, "h").astype(np.int64))


def read_meter(content: bytes, name: str, archive: Path, source: Archive) -> Meter | None:
    """One CSV of the archive, clipped to the source's days; None if it has no reading on them."""
    where = f"{name} in {archive}"
    types = {"timestamp": pa.timestamp("s"), "kWh": pa.float64(), "imputed": pa.int8()}
    options = pa.csv.ConvertOptions(column_types=types, include_columns=list(types))
    try:
        table = pa.csv.read_csv(pa.BufferReader(content), convert_options=options)
    except (pa.ArrowInvalid, KeyError) as error:
        raise Fault(
            f"{where} cannot be read ({one_line(error)}); expected columns timestamp, kWh, imputed with times, "
            "numbers and 0 or 1: download the archive again."
        ) from error
    if len(table) == 0:
        return None
    rows = pd.RangeIndex(2, len(table) + 2)
    times = pd.Series(table["timestamp"].to_numpy(), index=rows)
    axis, hour = hours_of(utc_seconds(times, source.timezone, where), rows, where)
    if axis[0] != axis[0].astype("datetime64[h]"):
        raise Fault(f"{where}: row 2: {table['timestamp'][0]} is not a full hour; expected hourly readings.")
    kwh = np.full(len(axis), np.nan, dtype=np.float32)
    kwh[hour] = table["kWh"].to_numpy()
    measured = np.zeros(len(axis), dtype=bool)
    measured[hour] = table["imputed"].to_numpy() == 0
    measured &= ~np.isnan(kwh)
    first = int(axis[0].astype(np.int64)) // HOUR_S
    low = max(_hour(source.start) - first, 0) if source.start else 0
    high = min(_hour(source.end) - first, len(axis)) if source.end else len(axis)
    if low >= high:
        return None
    return Meter(PurePosixPath(name).stem, first + low, kwh[low:high].copy(), measured[low:high].copy())


def _fill(meters: list[Meter], first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    values = np.full((stop - first, len(meters)), np.nan, dtype=np.float32)
    observed = np.zeros((stop - first, len(meters)), dtype=bool)
    for column, meter in enumerate(meters):
        hours = slice(meter.first_hour - first, meter.stop_hour - first)
        values[hours, column] = meter.kwh
        observed[hours, column] = meter.measured
    return values, observed


def read_metadata(path: Path, names: list[str]) -> pd.DataFrame:
    """Place, power and tariff of the meters, in the order of ``names``; empty where metadata.csv has no entry.

    Raises :class:`Fault` if a user occurs twice, because the rows are then ambiguous (in the source study, graph and
    panel got different orders in this way).
    """
    frame = read_frame(path, text_columns=("user", "province", "municipality", "contracted_tariff"))
    require_columns(frame, ("user", *NODE_COLUMNS), path)
    twice = frame["user"].duplicated()
    if twice.any():
        raise Fault(
            f"{path}: row {frame.index[twice][0]}: user {frame.loc[twice, 'user'].iloc[0]!r} has a second row; "
            "expected one for each user: download the file again."
        )
    nodes = frame.set_index("user")[list(NODE_COLUMNS)].reindex(names)
    nodes.index.name = "node"
    return nodes
