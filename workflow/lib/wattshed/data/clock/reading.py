"""When each row of a file is: from cells, numbers and the rules of the file's clock to instants in UTC."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from wattshed.data.clock.cells import DAY_S, empty_time, read_cells
from wattshed.data.clock.doubled_hours import Labelled, order_doubled
from wattshed.data.clock.numbered import counts_elapsed, elapsed_seconds, pair
from wattshed.data.clock.rules import ClockRules, Instants, Places
from wattshed.data.clock.spacing import typical_spacing
from wattshed.data.clock.stamps import refuse_repeated_beside_change, shift_to_start
from wattshed.data.clock.zones import HOUR_S, Change, changes, meanings, standard_seconds
from wattshed.foundation.faults import Fault

__all__ = ["ClockRules", "Instants", "read_instants"]


def read_instants(
    code: np.ndarray,
    texts: pd.Series,
    numbers: np.ndarray | None,
    node: np.ndarray | None,
    row_numbers: Sequence[int],
    rules: ClockRules,
    where: str,
) -> Instants:
    """The instants at which R readings begin; work is done per unique cell, and per row near clock changes.

    code: int32 [R] into texts, negative where the cell is empty; texts: unique cells [U] (text, datetimes, counts of
    seconds); numbers: int [R] of hours or periods, or None; node: int32 [R], None where a row holds all nodes;
    row_numbers: int64 [R] as an editor shows them; where: the file, for messages. Raises :class:`Fault`.
    """
    places = Places(where, code, row_numbers)
    if (code < 0).any():
        raise empty_time(where, int(row_numbers[int(np.argmax(code < 0))]))
    cells = read_cells(texts, rules, places)
    count = len(code)
    if numbers is not None:
        if cells.aware:
            raise Fault(
                f"{where}: the dates have an offset, and there is a column of numbers; expected dates of one clock: "
                "leave out hour_column and period_column, or name another time_column."
            )
        numbered = pair(cells.seconds, numbers, rules, places)
        if counts_elapsed(numbered, node, rules, where):
            seconds = elapsed_seconds(numbered, rules, places)[numbered.code]
            return Instants(seconds, np.ones(count, bool), np.zeros(count, bool), numbered.length_s)
        labels = numbered.date_s + numbered.number * numbered.length_s
        rows = Labelled(numbered.code, labels, node, row_numbers, numbered.length_s, rules.times_in, where)
        return _local(rows, rules, numbered.length_s, shift_s=0)
    spacing_s = (
        0 if rules.irregular else rules.resolution_s or cells.length_s or typical_spacing(cells.seconds)
    )
    shift_s = spacing_s if rules.stamp == "end" and cells.length_s is None else 0
    if not cells.aware and not bool((cells.seconds % DAY_S).any()):
        _refuse_dates_alone(texts, code, node, places)
    if cells.aware:
        seconds = (cells.seconds - shift_s)[code]
        return Instants(seconds, np.ones(count, bool), np.zeros(count, bool), spacing_s)
    return _local(
        Labelled(code, cells.seconds, node, row_numbers, spacing_s, rules.times_in, where),
        rules,
        spacing_s,
        shift_s,
    )


def _local(rows: Labelled, rules: ClockRules, spacing_s: int, shift_s: int) -> Instants:
    """Instants of labels of a wall clock; shift_s: from a label to the start of its reading."""
    if rules.dst is None and shift_s:
        rows, shift_s = shift_to_start(rows, shift_s)
    else:
        rows, shift_s = replace(rows, labels=rows.labels - shift_s), 0
    count = len(rows.code)
    if rules.dst == "none":
        seconds = standard_seconds(rows.labels, rules.times_in)
        return Instants(seconds[rows.code], np.ones(count, bool), np.zeros(count, bool), spacing_s)
    if rules.dst is None:
        refuse_repeated_beside_change(rows)
    found = meanings(rows.labels, rules.times_in)
    kept, doubled = np.ones(count, bool), np.zeros(count, bool)
    notes: list[str] = []
    if found.absent.any():
        absent = found.absent[rows.code]
        if rules.dst is None:
            _refuse_absent(rows, absent)
        kept &= ~absent
        notes.append(
            f"{int(absent.sum())} rows at local times that {rules.times_in} skips in spring were left out."
        )
    seconds = found.first[rows.code]
    if found.twice.any():
        back = [change for change in _changes(rows) if change.is_back]
        if rules.dst is None:
            repeated = order_doubled(rows, back)
            seconds[repeated.later] = found.second[rows.code[repeated.later]]
            kept[repeated.unknown] = False
            if len(repeated.unknown):
                notes.append(
                    f"{len(repeated.unknown)} readings in an hour that {rules.times_in} repeats could be either of two "
                    "and were left out."
                )
        else:
            _refuse_pairs(rows, found.twice, rules)
            if rules.dst == "doubled":
                _refuse_other_sizes(back, rows)
                doubled = found.twice[rows.code]
    if shift_s:
        seconds -= shift_s
    return Instants(seconds, kept, doubled, spacing_s, tuple(notes))


def _refuse_dates_alone(texts: pd.Series, code: np.ndarray, node: np.ndarray | None, places: Places) -> None:
    """Dates without a time of day that many rows share: another column has the time."""
    if not len(code) or bool(texts.astype(str).str.contains(":").any()):
        return
    nodes = 1 if node is None else int(node.max()) + 1
    often = np.bincount(code)
    if int(often.max()) > nodes:
        raise Fault(
            f"{places.where}: {int(often.max())} rows have the date of row "
            f"{places.row_of_cell(int(often.argmax()))} and no time of day; expected one time for each row: set "
            "data.source.hour_column or period_column to the column of numbers, or data.source.time_column to a list "
            "of the columns of date and time."
        )


def _changes(rows: Labelled) -> list[Change]:
    return changes(rows.clock, int(rows.labels.min()), int(rows.labels.max()))


def _refuse_absent(rows: Labelled, absent: np.ndarray) -> None:
    row = int(np.argmax(absent))
    raise Fault(
        f"{rows.where}: row {rows.row_numbers[row]}: local time {rows.text(rows.labels[rows.code[row]])} does not "
        f"exist in {rows.clock}, whose clocks skip it in spring; expected local times of data.source.times_in: set it "
        "to the clock in which the file is written (perhaps UTC), data.source.stamp to end if times are the ends of "
        "readings, or data.source.dst (doubled, skipped, none) if every day has 24 hours."
    )


def _refuse_pairs(rows: Labelled, twice: np.ndarray, rules: ClockRules) -> None:
    inside = np.flatnonzero(twice[rows.code])
    node = (
        np.zeros(len(inside), dtype=np.int64) if rules.dst is None or rows.node is None else rows.node[inside]
    )
    again = pd.DataFrame({"label": rows.labels[rows.code[inside]], "node": node}).duplicated().to_numpy()
    if again.any():
        row = int(inside[int(np.argmax(again))])
        raise Fault(
            f"{rows.where}: row {rows.row_numbers[row]}: a second reading at {rows.text(rows.labels[rows.code[row]])}, "
            f"and data.source.dst is {rules.dst}; expected one reading in the hour that {rows.clock} repeats: leave "
            "out dst, since this file has 25 hours on that day."
        )


def _refuse_other_sizes(back: list[Change], rows: Labelled) -> None:
    other = [change for change in back if change.before_s - change.after_s != HOUR_S]
    if other:
        raise Fault(
            f"{rows.where}: {rows.clock} is put back by {(other[0].before_s - other[0].after_s) // 60} min, and "
            "data.source.dst is doubled; expected a clock that repeats one hour: use skipped or none."
        )
