"""The user's own panel: the readings of one or many files at the study's step, and the tables beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from wattshed.data.forms.names import shown
from wattshed.data.forms.readings import Readings, read_file
from wattshed.data.forms.timing import FileKeys
from wattshed.data.panel import Panel
from wattshed.data.readers.tabular import numbers, read_frame, require_columns
from wattshed.data.resampling.panel_arrays import StepKeys, panel_arrays
from wattshed.data.sources.left_out import leave_out
from wattshed.data.sources.table_paths import expand
from wattshed.foundation.faults import Fault


class PanelTable(FileKeys, StepKeys, Protocol):
    """What is read from a settings block of this source."""

    @property
    def path(self) -> str | list[str]: ...

    @property
    def node_table(self) -> str | None: ...


def load(source: PanelTable, root: Path) -> Panel:
    """Read the panel; paths are relative to ``root``.

    Rows may be in any order. Cells without a reading are unobserved. Raises :class:`Fault`, naming the row, for any
    error in a file.
    """
    paths = [root / path for path in expand(source.path, root)]
    parts = [read_file(path, source, len(paths) > 1) for path in paths]
    if source.node_pattern is None:
        _refuse_equal_names(parts)
    parts = leave_out(parts, source.exclude)
    names, columns = node_columns(parts)
    read_notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    arrays = panel_arrays(parts, columns, names, source)
    nodes = pd.DataFrame(index=pd.Index(names, name="node"))
    if source.node_table is not None:
        nodes = read_nodes(root / source.node_table, names)
    named = source.path if isinstance(source.path, str) else ", ".join(source.path)
    return Panel(
        values=arrays.values,
        observed=arrays.observed,
        times=arrays.times,
        nodes=nodes,
        unit=source.panel_unit or source.unit,
        timezone=source.timezone,
        source=f"table {named}",
        notes=(*read_notes, *arrays.notes),
        written_sentinels=arrays.sentinels,
        step_minutes=source.step_minutes,
    )


def node_columns(parts: Sequence[Readings]) -> tuple[list[str], list[np.ndarray]]:
    """Names of the panel's nodes, and for each part the columns of its own nodes among them.

    Names of a column of nodes are sorted; those of headers and files keep their order. Raises :class:`Fault` for files
    of different forms, for wide files that share some nodes but not all, and for two files of one name.
    """
    first = parts[0]
    for part in parts[1:]:
        if part.form != first.form:
            raise Fault(
                f"{part.path} is read as {part.form} and {first.path} as {first.form}; expected one form: set "
                "data.source.form, or correct data.source.path."
            )
        if first.form == "wide":
            _refuse_other_nodes(first, part)
    if first.form == "wide":
        names = list(dict.fromkeys(name for part in parts for name in part.nodes))
    else:
        names = sorted({name for part in parts for name in part.nodes})
    place = {name: column for column, name in enumerate(names)}
    return names, [np.array([place[name] for name in part.nodes], dtype=np.int64) for part in parts]


def _refuse_equal_names(parts: Sequence[Readings]) -> None:
    """Raise :class:`Fault` for two files whose names give one node: they may be two homes in two folders."""
    seen: dict[str, Path] = {}
    for part in (one for one in parts if one.of_file):
        other = seen.setdefault(part.nodes[0], part.path)
        if other is not part.path:
            raise Fault(
                f"{part.path} and {other} both give the node {part.nodes[0]!r}; expected a file for each node: take "
                "the node from another part of the path with data.source.node_pattern."
            )


def _refuse_other_nodes(first: Readings, part: Readings) -> None:
    """Files of one table hold the same nodes at other times, or other nodes."""
    lacking = sorted(set(first.nodes) - set(part.nodes))
    more = sorted(set(part.nodes) - set(first.nodes))
    if set(first.nodes) & set(part.nodes) and (lacking or more):
        says = f"lacks {shown(lacking, 3)}" if lacking else f"has {shown(more, 3)} as well"
        raise Fault(
            f"{part.path} {says}, compared with {first.path}; expected the same nodes in files of one table, or "
            "wholly "
            "other ones: correct its header, or list the nodes in data.source.columns."
        )


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
