"""When each row of a file is: from cells, numbers and the rules of the file's clock to instants in UTC."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wattshed.data.clock.cells import Cells, read_cells
from wattshed.data.clock.dates import DAY_S
from wattshed.data.clock.near_changes import Labelled, text_of
from wattshed.data.clock.numbered import counts_elapsed, elapsed_seconds, pair
from wattshed.data.clock.places import Places, empty_time
from wattshed.data.clock.rules import ClockRules, Instants
from wattshed.data.clock.wall_clock import Blank, local_instants
from wattshed.data.units import duration_text
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import HOUR_S

__all__ = ["ClockRules", "Instants", "read_instants"]

# Nodes that are looked at; each has the file's spacing.
NODES = 16
# A share of steps that must be whole multiples of the typical one, where ends of readings are moved by it.
WHOLE = 0.9
# Fewer different times may all lie just before a whole reading by chance.
LEAST_SHORT = 3


def read_instants(
    code: np.ndarray,
    texts: pd.Series,
    numbers: np.ndarray | None,
    node: np.ndarray | None,
    row_numbers: Sequence[int] | np.ndarray,
    rules: ClockRules,
    where: str,
    blank: Blank | None = None,
) -> Instants:
    """The instants at which R readings begin; work is done per unique cell, and per row near clock changes.

    code: int32 [R] into texts, negative where the cell is empty; texts: unique cells [U] (text, datetimes, counts of
    seconds); numbers: int [R] of hours or periods, or None; node: int32 [R], None where a row holds all nodes;
    row_numbers: [R] as an editor shows them; where: the file, for messages; blank: which of some rows
    have no reading, so that they may be at a time that spring skips. Raises :class:`Fault`.
    """
    places = Places(where, code, row_numbers)
    count = len(code)
    if not count:
        raise Fault(
            f"{where} has no rows; expected at least one reading: look at the file, or data.source.rows."
        )
    if (code < 0).any():
        raise empty_time(where, int(row_numbers[int(np.argmax(code < 0))]))
    cells = read_cells(texts, rules, places)
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
        rows = Labelled(
            numbered.code, labels, node, row_numbers, numbered.length_s, rules.times_in, where, True
        )
        return local_instants(rows, rules, 0, blank)
    spacing_s, shift_s = _spacing(cells, node, rules, places)
    if not cells.aware and not bool((cells.seconds % DAY_S).any()):
        _refuse_dates_alone(texts, code, node, places)
    if cells.aware:
        seconds = (cells.seconds - shift_s)[code]
        return Instants(seconds, np.ones(count, bool), np.zeros(count, bool), spacing_s)
    return local_instants(
        Labelled(code, cells.seconds, node, row_numbers, spacing_s, rules.times_in, where),
        rules,
        shift_s,
        blank,
    )


def _spacing(cells: Cells, node: np.ndarray | None, rules: ClockRules, places: Places) -> tuple[int, int]:
    """Seconds between readings, and from their start to what times name."""
    if rules.irregular:
        return 0, 0
    stated = rules.resolution_s or cells.length_s
    spacing_s, sure = (stated, True) if stated else _typical_spacing(cells.seconds, places.code, node)
    if cells.length_s is not None:
        return spacing_s, 0
    short_s = _short_of_the_end(cells, spacing_s)
    if short_s and not rules.stamp_known:
        example = text_of(int(cells.seconds.min()))
        raise Fault(
            f"{places.where}: all times lie {duration_text(short_s)} before a whole {duration_text(spacing_s)}, such "
            f"as {example}, and can name the last moment of a reading or its start; expected to know which: set "
            "data.source.stamp to end or start."
        )
    if rules.stamp != "end":
        return spacing_s, 0
    if not sure:
        raise Fault(
            f"{places.where}: times are the ends of readings, and their spacing does not tell how long a reading is; "
            "expected regular times: set data.source.resolution."
        )
    return spacing_s, spacing_s - short_s


def _short_of_the_end(cells: Cells, spacing_s: int) -> int:
    """By how much times name the last second or minute of a reading, and not its end [s]; 0 where they do not."""
    if len(cells.seconds) < LEAST_SHORT or spacing_s < 60 or spacing_s % 60:
        return 0
    if bool((cells.seconds % 60 == 59).all()):
        return 1
    # An offset of 45 minutes is also one of times in UTC, so only clocks on a wall show the last minute.
    last_minute = not cells.aware and spacing_s >= 300
    return 60 if last_minute and bool((cells.seconds % spacing_s == spacing_s - 60).all()) else 0


def _typical_spacing(seconds: np.ndarray, code: np.ndarray, node: np.ndarray | None) -> tuple[int, bool]:
    """The most frequent step between neighbouring times of a node [s], the shorter of two; and whether it is sure.

    seconds: int64 [U] of cells, code: int [R] into them; node: int [R], None where a row holds all nodes. It is 0 where
    no node has two times. It is sure where it occurs often, nearly all steps are multiples of it, and it divides hours.
    """
    steps = [np.diff(np.unique(of_one)) for of_one in _of_some_nodes(seconds, code, node)]
    every = np.concatenate(steps) if steps else np.empty(0, dtype=np.int64)
    if not len(every):
        return 0, False
    value, count = np.unique(every, return_counts=True)
    usual = int(value[count.argmax()])
    often = bool(count.max() > 2 or count.max() > len(every) / 2)
    whole = bool((every % usual == 0).mean() >= WHOLE)
    return usual, often and whole and (HOUR_S % usual == 0 or usual % HOUR_S == 0)


def _of_some_nodes(seconds: np.ndarray, code: np.ndarray, node: np.ndarray | None) -> list[np.ndarray]:
    if node is None or not len(node):
        return [seconds]
    count = int(node.max()) + 1
    some = np.unique(np.linspace(0, count - 1, NODES).astype(np.int64))
    wanted = np.zeros(count, dtype=bool)
    wanted[some] = True
    rows = np.flatnonzero(wanted[node])
    whose, when = node[rows], seconds[code[rows]]
    return [when[whose == one] for one in some]


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
