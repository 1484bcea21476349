"""How a table is laid out on a page of LaTeX, decided from its content alone."""

from dataclasses import dataclass, replace
from typing import Any

from wattshed.publish.typesetting.column_widths import (
    HANG_EM,
    POINTS_PER_CM,
    Size,
    hangs,
    hundredths,
    narrowest_cm,
    natural_cm,
    stack,
    wished_cm,
)
from wattshed.publish.typesetting.glyphs import lines_needed
from wattshed.publish.typesetting.table import Cell, Column, Table

# Letter paper with margins of 2.2 cm has a millimetre more each way. On a page that is turned, the width is the height.
TEXT_WIDTH_CM, TEXT_HEIGHT_CM = 17.1, 23.4
# A float may fill this share of the height: the estimate is not exact.
FILLED_SHARE = 0.9
MOST_NAME_LINES = 3
NORMAL = Size("footnotesize", em_pt=8.0, line_pt=9.5, gap_pt=3.5)
# Its letters are wider than its 7 pt say.
SMALL = Size("scriptsize", em_pt=7.5, line_pt=8.0, gap_pt=2.0)
BODY = Size("normalsize", em_pt=10.0, line_pt=12.0, gap_pt=6.0)


@dataclass(frozen=True)
class Layout:
    """widths_cm: of columns whose texts wrap, else None; hung: which of these indent their further lines.

    stacked: titles of columns take two lines; turned: by 90 degrees; paged: the table runs over several pages.
    """

    widths_cm: tuple[float | None, ...]
    hung: tuple[bool, ...]
    size: Size = NORMAL
    stacked: bool = False
    turned: bool = False
    paged: bool = False

    @property
    def room_cm(self) -> float:
        return TEXT_HEIGHT_CM if self.turned else TEXT_WIDTH_CM


# The first that fits is taken.
ATTEMPTS: tuple[dict[str, Any], ...] = (
    {},
    {"stacked": True},
    {"stacked": True, "size": SMALL},
    {"turned": True},
    {"turned": True, "stacked": True},
    {"turned": True, "stacked": True, "size": SMALL},
)


def layout_of(table: Table) -> Layout:
    """As declared if that fits, else with narrower names, titles on two lines, in a smaller font, or turned.

    A table that is taller than a page, with its caption and notes, runs over pages; its names become wider if there is
    room, and it takes the first way in which no name has more than three lines. A table that fits in no way gets the
    last layout with the narrowest names.
    """
    declared = tuple(column.width_cm for column in table.columns)
    plain = Layout(declared, tuple(False for _ in declared))
    tried = [_fitted(table, replace(plain, **attempt)) for attempt in ATTEMPTS]
    fitting = [layout for layout, fits in tried if fits] or [tried[-1][0]]
    first = fitting[0]
    if height_cm(table, first) <= FILLED_SHARE * (TEXT_WIDTH_CM if first.turned else TEXT_HEIGHT_CM):
        return first
    over_pages = [replace(_widened(table, layout), paged=True) for layout in fitting]
    short = (layout for layout in over_pages if _most_name_lines(table, layout) <= MOST_NAME_LINES)
    return next(short, over_pages[0])


def width_cm(table: Table, layout: Layout) -> float:
    """Width of the table without its caption and notes, estimated within about one percent."""
    gaps = 2 * layout.size.gap_pt / POINTS_PER_CM * len(table.columns)
    return sum(_widths(table, layout)) + gaps


def height_cm(table: Table, layout: Layout) -> float:
    """Height with caption and notes, as if a page had no end."""
    room_pt = layout.room_cm * POINTS_PER_CM
    caption = lines_needed(f"Table 10: {table.caption}", room_pt / BODY.em_pt, breakable=False)
    notes = sum(lines_needed(note, room_pt / layout.size.em_pt, breakable=False) for note in table.all_notes)
    lines = sum(_row_lines(row, layout) for row in table.rows)
    # Two or three lines are the header; rules and the space around them take about two more.
    points = BODY.line_pt * (caption + 1) + layout.size.line_pt * (lines + notes + 4 + layout.stacked)
    return points / POINTS_PER_CM


