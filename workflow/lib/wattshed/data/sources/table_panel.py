"""The user's own panel: one CSV or Parquet file, long or wide, with optional node table and edge list."""

from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.readers.hourly import hours_of, utc_seconds
from wattshed.data.readers.tabular import numbers, read_frame, require_columns
from wattshed.foundation.faults import Fault


class PanelTable(Protocol):
    """What is read from a settings block of this source."""

    @property
    def path(self) -> str: ...

    @property
    def form(self) -> str: ...

    @property
    def node_table(self) -> str | None: ...

    @property
    def timezone(self) -> str: ...

    @property
    def unit(self) -> str: ...


def load(source: PanelTable, root: Path) -> Panel:
    """Read the panel; paths are relative to ``root``.

    Rows may be in any order. Cells without a reading are unobserved. Raises :class:`Fault`, naming the row, for any
    error in the file.
    """
    path = root / source.path
    read = _read_long if source.form == "long" else _read_wide
    axis, values, names, notes = read(path, source.timezone)
    nodes = pd.DataFrame(index=pd.Index(names, name="node"))
    if source.node_table is not None:
        nodes = read_nodes(root / source.node_table, names)
    return Panel(
        values=values,
        observed=~np.isnan(values),
        times=axis,
        nodes=nodes,
        unit=source.unit,
        timezone=source.timezone,
        source=f"table {source.path}",
        notes=notes,
    )


Parts = tuple[np.ndarray, np.ndarray, list[str], tuple[str, ...]]


def _read_long(path: Path, timezone: str) -> Parts:
    frame = read_frame(path, text_columns=("node",))
    require_columns(frame, ("time", "node", "value"), path)
    nameless = frame["node"].isna()
    if nameless.any():
        raise Fault(
            f"{path}: row {frame.index[nameless][0]}: the node is empty; expected its name: fill it in or "
            "delete the row."
        )
    values = numbers(frame["value"], path)
    seconds = utc_seconds(frame["time"], timezone, str(path), frame["node"])
    axis, hour = hours_of(seconds, frame.index, str(path), frame["node"])
    column, names = pd.factorize(frame["node"], sort=True)
    grid = np.full((len(axis), len(names)), np.nan, dtype=np.float32)
    grid[hour, column] = values
    in_order = bool(pd.Series(seconds).groupby(column).is_monotonic_increasing.all())
    return axis, grid, [str(name) for name in names], _order_note(in_order)


def _read_wide(path: Path, timezone: str) -> Parts:
    frame = read_frame(path, text_columns=())
    if frame.columns[0] != "time" or len(frame.columns) < 2:
        raise Fault(
            f"{path}: row 1: the first column is {frame.columns[0]!r} of {len(frame.columns)}; expected `time` "
            "and then one column for each node, separated by commas: correct the header or data.source.form."
        )
    names = [str(name) for name in frame.columns[1:]]
    seconds = utc_seconds(frame["time"], timezone, str(path))
    axis, hour = hours_of(seconds, frame.index, str(path))
    grid = np.full((len(axis), len(names)), np.nan, dtype=np.float32)
    for column in range(len(names)):
        grid[hour, column] = numbers(frame.iloc[:, column + 1], path)
    return axis, grid, names, _order_note(bool((np.diff(seconds) > 0).all()))


def _order_note(in_order: bool) -> tuple[str, ...]:
    return () if in_order else ("The rows were not in order of time; they were sorted.",)


def read_nodes(path: Path, node_names: list[str]) -> pd.DataFrame:
    """Node table in the order of ``node_names``; every node must have exactly one row."""
    frame = read_frame(path, text_columns=("node",))
    require_columns(frame, ("node",), path)
    twice = frame["node"].duplicated()
    if twice.any():
        raise Fault(
            f"{path}: row {frame.index[twice][0]}: node {frame.loc[twice, 'node'].iloc[0]!r} has a second row; "
            "expected one for each node: delete one."
        )
    absent = sorted(set(node_names) - set(frame["node"]))
    if absent:
        raise Fault(
            f"{path} lacks {len(absent)} of the panel's {len(node_names)} nodes, {absent[0]!r} first; expected "
            "a row for each: add them."
        )
    return frame.set_index("node").loc[node_names]


def read_edges(path: Path, node_names: list[str]) -> pd.DataFrame:
    """Edge list ``source, target, weight`` between nodes of the panel.

    Raises :class:`Fault` for a node that the panel lacks, a repeated edge, and a weight that is not a
    positive number, each with its row.
    """
    frame = read_frame(path, text_columns=("source", "target"))
    require_columns(frame, ("source", "target", "weight"), path)
    for end in ("source", "target"):
        strange = ~frame[end].isin(node_names)
        if strange.any():
            raise Fault(
                f"{path}: row {frame.index[strange][0]}: {end} {frame.loc[strange, end].iloc[0]!r} is not a node "
                f"of the panel; expected one of its {len(node_names)} names: correct it or delete the edge."
            )
    frame["weight"] = numbers(frame["weight"], path)
    useless = ~(frame["weight"] > 0)
    if useless.any():
        raise Fault(
            f"{path}: row {frame.index[useless][0]}: weight is {frame.loc[useless, 'weight'].iloc[0]}; expected a "
            "number above 0: correct it or delete the edge."
        )
    again = frame.duplicated(["source", "target"])
    if again.any():
        raise Fault(
            f"{path}: row {frame.index[again][0]}: this edge is a repetition; expected each once: delete one."
        )
    return frame[["source", "target", "weight"]].reset_index(drop=True)
