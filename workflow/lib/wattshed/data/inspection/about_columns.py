"""Keys about how the file is written, and which column is which."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from wattshed.data.inspection.case import SAID, Case
from wattshed.data.inspection.choices import Choice, Finding
from wattshed.data.inspection.evidence.cells import numbers_of
from wattshed.data.inspection.evidence.words import GENERATION, TOTAL, VALUE, is_exactly

MOST_NAMES = 12
# Readings of a total may be rounded on their own.
SUM_TOLERANCE = 0.002


def about_dialect(case: Case) -> Iterator[Choice]:
    """Keys that reading needs beside what the source recognises by itself."""
    for key, value in case.sample.dialect.items():
        if key == "missing":
            continue
        why = {
            "skip_rows": "lines of notes above the header",
            "encoding": "the bytes are not UTF-8; check that names with accents are shown as they should be",
        }.get(key, "")
        yield Choice(key, value, SAID if key in case.given else why)
    signs = case.roles.signs
    if signs.doubtful is not None and not {"decimal", "thousands"} & set(case.given):
        sign = next(one for one in ".," if one in signs.doubtful)
        yield Choice(
            "decimal",
            None,
            f"{signs.doubtful!r} can be {signs.doubtful.replace(sign, '.')} or {signs.doubtful.replace(sign, '')}",
            undecided=True,
            others=(
                (sign, "a decimal sign"),
                (
                    "," if sign == "." else ".",
                    f'then {sign!r} divides thousands; set thousands: "{sign}" too',
                ),
            ),
        )
    elif (
        signs.decimal is not None
        and "decimal" not in case.given
        and case.sample.look.separator not in (None, ",")
    ):
        yield Choice("decimal", signs.decimal, "cells that can be read in one way only decide it")
    if "thousands" not in case.sample.dialect and case.value_of("thousands") is not None:
        yield from case.stated("thousands")
    elif "thousands" not in case.sample.dialect and signs.thousands is not None:
        yield Choice(
            "thousands",
            signs.thousands,
            "numbers such as 1,234 beside short ones".replace(",", signs.thousands),
        )


def about_form(case: Case) -> Iterator[Choice]:
    roles = case.roles
    said = case.given.get("form")
    whys = {
        "long": f"rows of several nodes, named in {roles.node!r}",
        "wide": "one row per time and one column per node",
        "series": f"{len(case.paths)} files, each with one node",
        "days": f"{len(roles.values)} columns are times of a day",
    }
    yield Choice("form", roles.form, SAID if said else whys[roles.form])


def about_time_columns(case: Case) -> Iterator[Choice]:
    roles = case.roles
    names = [name for name in roles.time if name]
    if names:
        value = names[0] if len(names) == 1 else names
        yield Choice("time_column", value, SAID if "time_column" in case.given else "times")
    for key, name in (("hour_column", roles.hour), ("period_column", roles.period)):
        if name is not None and roles.time:
            yield Choice(key, name, SAID if key in case.given else "numbers within the day")
    if not roles.time:
        yield from case.stated("first_time")
        if case.value_of("first_time") is None:
            columns = [name for name in (roles.hour, *roles.left, *roles.other_values) if name is not None]
            yield Choice(
                "first_time",
                None,
                f"no column holds whole times ({', '.join(map(repr, columns[:4]))} are parts); what is the time of the "
                "first row?",
                undecided=True,
                others=(("2016-08-01 00:00", "for example"),),
            )


def about_value_columns(case: Case) -> Iterator[Choice | Finding]:
    """Node and value columns; of a wide table, which columns are nodes."""
    roles = case.roles
    if roles.node is not None:
        yield Choice("node_column", roles.node, SAID if "node_column" in case.given else "names that repeat")
    if roles.form == "series":
        yield from case.stated("node_pattern")
    if roles.form == "days":
        yield from _kinds_of_rows(case)
    elif roles.form == "wide":
        yield from _nodes_of_wide(case)
    else:
        yield from _one_value(case)


def _one_value(case: Case) -> Iterator[Choice]:
    stated = [one for one in case.stated("value_column") if one.value in case.sample.columns]
    if stated:
        yield stated[0]
        return
    candidates = list(case.roles.values) or list(case.roles.other_values)
    named = [name for name in candidates if is_exactly(name, VALUE)]
    chosen = candidates if len(candidates) == 1 else named if len(named) == 1 else []
    if chosen:
        why = "the only column of readings" if len(candidates) == 1 else "its name is that of a load"
        yield Choice("value_column", chosen[0], why)
    elif candidates:
        others = tuple(
            (name, "generation" if GENERATION.search(name) else "readings")
            for name in candidates[:MOST_NAMES]
        )
        yield Choice(
            "value_column", None, f"{len(candidates)} columns hold readings", undecided=True, others=others
        )
    else:
        yield Choice("value_column", None, "no column holds numbers", undecided=True)


def _nodes_of_wide(case: Case) -> Iterator[Choice | Finding]:
    roles = case.roles
    if "columns" in case.given or "exclude" in case.given:
        yield from (*case.stated("columns"), *case.stated("exclude"))
        return
    total = total_of(case)
    named = [name for name in roles.values if TOTAL.search(name) and name != total and len(roles.values) > 1]
    known = [name for name in case.value_of("exclude") or () if name in roles.values]
    out = [
        *known,
        *([total] if total and total not in known else []),
        *(name for name in named if name not in known),
    ]
    nodes = [name for name in roles.values if name not in out]
    others = [*out, *roles.other_values, *roles.left]
    if total:
        yield Finding("columns", f"{total!r} is the sum of the other columns: it is left out")
    if not nodes:
        yield Choice("columns", None, "no column is left that reads like a load", undecided=True,
                     others=tuple(([name], "") for name in (*roles.other_values, *out)[:MOST_NAMES]))  # fmt: skip
    elif others:
        why = f"other things: {', '.join(others[:MOST_NAMES])}"
        if len(others) <= len(nodes) or len(nodes) > MOST_NAMES:
            yield Choice("exclude", others, "totals, forecasts, weather or texts, by name or content")
        else:
            yield Choice("columns", nodes, why)


def total_of(case: Case) -> str | None:
    """The column that is the sum of the others; None if none is."""
    roles = case.roles
    if not 3 <= len(roles.values) <= 400:
        return None
    frame = pd.DataFrame(
        {name: numbers_of(case.sample.columns[name].iloc[:500], roles.signs) for name in roles.values}
    ).dropna()
    if len(frame) < 10:
        return None
    all_of_it = frame.sum(axis=1)
    for name in roles.values:
        rest = all_of_it - frame[name]
        if (
            bool((np.abs(rest - frame[name]) <= SUM_TOLERANCE * frame[name].abs() + 1e-9).all())
            and frame[name].any()
        ):
            return name
    return None


def _kinds_of_rows(case: Case) -> Iterator[Choice]:
    """Of a table with several rows per node and day: the column that tells them apart."""
    roles = case.roles
    keys = [*roles.time, *([roles.node] if roles.node else [])]
    frame = pd.DataFrame({key: case.sample.columns[key] for key in keys})
    if not frame.duplicated().any():
        return
    for name in roles.left:
        kinds = case.sample.columns[name]
        if kinds.nunique() > 20 or frame.assign(kind=kinds).duplicated().any():
            continue
        stated = [one for one in case.stated("rows") if name in one.value]
        if stated:
            yield stated[0]
            return
        others = tuple(({name: kind}, f"{count} rows") for kind, count in kinds.value_counts().items())
        yield Choice(
            "rows",
            None,
            f"a node has several rows a day; {name!r} tells them apart",
            undecided=True,
            others=others,
        )
        return
