"""A comparison as PDF, drawn by matplotlib, so that no LaTeX is needed."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from wattshed.clocks.deploying.before_after import QUANTITIES, SettingComparison
from wattshed.foundation.writing import whole_file
from wattshed.publish.clock_report.comparison_page import RATIO_NOTE
from wattshed.publish.clock_report.numbers import interval, quantity
from wattshed.publish.drawing.figure_style import set_style

A4 = (8.27, 11.69)
LINE = 92
ROWS_PER_PAGE = 42
HEAD = ("Setting", "Quantity", "First", "Second", "Change", "Runs")
WIDTHS = (0.15, 0.25, 0.12, 0.12, 0.26, 0.10)


def write_pdf(
    path: Path,
    title: str,
    sentences: Sequence[str],
    cells: Sequence[tuple[str, Sequence[SettingComparison], Figure | None]],
) -> None:
    """One page with the answer; per cell its figure, and its table on as many pages as it needs."""
    set_style()
    without = {"CreationDate": None, "Creator": None, "Producer": None}
    with whole_file(path) as temporary, PdfPages(temporary, metadata=without) as pages:
        _text_pages(pages, title, sentences)
        for name, rows, figure in cells:
            if figure is not None:
                pages.savefig(figure)
            for start in range(0, len(rows), ROWS_PER_PAGE):
                _table_page(pages, name, rows[start : start + ROWS_PER_PAGE])


def _text_pages(pages: PdfPages, title: str, sentences: Sequence[str]) -> None:
    lines = [line for one in (*sentences, RATIO_NOTE) for line in (*textwrap.wrap(f"• {one}", LINE), "")]
    for start in range(0, max(1, len(lines)), 50):
        page = plt.figure(figsize=A4, layout="none")
        page.text(0.08, 0.94, title, fontsize=17, weight="bold")
        page.text(0.08, 0.91, "\n".join(lines[start : start + 50]), fontsize=9.5, va="top", linespacing=1.35)
        pages.savefig(page)
        plt.close(page)


def _table_page(pages: PdfPages, name: str, rows: Sequence[SettingComparison]) -> None:
    page = plt.figure(figsize=A4, layout="none")
    page.text(0.08, 0.95, name, fontsize=12, weight="bold")
    axis = page.add_axes((0.06, 0.04, 0.88, 0.89))
    axis.axis("off")
    texts = [
        (
            f"{one.setting_before} → {one.setting_after}"
            if one.setting_before != one.setting_after
            else str(one.setting_before),
            f"{QUANTITIES[one.quantity][0]} ({QUANTITIES[one.quantity][1]})",
            quantity(one.before),
            quantity(one.after),
            interval(one.change),
            f"{one.before_n}, {one.after_n}",
        )
        for one in rows
    ]
    drawn = axis.table(
        cellText=texts, colLabels=HEAD, colWidths=WIDTHS, cellLoc="right", loc="upper center", edges="horizontal"
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(8)
    drawn.scale(1, 1.25)
    pages.savefig(page)
    plt.close(page)
