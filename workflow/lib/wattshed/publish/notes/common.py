"""Notes that several tables of one page share, so that the page says them once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wattshed.publish.typesetting.table import MARK_NOTES, Table
from wattshed.statistics.geometric import GEOMETRIC_NOTE
from wattshed.statistics.intervals import METHOD_NOTE
from wattshed.statistics.ratios import RATIO_NOTE

# How intervals are made: tables say it each in their own words, a page once.
METHODS = (METHOD_NOTE, GEOMETRIC_NOTE, RATIO_NOTE)
DASH_NOTE = "A dash is what is unknown or has no interval, such as n = 1; it is never a zero"


@dataclass(frozen=True)
class SharedNotes:
    """tables: as they were, with only their own notes; shared: what they had in common."""

    tables: list[Table]
    shared: list[str]


def share_notes(tables: Sequence[Table], known: Sequence[str] = ()) -> SharedNotes:
    """The tables of a page without the notes that belong to several of them.

    known: notes that the page says elsewhere, such as who was not alone. A note is shared if two tables have it, if it
    says how intervals are made, or what a mark means.
    """
    counts = Counter(note for table in tables for note in set(table.notes))
    repeated = [note for note, count in counts.items() if count > 1 and not _of_method(note)]
    dropped = {*known, *repeated}
    kept = [
        replace(table, notes=[note for note in table.notes if note not in dropped and not _of_method(note)])
        for table in tables
    ]
    marks = {cell.mark for table in tables for row in table.rows for cell in row if cell.mark}
    meanings = [
        f"{mark} {meaning}." for mark, meaning in MARK_NOTES.items() if any(mark in used for used in marks)
    ]
    methods = [
        f"{method[0].upper()}{method[1:]}."
        for method in METHODS
        if any(method in note for table in tables for note in table.notes)
    ]
    return SharedNotes(
        kept, [*meanings, *methods, f"{DASH_NOTE}.", *[note for note in repeated if note not in known]]
    )


def _of_method(note: str) -> bool:
    return any(method in note for method in METHODS)
