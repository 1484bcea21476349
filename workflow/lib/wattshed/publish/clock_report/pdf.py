"""A comparison as PDF, drawn by matplotlib, so that no LaTeX is needed."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from wattshed.clocks.deploying.before_after import QUANTITIES, SettingComparison
from wattshed.foundation.writing import whole_file
from wattshed.publish.clock_report.comparison_figure import Draw
from wattshed.publish.clock_report.comparison_page import RATIO_NOTE, setting_text
from wattshed.publish.clock_report.numbers import interval, quantity
from wattshed.publish.drawing.figure_style import as_written, set_style

A4 = (8.27, 11.69)
LEFT, WIDTH = 0.09, 0.83
LINE, LINES = 100, 58
ROWS_BELOW_CHART, ROWS_ALONE = 34, 56
ROW_HEIGHT = 0.0155
COLUMNS = (0.16, 0.24, 0.13, 0.13, 0.24, 0.10)


def write_pdf(
    path: Path,
    title: str,
    sentences: Sequence[str],
    cells: Sequence[tuple[str, Sequence[SettingComparison]]],
    draw: Draw,
    sides: tuple[str, str],
) -> None:
    """The answer first; then, for each cell, its chart and its table on as many pages as that needs.

    sides: headings of the two columns that are compared.
    """
    set_style()
    without = {"CreationDate": None, "Creator": None, "Producer": None}
    with whole_file(path) as temporary, PdfPages(temporary, metadata=without) as pages:
        _text_pages(pages, title, sentences)
        for name, rows in cells:
            if not rows:
                continue
            page = _page(name)
            axis = page.add_axes((LEFT + 0.11, 0.66, WIDTH - 0.11, 0.25))
            draw(axis, rows)
            _table(page, rows[:ROWS_BELOW_CHART], sides, 0.59)
            _finish(pages, page)
            for start in range(ROWS_BELOW_CHART, len(rows), ROWS_ALONE):
                page = _page(name)
                _table(page, rows[start : start + ROWS_ALONE], sides, 0.92)
                _finish(pages, page)


def _text_pages(pages: PdfPages, title: str, sentences: Sequence[str]) -> None:
    lines = [line for one in (*sentences, RATIO_NOTE) for line in (*textwrap.wrap(one, LINE), "")]
    for start in range(0, max(1, len(lines)), LINES):
        page = _page(title)
        text = as_written("\n".join(lines[start : start + LINES]))
        page.text(LEFT, 0.93, text, fontsize=9, va="top", linespacing=1.4)
        _finish(pages, page)


def _page(title: str) -> Figure:
    page = plt.figure(figsize=A4, layout="none")
    page.text(LEFT, 0.95, as_written(title), fontsize=14, weight="bold")
    return page


def _finish(pages: PdfPages, page: Figure) -> None:
    pages.savefig(page)
    plt.close(page)


def _table(page: Figure, rows: Sequence[SettingComparison], sides: tuple[str, str], top: float) -> None:
    """Rows of text: setting and quantity flush left, numbers flush right."""
    heads = ("Setting", "Quantity", *sides, "Change", "Runs")
    texts = [heads] + [
        (
            setting_text(one),
            f"{QUANTITIES[one.quantity][0]} ({QUANTITIES[one.quantity][1]})",
            quantity(one.before),
            quantity(one.after),
            interval(one.change),
            f"{one.before_n}, {one.after_n}",
        )
        for one in rows
    ]
    for line, cells in enumerate(texts):
        x, y = LEFT, top - ROW_HEIGHT * line
        for place, (text, share) in enumerate(zip(cells, COLUMNS, strict=True)):
            flush_left = place < 2
            page.text(
                x if flush_left else x + share * WIDTH,
                y,
                text,
                fontsize=8,
                ha="left" if flush_left else "right",
                weight="bold" if line == 0 else "normal",
            )
            x += share * WIDTH
    rule = top - 0.3 * ROW_HEIGHT
    page.add_artist(plt.Line2D((LEFT, LEFT + WIDTH), (rule, rule), color="0.3", linewidth=0.8))
