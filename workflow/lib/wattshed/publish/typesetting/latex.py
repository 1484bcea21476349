"""Tables in LaTeX: booktabs rules, siunitx columns, and the smallest document that compiles one."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd

from wattshed.foundation.faults import Fault
from wattshed.publish.typesetting.column_widths import HANG_EM, NUMBER, aligns, numbers
from wattshed.publish.typesetting.frames import Parts, floating, paged
from wattshed.publish.typesetting.glyphs import with_breaks
from wattshed.publish.typesetting.latex_text import escape
from wattshed.publish.typesetting.layout import Layout, layout_of, stacked_titles
from wattshed.publish.typesetting.table import Cell, Column, Table

PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[margin=2.2cm]{geometry}
\usepackage{booktabs}
\usepackage{longtable}
\usepackage{pdflscape}
\usepackage{rotating}
\usepackage{siunitx}
\sisetup{detect-weight=true, detect-family=true}
\begin{document}
"""

# Shorter words of captions and notes find room on the next line.
LONG_NAME = re.compile(r"\S{40,}")


def render_table(table: Table) -> str:
    """A table to ``\\input``: caption with n, label ``tab:{name}``, tabular, notes; :func:`layout_of` says how.

    The document needs the packages booktabs and siunitx, the latter with ``detect-weight``; for big tables also
    rotating (turned), longtable (over several pages) and pdflscape (both).
    """
    layout = layout_of(table)
    columns, header, rows = _tabular_parts(table, layout)
    parts = Parts(
        _running(table.caption),
        table.name,
        columns,
        len(table.columns),
        header,
        rows,
        [_begun(_running(note)) for note in table.all_notes if note.strip()],
    )
    return paged(parts, layout) if layout.paged else floating(parts, layout)


def _running(text: str) -> str:
    """A caption or note, in which names that could run off the page may break."""
    return escape(LONG_NAME.sub(lambda name: with_breaks(name[0]), text))


def _tabular_parts(table: Table, layout: Layout) -> tuple[str, str, str]:
    """Formats of the columns, the header's lines, and the rows; siunitx sets every number."""
    columns = [
        [_latex_cell(cell, column, width is not None, aligns(cells)) for cell in cells]
        for column, width, *cells in zip(table.columns, layout.widths_cm, *table.rows, strict=True)
    ]
    frame = pd.DataFrame(dict(enumerate(columns)))
    bold = pd.DataFrame([["font-weight: bold;" if cell.best else "" for cell in row] for row in table.rows])
    styler = frame.style.hide(axis="index").hide(axis="columns").apply(lambda _: bold, axis=None)
    text: str = styler.to_latex(convert_css=True)
    lines = list(map(_begun, text.splitlines()[1:-1]))
    header = "\n".join(f"{' & '.join(map(_header, line))} \\\\" for line in stacked_titles(table, layout))
    return _column_format(table, layout), header, "\n".join(lines)


def _begun(line: str) -> str:
    """The line, whose bracket or star at its start would else belong to the command before it."""
    return f"{{}}{line}" if line.lstrip().startswith(("[", "*")) else line


def compile_tex(tex: Path, folder: Path) -> Path:
    """Compile a rendered table alone into ``folder``; returns the PDF.

    Raises :class:`Fault` with LaTeX's own messages if it does not compile.
    """
    if shutil.which("latexmk") is None:
        raise Fault("latexmk is not installed: install texlive-science and latexmk to compile tables.")
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / f"{tex.stem}-document.tex"
    document.write_text(PREAMBLE + tex.read_text(encoding="utf-8") + "\\end{document}\n", encoding="utf-8")
    command = ["latexmk", "-pdf", "-halt-on-error", "-interaction=nonstopmode", document.name]
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )
    if result.returncode:
        complaints = [line for line in result.stdout.splitlines() if line.startswith(("!", "l."))]
        raise Fault(f"{tex} does not compile: {' '.join(complaints) or 'see its log'}: fix the table.")
    return document.with_suffix(".pdf")


def _latex_cell(cell: Cell, column: Column, wraps: bool, aligned: bool) -> str:
    if not column.numeric or not NUMBER.fullmatch(cell.text):
        # Lineages are long words, and so are names of variants.
        text = escape(with_breaks(cell.text + cell.mark) if wraps else cell.text + cell.mark)
        return f"{{{text}}}" if column.numeric else text
    if not aligned:
        return rf"\num{{{cell.text}}}{escape(cell.mark)}"
    return cell.text + (f"{{{escape(cell.mark)}}}" if cell.mark else "")


def _header(text: str) -> str:
    # Braces keep siunitx from reading a header as a number.
    return f"{{{escape(text)}}}"


def _column_format(table: Table, layout: Layout) -> str:
    formats = []
    for place, (column, width) in enumerate(zip(table.columns, layout.widths_cm, strict=True)):
        cells = [row[place] for row in table.rows]
        if column.numeric:
            formats.append(_siunitx(cells) if aligns(cells) else "r")
        elif width is not None:
            hung = rf"\hangindent={HANG_EM}em" if layout.hung[place] else ""
            formats.append(rf">{{\raggedright{hung}\arraybackslash}}p{{{width}cm}}")
        else:
            formats.append("l")
    return "".join(formats)


def _siunitx(cells: list[Cell]) -> str:
    """``S`` with as many digits as its numbers have, and room for marks."""
    found = numbers(cells)
    whole = max((len(match[1]) for match in found), default=1)
    fraction = max((len(match[2] or "") for match in found), default=0)
    sign = "-" if any(match[0].startswith("-") for match in found) else ""
    marked = any(cell.mark for cell in cells)
    room = r",table-space-text-post={\textsuperscript{\dag}}" if marked else ""
    return f"S[table-format={sign}{whole}.{fraction}{room}]"
