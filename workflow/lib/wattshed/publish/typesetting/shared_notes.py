"""Notes that several tables of one page share, so that the page says them once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from wattshed.publish.typesetting.table import MARK_NOTES, Table
from wattshed.statistics.geometric import GEOMETRIC_NOTE
from wattshed.statistics.intervals import METHOD_NOTE
from wattshed.statistics.ratios import RATIO_NOTE

# How intervals are made: tables say it each in their own words, a page once.
METHODS = (METHOD_NOTE, GEOMETRIC_NOTE, RATIO_NOTE)
DASH_NOTE = "A dash is what is unknown or has no interval, such as n = 1; it is never a zero."


@dataclass(frozen=True)
class SharedNotes:
    """tables: as they were, with only their own notes; shared: what the page says once for all of them."""

    tables: list[Table]
    shared: list[str]


def share_notes(tables: Sequence[Table], elsewhere: Collection[str] = ()) -> SharedNotes:
    """The tables of a page without notes that the page says already.

    elsewhere: notes that the page says in another place, such as who was not alone. A note that several tables have
    stays with the first of them. What a mark means and how intervals are made is shared by all.
    """
    said = set(elsewhere)
    kept = []
    for table in tables:
        own = [note for note in table.notes if note not in said and not _of_method(note)]
        said |= set(own)
        kept.append(replace(table, notes=own))
    marks = "".join(cell.mark for table in tables for row in table.rows for cell in row)
    meanings = [f"{mark} {meaning}." for mark, meaning in MARK_NOTES.items() if mark in marks]
    every = " ".join(note.casefold() for table in tables for note in table.notes)
    methods = [f"{method[0].upper()}{method[1:]}." for method in METHODS if method.casefold() in every]
    return SharedNotes(kept, [*meanings, *methods, DASH_NOTE])


def _of_method(note: str) -> bool:
    said = note.casefold()
    return said.startswith("a dash means") or any(method.casefold() in said for method in METHODS)
