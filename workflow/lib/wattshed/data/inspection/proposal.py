"""The block ``data.source`` for a user's own files, key by key, with what speaks for each and what stays open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wattshed.data.inspection.about_clock import about_clock
from wattshed.data.inspection.about_columns import (
    about_dialect,
    about_form,
    about_time_columns,
    about_value_columns,
)
from wattshed.data.inspection.about_times import about_resolution, about_time_text
from wattshed.data.inspection.about_values import about_missing, about_unit
from wattshed.data.inspection.case import Case
from wattshed.data.inspection.choices import Choice, Finding
from wattshed.data.inspection.evidence.roles import Roles, find_roles
from wattshed.data.inspection.evidence.sample import Sample, joined, read_sample, same_header
from wattshed.data.inspection.evidence.time_cells import read_times
from wattshed.data.inspection.evidence.timeline import Timeline, build_timeline, joined_texts
from wattshed.data.inspection.evidence.words import DATE_PARTS, tokens
from wattshed.data.inspection.known_layouts import layout_of
from wattshed.data.units import duration_s, duration_text
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import HOUR_S

SECOND_FILE_CELLS = 200_000
# Columns of readings that show the clock of a wide table.
FEW = 6
# Keys that name one column, or several that are joined.
COLUMN_KEYS = ("time_column", "hour_column", "period_column", "node_column", "value_column")


@dataclass(frozen=True)
class Proposal:
    """choices: in the order of the block. nodes: columns of the panel's readings."""

    case: Case
    choices: tuple[Choice, ...]
    findings: tuple[Finding, ...]

    @property
    def undecided(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if choice.undecided)

    @property
    def block(self) -> dict[str, Any]:
        """The keys that are decided."""
        decided = {choice.key: choice.value for choice in self.choices if not choice.undecided}
        return {"kind": "table", "path": self.case.path, **decided}


def propose(paths: Sequence[Path], path: str | list[str], given: dict[str, Any]) -> Proposal:
    """Look at files of one panel.

    path: as the block names them. given: keys that the user has decided. Raises :class:`Fault` for a file that is not a
    table.
    """
    sample = read_sample(paths[0], given)
    layout = layout_of(sample.look.header, paths[0].name)
    stated = {**(layout.keys if layout else {}), **given}
    overlapping = _same_time(sample, paths, given)
    if len(paths) > 1 and not overlapping:
        sample = joined(sample, paths[1:], given)
    _refuse_unknown_columns(sample, given)
    roles = _with_given(find_roles(sample, overlapping, stated), stated)
    _refuse_other_tables(sample, roles, stated)
    line = _line(sample, roles, stated)
    _refuse_days(sample, line, stated)
    case = Case(tuple(paths), path, sample, roles, line, given, layout)
    found: list[Choice | Finding] = [*_container(case)]
    for about in (about_dialect, about_form, about_time_columns, about_value_columns):
        found += about(case)
    columns = _reading_columns(case, found)
    for part in (about_time_text, about_clock, about_resolution):
        found += part(case)
    found += about_missing(case, columns)
    found += about_unit(case, [] if roles.form == "days" else columns)
    choices: dict[str, Choice] = {}
    for one in found:
        if isinstance(one, Choice):
            choices.setdefault(one.key, one)
    for key, value in given.items():
        choices.setdefault(key, Choice(key, value, "as you said"))
    return Proposal(case, tuple(choices.values()), tuple(one for one in found if isinstance(one, Finding)))


def _refuse_unknown_columns(sample: Sample, given: dict[str, Any]) -> None:
    """Refuse a column that the user names and the header lacks."""
    header = [name for name in sample.look.header if name]
    for key in COLUMN_KEYS:
        named = given.get(key)
        for name in named if isinstance(named, list) else [named] if named is not None else []:
            if str(name).strip() not in header:
                shown = ", ".join(header[:6]) + (", ..." if len(header) > 6 else "")
                raise Fault(
                    f"{sample.path}: row {sample.look.header_row}: no column {name!r} in the header ({shown}); "
                    f"expected the column that --set {key} names: correct it, or set skip_rows if the header is "
                    "further down."
                )


def _line(sample: Sample, roles: Roles, stated: dict[str, Any]) -> Timeline | None:
    """The rows in time. Of a large file with many columns, a few of them are looked at in more rows."""
    few = (
        *roles.time,
        *(name for name in (roles.node, roles.hour, roles.period) if name),
        *roles.values[:FEW],
    )
    if not sample.whole and 2 * len(few) < len(sample.columns) and roles.form != "days":
        roles = replace(roles, values=roles.values[:FEW])
        sample = read_sample(sample.path, {**stated, **sample.dialect}, only=few)
    return build_timeline(sample, roles, stated.get("day_first"), _minutes(stated.get("resolution")))


def _refuse_days(sample: Sample, line: Timeline | None, stated: dict[str, Any]) -> None:
    if line is not None and not line.irregular and line.resolution_s > HOUR_S and "resolution" not in stated:
        raise Fault(
            f"{sample.path}: typical spacing is {duration_text(line.resolution_s)}, expected 1 h or less: give a table "
            "of hours or finer; a panel is never made of coarser readings."
        )