def _fitted(table: Table, layout: Layout) -> tuple[Layout, bool]:
    """The layout with narrower columns of names if they must be, and whether the table fits then."""
    wished = tuple(wished_cm(column, cells, layout.size) for column, cells in _by_column(table))
    layout = _with_widths(table, layout, wished)
    over = width_cm(table, layout) - layout.room_cm
    if over <= 0:
        return layout, True
    least = tuple(
        narrowest_cm(column, cells, layout.size, layout.stacked) for column, cells in _by_column(table)
    )
    natural = _widths(table, layout)
    spare = sum(width - low for width, low in zip(natural, least, strict=True) if low is not None)
    kept = max(0.0, 1 - over / spare) if spare > 0 else 0.0
    narrow = tuple(
        None if low is None else hundredths(low + kept * (width - low))
        for width, low in zip(natural, least, strict=True)
    )
    return _with_widths(table, layout, narrow), over <= spare


def _widened(table: Table, layout: Layout) -> Layout:
    """Columns whose texts wrap take the room that is left, each at most what it needs on one line."""
    left = layout.room_cm - width_cm(table, layout)
    needs = [
        0.0 if width is None else max(0.0, natural_cm(column, cells, layout.size, layout.stacked) - width)
        for (column, cells), width in zip(_by_column(table), layout.widths_cm, strict=True)
    ]
    if left <= 0 or not any(needs):
        return layout
    share = min(1.0, left / sum(needs))
    widths = tuple(
        None if width is None else hundredths(width + share * need)
        for width, need in zip(layout.widths_cm, needs, strict=True)
    )
    return _with_widths(table, layout, widths)


def _with_widths(table: Table, layout: Layout, widths: tuple[float | None, ...]) -> Layout:
    """Names hang in columns that are not as wide as declared, so that a second line is not taken for a name."""
    hung = tuple(
        width is not None and width != column.width_cm and hangs(column, cells, width, layout.size)
        for (column, cells), width in zip(_by_column(table), widths, strict=True)
    )
    return replace(layout, widths_cm=widths, hung=hung)


def _widths(table: Table, layout: Layout) -> list[float]:
    return [
        natural_cm(column, cells, layout.size, layout.stacked) if width is None else width
        for (column, cells), width in zip(_by_column(table), layout.widths_cm, strict=True)
    ]


def _row_lines(row: list[Cell], layout: Layout) -> int:
    return max([1, *(lines for lines, _ in _cell_lines(row, layout))])


def _most_name_lines(table: Table, layout: Layout) -> int:
    return max([1, *(lines for row in table.rows for lines, hung in _cell_lines(row, layout) if hung)])


def _cell_lines(row: list[Cell], layout: Layout) -> list[tuple[int, bool]]:
    """Lines of each cell of a row that wraps, and whether it hangs."""
    return [
        (
            lines_needed(
                cell.text + cell.mark,
                width * POINTS_PER_CM / layout.size.em_pt,
                bold=cell.best,
                hang_em=HANG_EM if hung else 0.0,
            ),
            hung,
        )
        for cell, width, hung in zip(row, layout.widths_cm, layout.hung, strict=True)
        if width is not None
    ]


def _by_column(table: Table) -> list[tuple[Column, list[Cell]]]:
    return [(column, [row[place] for row in table.rows]) for place, column in enumerate(table.columns)]


def stacked_titles(table: Table, layout: Layout) -> list[tuple[str, ...]]:
    """The header line by line: titles, or their two lines if they are stacked, and units."""
    units = tuple(f"({column.unit})" if column.unit else "" for column in table.columns)
    titles = [column.title for column in table.columns]
    if not layout.stacked:
        return [tuple(titles), units]
    first, second = zip(*map(stack, titles), strict=True) if titles else ((), ())
    return [first, second, units]