def _refuse_other_tables(sample: Sample, roles: Roles, stated: dict[str, Any]) -> None:
    """Refuse a table that cannot hold readings in time, whatever its user decides."""
    header = ", ".join(name for name in sample.look.header[:6] if name)
    if read_times([name for name in sample.look.header if name][:1]) is not None:
        raise Fault(
            f"{sample.path} has no header: line {sample.look.header_row} begins with {sample.look.header[0]!r}; "
            "expected names of the columns in the first line, such as time,kWh: add them."
        )
    if not roles.values and not roles.other_values:
        raise Fault(
            f"{sample.path}: none of its columns ({header}) holds numbers that could be readings; expected times and "
            "readings: export the table with both, or name its columns with --set."
        )
    dated = any(set().union(*DATE_PARTS.values()) & set(tokens(name)) for name in roles.columns)
    if not roles.time and roles.hour is None and not dated and "first_time" not in stated:
        raise Fault(
            f"{sample.path}: none of its columns ({header}) holds times; expected some such as 2021-03-01 13:00: name "
            "the column with --set time_column=NAME and its format with --set time_format=..., or give --set "
            "first_time=... and resolution=... if the rows follow one another."
        )


def _same_time(sample: Sample, paths: Sequence[Path], given: dict[str, Any]) -> bool:
    """Whether the first two files hold readings of the same time: each is then a node, and not a part of one table.

    Files without times are of the same time.
    """
    if len(paths) < 2:
        return False
    spans = []
    for one in (sample, read_sample(paths[1], given, most_cells=SECOND_FILE_CELLS)):
        time = find_roles(one, False, given).time
        cells = read_times(list(joined_texts(one, time).unique())) if time else None
        if cells is None:
            return True
        known = cells.wall[~np.isnat(cells.wall)]
        spans.append((known.min(), known.max()))
    (first, first_end), (second, second_end) = spans
    return bool(first < second_end and second < first_end)


def _with_given(roles: Roles, stated: dict[str, Any]) -> Roles:
    """The roles with those that the user, or the layout's publisher, has decided."""
    changes: dict[str, Any] = {}
    if (time := stated.get("time_column")) is not None:
        changes["time"] = (time,) if isinstance(time, str) else tuple(time)
    for key, name in (
        ("hour_column", "hour"),
        ("period_column", "period"),
        ("node_column", "node"),
        ("form", "form"),
    ):
        if stated.get(key) is not None:
            changes[name] = stated[key]
    if stated.get("first_time") is not None:
        changes |= {"time": (), "hour": None, "period": None}
    if (value := stated.get("value_column")) is not None and value in roles.columns:
        rest = tuple(name for name in roles.values if name != value)
        changes["values"], changes["other_values"] = (value,), (*rest, *roles.other_values)
    if changes.get("form") in ("series", "wide"):
        changes.setdefault("node", None)
    return replace(roles, **changes)


def _minutes(resolution: object) -> int | None:
    seconds = duration_s(resolution) if isinstance(resolution, str) else None
    return seconds // 60 if seconds else None


def _reading_columns(case: Case, found: list[Choice | Finding]) -> list[str]:
    """The columns that will be read as readings, as far as it is decided."""
    roles = case.roles
    if roles.form == "days":
        return list(roles.values)
    choices = {one.key: one.value for one in found if isinstance(one, Choice) and not one.undecided}
    if "value_column" in choices:
        return [choices["value_column"]]
    if roles.form == "wide":
        nodes = choices.get("columns") or [*roles.values, *roles.other_values]
        return [
            name
            for name in nodes
            if name not in (choices.get("exclude") or []) and name in case.sample.columns
        ]
    return []


def _container(case: Case) -> list[Finding]:
    sample, look = case.sample, case.sample.look
    container = look.container
    parts = [{"text": "text", "parquet": "Parquet", "workbook": "a workbook"}[container.content]]
    if container.compression is not None:
        parts.append(f"in .{'gz' if container.compression == 'gzip' else 'zip'}")
    if look.encoding is not None:
        parts.append(look.encoding.upper())
    if look.separator is not None:
        names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
        parts.append(f"cells between {names.get(look.separator, repr(look.separator))}")
    if case.roles.signs.decimal == ",":
        parts.append("decimal commas")
    if case.roles.signs.thousands is not None:
        parts.append(f"thousands divided by {case.roles.signs.thousands!r}")
    rows = f"{sample.rows:,} rows" if sample.whole else f"the first {sample.rows:,} rows were looked at"
    found = [
        Finding(
            "file",
            f"{', '.join(parts)}; header in line {look.header_row}, {len(look.header)} columns, {rows}",
        )
    ]
    if len(case.paths) > 1:
        differs = same_header(case.paths[1:], sample)
        found.append(
            Finding(
                "files",
                differs or f"{len(case.paths)} files with the same columns",
                warns=differs is not None,
            )
        )
    if case.layout is not None:
        found.append(Finding("layout", f"the header is that of {case.layout.heading} (data/README.md)"))
    if case.line is not None:
        first, last = (np.datetime64(second, "s") for second in case.line.span)
        nodes = len(np.unique(case.line.node)) if case.roles.node else len(case.roles.values)
        where = "" if case.line.whole else " in the rows looked at"
        found.append(Finding("span", f"{first} to {last} as written{where}".replace("T", " ")))
        if case.roles.form in ("long", "wide", "days"):
            count = nodes if case.roles.form != "days" or case.roles.node else 1
            found.append(Finding("nodes", f"{count:,}{where}"))
    return found
